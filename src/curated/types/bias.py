"""Bias images."""

from __future__ import annotations

from typing import Any, ClassVar

from curated.calib import calibration
from curated.image.pixels import Image, no_options
from curated.types._image import ImageCalib, image_spec, unit_column
from curated.types._image_math import subtract


@calibration
class Bias(ImageCalib):
    """Signal of a detector in a zero-second exposure in the dark, overscan subtracted."""

    SPEC: ClassVar = image_spec("bias", "Bias image", dimensions=("instrument", "detector"))

    unit: str | None = unit_column("adu", "electron")

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
