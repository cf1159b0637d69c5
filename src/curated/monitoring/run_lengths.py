"""Average run lengths of control charts: how many values a chart takes until it signals.

All of them are of independent values of a normal distribution with known mean and standard deviation. Those of EWMA and
CUSUM follow from a Markov chain whose states are intervals of the chart's statistic (Brook & Evans 1972, Biometrika 59,
539; for EWMA Lucas & Saccucci 1990, Technometrics 32, 1).
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from curated.declare.field import Array

STATES = 400
"""Intervals of the statistic between its limits, of the Markov chain."""

_SETTLED = 1e-9
"""Remainder of the time-dependent factor of EWMA's limits from which they count as constant."""


def normal_cdf(values: Array) -> Array:
    """Return the cumulative normal distribution, of the shape of the values, to full relative precision below the mean."""
    flat = (np.asarray(values, dtype=np.float64) * -math.sqrt(0.5)).ravel()
    out = np.fromiter(map(math.erfc, flat.tolist()), dtype=np.float64, count=flat.size)
    return 0.5 * out.reshape(np.shape(values))


def shewhart_run_length(width: float, shift: float = 0.0) -> float:
    """Return the average run length of a Shewhart chart of single values, in closed form.

    Parameters
    ----------
    width : `float`
        The limit k, in standard deviations.
    shift : `float`, optional
        By how many standard deviations the mean has moved.
    """
    root = math.sqrt(0.5)
    probability = 0.5 * (math.erfc((width - shift) * root) + math.erfc((width + shift) * root))
    return 1.0 / probability if probability > 0.0 else math.inf


def ewma_run_length(weight: float, width: float, shift: float = 0.0, *, from_start: bool = False) -> float:
    """Return the average run length of a two-sided EWMA chart that starts at its centre.

    Parameters
    ----------
    weight : `float`
        Weight lambda of the newest value, above 0 and at most 1.
    width : `float`
        The limit L, in standard deviations of the statistic.
    shift : `float`, optional
        By how many standard deviations the mean has moved before the first value.
    from_start : `bool`, optional
        Whether limits widen with time as the variance of the statistic does, instead of being constant at the asymptotic
        ones: such a chart signals earlier.
    """
    if weight == 1.0:
        return shewhart_run_length(width, shift)
    if width <= 0.0:
        return 1.0
    limit = width * math.sqrt(weight / (2.0 - weight))
    edges = np.linspace(-limit, limit, STATES + 1)
    centres = 0.5 * (edges[1:] + edges[:-1])
    steps = (edges[None, :] - (1.0 - weight) * centres[:, None]) / weight - shift
    # Differences of small upper tails lose their digits; steps above the centre are mirrored.
    below = normal_cdf(-np.abs(steps))
    lower, upper = steps[:, :-1], steps[:, 1:]
    moves = np.where(
        lower >= 0.0,
        below[:, :-1] - below[:, 1:],
        np.where(upper <= 0.0, below[:, 1:] - below[:, :-1], 1.0 - below[:, 1:] - below[:, :-1]),
    )
    lengths = np.linalg.solve(np.eye(STATES) - moves, np.ones(STATES))
    if not from_start:
        # The centre is an edge of two states.
        return float(0.5 * (lengths[STATES // 2 - 1] + lengths[STATES // 2]))
    occupied = np.zeros(STATES)
    occupied[STATES // 2 - 1 : STATES // 2 + 1] = 0.5
    total, night, remainder = 0.0, 0, 1.0
    while remainder > _SETTLED:
        total += float(occupied.sum())
        night += 1
        remainder = (1.0 - weight) ** (2 * night)
        # Of the state that the limit crosses, the part inside of it remains.
        reach = limit * math.sqrt(1.0 - remainder)
        inside = np.clip(
            (reach - np.minimum(np.abs(edges[1:]), np.abs(edges[:-1]))) / (edges[1] - edges[0]), 0.0, 1.0
        )
        occupied = (occupied @ moves) * inside
    return total + float(occupied @ lengths)


def cusum_run_length(slack: float, width: float, shift: float = 0.0) -> float:
    """Return the average run length of a two-sided CUSUM chart that starts at zero.

    Parameters
    ----------
    slack : `float`
        The reference value k, in standard deviations: half of the shift that the chart is to find.
    width : `float`
        The limit h, in standard deviations.
    shift : `float`, optional
        By how many standard deviations the mean has moved before the first value.

    Notes
    -----
    The two sides are combined as 1/L = 1/L+ + 1/L- (van Dobben de Bruyn 1968, Cumulative Sum Tests).
    """
    rate = 1.0 / _one_sided(slack, width, shift) + 1.0 / _one_sided(slack, width, -shift)
    return 1.0 / rate if rate > 0.0 else math.inf


@lru_cache(maxsize=256)
def _one_sided(slack: float, width: float, shift: float) -> float:
    """Return the average run length of the upper sum alone; states are 0 and intervals around multiples of a step."""
    if width <= 0.0:
        return 1.0 / max(0.5 * math.erfc((slack + width - shift) * math.sqrt(0.5)), 1e-300)
    step = 2.0 * width / (2 * STATES - 1)
    # The chain moves by a difference of states alone.
    edges = normal_cdf((np.arange(-STATES, STATES + 1) - 0.5) * step + slack - shift)
    moves = np.empty((STATES, STATES))
    index = np.arange(STATES)
    differences = index[None, :] - index[:, None] + STATES
    moves[:] = edges[differences + 1] - edges[differences]
    moves[:, 0] = edges[differences[:, 0] + 1]
    try:
        return float(np.linalg.solve(np.eye(STATES) - moves, np.ones(STATES))[0])
    except np.linalg.LinAlgError:
        return math.inf
