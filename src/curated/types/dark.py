"""Dark images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from curated.calib import calibration
from curated.core.diagnostic import Problem
from curated.declare.deferred import DeferredStatistics
from curated.image.pixels import Image, no_options
from curated.types._image import ImageCalib, image_spec, unit_column, value_column
from curated.types._image_changes import image_measures
from curated.types._image_math import seconds_of, subtract
from curated.types._image_statistics import rate_problems


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
        statistics=DeferredStatistics("curated.types._statistics_by_type", "DARK"),
    )

    TIME: ClassVar = "dark_time"

    unit: str | None = unit_column("adu/s", "electron/s", "adu", "electron")
    dark_time: float | None = value_column(
        "DARKTIME",
        "Dark time that the pixels stand for; 1 if their unit is one per second.",
        unit="s",
        above=0,
    )

    def level_problems(self, measured: Mapping[str, float]) -> Iterator[Problem]:
        """Yield a dark signal that detectors in use do not have."""
        yield from super().level_problems(measured)
        seconds = 1.0 if self.dark_time is None else self.dark_time
        if "median" in measured and seconds > 0:
            yield from rate_problems(measured["median"] / seconds, ("image", "file"))

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
