"""Regions of the package ``regions`` as masks: which pixels have their centre inside."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from curated.core.diagnostic import CuratedError
from curated.declare import Array

_MOST_PIXELS = 1 << 28
"""Pixels of the largest region that is rasterised."""


class PixelMask(NamedTuple):
    """A part of an image and its pixels, of which the first column and row are counted from zero."""

    x0: int
    y0: int
    values: Array


def mask_of_region(region: Any) -> PixelMask:
    """Return the pixels whose centre is inside of a region, by its own ``to_mask(mode="center")``.

    Parameters
    ----------
    region : `regions.PixelRegion`
        A region in pixels; of a point, the pixel that it is in.

    Raises
    ------
    CuratedError
        If it is no region in pixels, has no area, or is larger than any detector.
    """
    name = type(region).__name__
    if name == "PointPixelRegion":
        x, y = (math.floor(float(number) + 0.5) for number in region.center.xy)
        return PixelMask(x, y, np.ones((1, 1), bool))
    if not hasattr(region, "to_mask"):
        raise CuratedError(f"{name} is no region in pixels", "convert it with to_pixel(wcs)")
    try:
        box = region.bounding_box
        if box.shape[0] * box.shape[1] > _MOST_PIXELS:
            raise CuratedError(f"{name} is larger than any detector: {box.shape[1]} x {box.shape[0]} pixels")
        mask = region.to_mask(mode="center")
    except (NotImplementedError, ValueError, TypeError, OverflowError) as error:
        raise CuratedError(f"{name} covers no pixels: {error}", "draw it as a box or polygon") from error
    return PixelMask(int(mask.bbox.ixmin), int(mask.bbox.iymin), np.asarray(mask.data) > 0)
