"""Bias images: subtraction, and images that they do not fit."""

from __future__ import annotations

import numpy as np
import pytest

from curated.core.diagnostic import CuratedError
from support.image_products import CALIBRATION, IMAGE, make_ccd, make_product


def test_it_is_subtracted() -> None:
    bias = make_product("bias", unit="electron")
    corrected = bias.apply(make_ccd(unit="electron"))
    assert str(corrected.unit) == "electron"
    assert np.allclose(corrected.data, IMAGE - CALIBRATION)


def test_images_in_another_unit_are_refused() -> None:
    with pytest.raises(CuratedError, match="in electron, the bias in adu"):
        make_product("bias").apply(make_ccd(unit="electron"))
