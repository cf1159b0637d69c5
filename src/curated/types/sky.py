"""Sky: what the night sky looks like through telescope and instrument."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from curated.calib import calibration
from curated.core.diagnostic import CuratedError
from curated.image.pixels import Image
from curated.types._arithmetic import good_pixels, no_options, subtract
from curated.types._image import ImageCalib
from curated.types._image_fields import image_spec, unit_column


@calibration
class Sky(ImageCalib):
    """What a detector shows of an empty night sky through one filter, usually at a mean of one."""

    SPEC: ClassVar = image_spec("sky", "Sky frame", dimensions=("instrument", "detector", "physical_filter"))

    unit: str | None = unit_column("", "adu", "electron")

    def level(self, target: Any) -> float:
        """Return how many times the sky frame is in an image: the median of the ratio of their pixels.

        The median passes over stars as long as they cover less than half of the pixels.

        Parameters
        ----------
        target : `numpy.ndarray` or `astropy.nddata.CCDData`
            The image, [row, column]; masked pixels, and those of the frame that are not positive, are left out.

        Returns
        -------
        level : `float`
            What the frame is to be multiplied with.

        Raises
        ------
        CuratedError
            If there is no good pixel.

        Notes
        -----
        A robust form of the scaling of sky frames in Aihara et al. 2019, PASJ 71, 114.
        """
        values, frame = good_pixels(self, target)
        positive = frame > 0
        if not positive.any():
            raise CuratedError(f"{self.SPEC.name} has no positive pixel", "give scale=")
        return float(np.median(values[positive] / frame[positive]))

    def apply(self, target: Image, *, scale: float | None = None, **options: Any) -> Image:
        """Subtract it: ``image - scale * sky``.

        Parameters
        ----------
        target : `numpy.ndarray` or `astropy.nddata.CCDData`
            The flat-fielded image, [row, column]; it stays as it is.
        scale : `float`, optional
            Level of the sky; `level` of the image where it is not given.
        **options
            None.

        Returns
        -------
        image : the kind of ``target``
            The corrected image; a CCDData's mask and uncertainty take those of the frame in, the error of the
            level apart.

        Raises
        ------
        CuratedError
            If shapes or units differ, or there is no level.
        """
        no_options(self, options)
        return subtract(self, target, self.level(target) if scale is None else scale)
