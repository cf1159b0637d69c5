"""Illumination corrections."""

from __future__ import annotations

from typing import Any, ClassVar

from curated.calib import calibration
from curated.image.pixels import Image, no_options
from curated.types._image import ImageCalib, image_spec, unit_column
from curated.types._image_math import divide


@calibration
class Illumination(ImageCalib):
    """Response to stars divided by the flat field, which scattered light and uneven illumination distort."""

    SPEC: ClassVar = image_spec(
        "illum",
        "Illumination correction",
        dimensions=("instrument", "detector", "physical_filter"),
        storage_class="MaskedImageF",
        aliases=("ILLUMINATION", "illumination"),
    )

    unit: str | None = unit_column("")

    def apply(self, target: Image, **options: Any) -> Image:
        """Divide by it: ``image / illum`` (Bernstein et al. 2017, PASP 129, 114502: star flats).

        Parameters
        ----------
        target : `numpy.ndarray` or `astropy.nddata.CCDData`, (rows, columns)
            The flat-fielded image, background subtracted; it stays as it is.

        Returns
        -------
        image : the kind of ``target``
            The corrected image. Pixels whose correction is not positive are NaN, and masked in a CCDData, whose mask
            and uncertainty include those of the correction.

        Raises
        ------
        CuratedError
            If shapes differ.
        """
        no_options(self, options)
        return divide(self, target)
