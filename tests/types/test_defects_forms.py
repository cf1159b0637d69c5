"""Defects of masks and regions."""

from __future__ import annotations

import numpy as np
import pytest

from curated.core.diagnostic import CuratedError
from curated.types.defects import Defects


def test_a_mask_and_back() -> None:
    mask = np.random.default_rng(2).random((20, 30)) < 0.2
    defects = Defects.from_mask(mask, metadata={"INSTRUME": "Cam"})
    assert np.array_equal(defects.mask(mask.shape), mask)
    assert np.array_equal(Defects.from_mask(mask * 4).mask(mask.shape), mask)
    assert defects.metadata["INSTRUME"] == "Cam"
    assert len(Defects.from_mask(np.zeros((3, 4), bool)).x0) == 0
    for wrong in (mask * 0.5, mask[0], "mask"):
        with pytest.raises(CuratedError):
            Defects.from_mask(wrong)


def test_regions() -> None:
    regions = pytest.importorskip("regions")
    circle = regions.CirclePixelRegion(regions.PixCoord(10, 8), 5)
    hole = regions.CirclePixelRegion(regions.PixCoord(10, 8), 2, meta={"include": False})
    expected = (circle.to_mask(mode="center").to_image((12, 30)) > 0) & ~(
        hole.to_mask(mode="center").to_image((12, 30)) > 0
    )
    defects = Defects.from_regions(regions.Regions([circle, hole]), (12, 30))
    assert np.array_equal(defects.mask((12, 30)), expected)
    assert len(Defects.from_regions(circle).x0) > 1
    with pytest.raises(CuratedError, match="below the first pixel"):
        Defects.from_regions([regions.CirclePixelRegion(regions.PixCoord(1, 1), 4)])
    with pytest.raises(CuratedError):
        Defects.from_regions("circle(1,1,2)")
