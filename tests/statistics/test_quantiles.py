"""Quantiles: the rule of afw, selection by digits, errors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from curated.statistics import quantiles as module
from curated.statistics.quantiles import percentiles, quantile_error, quantiles

FRACTIONS = (0.0, 0.05, 0.16, 0.25, 0.5, 0.75, 0.84, 0.95, 0.999, 1.0)


def test_interpolation() -> None:
    assert quantiles(np.array([1.0, 2.0, 3.0, 10.0]), (0, 0.25, 0.5, 0.9, 1)) == [
        1.0,
        1.75,
        2.5,
        pytest.approx(7.9, rel=1e-14),
        10.0,
    ]
    assert percentiles(np.array([5, 1, 3]), (0, 50, 75, 100)) == [1, 3, 4, 5]
    assert quantiles(np.array([3.5]), FRACTIONS) == [3.5] * len(FRACTIONS)
    assert all(map(math.isnan, quantiles(np.empty(0), FRACTIONS)))


@pytest.mark.parametrize("fraction", [-0.1, 1.1, math.nan])
def test_fractions_out_of_range(fraction: float) -> None:
    with pytest.raises(ValueError, match="not a fraction"):
        quantiles(np.ones(3), (fraction,))


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(lambda r: r.normal(0, 1, 5000).astype("f4"), id="around zero"),
        pytest.param(lambda r: r.normal(3e4, 0.5, 5000).astype(">f4"), id="narrow"),
        pytest.param(lambda r: r.normal(0, 1e-3, 5000), id="double"),
        pytest.param(lambda r: r.normal(1e9, 1e-3, 5000), id="narrow doubles"),
        pytest.param(lambda r: r.integers(0, 3, 5000).astype("u2"), id="ties"),
        pytest.param(lambda r: r.integers(-(2**40), 2**40, 5000), id="long integers"),
        pytest.param(
            lambda r: r.choice([-1e30, -0.0, 0.0, 1e-42, np.inf, np.nan], 5000).astype("f4"), id="odd"
        ),
        pytest.param(lambda _: np.full((50, 100), 7.5, "f4"), id="equal"),
    ],
)
def test_selection_by_digits_is_exact(values: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    array = values(np.random.default_rng(11))
    monkeypatch.setattr(module, "_SMALL", 100)
    monkeypatch.setattr(module, "BLOCK", 512)
    finite = array[np.isfinite(array)].astype("f8")
    assert quantiles(array, FRACTIONS) == pytest.approx(np.quantile(finite, FRACTIONS), rel=1e-15, abs=1e-45)
    usable = np.random.default_rng(12).random(array.shape) < 0.3
    kept = array[usable & np.isfinite(array)].astype("f8")
    assert quantiles(array, FRACTIONS, usable) == pytest.approx(
        np.quantile(kept, FRACTIONS), rel=1e-15, abs=1e-45
    )


@pytest.mark.parametrize("fraction", [0.05, 0.16, 0.5, 0.84])
def test_errors_are_the_scatter_of_many_samples(fraction: float) -> None:
    samples = np.random.default_rng(13).normal(0, 2, (1500, 301))
    scatter = np.quantile(samples, fraction, axis=1).std()
    assert quantile_error(fraction, 2.0, 301) == pytest.approx(scatter, rel=0.08)


def test_errors_that_do_not_exist() -> None:
    assert quantile_error(0.5, 1, 100) == pytest.approx(1.2533 / 10, rel=1e-4)
    assert all(map(math.isnan, (quantile_error(0, 1, 9), quantile_error(1, 1, 9), quantile_error(0.5, 1, 0))))
