"""Fringe: the interference pattern of night-sky lines in the detector."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from curated.calib import calibration
from curated.core.diagnostic import CuratedError
from curated.declare import Array
from curated.image.pixels import Image
from curated.types._arithmetic import good_pixels, no_options, subtract
from curated.types._image import ImageCalib
from curated.types._image_fields import image_spec, unit_column

_ROUNDS, _CLIP = 10, 3.0


@calibration
class Fringe(ImageCalib):
    """The interference pattern of night-sky lines in the detector, at the amplitude of the image it was made of."""

    SPEC: ClassVar = image_spec(
        "fringe", "Fringe pattern", dimensions=("instrument", "detector", "physical_filter")
    )

    unit: str | None = unit_column("adu", "electron", "")

    def amplitude(self, target: Any) -> float:
        """Return the amplitude of the pattern in an image, by least squares with clipping.

        With medians subtracted from both, ``a = sum(p t) / sum(p p)`` of pattern ``p`` and image ``t``. Pixels
        that are more than 3 robust standard deviations off, such as those of stars, are left out, and ``a`` is
        found again until none are.

        Parameters
        ----------
        target : `numpy.ndarray` or `astropy.nddata.CCDData`
            The image, [row, column]; masked pixels are left out.

        Returns
        -------
        amplitude : `float`
            What the pattern is to be multiplied with.

        Raises
        ------
        CuratedError
            If the pattern is flat, or there is no good pixel.

        Notes
        -----
        One template of Bernstein et al. 2017, PASP 129, 114502; the median and the clipping as in
        Snodgrass & Carry 2013, The Messenger 152, 14.
        """
        values, pattern = good_pixels(self, target)
        kept = np.ones(values.size, bool)
        scale = 0.0
        for _ in range(_ROUNDS):
            t, p = values - np.median(values[kept]), pattern - np.median(pattern[kept])
            power = float(np.dot(p[kept], p[kept]))
            if power == 0:
                raise CuratedError(
                    f"{self.SPEC.name} has no pattern: all its good pixels are equal", "give scale="
                )
            scale = float(np.dot(p[kept], t[kept])) / power
            within = _within(t - scale * p, kept)
            if np.array_equal(within, kept):
                break
            kept = within
        return scale

    def apply(self, target: Image, *, scale: float | None = None, **options: Any) -> Image:
        """Subtract it: ``image - scale * fringe``.

        Parameters
        ----------
        target : `numpy.ndarray` or `astropy.nddata.CCDData`
            The flat-fielded image, [row, column]; it stays as it is.
        scale : `float`, optional
            Amplitude; `amplitude` of the image where it is not given.
        **options
            None.

        Returns
        -------
        image : the kind of ``target``
            The corrected image; a CCDData's mask and uncertainty take those of the fringe in, the error of the
            amplitude apart.

        Raises
        ------
        CuratedError
            If shapes or units differ, or there is no amplitude.
        """
        no_options(self, options)
        return subtract(self, target, self.amplitude(target) if scale is None else scale)


def _within(residual: Array, kept: Array) -> Array:
    """Return which residuals are within 3 standard deviations, estimated from the median absolute deviation."""
    centre = np.median(residual[kept])
    spread = 1.4826 * float(np.median(np.abs(residual[kept] - centre)))
    return np.asarray(np.abs(residual - centre) <= _CLIP * spread) if spread > 0 else kept
