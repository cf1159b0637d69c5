"""Regions of the package ``regions`` as masks."""

from __future__ import annotations

import numpy as np
import pytest

from curated.core.diagnostic import CuratedError
from curated.image.region_masks import mask_of_region

regions = pytest.importorskip("regions")


def test_a_circle_is_what_its_own_mask_is() -> None:
    region = regions.CirclePixelRegion(regions.PixCoord(10.3, 7.8), 3.4)
    mask = mask_of_region(region)
    image = np.zeros((20, 20), bool)
    height, width = mask.values.shape
    image[mask.y0 : mask.y0 + height, mask.x0 : mask.x0 + width] = mask.values
    assert np.array_equal(image, region.to_mask(mode="center").to_image((20, 20)) > 0)


def test_a_point_is_the_pixel_that_it_is_in() -> None:
    mask = mask_of_region(regions.PointPixelRegion(regions.PixCoord(4.4, 2.6)))
    assert (mask.x0, mask.y0, mask.values.tolist()) == (4, 3, [[True]])


def test_what_has_no_pixels_is_refused() -> None:
    start, end = regions.PixCoord(1, 1), regions.PixCoord(5, 5)
    for region in (regions.LinePixelRegion(start, end), "circle", regions.CirclePixelRegion(start, 1e6)):
        with pytest.raises(CuratedError):
            mask_of_region(region)
