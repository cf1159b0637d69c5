"""Dark: signal that comes with time and without light."""

from __future__ import annotations

from typing import Any, ClassVar

from curated.calib import calibration
from curated.image.pixels import Image
from curated.types._arithmetic import no_options, seconds_of, subtract
from curated.types._image import ImageCalib
from curated.types._image_fields import image_spec, unit_column, value_column


@calibration
class Dark(ImageCalib):
    """Signal that comes with time and without light, in each pixel in ``dark_time`` seconds.

    A dark of one second, in adu/s or electron/s, is the usual one; the stack scales by DARKTIME of the header,
    which `dark_time` is written to.
    """

    SPEC: ClassVar = image_spec("dark", "Dark image", dimensions=("instrument", "detector"))

    TIME: ClassVar = "dark_time"

    unit: str | None = unit_column("adu/s", "electron/s", "adu", "electron")
    dark_time: float | None = value_column(
        "DARKTIME",
        "Dark time that the pixels stand for; 1 where their unit is one per second.",
        unit="s",
        above=0,
    )

    def apply(self, target: Image, *, dark_time: float | None = None, **options: Any) -> Image:
        """Subtract it, scaled by time: ``image - dark * t / t_dark`` (Howell 2006, section 4.5).

        Parameters
        ----------
        target : `numpy.ndarray` or `astropy.nddata.CCDData`
            The image, [row, column]; it stays as it is.
        dark_time : `float`, optional
            Seconds in which the image collected dark signal; DARKTIME, else EXPTIME, of a CCDData's header.
        **options
            None.

        Returns
        -------
        image : the kind of ``target``
            The corrected image; a CCDData's mask and uncertainty take those of the dark in.

        Raises
        ------
        CuratedError
            If shapes or units differ, or there is no time.
        """
        no_options(self, options)
        seconds = seconds_of(self, target, dark_time, "dark_time", "DARKTIME", "EXPTIME")
        return subtract(self, target, seconds / (self.dark_time or 1.0), per_second=True)
