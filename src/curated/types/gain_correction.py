"""Gain corrections: factors of the amplifiers' gains."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from curated.calib import Calib, calibration
from curated.calib.content import Claims
from curated.core.diagnostic import CuratedError, Problem
from curated.core.geometry import DetectorGeometry
from curated.declare import Array, PlotSpec, Spec, Table, column
from curated.declare.deferred import DeferredStatistics
from curated.image.pixels import Image, pixels_of, scaled_uncertainty, with_pixels
from curated.types import _nominal
from curated.types._gain_correction_math import BOUNDS, COMPARISONS, MEASURES

_FAR = 1.2
"""Largest plausible adjustment: gains drift by parts in a thousand with temperature and voltages."""


@calibration
class GainCorrection(Calib):
    """Factors by which the gains of a detector's amplifiers have changed since they were measured.

    The gain in force is that of the photon transfer curve (electron/adu) times the adjustment.
    """

    SPEC: ClassVar = Spec(
        name="gain_correction",
        title="Factors by which the amplifiers' gains have changed",
        obstype="gainCorrection",
        version=1.0,
        versions=(1.0,),
        schema="GainCorrection",
        dimensions=("instrument", "detector"),
        nominal=_nominal.gain_correction,
        storage_class="IsrCalib",
        calibcls="lsst.ip.isr.gainCorrection.GainCorrection",
        forms=("ecsv", "yaml", "json"),
        tables=(Table(name="GAINS", rows="free", fits_units="none"),),
        aliases=("gainCorrection",),
        measures=MEASURES,
        statistics=DeferredStatistics("curated.types._statistics_by_type", "GAIN_CORRECTION"),
        bounds=BOUNDS,
        comparisons=COMPARISONS,
        plot=PlotSpec(
            kind="bars", x="ampNames", y="gainAdjustments", labels=("Amplifier", "Gain adjustment (factor)")
        ),
    )

    ampNames: Array = column("str", column="AMP_NAME", doc="Amplifiers.")
    gainAdjustments: Array = column(
        "f8", column="GAIN_ADJUSTMENT", above=0, doc="Factor of each amplifier's gain."
    )

    def problems(self) -> Iterator[Problem]:
        """Yield repeated amplifiers, and adjustments far from 1."""
        names = self.ampNames.tolist()
        if len(names) != len(self.gainAdjustments):
            detail = f"{len(names)} amplifiers, but {len(self.gainAdjustments)} adjustments"
            yield Problem("CAL215", ("gainAdjustments",), detail)
            return
        first_rows: dict[str, int] = {}
        for row, name in enumerate(names):
            if first_rows.setdefault(name, row) != row:
                detail = f"amplifier {name} is given in row {first_rows[name] + 1} and in row {row + 1}"
                yield Problem("CAL306", ("ampNames", row), detail)
        values = self.gainAdjustments
        is_far = (values > 0) & ((values > _FAR) | (values < 1 / _FAR))
        for row in np.flatnonzero(is_far).tolist():
            detail = f"amplifier {names[row]}: a gain adjustment of {values[row]:g} is far from 1"
            yield Problem("CAL330", ("gainAdjustments", row), detail)

    def claims(self) -> Claims:
        """Return its amplifiers."""
        return Claims("ampNames", self.ampNames.tolist(), True)

    def apply(self, target: Image, **options: Any) -> Image:
        """Correct an image in electrons that was made with the gains before the adjustment.

        A pixel in electrons is the pixel in adu times the gain (Janesick 2001, Scientific Charge-Coupled
        Devices, section 2.3), so it is multiplied by its amplifier's adjustment.

        Parameters
        ----------
        target : `numpy.ndarray` or `astropy.nddata.CCDData`, (rows, columns)
            The assembled image in electrons; it stays as it is.
        detector : `DetectorGeometry`
            Where the amplifiers are.
        invert : `bool`, optional
            Whether to divide instead, to undo the correction.

        Returns
        -------
        image : the kind of ``target``
            The corrected image. A standard deviation or variance of a CCDData is scaled with it.

        Raises
        ------
        CuratedError
            If the image is not the detector's, or an amplifier has no adjustment.
        """
        return self._scale(target, **options)

    def _scale(self, target: Image, detector: DetectorGeometry, invert: bool = False) -> Image:
        pixels = pixels_of(target)
        factors = self._factor_image(detector, pixels.shape)
        if invert:
            factors = 1 / factors
        image = with_pixels(target, (pixels * factors).astype(pixels.dtype))
        uncertainty: Any = getattr(image, "uncertainty", None)
        scaled = None if uncertainty is None else scaled_uncertainty(uncertainty, factors)
        if scaled is not None:
            uncertainty.array = scaled
        return image

    def _factor_image(self, detector: DetectorGeometry, shape: tuple[int, ...]) -> Array:
        """Return the adjustment of each pixel."""
        adjustments = dict(zip(self.ampNames.tolist(), self.gainAdjustments.tolist(), strict=True))
        missing = [amplifier.name for amplifier in detector.amplifiers if amplifier.name not in adjustments]
        if missing or not detector.amplifiers:
            subject = f"amplifier {', '.join(missing)}" if missing else "the detector"
            raise CuratedError(
                f"{subject} has no gain adjustment", f"there are some for {', '.join(adjustments) or 'none'}"
            )
        if detector.width and shape != (detector.height, detector.width):
            raise CuratedError(
                f"the image has {shape[1]} x {shape[0]} pixels, "
                f"detector {detector.name} {detector.width} x {detector.height}",
                "give the assembled image, without overscan",
            )
        factors = np.ones(shape)
        for amplifier in detector.amplifiers:
            factors[amplifier.box.slices] = adjustments[amplifier.name]
        return factors
