"""Regions of the package ``regions`` as masks: which pixels have their centre inside."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from curated.core.diagnostic import CuratedError
from curated.declare import Array
from curated.image.rectangles import rectangles_of

_MOST_PIXELS = 1 << 28
"""Pixels of the largest region that is rasterised."""


class PixelMask(NamedTuple):
    """A part of an image and its pixels, of which the first column and row are counted from zero."""

    x0: int
    y0: int
    values: Array


def boxes_of_regions(regions: Any, shape: tuple[int, int] | None = None) -> Array:
    """Return the pixels of regions as maximal rectangles, in the order of the regions.

    Parameters
    ----------
    regions : `regions.PixelRegion` or iterable of them
        Those whose ``meta["include"]`` is false are taken out of the others.
    shape : `tuple` [`int`], optional
        Rows and columns of the image, which cut the regions.

    Returns
    -------
    boxes : `numpy.ndarray`, (n, 4), int64
        First column, first row, width and height.

    Raises
    ------
    CuratedError
        If one is no region in pixels, or reaches below the first pixel and no shape is given.
    """
    # A `Regions` has no __iter__, but its regions by number.
    is_several = hasattr(regions, "__iter__") or hasattr(regions, "__getitem__")
    items = list(regions) if is_several and not hasattr(regions, "to_mask") else [regions]
    masks = [(mask_of_region(region), _is_included(region)) for region in items]
    excluded = [mask for mask, is_included in masks if not is_included]
    boxes = [_boxes_without(mask, excluded, shape) for mask, is_included in masks if is_included]
    every: Array = np.concatenate(boxes) if boxes else np.zeros((0, 4), "i8")
    _, firsts = np.unique(every, axis=0, return_index=True)
    return every[np.sort(firsts)]


def _is_included(region: Any) -> bool:
    return bool((getattr(region, "meta", None) or {}).get("include", True))


def _boxes_without(mask: PixelMask, excluded: list[PixelMask], shape: tuple[int, int] | None) -> Array:
    """Return the boxes of a mask within an image, without the pixels of others."""
    values = mask.values.copy()
    grid: Array = np.indices(values.shape)
    rows: Array = grid[0] + mask.y0
    columns: Array = grid[1] + mask.x0
    for other in excluded:
        y: Array = rows - other.y0
        x: Array = columns - other.x0
        is_inside = (y >= 0) & (x >= 0) & (y < other.values.shape[0]) & (x < other.values.shape[1])
        values[is_inside] &= ~other.values[y[is_inside], x[is_inside]]
    if shape is not None:
        values &= (rows >= 0) & (columns >= 0) & (rows < shape[0]) & (columns < shape[1])
    boxes: Array = rectangles_of(values) + np.array([mask.x0, mask.y0, 0, 0])
    if len(boxes) and boxes[:, :2].min() < 0:
        raise CuratedError(
            "a region reaches below the first pixel", "give the shape of the image, which cuts it"
        )
    return boxes


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
