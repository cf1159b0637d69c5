"""Pixels of arrays and of CCDData, and their units."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from astropy import units as u
from astropy.nddata import CCDData

from curated.core.diagnostic import CuratedError
from curated.image.pixels import no_options, pixels_of, unit_of, with_pixels
from support.images import make_pixels


@pytest.mark.parametrize("dtype", [">f4", "<f8", ">i2", "u1"])
def test_pixels_are_a_native_copy_of_floats(dtype: str) -> None:
    image = np.arange(6).reshape(2, 3).astype(dtype)
    for target in (image, CCDData(image, unit="adu")):
        copy = pixels_of(target)
        assert copy.dtype.isnative
        assert copy.dtype.kind == "f"
        assert copy.tolist() == image.tolist()
        copy[0, 0] = 9
        assert image[0, 0] == 0


@pytest.mark.parametrize("target", [np.zeros(3), np.zeros((1, 1, 1)), np.zeros((2, 2), bool), "x", None])
def test_what_is_no_image(target: Any) -> None:
    with pytest.raises(CuratedError, match="is no image"):
        pixels_of(target)


def test_the_target_stays_as_it_is() -> None:
    ccd = CCDData(make_pixels(), unit="adu", meta={"A": 1}, mask=np.zeros(make_pixels().shape, bool))
    mask = np.ones(make_pixels().shape, bool)
    other = with_pixels(ccd, make_pixels() + 1, mask)
    assert (other.unit, other.meta["A"]) == (u.adu, 1)
    assert np.array_equal(other.data, make_pixels() + 1)
    assert other.mask.all()
    assert np.array_equal(ccd.data, make_pixels())
    assert not ccd.mask.any()
    assert not with_pixels(ccd, make_pixels() + 1).mask.any()


@pytest.mark.parametrize(
    ("image_unit", "option", "unit"),
    [
        (None, None, "electron"),
        (None, "adu", "adu"),
        ("adu", None, "adu"),
        ("electron", "electron", "electron"),
    ],
)
def test_units(image_unit: str | None, option: str | None, unit: str) -> None:
    image = make_pixels() if image_unit is None else CCDData(make_pixels(), unit=image_unit)
    assert unit_of(image, option, "electron") == unit


@pytest.mark.parametrize(
    ("image_unit", "option", "message"),
    [
        ("adu", "electron", "'electron', but the image says 'adu'"),
        ("m", None, "'m'"),
        ("adu", "m", "'m', but"),
    ],
)
def test_units_that_contradict(image_unit: str, option: str | None, message: str) -> None:
    with pytest.raises(CuratedError, match=f"the unit of the pixels is {message}"):
        unit_of(CCDData(make_pixels(), unit=image_unit), option, "adu")


def test_options_are_refused() -> None:
    no_options(1, {})
    with pytest.raises(CuratedError, match=r"int\.apply has no option a, b"):
        no_options(1, {"b": 1, "a": 2})
