"""The statistics of afw: moments, quartiles and clipped moments of pixels, and their standard errors."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from curated.declare.field import Array
from curated.declare.statistic import Estimate
from curated.statistics.quantiles import blocks, quantiles

IQR_TO_SIGMA = 0.741301109252802
"""Standard deviation of a normal distribution whose interquartile range is 1, with the digits of afw."""

MEDIAN_ERROR = math.sqrt(math.pi / 2)
"""Standard error of the median of normally distributed values in units of that of their mean, 1.2533."""

_IQR_ERROR = 1.5734
"""Standard error of the interquartile range of normal values in units of s/sqrt(n): 0.5 / phi(0.6745)."""


class Moments(NamedTuple):
    """Number, mean and variance of values.

    Parameters
    ----------
    number : `int`
        Number of values.
    mean : `float`
        Mean; NaN where there is no value.
    variance : `float`
        Sum of squares around the mean over n - 1; NaN where there are fewer than two values.
    """

    number: int
    mean: float
    variance: float

    @property
    def deviation(self) -> float:
        """Standard deviation."""
        return math.sqrt(self.variance)


class Summary(NamedTuple):
    """Statistics of pixels, by the definitions of afw.

    Parameters
    ----------
    moments : `Moments`
        Moments of all values.
    minimum, maximum : `float`
        Extremes.
    median, lower_quartile, upper_quartile : `float`
        Quantiles; see `curated.statistics.quantiles.quantiles`.
    clipped : `Moments`
        Moments of the values that clipping leaves; see `clipped_moments`.
    """

    moments: Moments
    minimum: float
    maximum: float
    median: float
    lower_quartile: float
    upper_quartile: float
    clipped: Moments

    @property
    def interquartile_range(self) -> float:
        """Distance of the quartiles."""
        return self.upper_quartile - self.lower_quartile

    def estimate(self, word: str) -> Estimate:
        """Return a statistic and its standard error by the word that afw has for it.

        Parameters
        ----------
        word : `str`
            One of `WORDS`, such as ``MEANCLIP``.

        Raises
        ------
        KeyError
            If there is no such word.
        """
        return WORDS[word](self)


def summarize(
    values: Array, usable: Array | None = None, *, sigma: float = 3.0, iterations: int = 3
) -> Summary:
    """Return the statistics of pixels in a few passes over them, without a copy of all of them.

    Parameters
    ----------
    values : `numpy.ndarray`, (...)
        Pixels of any type and shape; those that are not finite do not count.
    usable : `numpy.ndarray` or `None`, (...)
        Which pixels count; `None` for all.
    sigma, iterations : `float`, `int`, optional
        See `clipped_moments`.
    """
    lower, median, upper = quantiles(values, (0.25, 0.5, 0.75), usable)
    moments, minimum, maximum = _moments(values, usable, median, math.inf)
    clipped = _clip(values, usable, moments.number, median, upper - lower, sigma, iterations)
    return Summary(moments, minimum, maximum, median, lower, upper, clipped)


def clipped_moments(
    values: Array, usable: Array | None = None, *, sigma: float = 3.0, iterations: int = 3
) -> Moments:
    """Return the moments of pixels without outliers, as MEANCLIP, STDEVCLIP and VARIANCECLIP of afw.

    The first pass keeps the values within ``sigma`` times 0.741301109252802 interquartile ranges of the median; each
    of the others those within ``sigma`` standard deviations of the mean of those that the one before kept. Every pass
    looks at all values, so that one can come back, and there are always ``iterations`` of them (lsst/afw,
    ``Statistics::doStatistics`` in ``src/math/Statistics.cc``).

    Parameters
    ----------
    values, usable : `numpy.ndarray`, (...)
        See `summarize`.
    sigma : `float`, optional
        Half width of the range that is kept, in standard deviations; 3 as afw, while cp_verify takes 5.
    iterations : `int`, optional
        Number of passes.

    Returns
    -------
    moments : `Moments`
        NaN where a pass keeps no value, or one in all but the last.
    """
    lower, median, upper = quantiles(values, (0.25, 0.5, 0.75), usable)
    count = sum(block.size for block in blocks(values, usable)) if iterations > 1 else 0
    return _clip(values, usable, count, median, upper - lower, sigma, iterations)


def _clip(
    values: Array,
    usable: Array | None,
    count: int,
    median: float,
    interquartile_range: float,
    sigma: float,
    iterations: int,
) -> Moments:
    moments = Moments(0, math.nan, math.nan)
    robust = sigma * IQR_TO_SIGMA * interquartile_range
    for i in range(iterations):
        center = moments.mean if i else median
        limit = sigma * moments.deviation if i and count > 1 else robust
        if math.isnan(center) or math.isnan(limit):
            return Moments(0, math.nan, math.nan)
        moments = _moments(values, usable, center, limit)[0]
    return moments


def _moments(
    values: Array, usable: Array | None, center: float, limit: float
) -> tuple[Moments, float, float]:
    """Return the moments and extremes of the values within a distance of a center.

    Squares are summed around the center, since those of large values would leave no digits for their differences.
    """
    count, total, square, minimum, maximum = 0, 0.0, 0.0, math.inf, -math.inf
    for block in blocks(values, usable):
        if not block.size:
            continue
        if limit == math.inf:
            minimum, maximum = min(minimum, float(block.min())), max(maximum, float(block.max()))
        offsets = np.subtract(block, center, out=block)
        if limit == math.inf:
            count += offsets.size
        else:
            keep = np.abs(offsets) <= limit
            count += int(np.count_nonzero(keep))
            offsets *= keep
        total += float(offsets.sum())
        # Not the product of vectors, whose threads wait for each other longer than they compute.
        square += float(np.square(offsets, out=offsets).sum())
    if not count:
        return Moments(0, math.nan, math.nan), math.nan, math.nan
    offset = total / count
    variance = max(square / count - offset**2, 0.0) * count / (count - 1) if count > 1 else math.nan
    return Moments(count, center + offset, variance), minimum, maximum


# -- errors -------------------------------------------------------------------------------------------


def mean_error(moments: Moments) -> float:
    """Return the standard error of a mean, s / sqrt(n)."""
    return math.sqrt(moments.variance / moments.number) if moments.number > 1 else math.nan


def deviation_error(moments: Moments) -> float:
    """Return the standard error of the standard deviation of normally distributed values, s / sqrt(2 (n - 1)).

    Ahn and Fessler 2003, Standard Errors of Mean, Variance, and Standard Deviation Estimators, equation 9.
    """
    return moments.deviation / math.sqrt(2 * (moments.number - 1)) if moments.number > 1 else math.nan


def variance_error(moments: Moments) -> float:
    """Return the standard error of the variance of normally distributed values, s**2 sqrt(2 / (n - 1))."""
    return moments.variance * math.sqrt(2 / (moments.number - 1)) if moments.number > 1 else math.nan


def extreme_error(moments: Moments) -> float:
    """Return the standard error of the largest of normally distributed values, pi s / sqrt(12 ln n).

    Cramer 1946, Mathematical Methods of Statistics, section 28.6; an approximation for large n.
    """
    return (
        math.pi * moments.deviation / math.sqrt(12 * math.log(moments.number))
        if moments.number > 1
        else math.nan
    )


def _median_error(summary: Summary) -> float:
    return MEDIAN_ERROR * mean_error(summary.moments)


def _range_error(summary: Summary) -> float:
    """Return the standard error of the interquartile range of normal values, sqrt(1/4 / n) / f, f the density at both."""
    return _IQR_ERROR * mean_error(summary.moments)


def _mean_square(summary: Summary) -> Estimate:
    """Return the mean of the squares, and the error sqrt((4 m**2 s**2 + 2 s**4) / n) of normal values."""
    count, mean, variance = summary.moments
    if count < 2:
        return Estimate(mean**2, math.nan)
    value = (count - 1) / count * variance + mean**2
    return Estimate(value, math.sqrt((4 * mean**2 * variance + 2 * variance**2) / count))


def _sum(summary: Summary) -> Estimate:
    count = summary.moments.number
    if not count:
        return Estimate(math.nan, math.nan)
    return Estimate(summary.moments.mean * count, count * mean_error(summary.moments))


def _clipped_count(summary: Summary) -> Estimate:
    """Return how many values clipping leaves out; the error is that of a number of independent events, sqrt(N)."""
    count = summary.moments.number - summary.clipped.number
    return Estimate(count, math.sqrt(count))


WORDS: Mapping[str, Callable[[Summary], Estimate]] = {
    "NPOINT": lambda s: Estimate(s.moments.number),
    "SUM": _sum,
    "MEAN": lambda s: Estimate(s.moments.mean, mean_error(s.moments)),
    "STDEV": lambda s: Estimate(s.moments.deviation, deviation_error(s.moments)),
    "VARIANCE": lambda s: Estimate(s.moments.variance, variance_error(s.moments)),
    "MEANSQUARE": _mean_square,
    "MIN": lambda s: Estimate(s.minimum, extreme_error(s.moments)),
    "MAX": lambda s: Estimate(s.maximum, extreme_error(s.moments)),
    "MEDIAN": lambda s: Estimate(s.median, _median_error(s)),
    "IQRANGE": lambda s: Estimate(s.interquartile_range, _range_error(s)),
    "MEANCLIP": lambda s: Estimate(s.clipped.mean, mean_error(s.clipped)),
    "STDEVCLIP": lambda s: Estimate(s.clipped.deviation, deviation_error(s.clipped)),
    "VARIANCECLIP": lambda s: Estimate(s.clipped.variance, variance_error(s.clipped)),
    "NCLIPPED": _clipped_count,
}
"""Statistics of a summary by the words of afw."""
