"""Linearity: what an amplifier's signal has to be corrected by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from curated.calib import Calib, calibration
from curated.calib.content import Claims
from curated.calib.mismatch import amplifier_mismatches
from curated.core.diagnostic import Problem
from curated.core.geometry import Box, DetectorGeometry
from curated.declare import Array, PlotSpec, Spec, Table, column
from curated.image.pixels import Image
from curated.types import _linearity, _linearity_rules


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
    """Corrections that make an amplifier's signal proportional to the light that it saw.

    The type of each amplifier's correction says what its coefficients are:

    ``LookupTable``
        Row of the table, and offset of its columns: the table's value at the signal is added.
    ``Polynomial``
        Coefficients from the second power on: the polynomial is added.
    ``Squared``
        One coefficient, of the square that is added.
    ``Spline``
        As many nodes as values, the nodes first: the Akima spline is subtracted.
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
        storage_class="Linearizer",
        calibcls="lsst.ip.isr.linearize.Linearizer",
        forms=("yaml", "ecsv", "json"),
        tables=(
            Table(name="AMPLIFIERS", rows="key", key_column="AMPLIFIER_NAME", group="amplifiers"),
            Table(name="LOOKUP", rows="free", optional=True),
        ),
        absent="undefined",
        keywords=("HAS_LINEARITY", "OVERRIDE", "HAS_TABLE", "LINEARITY_UNITS"),
        aliases=("LINEARITY",),
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
        doc="Whether the corrections are in force; the stack reads nothing else of a file where it is not true.",
    )
    override: bool = column(
        "bool",
        keyword="OVERRIDE",
        required=False,
        default=True,
        doc="Whether it may differ from what the camera says of its amplifiers.",
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
        doc="Unit of signals and corrections.",
    )
    inputGain: dict[str, float] = _number("INPUT_GAIN", "Gain (electron/adu).", above=0, since=1.7)
    inputTurnoff: dict[str, float] = _number(
        "INPUT_TURNOFF", "Signal beyond which the measurements were not used.", fill=np.inf, since=1.8
    )
    linearityType: dict[str, str] = column(
        "str",
        column="TYPE",
        required=False,
        default=dict,
        fill="None",
        choices=_linearity.TYPES,
        doc="Kind of correction.",
    )
    linearityCoeffs: dict[str, Array] = _vector("COEFFS", "Coefficients of the correction.", "n")
    linearityBBox: dict[str, Array] = column(
        "i8",
        columns=("BBOX_X0", "BBOX_Y0", "BBOX_DX", "BBOX_DY"),
        shape=(4,),
        minimum=(0, 0, 1, 1),
        doc="The amplifier's box in the detector (pix): first column and row, columns, rows.",
    )
    inputAbscissa: dict[str, Array] = _vector("INP_ABSCISSA", "Light of each measurement.", since=1.5)
    inputOrdinate: dict[str, Array] = _vector("INP_ORDINATE", "Signal of each measurement.", since=1.5)
    inputMask: dict[str, Array] = _vector(
        "INP_MASK", "Whether each measurement was used.", "bool", fill=False, since=1.5
    )
    inputGroupingIndex: dict[str, Array] = _vector(
        "INP_GROUPING_INDEX", "Group of each measurement.", "n", since=1.5
    )
    inputNormalization: dict[str, Array] = _vector(
        "INP_NORMALIZATION", "Factor to the light of each measurement.", fill=1.0, since=1.5
    )
    fitParams: dict[str, Array] = _vector("FIT_PARAMS", "Parameters of the fit.")
    fitParamsErr: dict[str, Array] = _vector("FIT_PARAMS_ERR", "Errors of the parameters of the fit.")
    fitChiSq: dict[str, float] = _number("RED_CHI_SQ", "Reduced chi-squared of the fit.")
    fitResiduals: dict[str, Array] = _vector("FIT_RES", "Residuals of the fit; NaN where not used.")
    fitResidualsSigmaMad: dict[str, float] = _number(
        "FIT_RES_SIGMAD", "Scatter of the residuals, from their median absolute deviation."
    )
    fitResidualsUnmasked: dict[str, Array] = _vector(
        "FIT_RES_UNMASKED", "Residuals of all measurements.", since=1.5
    )
    fitResidualsModel: dict[str, Array] = _vector(
        "FIT_RES_MODEL", "Signal of the model at each measurement.", since=1.5
    )
    linearFit: dict[str, Array] = _vector(
        "LIN_FIT", "Intercept and slope of the line through the small signals."
    )
    linearityTurnoff: dict[str, float] = _number(
        "LINEARITY_TURNOFF", "Signal beyond which the correction is not to be trusted.", since=1.4
    )
    linearityMaxSignal: dict[str, float] = _number(
        "LINEARITY_MAX_SIGNAL", "Largest signal that the correction was made for.", since=1.4
    )
    absoluteReferenceAmplifier: str = column(
        "str",
        column="ABS_REF_AMP",
        required=False,
        default="",
        common=True,
        since=1.6,
        doc="Amplifier that the others are compared with; empty for none.",
    )
    tableData: Array | None = column(
        "f8",
        column="LOOKUP_VALUES",
        table=1,
        shape=("*",),
        required=False,
        doc="Lookup table: a row for each correction, a column for each whole signal.",
    )

    # -- rules ----------------------------------------------------------------------------------------

    def problems(self) -> Iterator[Problem]:
        """Yield corrections that cannot be applied, and values that contradict each other."""
        return _linearity_rules.problems(self)

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
        """Yield why it cannot be used with a detector: another one, other amplifiers, other boxes.

        A `DetectorGeometry` says nothing of linearity, so ``override`` has nothing to forbid.
        """
        yield from super().mismatches(other)
        yield from amplifier_mismatches(self.linearityBBox, other, "amplifiers")
        for amplifier in other.amplifiers if isinstance(other, DetectorGeometry) else ():
            mine = self.boxes.get(amplifier.name, amplifier.box)
            if mine != amplifier.box:
                mine_said, its = (f"{b.x0} {b.y0} {b.width} {b.height}" for b in (mine, amplifier.box))
                detail = f"linearityBBox of {amplifier.name} is {mine_said}, but {its} on the detector"
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
            The amplifier.
        signal : `numpy.ndarray`
            Signals, in `linearityUnits`; in electron where a gain is given and the units are adu.
        gain : `float`, optional
            Gain in electron/adu of signals that are in electron.
        """
        if not self.hasLinearity:
            return signal
        scale = 1.0 if gain is None or self.linearityUnits != "adu" else float(gain)
        return _linearity.corrected(
            signal, self.linearityType[name], self.linearityCoeffs[name].astype(float), self.tableData, scale
        )

    def apply(self, target: Image, *, gains: Mapping[str, float] | None = None, **options: Any) -> Image:
        """Correct an image for non-linearity, each amplifier in its box.

        Parameters
        ----------
        target : `numpy.ndarray` or `astropy.nddata.CCDData`
            The assembled image of the detector, [row, column], in `linearityUnits`; it stays as it is.
        gains : `dict` [`str`, `float`], optional
            Gain of each amplifier in electron/adu, for an image that is in electron where the units of the
            linearizer are adu.
        **options
            None are known.

        Returns
        -------
        image : the kind of ``target``
            The corrected image.

        Raises
        ------
        CuratedError
            If an amplifier lies outside of the image, has no gain where gains are given, or the image's unit
            is another.

        Notes
        -----
        The stack's definitions (FORMATS.md of the design, section 6.3), with the spline of Akima 1970, J. ACM
        17, 589:

        - ``LookupTable``: I + table[row, int(offset + I)], the table's ends beyond them.
        - ``Polynomial``: I + sum of k_i I**i, i from 2. ``Squared``: I + c I**2.
        - ``Spline``: I - S(clip(I, x_1, x_n - 0.1)), where S has the first value subtracted from all, and
          (0, 0) put in front if the first node is elsewhere.
        - ``DoubleSpline``: two of these, with 0.01 and without the two changes.

        With gains, nodes and values of splines are multiplied by the gain; the other corrections are
        evaluated in adu.
        """
        return _linearity.apply(self, target, gains, options)

    # -- plot -----------------------------------------------------------------------------------------

    @property
    def signals(self) -> dict[str, Array]:
        """Signals, for each amplifier, from zero to the largest that its correction was made for."""
        return {name: np.linspace(0.0, self._largest(name), 400) for name in self.linearityBBox}

    @property
    def corrections(self) -> dict[str, Array]:
        """What the correction adds to each of the `signals`."""
        return {name: self.correct(name, signal) - signal for name, signal in self.signals.items()}

    def _largest(self, name: str) -> float:
        known = (
            self.linearityMaxSignal[name],
            self.linearityTurnoff[name],
            self.inputOrdinate[name].max(initial=0),
        )
        given = [float(value) for value in known if np.isfinite(value) and value > 0]
        nodes = _linearity.last_node(self.linearityType[name], self.linearityCoeffs[name], self.tableData)
        return given[0] if given else nodes
