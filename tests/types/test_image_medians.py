"""Medians of many numbers against those of numpy, to the last bit."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from curated.declare import Array
from curated.types._image_medians import Numbers

MANY = 150_000
RNG = np.random.default_rng(5)
SHAPES = {
    "normal": RNG.normal(size=MANY),
    "odd number": RNG.normal(size=MANY + 1),
    "sorted": np.sort(RNG.normal(size=MANY)),
    "periodic": np.tile(np.repeat([3.0, -2.0, 7.5], 5), MANY // 15),
    "two halves": np.repeat([1.0, 2.0], MANY // 2),
    "equal": np.full(MANY, 0.25),
    "whole numbers": np.round(RNG.normal(size=MANY) * 3),
    "far apart": 10.0 ** RNG.uniform(-30, 30, MANY),
    "two": np.array([1.0, 2.0]),
    "one": np.array([-4.0]),
}


def spread(numbers: Array, fillers: int) -> Array:
    """Return numbers with infinite ones among them."""
    places = np.random.default_rng(1).permutation(numbers.size + fillers)[: numbers.size]
    values = np.full(numbers.size + fillers, np.inf, numbers.dtype)
    values[np.sort(places)] = numbers
    return values


@pytest.mark.parametrize("name", SHAPES)
def test_the_median_is_that_of_numpy(name: str) -> None:
    for dtype in ("f4", "f8"):
        numbers = SHAPES[name].astype(dtype)
        for fillers in (0, numbers.size // 3):
            with ThreadPoolExecutor(2) as pool:
                values = Numbers(spread(numbers, fillers), numbers.size, pool.map)
                median = values.median()
                assert median == float(np.median(numbers))
                distances = np.abs(numbers - numbers.dtype.type(median))
                spreads = values._replace(centre=median)
                assert spreads.median() == float(np.median(distances))
                for limit in (0.0, float(np.median(distances)), 2.5, np.inf):
                    assert spreads.count_above(limit) == np.count_nonzero(distances > limit)


def test_of_nothing_there_is_no_median() -> None:
    assert np.isnan(Numbers(np.full(3, np.inf), 0).median())


def test_a_sample_that_is_not_like_the_rest_does_no_harm() -> None:
    numbers = RNG.normal(size=MANY).astype("f4")
    step = MANY // 2**15 | 1
    numbers[::step] += 100
    assert Numbers(numbers, MANY).median() == float(np.median(numbers))
