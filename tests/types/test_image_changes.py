"""Changes of images, against numpy on whole amplifiers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from curated.core.geometry import Amplifier, Box, DetectorGeometry
from curated.declare import Conditions
from curated.types.bias import Bias
from curated.types.dark import Dark
from curated.types.flat import Flat
from support.readings import all_readings, readings

AMPLIFIERS = (Amplifier("C00", Box(0, 0, 30, 40)), Amplifier("C01", Box(30, 0, 30, 40)))
CONDITIONS = Conditions(detector=DetectorGeometry("d00", 0, 60, 40, AMPLIFIERS))


def pixels(seed: int, level: float = 1.0) -> Any:
    return np.random.default_rng(seed).normal(level, 0.01, (40, 60))


def test_ratios_of_amplifiers() -> None:
    before = pixels(1)
    after = before * (1 + 0.001 * pixels(2, 0))
    after[:, 30:] *= 1.02
    after[3, 4] *= 1.5
    old, new = Flat.from_pixels(before), Flat.from_pixels(after)
    ratios = 100 * (after / before - 1)
    for name, number in (("median_ratio", np.median), ("robust_scatter", None), ("outlying_pixels", None)):
        values = {r.of["amplifier"]: r.value for r in readings(old, new, name, CONDITIONS)}
        for amplifier in AMPLIFIERS:
            part = ratios[amplifier.box.slices]
            distances = np.abs(part - np.median(part))
            scatter = 1.4826 * np.median(distances)
            expected = (
                number(part)
                if number
                else scatter
                if name == "robust_scatter"
                else np.sum(distances > 5 * scatter)
            )
            assert values.get(amplifier.name, 0) == pytest.approx(expected, rel=1e-6, abs=1e-9)
    assert readings(old, new, "outlying_pixels", CONDITIONS)[0].of == {"amplifier": "C00"}


def test_a_whole_image_where_the_detector_is_not_known() -> None:
    old, new = Bias.from_pixels(pixels(1)), Bias.from_pixels(pixels(1) + 0.5)
    assert readings(old, new, "median_difference") == [(pytest.approx(0.5), None, None, {})]
    electrons = [Bias.from_pixels(calib.image, unit="electron") for calib in (old, new)]
    assert readings(*electrons, "median_difference")[0].of == {"unit": "electron"}
    assert readings(old, electrons[1], "median_difference")[0].of == {"unit": "electron, before adu"}


def test_a_change_back_has_the_other_sign() -> None:
    old, new = Bias.from_pixels(pixels(1)), Bias.from_pixels(pixels(3, 2))
    (there,), (back,) = (readings(*pair, "median_difference") for pair in ((old, new), (new, old)))
    assert there.value == pytest.approx(-back.value)


def test_levels_that_applying_divides_by() -> None:
    flats = Flat.from_pixels(pixels(1)), Flat.from_pixels(4 * pixels(1), normalisation=4.0)
    assert "median_ratio" not in all_readings(*flats)
    darks = (
        Dark.from_pixels(pixels(1), unit="adu/s"),
        Dark.from_pixels(30 * pixels(1), unit="adu", dark_time=30.0),
    )
    assert abs(sum(r.value for r in readings(*darks, "median_difference"))) < 1e-9


def test_pixels_that_are_lost() -> None:
    before, after, mask = pixels(1), pixels(1), np.zeros((40, 60), int)
    before[0, 0] = np.inf
    after[1, 1:4] = np.nan
    mask[2, 2] = 1
    old, new = Bias.from_pixels(before), Bias.from_pixels(after, mask=mask)
    assert readings(old, new, "bad_pixels_gained") == [(4, 1, 4, {})]
    assert readings(old, new, "bad_pixels_lost") == [(1, 1, 4, {})]
    assert "median_difference" not in all_readings(old, new)


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0, 3e38])
def test_images_of_one_value(value: float) -> None:
    old, new = Flat.from_pixels(np.full((4, 5), value, "f4")), Flat.from_pixels(np.ones((4, 5), "f4"))
    assert all_readings(old, old) == {}
    all_readings(old, new)
    all_readings(new, old)


def test_images_of_other_sizes_are_not_compared() -> None:
    old, new = Bias.from_pixels(np.ones((4, 5))), Bias.from_pixels(np.ones((4, 7)))
    assert all_readings(old, new) == {"size_change": [(2, 5, 7, {"side": "columns"})]}


def test_without_pixels_there_are_no_readings() -> None:
    full = Bias.from_pixels(np.ones((4, 5)))
    assert all_readings(Bias(file="a.fits", sha256="", size=0), full) == {}
