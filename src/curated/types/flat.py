"""Flat: the response of each pixel relative to the others."""

from __future__ import annotations

from typing import Any, ClassVar

from curated.calib import calibration
from curated.image.pixels import Image
from curated.types._arithmetic import divide, no_options
from curated.types._image import ImageCalib
from curated.types._image_fields import image_spec, unit_column, value_column


@calibration
class Flat(ImageCalib):
    """The response of each pixel to uniform light through one filter, relative to ``normalisation``."""

    SPEC: ClassVar = image_spec(
        "flat", "Flat field", dimensions=("instrument", "detector", "physical_filter")
    )

    unit: str | None = unit_column("", "adu", "electron")
    normalisation: float = value_column(
        "FLATNORM", "Value of a pixel that flat-fielding leaves as it is.", default=1.0, above=0
    )

    def apply(self, target: Image, **options: Any) -> Image:
        """Divide by it: ``image / (flat / normalisation)`` (Howell 2006, section 4.5).

        Parameters
        ----------
        target : `numpy.ndarray` or `astropy.nddata.CCDData`
            The image, [row, column], less bias and dark; it stays as it is.
        **options
            None.

        Returns
        -------
        image : the kind of ``target``
            The corrected image, in the unit of ``target``. Pixels whose flat is not positive become NaN, and are
            masked in a CCDData, whose mask and uncertainty take those of the flat in.

        Raises
        ------
        CuratedError
            If shapes differ.
        """
        no_options(self, options)
        return divide(self, target, self.normalisation)
