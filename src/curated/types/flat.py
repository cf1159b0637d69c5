"""Flat fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from curated.calib import calibration
from curated.core.diagnostic import Problem
from curated.declare.deferred import DeferredStatistics
from curated.image.pixels import Image, no_options
from curated.types._image import ImageCalib, image_spec, unit_column, value_column
from curated.types._image_changes import image_measures
from curated.types._image_math import divide
from curated.types._image_statistics import LEVEL, LEVEL_BOUND, divisor_problems, sole_divisor_problems


@calibration
class Flat(ImageCalib):
    """Response of each pixel to uniform light through a filter, relative to ``normalisation``."""

    SPEC: ClassVar = image_spec(
        "flat",
        "Flat field",
        dimensions=("instrument", "detector", "physical_filter"),
        comparisons=(LEVEL,),
        bounds=(LEVEL_BOUND,),
        measures=image_measures("ratio", notable=0.5, level=", each divided by its normalisation"),
        statistics=DeferredStatistics("curated.types._statistics_by_type", "FLAT"),
    )

    unit: str | None = unit_column("", "adu", "electron")
    normalisation: float = value_column(
        "FLATNORM", "Value of a pixel that flat-fielding leaves unchanged.", default=1.0, above=0
    )

    def level_problems(self, measured: Mapping[str, float]) -> Iterator[Problem]:
        """Yield a level of the pixels that is far from ``normalisation``."""
        return divisor_problems(self.normalisation, "normalisation", measured)

    def sole_level_problems(self, measured: Mapping[str, float]) -> Iterator[Problem]:
        """Yield a level of the pixels that is not ``normalisation``, where no other detectors explain it."""
        return sole_divisor_problems(self.normalisation, "normalisation", measured)

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
            If shapes differ, or the level of the pixels is far from the one that leaves an image unchanged.
        """
        no_options(self, options)
        return divide(self, target, self.normalisation)
