"""Flat fields: their level, and dead pixels."""

from __future__ import annotations

import numpy as np

from support.image_products import CALIBRATION, IMAGE, make_ccd, make_product


def test_a_flat_has_a_level_and_dead_pixels() -> None:
    flat = 20000 * CALIBRATION
    flat[0, :3] = 0, -1, np.nan
    corrected = make_product("flat", flat, unit="adu", normalisation=20000.0).apply(make_ccd())
    assert np.isnan(corrected.data[0, :3]).all()
    assert corrected.mask[0, :3].all()
    assert corrected.mask.sum() == 3
    good = ~corrected.mask
    assert np.allclose(corrected.data[good], (IMAGE / CALIBRATION)[good], rtol=1e-6)
