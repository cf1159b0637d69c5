"""Sky frames."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from curated.calib import calibration
from curated.core.diagnostic import CuratedError, Problem
from curated.declare.deferred import DeferredStatistics
from curated.image.pixels import Image, no_options
from curated.types._image import ImageCalib, image_spec, unit_column
from curated.types._image_changes import image_measures
from curated.types._image_math import good_pixels, subtract


@calibration
class Sky(ImageCalib):
    """Image of the empty night sky on a detector through a filter, usually with a mean of one."""

    SPEC: ClassVar = image_spec(
        "sky",
        "Sky frame",
        dimensions=("instrument", "detector", "physical_filter"),
        measures=image_measures("ratio", notable=0.5),
        statistics=DeferredStatistics("curated.types._statistics_by_type", "SKY"),
    )

    unit: str | None = unit_column("", "adu", "electron")

    def level_problems(self, measured: Mapping[str, float]) -> Iterator[Problem]:
        """Yield a frame that is not positive, to which no image can be scaled."""
        median = measured.get("median")
        if median is None or not median > 0:
            reason = "no pixel is good" if median is None else f"the median of the pixels is {median:g}"
            yield Problem("CAL355", ("image", "file"), reason)

    def level(self, target: Any) -> float:
        """Return the level of the sky in an image: the median ratio of its pixels to those of the frame.

        The median ignores stars as long as they cover less than half of the pixels.

        Parameters
        ----------
        target : `numpy.ndarray` or `astropy.nddata.CCDData`, (rows, columns)
            The image; pixels that are masked, or not positive in the frame, are left out.

        Returns
        -------
        level : `float`
            Factor of the frame.

        Raises
        ------
        CuratedError
            If there is no good pixel.

        Notes
        -----
        A robust form of the scaling of sky frames in Aihara et al. 2019, PASJ 71, 114.
        """
        values, frame = good_pixels(self, target)
        is_positive = frame > 0
        if not is_positive.any():
            raise CuratedError(f"{self.SPEC.name} has no positive pixel", "give scale=")
        return float(np.median(values[is_positive] / frame[is_positive]))

    def apply(self, target: Image, *, scale: float | None = None, **options: Any) -> Image:
        """Subtract it: ``image - scale * sky``.

        Parameters
        ----------
        target : `numpy.ndarray` or `astropy.nddata.CCDData`, (rows, columns)
            The flat-fielded image; it stays as it is.
        scale : `float`, optional
            Level of the sky; by default `level` of the image.

        Returns
        -------
        image : the kind of ``target``
            The corrected image; the mask and uncertainty of a CCDData include those of the frame, but not the error
            of the level.

        Raises
        ------
        CuratedError
            If shapes or units differ, or the level cannot be measured.
        """
        no_options(self, options)
        return subtract(self, target, self.level(target) if scale is None else scale)
