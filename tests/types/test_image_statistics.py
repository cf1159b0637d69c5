"""Levels, statistics and times of images against their pixels: right ones pass, wrong ones are findings."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from curated.core.diagnostic import CuratedError
from curated.registry import get_type
from curated.types.dark import Dark
from curated.types.flat import Flat
from support.images import make_image, make_pixels, write_image


def image_of(kind: str, pixels: Any, **values: Any) -> Any:
    return get_type(kind).from_pixels(pixels, **values)  # type: ignore[attr-defined]


def codes(calib: Any) -> list[str]:
    return [problem.code for problem in calib.pixel_problems()]


@pytest.mark.parametrize(
    ("level", "normalisation"),
    list(product((1e-3, 0.3, 0.8, 1.0, 40.0, 2e4, 6e4), (1e-3, 0.5, 1.0, 40.0, 2e4))),
)
def test_a_flat_is_as_high_as_it_says(level: float, normalisation: float) -> None:
    pixels = make_pixels() / np.float32(100) * np.float32(level)
    flat = image_of("flat", pixels, normalisation=normalisation)
    ratio = max(level / normalisation, normalisation / level)
    expected = ["CAL352"] if ratio > 4.1 else ["CAL353"] if ratio > 1.55 else []
    assert codes(flat) == expected
    target = np.ones(pixels.shape)
    if expected == ["CAL352"]:
        with pytest.raises(CuratedError, match="images are divided by"):
            flat.apply(target)
    else:
        assert np.median(flat.apply(target)) == pytest.approx(normalisation / level, rel=0.01)


@pytest.mark.parametrize(
    ("factor", "is_wrong"),
    [(1.0, False), (1.015, False), (0.985, False), (1.025, True), (0.97, True), (1.4, True)],
)
def test_a_flat_of_the_only_detector_has_its_own_level(factor: float, is_wrong: bool) -> None:
    pixels = make_pixels() / np.float32(100)
    flat = image_of("flat", pixels, normalisation=factor * float(np.median(pixels)))
    problems = list(flat.pixel_problems(is_sole=True))
    assert [problem.code for problem in problems] == (["CAL353"] if is_wrong else [])
    assert codes(flat) == []


def test_a_flat_may_be_divided_by_its_mean() -> None:
    # Vignetted: mean and median are far from each other, and the one as good as the other.
    distances = np.hypot(*np.mgrid[-1:1:64j, -1:1:64j])
    pixels = np.where(distances < 0.9, 1.0, 0.2).astype("f4")
    mean = float(pixels.mean())
    assert mean < 0.75
    for level, is_wrong in ((mean, False), (1.0, False), (0.85, False), (1.03, True), (0.97 * mean, True)):
        flat = image_of("flat", pixels, normalisation=level)
        problems = [problem.code for problem in flat.pixel_problems(is_sole=True)]
        assert problems == (["CAL353"] if is_wrong else [])


@pytest.mark.parametrize("normalisation", [0.0, -1.0, float("inf"), float("nan")])
def test_a_level_that_nothing_can_have(normalisation: float) -> None:
    flat = image_of("flat", make_pixels(), normalisation=normalisation)
    assert codes(flat) == ["CAL352"]
    with pytest.raises(CuratedError, match="normalisation is"):
        flat.apply(np.ones(flat.image.shape))


@pytest.mark.parametrize("kind", ["illum", "fringe", "sky", "bias", "dark", "straylight"])
def test_images_of_nothing_but_nan(kind: str) -> None:
    pixels = np.full((8, 16), np.nan, "f4")
    time = {"dark": {"dark_time": 1.0}, "straylight": {"exposure_time": 1.0}}.get(kind, {})
    problems = codes(image_of(kind, pixels, **time))
    assert problems == {"illum": ["CAL352"], "fringe": ["CAL355"], "sky": ["CAL355"]}.get(kind, ["CAL374"])


@pytest.mark.parametrize("kind", ["flat", "illum", "fringe", "sky", "bias", "dark"])
@pytest.mark.parametrize("digits", [3, 5, 17])
def test_statistics_may_be_rounded(kind: str, digits: int) -> None:
    calib = image_of(kind, make_pixels() / np.float32(100))
    names = ("mean", "median", "standard_deviation")
    rounded = {name: float(f"{getattr(calib, name):.{digits}g}") for name in names}
    assert "CAL354" not in codes(calib._with(rounded))


@pytest.mark.parametrize("name", ["mean", "median", "standard_deviation", "bad_pixels"])
@pytest.mark.parametrize("factor", [-1, 0, 0.1, 0.9, 1.1, 100])
def test_statistics_that_contradict(name: str, factor: float) -> None:
    pixels = make_pixels()
    pixels[:2, 3] = np.nan
    calib = image_of("bias", pixels)
    value = getattr(calib, name) * factor
    wrong = calib._with({name: value if name != "bad_pixels" else round(value + 1)})
    (problem,) = (problem for problem in wrong.pixel_problems() if problem.code == "CAL354")
    assert problem.pointer == ("statistics", name)


def test_statistics_near_zero_are_compared_with_the_scatter() -> None:
    calib = image_of("bias", make_pixels(level=0.0))
    assert calib.standard_deviation > 1
    assert codes(calib._with({"mean": calib.mean + 0.05})) == []
    assert codes(calib._with({"mean": calib.mean + 0.5})) == ["CAL354"]


def test_a_level_is_found_in_the_file(tmp_path: Path) -> None:
    path = write_image(tmp_path, "flat", make_image(make_pixels(level=20_000), "adu"), filter_name="r")
    flat = Flat.readText(path)
    assert codes(flat) == ["CAL352"]


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ({"DARKTIME": 30.0, "EXPTIME": 10.0}, 30.0),
        ({"EXPTIME": 10.0}, 10.0),
        ({"DARKTIME": 0.0}, 0.0),
        ({"DARKTIME": 0.0, "EXPTIME": 0}, 0.0),
        ({"DARKTIME": 0.0, "EXPTIME": 10.0}, None),
        ({"DARKTIME": -1.0, "EXPTIME": 10.0}, None),
        ({"EXPTIME": -10.0}, None),
    ],
)
def test_the_time_of_an_image(header: dict[str, float], seconds: float | None) -> None:
    from astropy.nddata import CCDData

    dark = Dark.from_pixels(np.ones((4, 4), "f4"), unit="adu/s")
    target = CCDData(np.zeros((4, 4)), unit="adu", header=header)
    if seconds is None:
        with pytest.raises(CuratedError, match="time of the image is not known"):
            dark.apply(target)
    else:
        assert np.asarray(dark.apply(target).data)[0, 0] == -seconds


@pytest.mark.parametrize(
    ("level", "seconds", "is_wrong"),
    [
        (0.02, 1, False),
        (-3.0, 1, False),
        (90.0, 1, False),
        (3e4, 300, False),
        (1000.5, 1, True),
        (-1000.0, 30, True),
    ],
)
def test_rates_of_darks(level: float, seconds: float, is_wrong: bool) -> None:
    dark = image_of("dark", np.full((8, 16), level, "f4"), dark_time=seconds)
    assert codes(dark) == (["CAL375"] if is_wrong else [])
