"""Correlations, lines, ratios, scatter and chi-squared."""

from __future__ import annotations

import math

import numpy as np
import pytest

from curated.declare.statistic import Estimate
from curated.statistics.relations import (
    combined,
    line,
    mean_of,
    moments_of,
    pearson,
    ratio,
    reduced_chi_squared,
    relative_scatter,
    robust_line,
    row_mean_variance_slope,
)


def test_few_values() -> None:
    assert moments_of([1, 2, math.nan, 6]) == (3, 3.0, 7.0)
    assert mean_of([1, 2, 6]) == (3.0, pytest.approx(math.sqrt(7 / 3), rel=1e-14))
    assert math.isnan(mean_of([]).value)
    assert combined([Estimate(1, 3), Estimate(3, 4), Estimate(math.nan, 1)]) == (2.0, 2.5)
    assert relative_scatter([9, 10, 11]).value == pytest.approx(0.1, rel=1e-14)
    assert relative_scatter([2, 2, 2]) == (0.0, 0.0)
    assert math.isnan(relative_scatter([4]).value)
    assert math.isnan(relative_scatter([-1, 1]).value)


def test_ratio() -> None:
    assert ratio(Estimate(6, 0.3), Estimate(2, 0.1)) == pytest.approx(
        (3, 3 * math.hypot(0.05, 0.05)), rel=1e-14
    )
    assert ratio(Estimate(0, 1), Estimate(-4, 9)) == (0, 0.25)
    assert math.isnan(ratio(Estimate(1), Estimate(0)).value)


def test_error_of_relative_scatter() -> None:
    samples = np.random.default_rng(1).normal(10, 1, (3000, 16))
    estimates = [relative_scatter(sample) for sample in samples]
    assert np.mean([e.error for e in estimates]) == pytest.approx(
        np.std([e.value for e in estimates]), rel=0.1
    )


def test_pearson() -> None:
    x, y = np.array([1.0, 2, 3, 5, np.nan]), np.array([2.0, 1, 4, 3, 9])
    assert pearson(x, y).value == pytest.approx(float(np.corrcoef(x[:4], y[:4])[0, 1]), rel=1e-12)
    assert pearson(x[:4], -2 * x[:4] + 1).value == pytest.approx(-1, rel=1e-14)
    assert math.isnan(pearson(np.ones(4), x[:4]).value)
    with pytest.raises(ValueError, match="no pairs"):
        pearson(x, y[:2])


def test_row_mean_variance_slope_of_photons_is_one() -> None:
    rng = np.random.default_rng(2)
    gain, columns, means, variances = 1.6, 50, [], []
    for signal in (2000, 8000, 20000):
        first, second = rng.poisson(signal * gain, (2, 800, columns)) / gain
        means.append(signal)
        variances.append(np.var((first - second).mean(axis=1)))
    slope = row_mean_variance_slope(np.array(means), np.array(variances), gain, columns)
    assert slope == pytest.approx(1, abs=0.1)
    assert slope == pytest.approx(
        sum(v * gain**2 for v in variances) / sum(2 * m * gain / columns for m in means)
    )


def test_line() -> None:
    fit = line(np.array([0.0, 1, 2, np.nan]), np.array([1.0, 3, 5, 7]))
    assert (fit.intercept.value, fit.slope.value) == pytest.approx((1, 2), rel=1e-14)
    assert math.isnan(line(np.ones(3), np.arange(3)).slope.value)
    x = np.linspace(0, 10, 30)
    values = [line(x, 2 * x + noise).slope for noise in np.random.default_rng(3).normal(0, 1, (800, 30))]
    assert np.mean([e.error for e in values]) == pytest.approx(np.std([e.value for e in values]), rel=0.1)


def test_robust_line_is_not_moved_by_outliers() -> None:
    x = np.linspace(0, 10, 40)
    y = 3 - 0.5 * x + np.random.default_rng(4).normal(0, 0.01, 40)
    y[[3, 20, 33]] += [50, -70, 200]
    fit = robust_line(x, y)
    assert (fit.intercept.value, fit.slope.value) == pytest.approx((3, -0.5), abs=0.01)
    assert abs(line(x, y).slope.value + 0.5) > 0.1


def test_robust_line_minimises_the_loss_of_cauchy() -> None:
    optimize = pytest.importorskip("scipy.optimize")
    x = np.linspace(0, 10, 40)
    y = 1 + 2 * x + np.random.default_rng(5).standard_t(2, 40)
    fit = robust_line(x, y, scale=1.0)
    expected = optimize.least_squares(
        lambda p: p[0] + p[1] * x - y, [0, 0], loss="cauchy", xtol=1e-14, ftol=1e-14
    ).x
    assert (fit.intercept.value, fit.slope.value) == pytest.approx(expected, rel=1e-5)


def test_robust_line_through_exact_points() -> None:
    fit = robust_line(np.arange(5), 4 * np.arange(5) + 1)
    assert (fit.intercept.value, fit.slope.value) == pytest.approx((1, 4), rel=1e-12)


def test_chi_squared_is_one_where_errors_are_right() -> None:
    errors = np.array([1.0, 10, 100, 0, np.nan] * 200)
    residuals = np.random.default_rng(6).normal(0, 1, 1000) * np.where(errors > 0, errors, 1)
    value, error = reduced_chi_squared(residuals, errors, 2)
    assert value == pytest.approx(1, abs=3 * error)
    assert error == math.sqrt(2 / 598)
    assert reduced_chi_squared(3 * residuals, errors, 2).value == pytest.approx(9 * value)


def test_chi_squared_is_not_the_standard_deviation_of_the_values() -> None:
    """The "reduced chi2" of cp_verify, sum((n - mean)**2 / std) / N, is std(n) and has a unit."""
    noise = np.random.default_rng(7).normal(7.0, 0.5, 400)
    stack = float(np.sum((noise - noise.mean()) ** 2 / noise.std()) / noise.size)
    assert stack == pytest.approx(float(noise.std()), rel=1e-12)
    ours = reduced_chi_squared(noise - noise.mean(), np.full(400, 0.5), 1).value
    scaled = reduced_chi_squared(10 * (noise - noise.mean()), np.full(400, 5.0), 1).value
    assert ours == pytest.approx(scaled, rel=1e-12)
    assert ours == pytest.approx(1, abs=0.25)
    assert math.isnan(reduced_chi_squared(noise[:1], np.ones(1), 1).value)
