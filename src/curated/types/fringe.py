"""Fringe patterns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from curated.calib import calibration
from curated.core.diagnostic import CuratedError, Problem
from curated.declare import Array
from curated.declare.deferred import DeferredStatistics
from curated.image.pixels import Image, no_options
from curated.types._image import ImageCalib, image_spec, unit_column
from curated.types._image_changes import image_measures
from curated.types._image_math import good_pixels, subtract
from curated.types._image_statistics import pattern_problems

_ROUNDS, _CLIP = 10, 3.0


@calibration
class Fringe(ImageCalib):
    """Interference pattern of night-sky lines in the detector."""

    SPEC: ClassVar = image_spec(
        "fringe",
        "Fringe pattern",
        dimensions=("instrument", "detector", "physical_filter"),
        measures=image_measures("difference", "adu", notable=0.5),
        statistics=DeferredStatistics("curated.types._statistics_by_type", "FRINGE"),
    )

    unit: str | None = unit_column("adu", "electron", "")

    def level_problems(self, measured: Mapping[str, float]) -> Iterator[Problem]:
        """Yield a pattern that cannot be fitted."""
        return pattern_problems(measured)

    def amplitude(self, target: Any) -> float:
        """Return the amplitude of the pattern in an image, by least squares with clipping.

        With medians subtracted from both, ``a = sum(p t) / sum(p p)`` for the pattern ``p`` and the image ``t``.
        Pixels with residuals above 3 robust standard deviations, such as those of stars, are rejected, and the fit
        is repeated until no more are.

        Parameters
        ----------
        target : `numpy.ndarray` or `astropy.nddata.CCDData`, (rows, columns)
            The image; masked pixels are left out.

        Returns
        -------
        amplitude : `float`
            Factor of the pattern.

        Raises
        ------
        CuratedError
            If the pattern is flat, or there is no good pixel.

        Notes
        -----
        The case of one template of Bernstein et al. 2017, PASP 129, 114502, with the median and the clipping of
        Snodgrass & Carry 2013, The Messenger 152, 14.
        """
        values, pattern = good_pixels(self, target)
        is_used = np.ones(values.size, bool)
        scale = 0.0
        for _ in range(_ROUNDS):
            t, p = values - np.median(values[is_used]), pattern - np.median(pattern[is_used])
            power = float(np.dot(p[is_used], p[is_used]))
            if power == 0:
                raise CuratedError(
                    f"{self.SPEC.name} has no pattern: all its good pixels are equal", "give scale="
                )
            scale = float(np.dot(p[is_used], t[is_used])) / power
            is_within = _within_limits(t - scale * p, is_used)
            if np.array_equal(is_within, is_used):
                break
            is_used = is_within
        return scale

    def apply(self, target: Image, *, scale: float | None = None, **options: Any) -> Image:
        """Subtract it: ``image - scale * fringe``.

        Parameters
        ----------
        target : `numpy.ndarray` or `astropy.nddata.CCDData`, (rows, columns)
            The flat-fielded image; it stays as it is.
        scale : `float`, optional
            Amplitude of the pattern; by default `amplitude` of the image.

        Returns
        -------
        image : the kind of ``target``
            The corrected image; the mask and uncertainty of a CCDData include those of the fringe, but not the
            error of the amplitude.

        Raises
        ------
        CuratedError
            If shapes or units differ, or the amplitude cannot be fitted.
        """
        no_options(self, options)
        return subtract(self, target, self.amplitude(target) if scale is None else scale)


def _within_limits(residuals: Array, is_used: Array) -> Array:
    """Return which residuals are within 3 standard deviations, estimated from the median absolute deviation."""
    centre = np.median(residuals[is_used])
    spread = 1.4826 * float(np.median(np.abs(residuals[is_used] - centre)))
    return np.asarray(np.abs(residuals - centre) <= _CLIP * spread) if spread > 0 else is_used
