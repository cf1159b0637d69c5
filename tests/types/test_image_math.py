"""Images corrected with image products, against computations of their own."""

from __future__ import annotations

from typing import Any

import astropy.units as u
import numpy as np
import pytest
from astropy.nddata import InverseVariance, StdDevUncertainty, VarianceUncertainty

from curated.core.diagnostic import CuratedError
from support.image_products import CALIBRATION, IMAGE, MASK, SHAPE, make_ccd, make_product

CASES = {
    "bias": ({}, {}, lambda i, c: i - c),
    "dark": ({"dark_time": 1.0}, {"dark_time": 30.0}, lambda i, c: i - 30 * c),
    "flat": ({}, {}, lambda i, c: i / c),
    "fringe": ({}, {"scale": 2.5}, lambda i, c: i - 2.5 * c),
    "sky": ({}, {"scale": 700.0}, lambda i, c: i - 700 * c),
    "illum": ({}, {}, lambda i, c: i / c),
    "straylight": ({"exposure_time": 1.0}, {"exposure_time": 15.0}, lambda i, c: i - 15 * c),
}


@pytest.mark.parametrize("kind", CASES)
@pytest.mark.parametrize("dtype", ["f4", ">f4", "f8", "i4", "u2"])
def test_arrays(kind: str, dtype: str) -> None:
    values, options, formula = CASES[kind]
    image = IMAGE.astype(dtype)
    original = image.copy()
    corrected = make_product(kind, **values).apply(image, **options)
    assert corrected.dtype == (np.dtype(dtype).newbyteorder("=") if "f" in dtype else np.dtype("f8"))
    expected = formula(image.astype("f8"), CALIBRATION.astype("f8"))
    assert np.allclose(
        corrected, expected, rtol=1e-6 if "4" in dtype else 1e-12, atol=1e-3 if "f4" in dtype else 1e-4
    )
    assert np.array_equal(image, original)


@pytest.mark.parametrize("kind", CASES)
def test_masks_are_joined(kind: str) -> None:
    values, options, _ = CASES[kind]
    own_mask = np.random.RandomState(4).uniform(size=SHAPE) < 0.05
    unit = {"dark": "adu/s", "straylight": "adu/s"}.get(kind, "adu")
    values = values if kind in ("flat", "sky", "illum") else {**values, "unit": unit}
    target = make_ccd(mask=own_mask)
    corrected = make_product(kind, mask=MASK, **values).apply(target, **options)
    assert np.array_equal(corrected.mask, MASK | own_mask)
    assert np.array_equal(target.mask, own_mask)
    assert corrected.unit == u.adu
    assert make_product(kind, **values).apply(make_ccd(), **options).mask is None
    assert np.array_equal(make_product(kind, mask=MASK, **values).apply(make_ccd(), **options).mask, MASK)


@pytest.mark.parametrize("kind", CASES)
@pytest.mark.parametrize("uncertainty", [StdDevUncertainty, VarianceUncertainty, InverseVariance])
def test_variances_are_those_of_many_trials(kind: str, uncertainty: Any) -> None:
    """Independent of any formula: the scatter of many images and calibrations drawn at random."""
    values, options, formula = CASES[kind]
    rng = np.random.RandomState(5)
    noise = {"fringe": 4.0, "bias": 10.0, "flat": 0.01, "illum": 0.01}.get(kind, 0.02)
    corrected = make_product(
        kind, np.full((1, 1), 1.1, "f8"), variance=np.full((1, 1), noise**2, "f8"), **values
    ).apply(
        make_ccd(
            np.full((1, 1), 1000.0),
            uncertainty=VarianceUncertainty(np.array([[25.0]])).represent_as(uncertainty),
        ),
        **options,
    )
    trials = formula(rng.normal(1000, 5, 400_000), rng.normal(1.1, noise, 400_000))
    assert isinstance(corrected.uncertainty, uncertainty)
    variance = corrected.uncertainty.represent_as(VarianceUncertainty).array[0, 0]
    assert variance == pytest.approx(trials.var(), rel=0.02)


def test_without_a_variance_of_its_own_that_of_the_image_remains() -> None:
    target = make_ccd(uncertainty=StdDevUncertainty(np.full(SHAPE, 3.0)))
    corrected = make_product("bias").apply(target)
    assert np.allclose(corrected.uncertainty.array, 3.0)
    assert np.allclose(make_product("flat").apply(target).uncertainty.array, 3.0 / CALIBRATION)


def test_pixels_that_are_not_known_are_masked() -> None:
    image = CALIBRATION.copy()
    image[4, 5] = np.nan
    corrected = make_product("bias", image).apply(make_ccd())
    assert np.argwhere(corrected.mask).tolist() == [[4, 5]]
    assert np.isnan(make_product("bias", image).apply(IMAGE)[4, 5])


@pytest.mark.parametrize(
    ("kind", "target", "options", "message"),
    [
        ("bias", IMAGE[:10], {}, "has shape"),
        ("bias", IMAGE, {"scale": 2}, "has no option scale"),
        ("bias", make_ccd(unit="electron"), {}, "in electron, the bias in adu"),
        ("dark", make_ccd(unit="electron"), {"dark_time": 1}, "the dark in adu/s"),
        ("dark", IMAGE, {}, "dark needs the time of the image"),
        ("straylight", make_ccd(), {}, "straylight needs the time"),
        ("flat", IMAGE[0], {}, "is no image"),
        ("fringe", np.full(SHAPE, np.nan), {}, "no good pixel in common"),
    ],
)
def test_what_cannot_be_applied(kind: str, target: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(CuratedError, match=message):
        make_product(kind).apply(target, **options)
