"""Dark images."""

from __future__ import annotations

from typing import Any, ClassVar

from curated.calib import calibration
from curated.image.pixels import Image, no_options
from curated.types._image import ImageCalib, image_spec, unit_column, value_column
from curated.types._image_changes import image_measures
from curated.types._image_math import seconds_of, subtract


@calibration
class Dark(ImageCalib):
    """Dark signal of each pixel in ``dark_time`` seconds.

    Usually it is a dark of one second, in adu/s or electron/s. The stack scales it by the keyword DARKTIME, which
    holds `dark_time`.
    """

    SPEC: ClassVar = image_spec(
        "dark",
        "Dark image",
        dimensions=("instrument", "detector"),
        measures=image_measures("difference", "adu/s", notable=0.01, level=" per second of dark time"),
    )

    TIME: ClassVar = "dark_time"

    unit: str | None = unit_column("adu/s", "electron/s", "adu", "electron")
    dark_time: float | None = value_column(
        "DARKTIME",
        "Dark time that the pixels stand for; 1 if their unit is one per second.",
        unit="s",
        above=0,
    )

    def apply(self, target: Image, *, dark_time: float | None = None, **options: Any) -> Image:
        """Subtract it, scaled by time: ``image - dark * t / t_dark`` (Howell 2006, section 4.5).

        Parameters
        ----------
        target : `numpy.ndarray` or `astropy.nddata.CCDData`, (rows, columns)
            The image; it stays as it is.
        dark_time : `float`, optional
            Dark time of the image (s); by default DARKTIME, else EXPTIME, of a CCDData's header.

        Returns
        -------
        image : the kind of ``target``
            The corrected image; the mask and uncertainty of a CCDData include those of the dark.

        Raises
        ------
        CuratedError
            If shapes or units differ, or the dark time is not known.
        """
        no_options(self, options)
        seconds = seconds_of(self, target, dark_time, "dark_time", "DARKTIME", "EXPTIME")
        return subtract(self, target, seconds / (self.dark_time or 1.0), per_second=True)
