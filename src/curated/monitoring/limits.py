"""Limits of control charts for a rate of false alarms of a whole family of charts."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import Literal, get_args

from curated.core.diagnostic import CuratedError
from curated.monitoring.run_lengths import cusum_run_length, ewma_run_length, shewhart_run_length

Kind = Literal["shewhart", "ewma", "cusum"]
"""A kind of control chart."""

KINDS: tuple[Kind, ...] = get_args(Kind)

WEIGHT = 0.2
"""Weight lambda of the newest value of EWMA, which suits shifts of about one standard deviation."""

SLACK = 0.5
"""Reference value k of CUSUM, in standard deviations: half of a shift of one."""

_SHORTEST, _LONGEST = 2.0, 1e10
"""Average run lengths that limits are found for: beyond, tails of distributions are not known well enough to promise any."""

_TOLERANCE = 1e-6
"""Relative error of run lengths that is small enough."""

_MOST_STEPS = 60


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a kind of chart.

    Parameters
    ----------
    kind : `str`
        ``shewhart``, ``ewma`` or ``cusum``.
    width : `float`
        The limit: k (Shewhart) or h (CUSUM) in standard deviations of a value, or L (EWMA) in those of the statistic.
    setting : `float`
        Weight lambda of EWMA or reference value k of CUSUM; 0 for Shewhart.
    run_length : `float`
        Average number of nights in control until a false alarm of one chart.
    """

    kind: Kind
    width: float
    setting: float
    run_length: float


@lru_cache(maxsize=128)
def solve_limits(kind: Kind, run_length: float, *, weight: float = WEIGHT, slack: float = SLACK) -> Limits:
    """Return the limits with which a chart in control gives a false alarm after so many nights on average.

    For Shewhart it is a quantile of the normal distribution; for the others the root of the run length of a Markov
    chain (`curated.monitoring.run_lengths`), of EWMA with limits that widen with time.

    Parameters
    ----------
    kind : `str`
        ``shewhart``, ``ewma`` or ``cusum``.
    run_length : `float`
        Average run length in control of one chart, in nights. For one false alarm in N nights of a family of charts it
        is N times their number, since rates of false alarms add up (Bonferroni), whether or not charts are correlated.
    weight, slack : `float`, optional
        Settings of EWMA, above 0 and at most 1, and of CUSUM, at least 0.

    Raises
    ------
    CuratedError
        If the run length is below 2 or above 1e10 nights.
    """
    if not _SHORTEST <= run_length <= _LONGEST:
        raise CuratedError(
            f"no limits give one false alarm in {run_length:.6g} nights and charts",
            f"nights times charts have to be from {_SHORTEST:g} to {_LONGEST:g}: choose other nights, or fewer charts",
        )
    if kind == "shewhart":
        return Limits(kind, -NormalDist().inv_cdf(0.5 / run_length), 0.0, run_length)
    if kind == "ewma":
        # A chart of single values has the wider limits: the values of the statistic are correlated.
        first = -NormalDist().inv_cdf(0.5 / run_length)
        width = _root(lambda limit: ewma_run_length(weight, limit, from_start=True), run_length, first)
        return Limits(kind, width, weight, run_length)
    first = _approximate_cusum(slack, run_length)
    return Limits(
        kind, _root(lambda limit: cusum_run_length(slack, limit), run_length, first), slack, run_length
    )


def _approximate_cusum(slack: float, run_length: float) -> float:
    """Return about the limit of CUSUM, by the approximation of Siegmund (1985, Sequential Analysis, equation 2.57)."""
    reach = 0.0
    for _ in range(30):
        reach = (
            math.log1p(4.0 * slack * slack * run_length + 2.0 * slack * reach) / (2.0 * slack)
            if slack
            else 1.0
        )
    return max(reach - 1.166, 0.1) if slack else math.sqrt(2.0 * run_length)


def family_limits(kind: Kind, charts: int, nights: float) -> Limits:
    """Return the limits for one false alarm in some nights of some charts together.

    Raises
    ------
    CuratedError
        If there are no such limits; see `solve_limits`.
    """
    return solve_limits(kind, float(max(charts, 1)) * nights)


def _root(length: Callable[[float], float], target: float, first: float) -> float:
    """Return the limit at which the logarithm of a run length, which grows with the limit, is that of a target.

    Parameters
    ----------
    first : `float`
        A limit near the root.
    """
    goal = math.log(target)
    low, high = 0.98 * first, 1.02 * first
    low_value, high_value = math.log(length(low)) - goal, math.log(length(high)) - goal
    while high_value < 0.0:
        low, low_value, high = high, high_value, 1.2 * high
        high_value = math.log(length(high)) - goal
    while low_value > 0.0:
        high, high_value, low = low, low_value, 0.8 * low
        low_value = math.log(length(low)) - goal
    # The false position method with the correction of Illinois, which keeps both ends moving (Dowell & Jarratt 1971).
    side = 0
    for _ in range(_MOST_STEPS):
        middle = (low * high_value - high * low_value) / (high_value - low_value)
        value = math.log(length(middle)) - goal
        if abs(value) < _TOLERANCE:
            return middle
        if value > 0.0:
            high, high_value = middle, value
            low_value *= 0.5 if side > 0 else 1.0
            side = 1
        else:
            low, low_value = middle, value
            high_value *= 0.5 if side < 0 else 1.0
            side = -1
    return 0.5 * (low + high)


def describe_limits(limits: Limits) -> str:
    """Return limits as people write them, such as ``EWMA lambda 0.2 L 4.36``."""
    if limits.kind == "shewhart":
        return f"Shewhart k {limits.width:.3f}"
    if limits.kind == "ewma":
        return f"EWMA lambda {limits.setting:g} L {limits.width:.3f}"
    return f"CUSUM k {limits.setting:g} h {limits.width:.3f}"


__all__ = [
    "KINDS",
    "SLACK",
    "WEIGHT",
    "Kind",
    "Limits",
    "describe_limits",
    "family_limits",
    "shewhart_run_length",
    "solve_limits",
]
