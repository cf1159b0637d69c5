"""Illumination correction: by how much a flat field differs from the response to stars."""

from __future__ import annotations

from typing import Any, ClassVar

from curated.calib import calibration
from curated.image.pixels import Image
from curated.types._arithmetic import divide, no_options
from curated.types._image import ImageCalib
from curated.types._image_fields import image_spec, unit_column


@calibration
class Illumination(ImageCalib):
    """Ratio of the response to stars over that of the flat field, which scattered light and its source distort."""

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
        target : `numpy.ndarray` or `astropy.nddata.CCDData`
            The flat-fielded image, [row, column], less its background; it stays as it is.
        **options
            None.

        Returns
        -------
        image : the kind of ``target``
            The corrected image. Pixels whose correction is not positive become NaN, and are masked in a CCDData,
            whose mask and uncertainty take those of the correction in.

        Raises
        ------
        CuratedError
            If shapes differ.
        """
        no_options(self, options)
        return divide(self, target)
