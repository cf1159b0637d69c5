"""Illumination corrections: division, and pixels without a correction."""

from __future__ import annotations

import numpy as np

from support.image_products import CALIBRATION, IMAGE, make_ccd, make_product


def test_pixels_without_a_positive_correction_are_masked() -> None:
    ratio = CALIBRATION.copy()
    ratio[3, 4:7] = 0, -1, np.nan
    corrected = make_product("illum", ratio).apply(make_ccd())
    assert np.argwhere(corrected.mask).tolist() == [[3, 4], [3, 5], [3, 6]]
    assert np.isnan(corrected.data[3, 4:7]).all()
    is_good = ~corrected.mask
    assert np.allclose(corrected.data[is_good], (IMAGE / CALIBRATION)[is_good], rtol=1e-6)
