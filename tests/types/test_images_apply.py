"""Images corrected with image products, against computations of their own."""

from __future__ import annotations

from typing import Any

import astropy.units as u
import numpy as np
import pytest
from astropy.nddata import CCDData, InverseVariance, StdDevUncertainty, VarianceUncertainty

from curated.core.diagnostic import CuratedError
from curated.registry import get_type

SHAPE = (40, 50)
RNG = np.random.RandomState(3)
IMAGE = RNG.normal(1000, 20, SHAPE)
CAL = RNG.uniform(0.8, 1.2, SHAPE).astype("f4")
BAD = RNG.uniform(size=SHAPE) < 0.05
VAR = RNG.uniform(0.01, 0.02, SHAPE).astype("f4")


def make(kind: str, image: Any = CAL, **values: Any) -> Any:
    cls: Any = get_type(kind)
    return cls.from_pixels(image, **values)


def ccd(image: Any = IMAGE, unit: str = "adu", **more: Any) -> CCDData:
    return CCDData(image.copy(), unit=unit, **more)


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
    kept = image.copy()
    found = make(kind, **values).apply(image, **options)
    assert found.dtype == (np.dtype(dtype).newbyteorder("=") if "f" in dtype else np.dtype("f8"))
    wanted = formula(image.astype("f8"), CAL.astype("f8"))
    assert np.allclose(
        found, wanted, rtol=1e-6 if "4" in dtype else 1e-12, atol=1e-3 if "f4" in dtype else 1e-4
    )
    assert np.array_equal(image, kept)


@pytest.mark.parametrize("kind", CASES)
def test_masks_are_joined(kind: str) -> None:
    values, options, _ = CASES[kind]
    own = RNG.uniform(size=SHAPE) < 0.05
    unit = {"dark": "adu/s", "straylight": "adu/s"}.get(kind, "adu")
    values = values if kind in ("flat", "sky", "illum") else {**values, "unit": unit}
    target = ccd(mask=own)
    found = make(kind, mask=BAD, **values).apply(target, **options)
    assert np.array_equal(found.mask, BAD | own)
    assert np.array_equal(target.mask, own)
    assert found.unit == u.adu
    assert make(kind, **values).apply(ccd(), **options).mask is None
    assert np.array_equal(make(kind, mask=BAD, **values).apply(ccd(), **options).mask, BAD)


@pytest.mark.parametrize("kind", CASES)
@pytest.mark.parametrize("uncertainty", [StdDevUncertainty, VarianceUncertainty, InverseVariance])
def test_variances_are_those_of_many_trials(kind: str, uncertainty: Any) -> None:
    """Independent of any formula: the scatter of many images and calibrations drawn at random."""
    values, options, formula = CASES[kind]
    rng = np.random.RandomState(5)
    noise = {"fringe": 4.0, "bias": 10.0, "flat": 0.01, "illum": 0.01}.get(kind, 0.02)
    found = make(kind, np.full((1, 1), 1.1, "f8"), variance=np.full((1, 1), noise**2, "f8"), **values).apply(
        ccd(
            np.full((1, 1), 1000.0),
            uncertainty=VarianceUncertainty(np.array([[25.0]])).represent_as(uncertainty),
        ),
        **options,
    )
    trials = formula(rng.normal(1000, 5, 400_000), rng.normal(1.1, noise, 400_000))
    assert isinstance(found.uncertainty, uncertainty)
    variance = found.uncertainty.represent_as(VarianceUncertainty).array[0, 0]
    assert variance == pytest.approx(trials.var(), rel=0.02)


def test_without_a_variance_of_its_own_that_of_the_image_remains() -> None:
    target = ccd(uncertainty=StdDevUncertainty(np.full(SHAPE, 3.0)))
    found = make("bias").apply(target)
    assert np.allclose(found.uncertainty.array, 3.0)
    assert np.allclose(make("flat").apply(target).uncertainty.array, 3.0 / CAL)


def test_pixels_that_are_not_known_are_masked() -> None:
    image = CAL.copy()
    image[4, 5] = np.nan
    found = make("bias", image).apply(ccd())
    assert np.argwhere(found.mask).tolist() == [[4, 5]]
    assert np.isnan(make("bias", image).apply(IMAGE)[4, 5])


def test_a_flat_has_a_level_and_dead_pixels() -> None:
    flat = 20000 * CAL
    flat[0, :3] = 0, -1, np.nan
    found = make("flat", flat, unit="adu", normalisation=20000.0).apply(ccd())
    assert np.isnan(found.data[0, :3]).all()
    assert found.mask[0, :3].all()
    assert found.mask.sum() == 3
    good = ~found.mask
    assert np.allclose(found.data[good], (IMAGE / CAL)[good], rtol=1e-6)


@pytest.mark.parametrize(
    ("kind", "header", "seconds"),
    [
        ("dark", {"DARKTIME": 31.0, "EXPTIME": 30.0}, 31.0),
        ("dark", {"EXPTIME": 30.0}, 30.0),
        ("dark", {"DARKTIME": "unknown", "EXPTIME": "30.0"}, 30.0),
        ("straylight", {"DARKTIME": 31.0, "EXPTIME": 30.0}, 30.0),
    ],
)
def test_times_of_the_header(kind: str, header: dict[str, Any], seconds: float) -> None:
    found = make(kind).apply(ccd(meta=header))
    assert np.allclose(found.data, IMAGE - seconds * CAL)


def test_a_dark_of_a_long_exposure() -> None:
    with pytest.raises(CuratedError, match="dark_time is missing"):
        make("dark", unit="adu")
    found = make("dark", unit="adu", dark_time=300.0).apply(ccd(), dark_time=30.0)
    assert np.allclose(found.data, IMAGE - CAL / 10)


def scene(amplitude: float) -> tuple[Any, Any]:
    """Fringes on a sky of 1000 with stars, and the pattern."""
    y, x = np.mgrid[0:200, 0:150]
    pattern = 6 * np.sin(0.3 * x + 0.002 * y**2) + 3
    image = 1000 + amplitude * pattern + np.random.RandomState(1).normal(0, 2, x.shape)
    stars = np.random.RandomState(2).randint(0, 150, (40, 2))
    for row, column in stars:
        image[row : row + 4, column : column + 4] += 5000
    return image, pattern


@pytest.mark.parametrize("amplitude", [0.0, 0.5, 3.0, -1.0])
def test_the_amplitude_of_fringes_in_spite_of_stars(amplitude: float) -> None:
    image, pattern = scene(amplitude)
    fringe = make("fringe", pattern)
    assert fringe.amplitude(image) == pytest.approx(amplitude, abs=0.02)
    clean = image - amplitude * pattern
    assert np.allclose(fringe.apply(image), clean, atol=0.2)


def test_the_amplitude_without_stars_is_that_of_least_squares() -> None:
    """Against numpy's solver of the same problem with a free background."""
    y, x = np.mgrid[0:60, 0:50]
    pattern = np.sin(0.3 * x + 0.1 * y)
    image = 100 + 4 * pattern + np.random.RandomState(1).uniform(-0.5, 0.5, x.shape)
    design = np.stack([pattern.ravel(), np.ones(pattern.size)], axis=1)
    wanted = np.linalg.lstsq(design, image.ravel(), rcond=None)[0][0]
    assert make("fringe", pattern).amplitude(image) == pytest.approx(wanted, rel=0.01)


def test_masked_pixels_do_not_count() -> None:
    image, pattern = scene(2.0)
    mask = np.zeros(image.shape, bool)
    mask[:100] = True
    image[:100] = -1e6
    assert make("fringe", pattern).amplitude(ccd(image, mask=mask)) == pytest.approx(2.0, abs=0.03)
    assert make("fringe", pattern, mask=mask).amplitude(image) == pytest.approx(2.0, abs=0.03)


def test_the_level_of_the_sky_in_spite_of_stars() -> None:
    image, _ = scene(0.0)
    frame = np.linspace(0.98, 1.02, image.size).reshape(image.shape)
    sky = make("sky", frame)
    assert sky.level(image * frame) == pytest.approx(1000, abs=0.5)
    assert abs(np.median(sky.apply(image * frame))) < 0.5


@pytest.mark.parametrize(
    ("kind", "target", "options", "message"),
    [
        ("bias", IMAGE[:10], {}, "has shape"),
        ("bias", IMAGE, {"scale": 2}, "has no option scale"),
        ("bias", ccd(unit="electron"), {}, "in electron, the bias in adu"),
        ("dark", ccd(unit="electron"), {"dark_time": 1}, "the dark in adu/s"),
        ("dark", IMAGE, {}, "dark needs the time of the image"),
        ("straylight", ccd(), {}, "straylight needs the time"),
        ("flat", IMAGE[0], {}, "is no image"),
        ("fringe", np.full(SHAPE, np.nan), {}, "no good pixel in common"),
    ],
)
def test_what_cannot_be_applied(kind: str, target: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(CuratedError, match=message):
        make(kind).apply(target, **options)


def test_patterns_and_skies_without_content() -> None:
    with pytest.raises(CuratedError, match="no pattern"):
        make("fringe", np.ones(SHAPE)).apply(IMAGE)
    with pytest.raises(CuratedError, match="no positive pixel"):
        make("sky", -np.ones(SHAPE)).apply(IMAGE)
