"""Crosstalk between the amplifiers of a detector, and from other detectors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from curated.calib import Calib, calibration
from curated.calib.content import Claims, Content
from curated.core.diagnostic import CuratedError, Problem
from curated.core.geometry import DetectorGeometry, with_gains, within
from curated.declare import Array, PlotSpec, Spec, Table, column
from curated.image.pixels import Image, no_options, pixels_of, unit_of, with_pixels
from curated.types._crosstalk_correction import Source, correct

_MATRIX: tuple[str | int, ...] = ("nAmp", "nAmp")
_MAX_AMPLIFIERS = 512
"""So many have their missing matrices filled in; what a file claims is not believed without limit."""

_LARGE = 0.1
"""Crosstalk between the amplifiers of one detector is a thousandth or less; of this size it is seen in every image."""


@calibration
class Crosstalk(Calib):
    """Signal that one amplifier induces in another, linear and quadratic.

    ``coeffs[source, target]`` times the source's signal, plus ``coeffsSqr[source, target]`` times its
    square, is what the correction takes from the target.
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
        calibcls="lsst.ip.isr.crosstalk.CrosstalkCalib",
        tables=(
            Table(name="CROSSTALK", rows="one"),
            Table(name="INTERCHIP", rows="key", key_column="IC_SOURCE_DET", optional=True),
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
        plot=PlotSpec(
            kind="matrix",
            y="coeffs",
            labels=("Target amplifier", "Source amplifier", "Part of the source's signal"),
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
        doc="Coefficients from each other detector, by its name.",
    )

    @classmethod
    def prepare(cls, content: Content) -> list[Problem]:
        """Fill in what older versions lack, as the stack does (FORMATS.md of the design, section 6.2)."""
        values, size = content.values, content.metadata.get("NAMP")
        if not values.get("hasCrosstalk", False) or type(size) is not int or not 0 < size <= _MAX_AMPLIFIERS:
            return []
        zeros: dict[str, Any] = {f.name: np.zeros((size, size)) for f in cls.FIELDS if f.shape == _MATRIX}
        zeros |= {
            "coeffNum": np.zeros((size, size), int),
            "coeffValid": np.ones((size, size), bool),
            "fitGains": np.zeros(size),
            "crosstalkShape": [size, size],
        }
        problems = []
        if "coeffs" not in values:
            problems.append(Problem("CAL210", (), "HAS_CROSSTALK is true, but there are no coefficients"))
        del zeros["interChip"]
        for name, zero in zeros.items():
            values.setdefault(name, zero)
        content.metadata.setdefault("CROSSTALK_SHAPE", [size, size])
        return problems

    @classmethod
    def neutral(cls, detector: DetectorGeometry) -> dict[str, Any]:
        """Return coefficients of zero; the flag is set, because without it readers pass over the matrices."""
        count = len(detector.amplifiers)
        if not count:
            raise CuratedError(
                f"the amplifiers of detector {detector.name} are not known",
                "name them in instrument.yaml, or take the detector from a camera calibration",
            )
        zeros = np.zeros((count, count))
        return {"hasCrosstalk": True, "nAmp": count, "crosstalkRatiosUnits": "adu", "coeffs": zeros}

    def problems(self) -> Iterator[Problem]:
        """Yield matrices that rescale an amplifier by its own signal, and shapes that contradict NAMP."""
        if self.crosstalkShape is not None and self.crosstalkShape.tolist() != [self.nAmp, self.nAmp]:
            shape = self.crosstalkShape.tolist()
            yield Problem(
                "CAL308", ("metadata", "CROSSTALK_SHAPE"), f"CROSSTALK_SHAPE is {shape}, NAMP is {self.nAmp}"
            )
        if self.coeffs is not None and np.diagonal(self.coeffs).any():
            count = int(np.count_nonzero(np.diagonal(self.coeffs)))
            yield Problem("CAL312", ("coeffs",), f"{count} of {self.nAmp} diagonal coefficients are not zero")
        if self.coeffs is not None and self.coeffs.size and np.abs(self.coeffs).max() > _LARGE:
            yield from self._large(self.coeffs)

    def _large(self, coeffs: Array) -> Iterator[Problem]:
        """Yield the largest coefficient between two amplifiers, where it is no crosstalk."""
        sizes = np.abs(coeffs * (1 - np.eye(len(coeffs))))
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
        """Subtract the crosstalk from an image of the detector; see `curated.types._crosstalk_correction.correct`.

        Coefficients that ``coeffValid`` says cannot be used count as zero.

        Parameters
        ----------
        target : `numpy.ndarray` or `astropy.nddata.CCDData`, (rows, columns)
            The assembled image of the detector; it stays as it is.
        detector : `DetectorGeometry`
            Where its amplifiers are, in the order of the matrices.
        sources : `dict` [`str`, `tuple`], optional
            Images of the other detectors that `interChip` names, taken at the same time, each with its detector; terms of
            detectors that are not given are left out.
        background : `str`, optional
            What is taken off the sources: ``none``, or the median of the ``amplifier`` or of the ``detector``.
        unit : `str`, optional
            Unit of all images, ``adu`` or ``electron``; that of a CCDData, else that of the coefficients.
        gains : `dict` [`str`, `float`], optional
            Gains (electron/adu) of the detector's amplifiers; those of ``detector`` where not given.

        Returns
        -------
        image : the kind of ``target``
            In a floating-point type.

        Raises
        ------
        CuratedError
            If the detector is not given, does not fit to the matrices or to the image, or a gain is needed and not known.
        """
        no_options(self, options)
        data = pixels_of(target)
        known = with_gains(within(detector, data.shape), gains)
        if not self.hasCrosstalk or self.coeffs is None:
            return with_pixels(target, data)
        shown = unit_of(target, unit, self.crosstalkRatiosUnits)
        others = {
            name: Source(pixels_of(image), geometry, self.interChip[name])
            for name, (image, geometry) in (sources or {}).items()
            if name in self.interChip
        }
        usable = self.coeffValid if self.coeffValid is not None else np.ones(self.coeffs.shape, bool)
        square = np.zeros(self.coeffs.shape) if self.coeffsSqr is None else self.coeffsSqr
        own = Source(data, known, self.coeffs * usable, square * usable)
        same = shown == self.crosstalkRatiosUnits
        power = 0 if same else 1 if self.crosstalkRatiosUnits == "electron" else -1
        return with_pixels(target, correct(own, list(others.values()), power, background))
