"""Stray light images."""

from __future__ import annotations

from typing import Any, ClassVar

from curated.calib import calibration
from curated.declare.deferred import DeferredStatistics
from curated.image.pixels import Image, no_options
from curated.types._image import ImageCalib, image_spec, unit_column, value_column
from curated.types._image_changes import image_measures
from curated.types._image_math import seconds_of, subtract


@calibration
class StrayLight(ImageCalib):
    """Light that bypasses the optics at a constant rate, collected in ``exposure_time`` seconds.

    The model is a source inside the instrument that is always on, such as an encoder's lamp: its pattern through a
    filter is fixed and grows with the exposure time. Stray light that depends on pointing, rotation or the moon is
    not modelled. The stack's StrayLightData, an abstract class of one camera, is not related.
    """

    SPEC: ClassVar = image_spec(
        "straylight",
        "Stray light of constant rate",
        dimensions=("instrument", "detector", "physical_filter"),
        measures=image_measures("difference", "adu/s", notable=0.01, level=" per second of exposure time"),
        statistics=DeferredStatistics("curated.types._statistics_by_type", "STRAYLIGHT"),
        calibcls="curated.types.straylight.StrayLight",
    )

    TIME: ClassVar = "exposure_time"

    unit: str | None = unit_column("adu/s", "electron/s", "adu", "electron")
    exposure_time: float | None = value_column(
        "EXPTIME",
        "Exposure time that the pixels stand for; 1 if their unit is one per second.",
        unit="s",
        above=0,
    )

    def apply(self, target: Image, *, exposure_time: float | None = None, **options: Any) -> Image:
        """Subtract it, scaled by time: ``image - straylight * t / t_straylight``.

        Parameters
        ----------
        target : `numpy.ndarray` or `astropy.nddata.CCDData`, (rows, columns)
            The image; it stays as it is.
        exposure_time : `float`, optional
            Exposure time of the image (s); by default EXPTIME of a CCDData's header.

        Returns
        -------
        image : the kind of ``target``
            The corrected image; the mask and uncertainty of a CCDData include those of the calibration.

        Raises
        ------
        CuratedError
            If shapes or units differ, or the exposure time is not known.
        """
        no_options(self, options)
        seconds = seconds_of(self, target, exposure_time, "exposure_time", "EXPTIME")
        return subtract(self, target, seconds / (self.exposure_time or 1.0), per_second=True)
