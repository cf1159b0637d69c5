"""Statistics of single control charts: EWMA (Roberts 1959, Technometrics 1, 239), CUSUM (Page 1954, Biometrika 41, 100)."""

from __future__ import annotations

import math

import numpy as np

from curated.declare.field import Array


def ewma(values: Array, centre: Array | float, weight: float) -> Array:
    """Return the exponentially weighted moving average, ``z = weight x + (1 - weight) z``.

    Parameters
    ----------
    values : `numpy.ndarray`, (nights, ...)
        Values; NaN where there is none, which leaves the average as it is.
    centre : `float` or `numpy.ndarray`, (...)
        Average before the first value.
    weight : `float`
        Weight lambda of the newest value.

    Returns
    -------
    averages : `numpy.ndarray`, (nights, ...)
        The average after each night, in the unit of the values.
    """
    averages = np.empty(np.shape(values), dtype=np.float64)
    state = np.zeros(np.shape(values)[1:]) + centre
    for night, row in enumerate(values):
        state = np.where(np.isnan(row), state, weight * row + (1.0 - weight) * state)
        averages[night] = state
    return averages


def ewma_limit(counts: Array, weight: float, width: float) -> Array:
    """Return how far an average may be from its centre, in standard deviations of a value.

    It is ``width sqrt(weight / (2 - weight) (1 - (1 - weight)^(2 t)))`` after t values.

    Parameters
    ----------
    counts : `numpy.ndarray`
        Numbers of values t since the start.
    width : `float`
        The limit L, in standard deviations of the statistic.
    """
    remainder = np.exp(2.0 * np.asarray(counts) * math.log1p(-weight))
    factor: Array = np.sqrt(weight / (2.0 - weight) * (1.0 - remainder))
    return width * factor


def cusum(values: Array, centre: Array | float, slack: Array | float) -> tuple[Array, Array]:
    """Return the upper and the lower cumulative sum, ``max(0, C + x - centre - slack)`` and its mirror image.

    Parameters
    ----------
    values : `numpy.ndarray`, (nights, ...)
        Values; NaN where there is none, which leaves the sums as they are.
    slack : `float` or `numpy.ndarray`, (...)
        The reference value K, in the unit of the values.

    Returns
    -------
    upper, lower : `numpy.ndarray`, (nights, ...)
        The sums after each night, both of them at least 0.
    """
    sums = np.empty((2, *np.shape(values)), dtype=np.float64)
    state = np.zeros((2, *np.shape(values)[1:]))
    for night, row in enumerate(values):
        difference = row - centre
        moved = np.maximum(state + np.stack([difference, -difference]) - slack, 0.0)
        state = np.where(np.isnan(row), state, moved)
        sums[:, night] = state
    return sums[0], sums[1]


def normal_scores(t: Array, degrees: Array) -> Array:
    """Return standard normal numbers of the same probability as Student's t, by Hill (1970, CACM 13, 617, algorithm 395).

    Parameters
    ----------
    t : `numpy.ndarray`
        Values of Student's distribution.
    degrees : `numpy.ndarray`
        Degrees of freedom, at least 3; the error is below 1e-3 there, and below 1e-5 from 10 on.
    """
    a = degrees - 0.5
    b = 48.0 * a * a
    bounded = np.clip(t, -1e150, 1e150)
    y = a * np.log1p(bounded / degrees * bounded)
    correction = ((((-0.4 * y - 3.3) * y - 24.0) * y - 85.5) / (0.8 * y * y + 100.0 + b) + y + 3.0) / b + 1.0
    scores: Array = np.copysign(correction * np.sqrt(y), t)
    return scores


def student_quantiles(score: float, degrees: Array) -> Array:
    """Return the values of Student's t of the same probability as a standard normal number.

    It is the expansion of Fisher & Cornish (1960, Technometrics 2, 209; Abramowitz & Stegun 26.7.5): for the limits of
    plots, to about 0.1 % from 19 degrees of freedom on.

    Parameters
    ----------
    score : `float`
        The standard normal number.
    degrees : `numpy.ndarray`
        Degrees of freedom.
    """
    z, n = score, np.asarray(degrees, dtype=np.float64)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    quantiles: Array = np.full(n.shape, z)
    for power, term in enumerate(terms, start=1):
        quantiles = quantiles + term / n**power
    return quantiles
