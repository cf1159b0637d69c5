"""Series of metrics: the values of each amplifier, night by night, as arrays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np

from curated.core.times import tai_nanoseconds
from curated.core.units import DIMENSIONLESS, converts, factor
from curated.declare.field import Array
from curated.monitoring.metric import FIRST_MJD, MetricFile
from curated.monitoring.metric_text import MetricRows
from curated.package.layout import directory_name

_EPOCH = datetime(1970, 1, 1)
_DAY_NS = 86_400_000_000_000


class Series(NamedTuple):
    """What a chart is of.

    Parameters
    ----------
    instrument, type, statistic, detector, amplifier, filter, unit : `str`
        Names; those of detector, amplifier and filter are empty where the metric is of all.
    """

    instrument: str
    type: str
    statistic: str
    detector: str
    amplifier: str
    filter: str
    unit: str

    @property
    def place(self) -> str:
        """Detector, amplifier and filter, for people."""
        return " ".join(filter(None, (self.detector, self.amplifier, self.filter))) or "-"


class Boundary(NamedTuple):
    """A time at which charts restart.

    Parameters
    ----------
    mjd : `float`
        MJD (TAI).
    detectors, filters : `frozenset` [`str`]
        Directory names of the detectors and filters that it concerns; all if empty.
    kind : `str`
        ``certification`` or ``event``.
    label : `str`
        What happened, for people.
    """

    mjd: float
    detectors: frozenset[str]
    filters: frozenset[str]
    kind: str
    label: str

    def concerns(self, series: Series) -> bool:
        """Say whether a chart restarts: a metric of all detectors is one of each."""
        return all(
            not names or not name or directory_name(name) in names
            for name, names in ((series.detector, self.detectors), (series.filter, self.filters))
        )


@dataclass(frozen=True, slots=True)
class Nights:
    """Series of one statistic, a value a night.

    Parameters
    ----------
    series : `list` [`Series`]
        What the columns are of.
    nights : `numpy.ndarray` of `int`, (nights,)
        MJD of the dates on which nights begin, in order.
    columns, rows : `numpy.ndarray` of `int`, (values,)
        Place of each value, in the order of series and nights.
    values, times : `numpy.ndarray`, (values,)
        Median of the values of a night, and their mean time (MJD, TAI).
    """

    series: list[Series]
    nights: Array
    columns: Array
    rows: Array
    values: Array
    times: Array

    def counts(self) -> Array:
        """Return the number of nights with a value of each series, (series,)."""
        return np.bincount(self.columns, minlength=len(self.series))

    def block(self, first: int, last: int, boundaries: Sequence[Boundary]) -> tuple[Array, Array]:
        """Return values and restarts of some series, both of them (nights, last - first).

        Parameters
        ----------
        first, last : `int`
            Series from the first to before the last.
        boundaries : sequence [`Boundary`]
            When charts restart.
        """
        values = np.full((len(self.nights), last - first), np.nan)
        restarts = np.zeros(values.shape, dtype=bool)
        low, high = np.searchsorted(self.columns, [first, last])
        values[self.rows[low:high], self.columns[low:high] - first] = self.values[low:high]
        if boundaries:
            starts = np.searchsorted(self.columns, np.arange(first, last + 1))
            for column in range(last - first):
                part = slice(starts[column], starts[column + 1])
                moments = [b.mjd for b in boundaries if b.concerns(self.series[first + column])]
                segment = np.searchsorted(np.sort(moments), self.times[part], side="right")
                restarts[self.rows[part][1:][np.diff(segment) > 0], column] = True
        return values, restarts


def collect(files: Iterable[tuple[MetricFile, MetricRows]], utc_offset: float) -> tuple[Nights, list[str]]:
    """Return the series of one statistic, and the units that do not convert to the first one.

    Units that convert are converted to that of the first value. Of several values of a night the median counts.

    Parameters
    ----------
    files : iterable [`tuple`]
        Files of one instrument, type and statistic, and their rows.
    utc_offset : `float`
        Hours by which the observatory's time is ahead of UTC; a night goes from noon to noon of that time.
    """
    numbers: dict[Series, int] = {}
    factors: dict[str, tuple[str, float]] = {}
    parts: list[tuple[Array, Array, Array]] = []
    for file, rows in files:
        codes = []
        scales = []
        cache: dict[tuple[str, str, str, str], tuple[int, float]] = {}
        for key in zip(rows.detector, rows.amplifier, rows.filter, rows.unit, strict=True):
            place = cache.get(key)
            if place is None:
                unit, scale = _converted(key[3], factors)
                series = Series(file.instrument, file.type, file.statistic, *key[:3], unit)
                place = cache[key] = (numbers.setdefault(series, len(numbers)), scale)
            codes.append(place[0])
            scales.append(place[1])
        parts.append(
            (np.array(codes, dtype=np.int64), np.array(rows.mjd), np.array(rows.value) * np.array(scales))
        )
    order = sorted(numbers)
    position = np.empty(len(order), dtype=np.int64)
    position[[numbers[series] for series in order]] = np.arange(len(order))
    codes_, mjd, values = (
        (np.concatenate(columns) for columns in zip(*parts, strict=True)) if parts else (np.empty(0),) * 3
    )
    foreign = sorted({unit for unit, _ in factors.values()})
    nights = night_numbers(mjd, utc_offset)
    return _grouped(order, position[codes_.astype(np.int64)], nights, mjd, values), foreign


def night_numbers(mjd: Array, utc_offset: float) -> Array:
    """Return the MJD of the date on which the night of each time began, (N,).

    Parameters
    ----------
    mjd : `numpy.ndarray`, (N,)
        MJD (TAI).
    utc_offset : `float`
        Hours by which the observatory's time is ahead of UTC.
    """
    if not mjd.size:
        return np.empty(0, dtype=np.int64)
    # TAI is ahead of UTC by the same seconds for years, and nobody observes at noon.
    utc = _EPOCH + timedelta(days=float(np.median(mjd)) - FIRST_MJD)
    ahead = mjd_tai(utc) - (FIRST_MJD + (utc - _EPOCH) / timedelta(days=1))
    night: Array = np.floor(mjd - ahead + (utc_offset - 12.0) / 24.0).astype(np.int64)
    return night


def mjd_tai(time: datetime) -> float:
    """Return the MJD (TAI) of a time in UTC."""
    return FIRST_MJD + tai_nanoseconds([time])[time] / _DAY_NS


def _converted(unit: str, factors: dict[str, tuple[str, float]]) -> tuple[str, float]:
    """Return the unit that values of a unit are charted in, and the factor to it; units seen before are in ``factors``."""
    if unit not in factors:
        targets = dict.fromkeys(target for target, _ in factors.values())
        target = next((t for t in targets if _is_convertible(unit, t)), unit)
        factors[unit] = (target, 1.0 if target == unit else factor(unit, target))
    return factors[unit]


def _is_convertible(unit: str, target: str) -> bool:
    try:
        return (
            (unit in DIMENSIONLESS) == (target in DIMENSIONLESS)
            and converts(unit, target)
            and factor(unit, target) > 0
        )
    except (ValueError, TypeError, ArithmeticError):
        return False


def _grouped(series: list[Series], codes: Array, nights: Array, mjd: Array, values: Array) -> Nights:
    """Take the values of one series and night together."""
    order = np.lexsort((values, nights, codes))
    codes, nights, mjd, values = codes[order], nights[order], mjd[order], values[order]
    is_first = np.ones(len(codes), dtype=bool)
    is_first[1:] = (np.diff(codes) != 0) | (np.diff(nights) != 0)
    starts = np.flatnonzero(is_first)
    counts = np.diff(np.append(starts, len(codes)))
    medians = 0.5 * values[starts + (counts - 1) // 2] + 0.5 * values[starts + counts // 2]
    times = np.add.reduceat(mjd, starts) / counts if len(starts) else mjd
    every_night, rows = np.unique(nights[starts], return_inverse=True)
    return Nights(series, every_night, codes[starts], rows.ravel(), medians, times)
