"""Stray light: light that reaches the detector past the optics."""

from __future__ import annotations

from typing import Any, ClassVar

from curated.calib import calibration
from curated.image.pixels import Image
from curated.types._arithmetic import no_options, seconds_of, subtract
from curated.types._image import ImageCalib
from curated.types._image_fields import image_spec, unit_column, value_column


@calibration
class StrayLight(ImageCalib):
    """Light that reaches a detector past the optics at a constant rate, in ``exposure_time`` seconds.

    It models a source inside the instrument that always shines, such as an encoder's lamp, through one filter:
    the pattern is fixed and grows with exposure time. What changes with pointing, rotation or the moon is not
    modelled; the stack's StrayLightData, an abstract class of one camera, is another thing.
    """

    SPEC: ClassVar = image_spec(
        "straylight",
        "Stray light of constant rate",
        dimensions=("instrument", "detector", "physical_filter"),
        calibcls="curated.types.straylight.StrayLight",
    )

    TIME: ClassVar = "exposure_time"

    unit: str | None = unit_column("adu/s", "electron/s", "adu", "electron")
    exposure_time: float | None = value_column(
        "EXPTIME",
        "Exposure time that the pixels stand for; 1 where their unit is one per second.",
        unit="s",
        above=0,
    )

    def apply(self, target: Image, *, exposure_time: float | None = None, **options: Any) -> Image:
        """Subtract it, scaled by time: ``image - straylight * t / t_straylight``, a source of constant rate.

        Parameters
        ----------
        target : `numpy.ndarray` or `astropy.nddata.CCDData`
            The image, [row, column]; it stays as it is.
        exposure_time : `float`, optional
            Exposure time of the image in seconds; EXPTIME of a CCDData's header where it is not given.
        **options
            None.

        Returns
        -------
        image : the kind of ``target``
            The corrected image; a CCDData's mask and uncertainty take those of the calibration in.

        Raises
        ------
        CuratedError
            If shapes or units differ, or there is no time.
        """
        no_options(self, options)
        seconds = seconds_of(self, target, exposure_time, "exposure_time", "EXPTIME")
        return subtract(self, target, seconds / (self.exposure_time or 1.0), per_second=True)
