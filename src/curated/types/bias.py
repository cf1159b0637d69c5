"""Bias images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from curated.calib import calibration
from curated.core.diagnostic import Problem
from curated.declare.deferred import DeferredStatistics
from curated.image.pixels import Image, no_options
from curated.types._image import ImageCalib, image_spec, unit_column
from curated.types._image_changes import image_measures
from curated.types._image_math import subtract

_LARGEST_LEVEL = 100.0
"""Largest level (adu or electron) of a bias with the overscan subtracted, in which some units are left."""


@calibration
class Bias(ImageCalib):
    """Signal of a detector in a zero-second exposure in the dark, overscan subtracted."""

    SPEC: ClassVar = image_spec(
        "bias",
        "Bias image",
        dimensions=("instrument", "detector"),
        measures=image_measures("difference", "adu", notable=0.5),
        statistics=DeferredStatistics("curated.types._statistics_by_type", "BIAS"),
    )

    unit: str | None = unit_column("adu", "electron")

    def level_problems(self, measured: Mapping[str, float]) -> Iterator[Problem]:
        """Yield a level as high as an electronic offset, which is subtracted twice if images are corrected for overscan."""
        yield from super().level_problems(measured)
        median = measured.get("median", 0.0)
        if abs(median) > _LARGEST_LEVEL:
            detail = f"the median of the pixels is {median:g}: the overscan seems not to be subtracted"
            yield Problem("CAL356", ("image", "file"), detail)

    def apply(self, target: Image, **options: Any) -> Image:
        """Subtract it: ``image - bias`` (Howell 2006, Handbook of CCD Astronomy, section 4.5).

        Parameters
        ----------
        target : `numpy.ndarray` or `astropy.nddata.CCDData`, (rows, columns)
            The image, in the unit of the bias; it stays as it is.

        Returns
        -------
        image : the kind of ``target``
            The corrected image; the mask and uncertainty of a CCDData include those of the bias.

        Raises
        ------
        CuratedError
            If shapes or units differ.
        """
        no_options(self, options)
        return subtract(self, target, 1.0)
