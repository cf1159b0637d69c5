"""Dark images: the dark time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from curated.core.diagnostic import CuratedError
from support.image_products import CALIBRATION, IMAGE, make_ccd, make_product


def test_a_dark_of_a_long_exposure() -> None:
    with pytest.raises(CuratedError, match="dark_time is missing"):
        make_product("dark", unit="adu")
    corrected = make_product("dark", unit="adu", dark_time=300.0).apply(make_ccd(), dark_time=30.0)
    assert np.allclose(corrected.data, IMAGE - CALIBRATION / 10)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ({"DARKTIME": 31.0, "EXPTIME": 30.0}, 31.0),
        ({"EXPTIME": 30.0}, 30.0),
        ({"DARKTIME": "unknown", "EXPTIME": "30.0"}, 30.0),
    ],
)
def test_dark_time_of_the_header(header: dict[str, Any], seconds: float) -> None:
    corrected = make_product("dark").apply(make_ccd(meta=header))
    assert np.allclose(corrected.data, IMAGE - seconds * CALIBRATION)
