"""Illumination corrections."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from curated.calib import calibration
from curated.core.diagnostic import Problem
from curated.declare.deferred import DeferredStatistics
from curated.image.pixels import Image, no_options
from curated.types._image import ImageCalib, image_spec, unit_column
from curated.types._image_changes import image_measures
from curated.types._image_math import divide
from curated.types._image_statistics import divisor_problems


@calibration
class Illumination(ImageCalib):
    """Response to stars divided by the flat field, which scattered light and uneven illumination distort."""

    SPEC: ClassVar = image_spec(
        "illum",
        "Illumination correction",
        dimensions=("instrument", "detector", "physical_filter"),
        measures=image_measures("ratio", notable=0.5),
        statistics=DeferredStatistics("curated.types._statistics_by_type", "ILLUM"),
        storage_class="MaskedImageF",
        aliases=("ILLUMINATION", "illumination"),
    )

    unit: str | None = unit_column("")

    def level_problems(self, measured: Mapping[str, float]) -> Iterator[Problem]:
        """Yield a level of the pixels that is far from one."""
        return divisor_problems(1.0, "", measured)

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
            If shapes differ, or the level of the pixels is far from the one that leaves an image unchanged.
        """
        no_options(self, options)
        return divide(self, target)
