"""Linearizers: corrections of the amplifiers' non-linearity."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from curated.calib import Calib, calibration
from curated.calib.content import Claims, Content
from curated.calib.mismatch import amplifier_mismatches
from curated.core.diagnostic import CuratedError, Problem
from curated.core.geometry import Box, DetectorGeometry
from curated.declare import Array, PlotSpec, Spec, Table, column
from curated.declare.deferred import DeferredStatistics
from curated.image.pixels import Image, no_options, pixels_of, with_pixels
from curated.types import _nominal
from curated.types._linearizer_math import (
    BOUNDS,
    COMPARISONS,
    MEASURES,
    TYPES,
    coefficient_problems,
    corrected,
    largest_signal,
)

_INPUTS = ("inputAbscissa", "inputOrdinate", "inputMask", "inputGroupingIndex", "inputNormalization")
_FITS = ("fitParams", "fitParamsErr")
_MAX_AMPLIFIERS = 1000
"""Number of amplifiers up to which each is compared with each."""


def _vector(name: str, doc: str, dtype: str = "f8", *, fill: Any = 0.0, since: float = 0.0) -> Any:
    """Declare a vector of each amplifier, of any length."""
    return column(
        dtype,
        column=name,
        shape=("*",),
        required=False,
        default=dict,
        fill=[fill],
        finite=False,
        since=since,
        doc=doc,
    )


def _number(name: str, doc: str, fill: float = np.nan, **kwargs: Any) -> Any:
    """Declare a number of each amplifier."""
    return column("f8", column=name, required=False, default=dict, fill=fill, finite=False, doc=doc, **kwargs)


@calibration
class Linearizer(Calib):
    """Corrections that make each amplifier's signal proportional to the light.

    The type of an amplifier's correction gives its coefficients their meaning:

    ``LookupTable``
        Row of the lookup table, and offset of its columns: the table's value at the signal is added.
    ``Polynomial``
        Coefficients from the second power on: the polynomial is added.
    ``Squared``
        The coefficient of the square that is added.
    ``Spline``
        Nodes, then as many values: the Akima spline through them is subtracted.
    ``DoubleSpline``
        Numbers of nodes of two splines, then nodes and values of the first, then those of the second: one is
        subtracted after the other. A number may be 0.
    ``Proportional``, ``None``
        No correction.
    """

    SPEC: ClassVar = Spec(
        name="linearizer",
        title="Corrections of each amplifier's non-linearity",
        obstype="LINEARIZER",
        version=1.8,
        schema="Gen3 Linearizer",
        dimensions=("instrument", "detector"),
        nominal=_nominal.linearizer,
        storage_class="Linearizer",
        is_read_by_stack=True,
        calibcls="lsst.ip.isr.linearize.Linearizer",
        forms=("yaml", "ecsv", "json"),
        tables=(
            Table(
                name="AMPLIFIERS",
                rows="key",
                key_column="AMPLIFIER_NAME",
                group="amplifiers",
                fits_units="none",
            ),
            Table(name="LOOKUP", rows="free", optional=True, fits_units="none"),
        ),
        absent="undefined",
        keywords=("HAS_LINEARITY", "OVERRIDE", "HAS_TABLE", "LINEARITY_UNITS"),
        aliases=("LINEARITY",),
        measures=MEASURES,
        statistics=DeferredStatistics("curated.types._statistics_by_type", "LINEARIZER"),
        bounds=BOUNDS,
        comparisons=COMPARISONS,
        plot=PlotSpec(
            kind="keyed",
            x="signals",
            y="corrections",
            labels=("Signal (in the file's units)", "Added by the correction"),
        ),
    )

    hasLinearity: bool = column(
        "bool",
        keyword="HAS_LINEARITY",
        required=False,
        default=False,
        doc="Whether the corrections are in force; if not, the stack reads nothing else of the file.",
    )
    override: bool = column(
        "bool",
        keyword="OVERRIDE",
        required=False,
        default=True,
        doc="Whether it may differ from the linearity that the camera declares for its amplifiers.",
    )
    hasTable: bool = column(
        "bool", keyword="HAS_TABLE", required=False, default=False, doc="Whether there is a lookup table."
    )
    linearityUnits: str = column(
        "str",
        keyword="LINEARITY_UNITS",
        required=False,
        default="adu",
        choices=("adu", "electron"),
        doc="Unit of all signals and corrections.",
    )
    inputGain: dict[str, float] = _number(
        "INPUT_GAIN", "Gain of the amplifier.", unit="electron/adu", above=0, since=1.7
    )
    inputTurnoff: dict[str, float] = _number(
        "INPUT_TURNOFF", "Signal above which measurements were not used.", fill=np.inf, since=1.8
    )
    linearityType: dict[str, str] = column(
        "str",
        column="TYPE",
        required=False,
        default=dict,
        fill="None",
        choices=TYPES,
        doc="Type of the correction.",
    )
    linearityCoeffs: dict[str, Array] = _vector("COEFFS", "Coefficients of the correction.", "n")
    linearityBBox: dict[str, Array] = column(
        "i8",
        columns=("BBOX_X0", "BBOX_Y0", "BBOX_DX", "BBOX_DY"),
        shape=(4,),
        unit="pix",
        minimum=(0, 0, 1, 1),
        doc="The amplifier's box in the detector: first column, first row, number of columns, number of rows.",
    )
    inputAbscissa: dict[str, Array] = _vector(
        "INP_ABSCISSA",
        "Amount of light of each measurement, such as its exposure time or photodiode charge.",
        since=1.5,
    )
    inputOrdinate: dict[str, Array] = _vector("INP_ORDINATE", "Signal of each measurement.", since=1.5)
    inputMask: dict[str, Array] = _vector(
        "INP_MASK", "Whether each measurement was used.", "bool", fill=False, since=1.5
    )
    inputGroupingIndex: dict[str, Array] = _vector(
        "INP_GROUPING_INDEX", "Group of each measurement.", "n", since=1.5
    )
    inputNormalization: dict[str, Array] = _vector(
        "INP_NORMALIZATION", "Factor that normalizes the abscissa of each measurement.", fill=1.0, since=1.5
    )
    fitParams: dict[str, Array] = _vector("FIT_PARAMS", "Parameters of the fit.")
    fitParamsErr: dict[str, Array] = _vector("FIT_PARAMS_ERR", "Errors of the parameters of the fit.")
    fitChiSq: dict[str, float] = _number("RED_CHI_SQ", "Reduced chi-squared of the fit.")
    fitResiduals: dict[str, Array] = _vector(
        "FIT_RES", "Residuals of the fit; NaN for measurements that were not used."
    )
    fitResidualsSigmaMad: dict[str, float] = _number(
        "FIT_RES_SIGMAD", "Scatter of the residuals, estimated from their median absolute deviation."
    )
    fitResidualsUnmasked: dict[str, Array] = _vector(
        "FIT_RES_UNMASKED", "Residuals of all measurements.", since=1.5
    )
    fitResidualsModel: dict[str, Array] = _vector(
        "FIT_RES_MODEL", "Signal of the model at each measurement.", since=1.5
    )
    linearFit: dict[str, Array] = _vector(
        "LIN_FIT", "Intercept and slope of the straight line through small signals."
    )
    linearityTurnoff: dict[str, float] = _number(
        "LINEARITY_TURNOFF", "Turn-off: signal above which the correction is not reliable.", since=1.4
    )
    linearityMaxSignal: dict[str, float] = _number(
        "LINEARITY_MAX_SIGNAL", "Largest signal that the correction was derived from.", since=1.4
    )
    absoluteReferenceAmplifier: str = column(
        "str",
        column="ABS_REF_AMP",
        required=False,
        default="",
        common=True,
        since=1.6,
        doc="Amplifier that the others are normalized to; empty for none.",
    )
    tableData: Array | None = column(
        "f8",
        column="LOOKUP_VALUES",
        table=1,
        shape=("*",),
        required=False,
        doc="Lookup table: a row for each correction, a column for each integer signal.",
    )

    @classmethod
    def complete(cls, content: Content) -> None:
        """Fill in that corrections are in force, and that there is a table, where there are any."""
        for key, source in (("HAS_LINEARITY", "linearityType"), ("HAS_TABLE", "tableData")):
            _ = content.values.get(source) is None or content.metadata.setdefault(key, True)

    # -- rules ----------------------------------------------------------------------------------------

    def problems(self) -> Iterator[Problem]:
        """Yield corrections that cannot be applied, and values that contradict each other."""
        names, has_table = list(self.linearityBBox), self.tableData is not None
        if names and not self.hasLinearity:
            detail = f"HAS_LINEARITY is not true, so the corrections of {len(names)} amplifiers"
            yield Problem("CAL323", ("metadata", "HAS_LINEARITY"), f"{detail} are not in force")
        if self.hasTable is not has_table:
            detail = f"HAS_TABLE is {self.hasTable} for a lookup table, but there is "
            yield Problem("CAL308", ("metadata", "HAS_TABLE"), detail + ("one" if has_table else "none"))
        reference = self.absoluteReferenceAmplifier
        if reference and reference not in names:
            detail = f"absoluteReferenceAmplifier is {reference!r}, which is not one of {', '.join(names)}"
            yield Problem("CAL308", ("absoluteReferenceAmplifier",), detail)
        for name in names:
            yield from self._amplifier_problems(name)
        yield from self._overlapping(names)

    def _amplifier_problems(self, name: str) -> Iterator[Problem]:
        place = ("amplifiers", name)
        kind, coeffs = self.linearityType[name], self.linearityCoeffs[name]
        for code, detail in coefficient_problems(kind, coeffs, self.tableData):
            yield Problem(code, (*place, "linearityCoeffs"), f"{name}: {detail}")
        turnoff, largest = self.linearityTurnoff[name], self.linearityMaxSignal[name]
        if turnoff > largest:
            detail = f"linearityTurnoff of {name} is {turnoff:g}, linearityMaxSignal {largest:g}"
            yield Problem("CAL324", (*place, "linearityTurnoff"), detail)
        for group in (_INPUTS, _FITS):
            # Files without them have one value each.
            lengths = {field: n for field in group if (n := len(getattr(self, field)[name])) != 1}
            if len(set(lengths.values())) > 1:
                detail = ", ".join(f"{field} {n}" for field, n in lengths.items())
                yield Problem("CAL215", (*place, next(iter(lengths))), f"{name}: lengths differ: {detail}")

    def _overlapping(self, names: list[str]) -> Iterator[Problem]:
        """Yield the amplifiers whose box overlaps that of an earlier one."""
        if len(names) > _MAX_AMPLIFIERS:
            return
        boxes = np.array(list(self.linearityBBox.values())).reshape(-1, 4)
        first, last = boxes[:, :2], boxes[:, :2] + boxes[:, 2:]
        for i, name in enumerate(names):
            overlaps = ((first[:i] < last[i]) & (first[i] < last[:i])).all(axis=1)
            if overlaps.any():
                detail = f"linearityBBox of {name} overlaps that of {names[int(np.flatnonzero(overlaps)[0])]}"
                yield Problem("CAL308", ("amplifiers", name, "linearityBBox"), detail)

    def fits_on(self, width: int, height: int) -> Iterator[Problem]:
        """Yield the amplifiers whose box reaches beyond the detector."""
        for name, (x0, y0, columns, rows) in self.linearityBBox.items():
            if x0 + columns > width or y0 + rows > height:
                detail = f"{name} reaches to {x0 + columns}, {y0 + rows} on a detector of {width} x {height}"
                yield Problem("CAL307", ("amplifiers", name, "linearityBBox"), detail)

    def claims(self) -> Claims:
        """Return its amplifiers."""
        return Claims("amplifiers", list(self.linearityBBox), True)

    def mismatches(self, other: Calib | DetectorGeometry) -> Iterator[Problem]:
        """Yield differences from a detector: its identity, its amplifiers, their boxes.

        A `DetectorGeometry` has no linearity of its own that ``override`` could protect.
        """
        yield from super().mismatches(other)
        yield from amplifier_mismatches(self.linearityBBox, other, "amplifiers")
        for amplifier in other.amplifiers if isinstance(other, DetectorGeometry) else ():
            box = self.boxes.get(amplifier.name, amplifier.box)
            if box != amplifier.box:
                own_text, detector_text = (
                    f"{b.x0} {b.y0} {b.width} {b.height}" for b in (box, amplifier.box)
                )
                detail = (
                    f"linearityBBox of {amplifier.name} is {own_text}, but {detector_text} on the detector"
                )
                yield Problem("CAL308", ("amplifiers", amplifier.name, "linearityBBox"), detail)

    # -- using it -------------------------------------------------------------------------------------

    @property
    def boxes(self) -> dict[str, Box]:
        """Box of each amplifier in the assembled detector."""
        return {name: Box(*box.tolist()) for name, box in self.linearityBBox.items()}

    def correct(self, name: str, signal: Array, gain: float | None = None) -> Array:
        """Return signals of one amplifier, corrected.

        Parameters
        ----------
        name : `str`
            Name of the amplifier.
        signal : `numpy.ndarray`
            Signals in `linearityUnits`, or in electron if a gain is given and the units are adu.
        gain : `float`, optional
            Gain (electron/adu) of signals that are in electron.
        """
        if not self.hasLinearity:
            return signal
        scale = 1.0 if gain is None or self.linearityUnits != "adu" else float(gain)
        coeffs = self.linearityCoeffs[name].astype(float)
        return corrected(signal, self.linearityType[name], coeffs, self.tableData, scale)

    def apply(self, target: Image, *, gains: Mapping[str, float] | None = None, **options: Any) -> Image:
        """Correct an image for non-linearity, each amplifier in its box.

        Parameters
        ----------
        target : `numpy.ndarray` or `astropy.nddata.CCDData`, (rows, columns)
            The assembled image of the detector in `linearityUnits`; it stays as it is.
        gains : `dict` [`str`, `float`], optional
            Gains (electron/adu) by amplifier, for an image in electron and a linearizer in adu.

        Returns
        -------
        image : the kind of ``target``
            In a floating-point dtype.

        Raises
        ------
        CuratedError
            If an amplifier lies outside the image, has no gain where gains are given, or the image has another
            unit.

        Notes
        -----
        The corrections are those of lsst.ip.isr.linearize, with the spline of Akima 1970, J. ACM 17, 589:

        - ``LookupTable``: I + table[row, int(offset + I)], with the end values beyond the table's ends.
        - ``Polynomial``: I + sum of k_i I**i, i from 2. ``Squared``: I + c I**2.
        - ``Spline``: I - S(clip(I, x_1, x_n - 0.1)), where the first value is subtracted from all values of S,
          and (0, 0) is put in front if the first node is not zero.
        - ``DoubleSpline``: two splines in turn, cut off at x_n - 0.01, without these two changes.

        Gains multiply nodes and values of splines; the other corrections are evaluated in adu.
        """
        no_options(self, options)
        pixels = pixels_of(target)
        height, width = pixels.shape
        unit = str(getattr(target, "unit", None) or "")
        is_scaled = self.linearityUnits == "adu" and gains is not None
        if unit in ("adu", "electron") and unit != self.linearityUnits and not is_scaled:
            raise CuratedError(
                f"the image is in {unit}, the linearizer in {self.linearityUnits}",
                "convert the image, or give gains",
            )
        outside = [p.detail for p in self.fits_on(width, height)]
        if outside:
            raise CuratedError("; ".join(outside), "give the assembled image of the whole detector")
        missing = [name for name in self.boxes if gains is not None and name not in gains]
        if missing:
            raise CuratedError(f"no gain for {', '.join(missing)}", "give a gain for each amplifier, or none")
        for name, box in self.boxes.items():
            gain = None if gains is None else gains[name]
            pixels[box.slices] = self.correct(name, pixels[box.slices].astype(float), gain)
        return with_pixels(target, pixels)

    @property
    def signals(self) -> dict[str, Array]:
        """Signals of each amplifier from zero to the largest that its correction was derived from."""
        return {name: np.linspace(0.0, self.largest(name), 400) for name in self.linearityBBox}

    @property
    def corrections(self) -> dict[str, Array]:
        """What the correction adds to each of the `signals`."""
        return {name: self.correct(name, signal) - signal for name, signal in self.signals.items()}

    def largest(self, name: str) -> float:
        """Return the largest signal that the correction of an amplifier was derived from, or else covers."""
        limits = (
            self.linearityMaxSignal[name],
            self.linearityTurnoff[name],
            self.inputOrdinate[name].max(initial=0),
        )
        for limit in limits:
            if np.isfinite(limit) and limit > 0:
                return float(limit)
        return largest_signal(self.linearityType[name], self.linearityCoeffs[name], self.tableData)
