"""Gains: gain, read noise and saturation of each amplifier, and nothing else."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, ClassVar

from curated.calib import Calib, calibration
from curated.calib.content import Claims
from curated.calib.mismatch import amplifier_mismatches
from curated.core.diagnostic import CuratedError, Problem
from curated.core.geometry import DetectorGeometry
from curated.declare import FITS_TABLES, PlotSpec, Spec, Table, column
from curated.declare.deferred import DeferredStatistics
from curated.image.pixels import Image
from curated.types import _nominal
from curated.types._gains_math import BOUNDS, COMPARISONS, MEASURES, in_electrons
from curated.types._rules import key_problems

NOMINAL, MEASURED = "nominal", "measured"


@calibration
class Gains(Calib):
    """Gain, read noise and saturation of a detector's amplifiers, as a data sheet or a measurement has them.

    A supplied file takes the place of what the camera says of the amplifiers; a photon transfer curve has the same numbers with
    all that they were derived from.
    """

    SPEC: ClassVar = Spec(
        name="gains",
        title="Gain, read noise and saturation of each amplifier",
        obstype="gains",
        dimensions=("instrument", "detector"),
        start=_nominal.gains,
        storage_class=FITS_TABLES,
        calibcls="curated.types.gains.Gains",
        forms=("yaml", "ecsv", "json"),
        tables=(Table(name="AMPLIFIERS", rows="key", key_column="AMPLIFIER"),),
        measures=MEASURES,
        statistics=DeferredStatistics("curated.types._statistics_by_type", "GAINS"),
        bounds=BOUNDS,
        comparisons=COMPARISONS,
        plot=PlotSpec(kind="bars", y="gain"),
    )

    source: str = column(
        "str",
        keyword="GAINSRC",
        common=True,
        required=False,
        default=MEASURED,
        choices=(NOMINAL, MEASURED),
        doc="Whether the values are nominal or measured.",
    )
    gain: dict[str, float] = column("f8", column="GAIN", unit="electron/adu", above=0, doc="Gain.")
    readNoise: dict[str, float] = column(
        "f8",
        column="READ_NOISE",
        unit="electron",
        minimum=0,
        required=False,
        default=dict,
        fill=math.nan,
        finite=False,
        doc="Read noise; NaN if unknown.",
    )
    saturation: dict[str, float] = column(
        "f8",
        column="SATURATION",
        unit="adu",
        above=0,
        required=False,
        default=dict,
        fill=math.nan,
        finite=False,
        doc="Level at which it saturates; NaN if unknown.",
    )

    def problems(self) -> Iterator[Problem]:
        """Yield amplifiers that one quantity has and another lacks, and a file without any."""
        if not self.gain:
            yield Problem("CAL308", ("gain",), "there is no amplifier")
        yield from key_problems(self.FIELDS, self, 0)

    @classmethod
    def neutral(cls, detector: DetectorGeometry) -> dict[str, Any]:
        """Return the nominal values of a detector's amplifiers.

        Raises
        ------
        CuratedError
            If the gain of an amplifier is not known.
        """
        amplifiers = detector.amplifiers
        missing = [amplifier.name for amplifier in amplifiers if not math.isfinite(amplifier.gain)]
        if missing or not amplifiers:
            raise CuratedError(
                f"detector {detector.name} has no gain of {', '.join(missing) or 'any amplifier'}",
                "its camera lacks them; write a file of type gains",
            )
        return {
            "source": NOMINAL,
            "gain": {amplifier.name: amplifier.gain for amplifier in amplifiers},
            "readNoise": {amplifier.name: amplifier.read_noise for amplifier in amplifiers},
            "saturation": {amplifier.name: amplifier.saturation for amplifier in amplifiers},
        }

    def claims(self) -> Claims:
        """Return its amplifiers and their gains."""
        return Claims("gain", list(self.gain), True, gains=dict(self.gain), gain_place="gain")

    def mismatches(self, other: Calib | DetectorGeometry) -> Iterator[Problem]:
        """Yield differences from a detector: its identity and its amplifiers."""
        yield from super().mismatches(other)
        yield from amplifier_mismatches(self.gain, other, "gain")

    def apply(self, target: Image, *, detector: DetectorGeometry | None = None, **options: Any) -> Image:
        """Convert an image from adu to electron, with the gain of each amplifier.

        Parameters
        ----------
        target : `numpy.ndarray` or `astropy.nddata.CCDData`, (rows, columns)
            The assembled image of the detector in adu; it stays as it is.
        detector : `DetectorGeometry`
            Where the amplifiers are.

        Returns
        -------
        image : the kind of ``target``
            The signal in electron; a CCDData has that unit and a scaled uncertainty.

        Raises
        ------
        CuratedError
            If there is no detector, it has other amplifiers, or the image is in another unit.
        """
        if options or detector is None or not detector.amplifiers:
            raise CuratedError(
                "gains need the amplifiers of the detector", "give detector=DetectorGeometry(...)"
            )
        reasons = [p.detail for p in amplifier_mismatches(self.gain, detector, "gain")]
        return in_electrons(target, self.gain, detector, reasons)
