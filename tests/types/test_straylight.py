"""Stray light images: the exposure time."""

from __future__ import annotations

import numpy as np
import pytest

from curated.core.diagnostic import CuratedError
from support.image_products import CALIBRATION, IMAGE, make_ccd, make_product


def test_exposure_time_of_the_header() -> None:
    image = make_ccd(meta={"DARKTIME": 31.0, "EXPTIME": 30.0})
    assert np.allclose(make_product("straylight").apply(image).data, IMAGE - 30 * CALIBRATION)


def test_stray_light_of_a_long_exposure() -> None:
    product = make_product("straylight", unit="adu", exposure_time=300.0)
    assert np.allclose(product.apply(IMAGE, exposure_time=30.0), IMAGE - CALIBRATION / 10)
    with pytest.raises(CuratedError, match="exposure_time is missing"):
        make_product("straylight", unit="adu")
