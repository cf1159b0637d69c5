"""Relations between numbers: correlations, lines, ratios, scatter of a few values, and chi-squared."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from curated.declare.field import Array
from curated.declare.statistic import Estimate
from curated.statistics.summary import Moments, deviation_error, mean_error

_CAUCHY_ROUNDS = 100
_CONVERGED = 1e-12


def moments_of(values: Sequence[float] | Array) -> Moments:
    """Return number, mean and variance (n - 1) of a few values; those that are not finite do not count."""
    array = np.asarray(values, np.float64).ravel()
    array = array[np.isfinite(array)]
    count = len(array)
    if not count:
        return Moments(0, math.nan, math.nan)
    mean = float(array.mean())
    variance = float(((array - mean) ** 2).sum() / (count - 1)) if count > 1 else math.nan
    return Moments(count, mean, variance)


def mean_of(values: Sequence[float] | Array) -> Estimate:
    """Return the mean of a few values with its standard error, s / sqrt(n)."""
    moments = moments_of(values)
    return Estimate(moments.mean, mean_error(moments))


def combined(estimates: Sequence[Estimate]) -> Estimate:
    """Return the mean of independent estimates, whose errors add in squares."""
    finite = [e for e in estimates if math.isfinite(e.value)]
    if not finite:
        return Estimate(math.nan, math.nan)
    error = math.sqrt(sum(e.error**2 for e in finite)) / len(finite)
    return Estimate(sum(e.value for e in finite) / len(finite), error)


def ratio(numerator: Estimate, denominator: Estimate) -> Estimate:
    """Return the ratio of two independent estimates.

    Its error is r sqrt((da/a)**2 + (db/b)**2), written so that the numerator may be zero (Bevington and Robinson 2003,
    Data Reduction and Error Analysis for the Physical Sciences, equation 3.27). It is NaN for a denominator of 0.
    """
    if not denominator.value:
        return Estimate(math.nan, math.nan)
    value = numerator.value / denominator.value
    return Estimate(value, math.hypot(numerator.error, value * denominator.error) / abs(denominator.value))


def relative_scatter(values: Sequence[float] | Array) -> Estimate:
    """Return the standard deviation of a few values in units of their mean.

    The error is that of a coefficient of variation c, c sqrt(1/(2 (n - 1)) + c**2 / n) (Kendall and Stuart 1977, The
    Advanced Theory of Statistics 1, section 10.6).
    """
    moments = moments_of(values)
    if moments.number < 2 or not moments.mean:
        return Estimate(math.nan, math.nan)
    value = moments.deviation / abs(moments.mean)
    relative = deviation_error(moments) / moments.deviation if moments.variance else 0.0
    return Estimate(value, value * math.sqrt(relative**2 + value**2 / moments.number))


def pearson(x: Array, y: Array) -> Estimate:
    """Return the correlation coefficient of two sets of values, and its standard error (1 - r**2) / sqrt(n - 1).

    Pairs with a value that is not finite do not count; NaN is returned for values that are all equal.

    Parameters
    ----------
    x, y : `numpy.ndarray`, (...)
        Values of one shape.
    """
    first, second = _pairs(x, y)
    count = len(first)
    if count < 2:
        return Estimate(math.nan, math.nan)
    first, second = first - first.mean(), second - second.mean()
    norm = math.sqrt(float(first @ first) * float(second @ second))
    if not norm:
        return Estimate(math.nan, math.nan)
    value = float(first @ second) / norm
    return Estimate(value, max(1 - value**2, 0.0) / math.sqrt(count - 1))


def row_mean_variance_slope(means: Array, variances: Array, gain: float, columns: int) -> float:
    """Return the slope of the variance of row means against that of photons alone; 1 if rows are independent.

    It is the sum of V g**2 over that of 2 m g / ncols, with the variance V (adu**2) of the means of the rows of the
    difference of two flats of the mean m (adu): cp_verify, ``verifyPtc.py``.

    Parameters
    ----------
    means, variances : `numpy.ndarray`, (N,)
        Mean signals (adu) and variances of row means (adu**2) of the pairs.
    gain : `float`
        Gain (electron/adu).
    columns : `int`
        Number of columns of the amplifier.
    """
    signal, scatter = _pairs(means, variances)
    expected = 2 * float(signal.sum()) * gain / columns
    return float(scatter.sum()) * gain**2 / expected if expected else math.nan


class Line(NamedTuple):
    """A straight line.

    Parameters
    ----------
    intercept, slope : `Estimate`
        Value at 0 and slope, with standard errors.
    """

    intercept: Estimate
    slope: Estimate


def line(x: Array, y: Array) -> Line:
    """Return the line that fits best in the sense of least squares; errors are those by the scatter around it.

    Parameters
    ----------
    x, y : `numpy.ndarray`, (N,)
        Points; pairs with a value that is not finite do not count.
    """
    first, second = _pairs(x, y)
    return _weighted_line(first, second, np.ones(len(first)))


def robust_line(x: Array, y: Array, scale: float = 0.0) -> Line:
    """Return the line that fits best with the loss of Cauchy, which outliers hardly move.

    The sum of ln(1 + (r/c)**2) over the residuals r is made smallest by weights 1 / (1 + (r/c)**2), which are found
    again until they no longer change (Holland and Welsch 1977, Communications in Statistics A 6, 813). The scale c is
    2.385 times the standard deviation of the residuals by their median absolute value, at which normally distributed
    values lose 5 % of the efficiency. It is the fit that cp_verify makes of covariances against flux.

    Parameters
    ----------
    x, y : `numpy.ndarray`, (N,)
        Points; pairs with a value that is not finite do not count.
    scale : `float`, optional
        The scale c, in the unit of y; 0 to find it.
    """
    first, second = _pairs(x, y)
    weights = np.ones(len(first))
    result = _weighted_line(first, second, weights)
    for _ in range(_CAUCHY_ROUNDS):
        residuals = second - result.intercept.value - result.slope.value * first
        width = scale or 2.385 * 1.4826 * float(np.median(np.abs(residuals))) if len(residuals) else 0.0
        if not width > 0:
            break
        updated = 1 / (1 + (residuals / width) ** 2)
        change = float(np.abs(updated - weights).max())
        weights = updated
        result = _weighted_line(first, second, weights)
        if change < _CONVERGED:
            break
    return result


def _weighted_line(x: Array, y: Array, weights: Array) -> Line:
    total = float(weights.sum())
    if len(x) < 2 or not total:
        return Line(Estimate(math.nan, math.nan), Estimate(math.nan, math.nan))
    center, level = float(weights @ x) / total, float(weights @ y) / total
    spread = float(weights @ (x - center) ** 2)
    if not spread:
        return Line(Estimate(math.nan, math.nan), Estimate(math.nan, math.nan))
    slope = float(weights @ ((x - center) * (y - level))) / spread
    residuals = y - level - slope * (x - center)
    freedom = len(x) - 2
    # Asymptotic variance of an estimate by a loss whose derivative is w r, with w' r near zero left out.
    variance = (
        float((weights**2) @ residuals**2) / freedom * len(x) / float((weights**2).sum()) if freedom else 0.0
    )
    slope_error = math.sqrt(variance / spread) if freedom else math.nan
    intercept_error = math.sqrt(variance * (1 / total + center**2 / spread)) if freedom else math.nan
    return Line(Estimate(level - slope * center, intercept_error), Estimate(slope, slope_error))


def reduced_chi_squared(residuals: Array, errors: Array, parameters: int) -> Estimate:
    """Return chi-squared over the degrees of freedom, and the standard error sqrt(2 / freedom) of a right model.

    Each residual is divided by its own error before it is squared (Bevington and Robinson 2003, section 4.4);
    cp_verify divides the square by an error once, which makes a standard deviation in the unit of the values of it.

    Parameters
    ----------
    residuals : `numpy.ndarray`, (N,)
        Values less those of the model.
    errors : `numpy.ndarray`, (N,)
        Standard errors of the values; pairs with an error that is not positive do not count.
    parameters : `int`
        Number of parameters that were fitted.
    """
    differences, sigmas = _pairs(residuals, errors)
    differences, sigmas = differences[sigmas > 0], sigmas[sigmas > 0]
    freedom = len(differences) - parameters
    if freedom < 1:
        return Estimate(math.nan, math.nan)
    return Estimate(float(((differences / sigmas) ** 2).sum()) / freedom, math.sqrt(2 / freedom))


def _pairs(x: Array, y: Array) -> tuple[Array, Array]:
    """Return the values, (N,), of pairs both of which are finite.

    Raises
    ------
    ValueError
        If there are more values of one than of the other.
    """
    first, second = np.asarray(x, np.float64).ravel(), np.asarray(y, np.float64).ravel()
    if len(first) != len(second):
        raise ValueError(f"{len(first)} and {len(second)} values are no pairs")
    keep = np.isfinite(first) & np.isfinite(second)
    return first[keep], second[keep]
