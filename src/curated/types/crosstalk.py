"""Crosstalk between the amplifiers of a detector, and from other detectors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from curated.calib import Calib, calibration
from curated.calib.content import Claims, Content
from curated.core.diagnostic import CuratedError, Problem
from curated.core.geometry import Amplifier, DetectorGeometry, with_gains, within
from curated.declare import Array, PlotSpec, Spec, Table, column
from curated.declare.deferred import DeferredStatistics
from curated.image.pixels import Image, no_options, pixels_of, unit_of, with_pixels
from curated.types._crosstalk_forms import flag_problems
from curated.types._crosstalk_math import BOUNDS, COMPARISONS, MEASURES

_MATRIX: tuple[str | int, ...] = ("nAmp", "nAmp")
_MAX_AMPLIFIERS = 512
"""Number of amplifiers up to which missing matrices are filled in: NAMP of a file is untrusted."""

_LARGE = 0.1
"""Crosstalk within a detector is a thousandth or less; a coefficient above this would show in every image."""


@calibration
class Crosstalk(Calib):
    """Signal that one amplifier induces in another, linear and quadratic.

    The correction subtracts from the target ``coeffs[source, target]`` times the source's signal, plus
    ``coeffsSqr[source, target]`` times its square.
    """

    SPEC: ClassVar = Spec(
        name="crosstalk",
        title="Signal that one amplifier induces in another",
        obstype="CROSSTALK",
        version=1.2,
        versions=(1.0, 1.1, 1.2),
        schema="Gen3 Crosstalk",
        dimensions=("instrument", "detector"),
        storage_class="CrosstalkCalib",
        is_read_by_stack=True,
        calibcls="lsst.ip.isr.crosstalk.CrosstalkCalib",
        tables=(
            Table(name="CROSSTALK", rows="one", fits_units="none"),
            Table(name="INTERCHIP", rows="key", key_column="IC_SOURCE_DET", optional=True, fits_units="none"),
        ),
        sizes={"nAmp": "NAMP"},
        keywords=(
            "DETECTOR_NAME",
            "DETECTOR_SERIAL",
            "HAS_CROSSTALK",
            "NAMP",
            "CROSSTALK_SHAPE",
            "CROSSTALK_RATIOS_UNITS",
        ),
        measures=MEASURES,
        statistics=DeferredStatistics("curated.types._statistics_by_type", "CROSSTALK"),
        bounds=BOUNDS,
        comparisons=COMPARISONS,
        plot=PlotSpec(
            kind="matrix",
            y="coeffs",
            labels=("Target amplifier", "Source amplifier", "Fraction of the source's signal"),
        ),
    )

    hasCrosstalk: bool = column(
        "bool", keyword="HAS_CROSSTALK", required=False, default=False, doc="Whether there is any crosstalk."
    )
    nAmp: int = column(
        "i8", keyword="NAMP", required=False, default=0, minimum=0, doc="Number of amplifiers."
    )
    crosstalkShape: Array | None = column(
        "i8", keyword="CROSSTALK_SHAPE", shape=(2,), required=False, doc="Shape of the matrices."
    )
    crosstalkRatiosUnits: str = column(
        "str",
        keyword="CROSSTALK_RATIOS_UNITS",
        required=False,
        default="adu",
        choices=("adu", "electron"),
        doc="Unit of the signals that the coefficients relate.",
    )
    coeffs: Array | None = column(
        "f8", column="CT_COEFFS", shape=_MATRIX, required=False, doc="Linear coefficients, [source, target]."
    )
    coeffErr: Array | None = column(
        "f8",
        column="CT_ERRORS",
        shape=_MATRIX,
        required=False,
        finite=False,
        doc="Errors of the linear coefficients.",
    )
    coeffNum: Array | None = column(
        "i8",
        column="CT_COUNTS",
        shape=_MATRIX,
        required=False,
        minimum=0,
        doc="Measurements behind each coefficient.",
    )
    coeffValid: Array | None = column(
        "bool", column="CT_VALID", shape=_MATRIX, required=False, doc="Whether each coefficient can be used."
    )
    coeffsSqr: Array | None = column(
        "f8", column="CT_COEFFS_SQR", shape=_MATRIX, required=False, since=1.1, doc="Quadratic coefficients."
    )
    coeffErrSqr: Array | None = column(
        "f8",
        column="CT_ERRORS_SQR",
        shape=_MATRIX,
        required=False,
        finite=False,
        since=1.1,
        doc="Errors of the quadratic coefficients.",
    )
    ampGainRatios: Array | None = column(
        "f8",
        column="CT_AMP_GAIN_RATIOS",
        shape=_MATRIX,
        required=False,
        finite=False,
        since=1.1,
        doc="Ratios of the gains; NaN for dead amplifiers.",
    )
    fitGains: Array | None = column(
        "f8",
        column="CT_FIT_GAINS",
        shape=("nAmp",),
        required=False,
        finite=False,
        since=1.2,
        doc="Gains found by the fit; NaN for dead amplifiers.",
    )
    interChip: dict[str, Array] = column(
        "f8",
        column="IC_COEFFS",
        table=1,
        shape=_MATRIX,
        required=False,
        default=dict,
        doc="Linear coefficients from other detectors, by the name of the source detector.",
    )

    @classmethod
    def prepare(cls, content: Content) -> list[Problem]:
        """Fill in what older versions lack, as lsst.ip.isr.crosstalk.CrosstalkCalib does."""
        values, size = content.values, content.metadata.get("NAMP")
        problems = list(flag_problems(content, [f.name for f in cls.FIELDS if "nAmp" in f.shape]))
        if values.get("hasCrosstalk") is True and "coeffs" not in values:
            problems.append(Problem("CAL210", (), "HAS_CROSSTALK is true, but there are no coefficients"))
        if not values.get("hasCrosstalk", False) or type(size) is not int or not 0 < size <= _MAX_AMPLIFIERS:
            return problems
        zeros: dict[str, Any] = {f.name: np.zeros((size, size)) for f in cls.FIELDS if f.shape == _MATRIX}
        zeros |= {
            "coeffNum": np.zeros((size, size), int),
            "coeffValid": np.ones((size, size), bool),
            "fitGains": np.zeros(size),
            "crosstalkShape": [size, size],
        }
        del zeros["interChip"]
        for name, zero in zeros.items():
            values.setdefault(name, zero)
        content.metadata.setdefault("CROSSTALK_SHAPE", [size, size])
        return problems

    @classmethod
    def complete(cls, content: Content) -> None:
        """Fill in the number of amplifiers, and that there is crosstalk, where there are coefficients."""
        coeffs = content.values.get("coeffs")
        if coeffs is not None and "nAmp" not in content.values:
            content.metadata.setdefault("NAMP", len(coeffs))
        if coeffs is not None and "hasCrosstalk" not in content.values:
            content.metadata.setdefault("HAS_CROSSTALK", True)

    @classmethod
    def neutral(cls, detector: DetectorGeometry) -> dict[str, Any]:
        """Return coefficients of zero, with HAS_CROSSTALK set: without it readers skip the matrices."""
        count = len(detector.amplifiers)
        if not count:
            raise CuratedError(
                f"the amplifiers of detector {detector.name} are not known",
                "name them in instrument.yaml, or take the detector from a camera calibration",
            )
        zeros = np.zeros((count, count))
        return {"hasCrosstalk": True, "nAmp": count, "crosstalkRatiosUnits": "adu", "coeffs": zeros}

    def problems(self) -> Iterator[Problem]:
        """Yield shapes that contradict NAMP, amplifiers with crosstalk to themselves, and coefficients of no crosstalk."""
        if self.crosstalkShape is not None and self.crosstalkShape.tolist() != [self.nAmp, self.nAmp]:
            detail = f"CROSSTALK_SHAPE is {self.crosstalkShape.tolist()}, NAMP is {self.nAmp}"
            yield Problem("CAL308", ("metadata", "CROSSTALK_SHAPE"), detail)
        if self.coeffs is None:
            return
        if np.diagonal(self.coeffs).any():
            count = int(np.count_nonzero(np.diagonal(self.coeffs)))
            yield Problem("CAL312", ("coeffs",), f"{count} of {self.nAmp} diagonal coefficients are not zero")
        if self.coeffs.size and np.abs(self.coeffs).max() > _LARGE:
            yield from self._large_coefficients(self.coeffs)

    def _large_coefficients(self, coeffs: Array) -> Iterator[Problem]:
        """Yield the largest coefficient between two amplifiers, if it is too large for crosstalk."""
        sizes = np.abs(coeffs)
        np.fill_diagonal(sizes, 0)
        source, target = np.unravel_index(sizes.argmax(), sizes.shape)
        count = int(np.count_nonzero(sizes > _LARGE))
        if count:
            detail = (
                f"the coefficient from amplifier {source + 1} to {target + 1} is {coeffs[source, target]:g}"
            )
            yield Problem("CAL329", ("coeffs",), f"{detail}, the largest of {count} beyond {_LARGE}")

    def claims(self) -> Claims:
        """Return the number of its amplifiers, which it does not name."""
        return Claims("coeffs", count=self.nAmp if self.coeffs is not None else 0)

    def apply(
        self,
        target: Image,
        *,
        detector: DetectorGeometry | None = None,
        sources: Mapping[str, tuple[Any, DetectorGeometry]] | None = None,
        background: str = "none",
        unit: str | None = None,
        gains: Mapping[str, float] | None = None,
        **options: Any,
    ) -> Image:
        """Subtract the crosstalk from an image of the detector; see `correct`.

        Coefficients that ``coeffValid`` excludes count as zero.

        Parameters
        ----------
        target : `numpy.ndarray` or `astropy.nddata.CCDData`, (rows, columns)
            The assembled image of the detector; it stays as it is.
        detector : `DetectorGeometry`
            Where its amplifiers are, in the order of the matrices.
        sources : `dict` [`str`, `tuple`], optional
            Simultaneous images of the other detectors that `interChip` names, each with its detector; terms of
            detectors that are not given are left out.
        background : `str`, optional
            What is subtracted from the sources: ``none``, or the median of the ``amplifier`` or of the ``detector``.
        unit : `str`, optional
            Unit of all images, ``adu`` or ``electron``; by default that of a CCDData, else that of the coefficients.
        gains : `dict` [`str`, `float`], optional
            Gains (electron/adu) of the detector's amplifiers; by default those of ``detector``.

        Returns
        -------
        image : the kind of ``target``
            In a floating-point dtype.

        Raises
        ------
        CuratedError
            If the detector is not given, does not fit the matrices or the image, or a gain is needed and not known.
        """
        no_options(self, options)
        data = pixels_of(target)
        geometry = with_gains(within(detector, data.shape), gains)
        if not self.hasCrosstalk or self.coeffs is None:
            return with_pixels(target, data)
        image_unit = unit_of(target, unit, self.crosstalkRatiosUnits)
        others = {
            name: CrosstalkSource(pixels_of(image), other, self.interChip[name])
            for name, (image, other) in (sources or {}).items()
            if name in self.interChip
        }
        is_valid = self.coeffValid if self.coeffValid is not None else np.ones(self.coeffs.shape, bool)
        quadratic = np.zeros(self.coeffs.shape) if self.coeffsSqr is None else self.coeffsSqr
        source = CrosstalkSource(data, geometry, self.coeffs * is_valid, quadratic * is_valid)
        is_same_unit = image_unit == self.crosstalkRatiosUnits
        gain_power = 0 if is_same_unit else 1 if self.crosstalkRatiosUnits == "electron" else -1
        return with_pixels(target, correct(source, list(others.values()), gain_power, background))


# -- correction ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CrosstalkSource:
    """An image that induces signal in others.

    Parameters
    ----------
    pixels : `numpy.ndarray`, (rows, columns)
        Pixels as they were read out, in adu or electron.
    detector : `DetectorGeometry`
        Detector of the image, with the boxes and read-out corners of its amplifiers.
    linear : `numpy.ndarray`, (sources, targets)
        Fraction of its signal that appears in the targets.
    quadratic : `numpy.ndarray`, (sources, targets), optional
        Coefficients of the square of its signal.
    """

    pixels: Array
    detector: DetectorGeometry
    linear: Array
    quadratic: Array | None = None


def correct(
    image: CrosstalkSource, others: Sequence[CrosstalkSource], gain_power: int, background: str
) -> Array:
    """Return a detector's pixels without crosstalk.

    From each target amplifier ``t`` the sum over the sources ``s`` of ``linear[s, t] * I + quadratic[s, t] * I**2``
    is subtracted. ``I`` is the image of the source, less its background if asked for, mirrored so that pixels that
    were read out at the same moment coincide. All sources are taken as they were read out, so that terms of second
    order, a coefficient of a coefficient, are left out. Formula and orientation are those of the correction of
    lsst.ip.isr.crosstalk.

    Parameters
    ----------
    image : `CrosstalkSource`
        The detector that is corrected.
    others : sequence [`CrosstalkSource`]
        Other detectors.
    gain_power : `int`
        Power of the gain that brings pixels to the unit of the coefficients: 1 for images in adu and coefficients
        between electrons, -1 for the reverse, 0 if the units agree.
    background : `str`
        ``none``, ``amplifier`` or ``detector``: what the median is taken of.

    Raises
    ------
    CuratedError
        If detector, matrices and image do not fit together, or a gain is needed and not known.
    """
    if background not in ("none", "amplifier", "detector"):
        raise CuratedError(f"background {background!r} is not one of none, amplifier, detector")
    targets = image.detector.amplifiers
    corrected = image.pixels.copy()
    for source in (image, *others):
        _check_size(source, len(targets))
        for s, (amplifier, signal) in enumerate(_signals(source, gain_power, background)):
            for t, target in enumerate(targets):
                linear = source.linear[s, t]
                quadratic = 0.0 if source.quadratic is None else source.quadratic[s, t]
                if linear or quadratic:
                    mirrored = _mirrored(signal, amplifier, target)
                    crosstalk = linear * mirrored + quadratic * mirrored**2
                    corrected[target.box.slices] -= crosstalk / _factor(target, gain_power)
    return corrected


def _signals(source: CrosstalkSource, gain_power: int, background: str) -> Iterator[tuple[Amplifier, Array]]:
    """Yield each amplifier with its signal in the unit of the coefficients."""
    level = float(np.nanmedian(source.pixels)) if background == "detector" else 0.0
    for amplifier in source.detector.amplifiers:
        pixels = source.pixels[amplifier.box.slices]
        if background == "amplifier":
            level = float(np.nanmedian(pixels))
        yield amplifier, (pixels - level) * _factor(amplifier, gain_power)


def _factor(amplifier: Amplifier, gain_power: int) -> float:
    if gain_power == 0:
        return 1.0
    if not amplifier.gain > 0:
        raise CuratedError(
            f"the gain of amplifier {amplifier.name} is not known, and image and coefficients differ in unit",
            "give gains=, or a detector whose amplifiers have gains",
        )
    return float(amplifier.gain**gain_power)


def _mirrored(signal: Array, source: Amplifier, target: Amplifier) -> Array:
    """Return the source's pixels in the place of the target's pixels that were read out at the same moment."""
    if signal.shape != (target.box.height, target.box.width):
        boxes = source.box, target.box
        sizes = f"{source.name} has {boxes[0].width} x {boxes[0].height} pixels, "
        sizes += f"{target.name} {boxes[1].width} x {boxes[1].height}"
        raise CuratedError(f"the amplifiers are not of the same size: {sizes}")
    rows = slice(None, None, 1 if source.readout_corner[0] == target.readout_corner[0] else -1)
    columns = slice(None, None, 1 if source.readout_corner[1] == target.readout_corner[1] else -1)
    return signal[rows, columns]


def _check_size(source: CrosstalkSource, targets: int) -> None:
    detector, amplifiers = source.detector, source.detector.amplifiers
    if source.linear.shape != (len(amplifiers), targets):
        shape = " x ".join(map(str, source.linear.shape))
        raise CuratedError(
            f"the coefficients are {shape}; detector {detector.name} has {len(amplifiers)} amplifiers, the target {targets}"
        )
    within(detector, source.pixels.shape)
