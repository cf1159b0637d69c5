"""Flat fields."""

from __future__ import annotations

from typing import Any, ClassVar

from curated.calib import calibration
from curated.image.pixels import Image, no_options
from curated.types._image import ImageCalib, image_spec, unit_column, value_column
from curated.types._image_math import divide


@calibration
class Flat(ImageCalib):
    """Response of each pixel to uniform light through a filter, relative to ``normalisation``."""

    SPEC: ClassVar = image_spec(
        "flat", "Flat field", dimensions=("instrument", "detector", "physical_filter")
    )

    unit: str | None = unit_column("", "adu", "electron")
    normalisation: float = value_column(
        "FLATNORM", "Value of a pixel that flat-fielding leaves unchanged.", default=1.0, above=0
    )

    def apply(self, target: Image, **options: Any) -> Image:
        """Divide by it: ``image / (flat / normalisation)`` (Howell 2006, section 4.5).

        Parameters
        ----------
        target : `numpy.ndarray` or `astropy.nddata.CCDData`, (rows, columns)
            The image, bias and dark subtracted; it stays as it is.

        Returns
        -------
        image : the kind of ``target``
            The corrected image, in the unit of ``target``. Pixels whose flat is not positive are NaN, and masked in
            a CCDData, whose mask and uncertainty include those of the flat.

        Raises
        ------
        CuratedError
            If shapes differ.
        """
        no_options(self, options)
        return divide(self, target, self.normalisation)
