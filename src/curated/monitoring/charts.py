"""Control charts of many series at once: Shewhart (1931), EWMA (Roberts 1959) and CUSUM (Page 1954).

Values are standardised by the mean and the standard deviation of the values before them, so that no reference has to be
trusted: for the value after n others of mean m and standard deviation s (with n - 1),

    t = (x - m) / (s sqrt(1 + 1/n))

has Student's distribution with n - 1 degrees of freedom, and the score, the standard normal quantile of the same
probability, is a standard normal number that is independent of the scores before it, exactly, if the values are
independent and normal (Quesenberry 1991, Journal of Quality Technology 23, 213). Charts of scores therefore have the
rates of false alarms of charts with known parameters: the error of the estimates is a part of the score. What it costs is
sensitivity to shifts soon after the start (Hawkins 1987, The Statistician 36, 299).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import NormalDist

import numpy as np

from curated.declare.field import Array
from curated.monitoring.limits import Limits
from curated.monitoring.single_charts import ewma_limit, normal_scores

REFERENCE = 20
"""Values from which a series is charted; the first ones are the reference."""

SMALLEST_REFERENCE = 5
"""Values below which nothing can be said about the spread of others."""

_OUTLIER = 15.0
"""Distance from the median from which a value of the reference is left out, in units of 1.4826 times the median absolute
deviation: of 100,000 references of 20 normal values, less than one has such a value."""

_UNLEARNED = 5.0
"""Score beyond which a single value is not learned; to leave out more would make the standard deviation too small."""

_ROUNDING = 16 * np.finfo(np.float64).eps
"""Standard deviation, relative to the largest value, from which values differ by more than rounding."""

_LARGEST_SCORE = 1e3


@dataclass(frozen=True, slots=True)
class Signals:
    """Signals of charts, in the order of nights; each array has the shape (signals,).

    Parameters
    ----------
    kinds : `numpy.ndarray` of `int`
        Which of the limits was exceeded.
    nights, series : `numpy.ndarray` of `int`
        Row and column of the value.
    strengths : `numpy.ndarray`
        The chart's statistic in units of its limit, with the sign of the shift.
    shifts : `numpy.ndarray`
        By how many standard deviations the level has moved: the score (Shewhart), the average (EWMA), or
        ``k + C / n`` for a sum C of n values since it left 0 (CUSUM; Montgomery, Introduction to Statistical Quality
        Control, chapter 9).
    centres, sigmas : `numpy.ndarray`
        Mean and standard deviation of the values before, in the unit of the values.
    """

    kinds: Array
    nights: Array
    series: Array
    strengths: Array
    shifts: Array
    centres: Array
    sigmas: Array


@dataclass(frozen=True, slots=True)
class Traces:
    """What is drawn of charts, each of the shape (nights, series).

    Parameters
    ----------
    centres, sigmas : `numpy.ndarray`
        Mean and standard deviation of the values before each night, in the unit of the values; NaN in the reference.
    counts : `numpy.ndarray`
        Number of these values.
    scores : `numpy.ndarray`
        Standard normal scores; NaN where nothing is charted.
    statistics, bounds : `dict` [`str`, `numpy.ndarray`]
        Statistic and limit of each kind of chart, in standard deviations. That of CUSUM is the larger sum with its sign.
    """

    centres: Array
    sigmas: Array
    counts: Array
    scores: Array
    statistics: dict[str, Array] = field(default_factory=dict)
    bounds: dict[str, Array] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Charts:
    """Control charts of many series.

    Parameters
    ----------
    signals : `Signals`
        Values beyond limits.
    charted : `numpy.ndarray`, (nights, series)
        Where charts had a value to judge.
    outliers : `numpy.ndarray`, (outliers, 2)
        Night and series of values of references that were left out as too far from the others.
    constant : `numpy.ndarray`, (nights, series)
        Where a value differs from values before it that are all equal, so that no chart can judge it.
    traces : `Traces` or `None`
        What is drawn, if it was asked for.
    """

    signals: Signals
    charted: Array
    outliers: Array
    constant: Array
    traces: Traces | None = None


def run_charts(
    values: Array,
    restarts: Array,
    limits: Sequence[Limits],
    *,
    reference: int = REFERENCE,
    trace: bool = False,
) -> Charts:
    """Run control charts over series of values.

    After a restart nothing of the values before counts. The first ``reference`` values are not judged; each later one is
    judged by all values before it since the restart, and then is one of these unless its score is beyond 5. A signal of
    EWMA or CUSUM says that the level has moved: the series restarts after it, so that the new level is learned and each
    move is one signal. These two take a value beyond the limit of a Shewhart chart of the same rate for one at that limit
    (Lucas & Crosier 1982, Communications in Statistics 11, 2669, on robust CUSUM): one bad night moves no level.

    Parameters
    ----------
    values : `numpy.ndarray`, (nights, series)
        Values in the order of time; NaN where there is none, as if that night had not been.
    restarts : `numpy.ndarray`, (nights, series)
        Where a series starts anew, before the value of the night.
    limits : sequence [`Limits`]
        Charts to run, and their limits.
    reference : `int`, optional
        Number of values before the first one that is judged, at least 5.
    trace : `bool`, optional
        Whether to return what is drawn: that takes the memory of the values several times.

    Returns
    -------
    charts : `Charts`
        The signals.

    Raises
    ------
    ValueError
        If shapes differ, or the reference is too small.
    """
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 2 or values.shape != np.shape(restarts):
        raise ValueError(f"values {values.shape} and restarts {np.shape(restarts)} are not of one shape")
    if reference < SMALLEST_REFERENCE:
        raise ValueError(f"a reference of {reference} values is less than {SMALLEST_REFERENCE}")
    with np.errstate(all="ignore"):
        return _Run(values, np.asarray(restarts, dtype=bool), limits, reference, trace=trace).run()


class _Run:
    """State of the charts between nights; values and estimates are in units of the largest value of each series."""

    def __init__(
        self, values: Array, restarts: Array, limits: Sequence[Limits], reference: int, *, trace: bool
    ) -> None:
        nights, series = values.shape
        finite = np.where(np.isfinite(values), values, np.nan)
        # Squares of numbers of any size have to be numbers as well.
        self.scale = np.fmax.reduce(np.abs(finite), axis=0, initial=0.0)
        self.scale[self.scale == 0.0] = 1.0
        self.values = finite / self.scale
        self.restarts, self.limits, self.reference = restarts, limits, reference
        self.caps = [-NormalDist().inv_cdf(0.5 / limit.run_length) for limit in limits]
        self.count, self.mean, self.squares = np.zeros(series), np.zeros(series), np.zeros(series)
        self.first_nights = np.zeros((reference, series), dtype=np.int64)
        self.is_screened = np.zeros(series, dtype=bool)
        self.since = np.zeros((len(limits), series))
        self.state = np.zeros((len(limits), 2, series))
        self.lengths = np.zeros((len(limits), 2, series))
        self.signals: list[Array] = []
        self.outliers: list[Array] = []
        self.charted = np.zeros((nights, series), dtype=bool)
        self.constant = np.zeros((nights, series), dtype=bool)
        self.traces = _empty_traces(nights, series, limits) if trace else None

    def run(self) -> Charts:
        for night in range(len(self.values)):
            self._restart(self.restarts[night])
            self._judge(night)
        columns = np.concatenate([np.empty((7, 0)), *self.signals], axis=1)
        signals = Signals(*(columns[i].astype(np.int64) for i in range(3)), *columns[3:])
        outliers = np.concatenate([np.empty((0, 2), dtype=np.int64), *self.outliers])
        return Charts(signals, self.charted, outliers, self.constant, self.traces)

    def _restart(self, where: Array) -> None:
        if where.any():
            self.count[where] = self.mean[where] = self.squares[where] = 0.0
            self.is_screened[where] = False
            self.since[:, where] = 0.0
            self.state[:, :, where] = self.lengths[:, :, where] = 0.0

    def _judge(self, night: int) -> None:
        """Judge the values of a night by those before it, then let them be of these."""
        row, count, mean = self.values[night], self.count, self.mean
        is_value = ~np.isnan(row)
        sigma = np.sqrt(self.squares / np.maximum(count - 1.0, 1.0))
        is_ready = is_value & self.is_screened
        has_spread = sigma > _ROUNDING * np.maximum(np.abs(mean), np.abs(row))
        judged = np.flatnonzero(is_ready & has_spread)
        self.constant[night] = is_ready & ~has_spread & (np.abs(row - mean) > _ROUNDING * np.abs(mean))
        self.charted[night, judged] = True
        score = np.full(row.shape, np.nan)
        t = (row[judged] - mean[judged]) / (sigma[judged] * np.sqrt(1.0 + 1.0 / count[judged]))
        score[judged] = np.clip(normal_scores(t, count[judged] - 1.0), -_LARGEST_SCORE, _LARGEST_SCORE)
        if self.traces is not None:
            shown = self.is_screened
            self.traces.centres[night] = np.where(shown, mean * self.scale, np.nan)
            self.traces.sigmas[night] = np.where(shown, sigma * self.scale, np.nan)
            self.traces.counts[night] = count
            self.traces.scores[night] = score
        is_moved = np.zeros(row.shape, dtype=bool)
        for index, limit in enumerate(self.limits):
            signals = self._chart(night, index, score, sigma)
            is_moved[signals] |= limit.kind != "shewhart"
        self._learn(night, is_value & ~(np.abs(score) > _UNLEARNED))
        self._restart(is_moved)

    def _learn(self, night: int, where: Array) -> None:
        """Bring mean and sum of squares up to date (Welford 1962, Technometrics 4, 419)."""
        row = self.values[night]
        young = np.flatnonzero(where & ~self.is_screened)
        self.first_nights[self.count[young].astype(np.int64), young] = night
        self.count[where] += 1.0
        difference = row[where] - self.mean[where]
        self.mean[where] += difference / self.count[where]
        self.squares[where] += difference * (row[where] - self.mean[where])
        self._screen(young[self.count[young] >= self.reference])

    def _screen(self, series: Array) -> None:
        """Leave values out of complete references that are too far from their median.

        One of them would widen the estimates for as long as it is one of few.
        """
        if not series.size:
            return
        nights = self.first_nights[:, series]
        values = self.values[nights, series]
        distance = np.abs(values - np.median(values, axis=0))
        spread = 1.4826 * np.median(distance, axis=0)
        is_far = (distance > _OUTLIER * spread) & (spread > _ROUNDING * np.max(np.abs(values), axis=0))
        self.is_screened[series] = True
        for column in np.flatnonzero(is_far.any(axis=0)):
            number, inside = series[column], ~is_far[:, column]
            rest, count = values[inside, column], int(inside.sum())
            self.outliers.append(
                np.stack([nights[~inside, column], np.full(self.reference - count, number)], axis=1)
            )
            self.first_nights[:count, number] = nights[inside, column]
            self.count[number], self.mean[number] = count, rest.mean()
            self.squares[number] = ((rest - rest.mean()) ** 2).sum()
            # The reference is not complete without them.
            self.is_screened[number] = False

    def _chart(self, night: int, index: int, score: Array, sigma: Array) -> Array:
        """Bring one kind of chart up to a night, and return the series in which it signals."""
        limit, state, lengths, since = (
            self.limits[index],
            self.state[index],
            self.lengths[index],
            self.since[index],
        )
        is_judged = ~np.isnan(score)
        since += is_judged
        capped = np.clip(score, -self.caps[index], self.caps[index])
        bound: Array = np.full(score.shape, limit.width)
        if limit.kind == "shewhart":
            statistic = shift = score
        elif limit.kind == "ewma":
            moved = limit.setting * capped + (1.0 - limit.setting) * state[0]
            statistic = shift = state[0] = np.where(is_judged, moved, state[0])
            bound = ewma_limit(since, limit.setting, limit.width)
        else:
            moved = np.maximum(state + np.stack([capped, -capped]) - limit.setting, 0.0)
            state[:] = np.where(is_judged, moved, state)
            lengths[:] = np.where(is_judged, np.where(moved > 0.0, lengths + 1.0, 0.0), lengths)
            side = np.where(state[0] >= state[1], 0, 1)
            columns = np.arange(len(score))
            statistic = np.where(side == 0, state[0], -state[1])
            mean = limit.setting + state[side, columns] / np.maximum(lengths[side, columns], 1.0)
            shift = np.where(side == 0, mean, -mean)
        is_signal = is_judged & (np.abs(statistic) > bound)
        if self.traces is not None:
            self.traces.statistics[limit.kind][night] = np.where(is_judged, statistic, np.nan)
            self.traces.bounds[limit.kind][night] = np.where(is_judged, bound, np.nan)
        series = np.flatnonzero(is_signal)
        if series.size:
            strength = statistic[series] / bound[series]
            centre, spread = self.mean[series] * self.scale[series], sigma[series] * self.scale[series]
            places = (np.full(series.shape, index), np.full(series.shape, night), series)
            self.signals.append(np.stack([*places, strength, shift[series], centre, spread]))
        return series


def _empty_traces(nights: int, series: int, limits: Sequence[Limits]) -> Traces:
    def empty() -> Array:
        return np.full((nights, series), np.nan)

    kinds: list[str] = [limit.kind for limit in limits]
    statistics, bounds = ({kind: empty() for kind in kinds} for _ in range(2))
    return Traces(empty(), empty(), empty(), empty(), statistics, bounds)
