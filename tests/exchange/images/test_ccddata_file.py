"""Image calibrations as files of CCDData."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.nddata import CCDData

from curated.core.diagnostic import CuratedError
from curated.exchange.images.ccddata_file import ccddata_bytes
from curated.types.defects import Defects
from curated.types.flat import Flat


def test_a_flat_with_mask_planes(tmp_path: Path) -> None:
    pixels = np.ones((3, 4), "f4")
    mask = np.zeros((3, 4), int)
    mask[0, 0], mask[1, 1] = 1, 8
    content, losses = ccddata_bytes(Flat.from_pixels(pixels, mask=mask, mask_planes={"BAD": 0, "CR": 3}))
    (tmp_path / "flat.fits").write_bytes(content)
    ccd = CCDData.read(tmp_path / "flat.fits", unit="")
    assert ccd.mask.sum() == 2
    assert losses == ["meanings of the mask: BAD, CR are all masked"]
    assert ccddata_bytes(Flat.from_pixels(pixels))[1] == []


def test_other_types() -> None:
    with pytest.raises(CuratedError):
        ccddata_bytes(Defects.from_mask(np.zeros((2, 2), bool)))
