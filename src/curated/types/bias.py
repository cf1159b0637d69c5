"""Bias: what a detector reads without light and without time."""

from __future__ import annotations

from typing import Any, ClassVar

from curated.calib import calibration
from curated.image.pixels import Image
from curated.types._arithmetic import no_options, subtract
from curated.types._image import ImageCalib
from curated.types._image_fields import image_spec, unit_column


@calibration
class Bias(ImageCalib):
    """What a detector reads without light and without time, after subtraction of the overscan."""

    SPEC: ClassVar = image_spec("bias", "Bias image", dimensions=("instrument", "detector"))

    unit: str | None = unit_column("adu", "electron")

    def apply(self, target: Image, **options: Any) -> Image:
        """Subtract it: ``image - bias`` (Howell 2006, Handbook of CCD Astronomy, section 4.5).

        Parameters
        ----------
        target : `numpy.ndarray` or `astropy.nddata.CCDData`
            The image, [row, column], in the unit of the bias; it stays as it is.
        **options
            None.

        Returns
        -------
        image : the kind of ``target``
            The corrected image; a CCDData's mask and uncertainty take those of the bias in.

        Raises
        ------
        CuratedError
            If shapes or units differ.
        """
        no_options(self, options)
        return subtract(self, target, 1.0)
