"""The monitor: control charts of all metrics of a package, and their alarms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from curated.core.diagnostic import CuratedError, Diagnostic, Problem
from curated.declare.field import Array
from curated.monitoring.charts import REFERENCE, Charts, run_charts
from curated.monitoring.limits import KINDS, Kind, Limits, family_limits
from curated.monitoring.metric import MetricFile, date_of, mjd_of
from curated.monitoring.series import Boundary, Nights, Series, collect
from curated.monitoring.store import metric_files, read_metrics
from curated.package.package import Package

BLOCK = 2_000_000
"""Values of the charts that are run at once, which bounds memory."""

_SHOWN = 5


@dataclass(frozen=True, slots=True, order=True)
class Alarm:
    """A signal of a chart.

    Parameters
    ----------
    night : `datetime.date`
        Date on which the night began.
    series : `Series`
        What the chart is of.
    chart : `str`
        ``shewhart``, ``ewma`` or ``cusum``.
    value : `float`
        Value of the night, in the unit of the series.
    mean, sigma : `float`
        Mean and standard deviation of the values before it since the last restart.
    shift : `float`
        Estimate of the shift, in standard deviations.
    strength : `float`
        The chart's statistic in units of its limit.
    restart : `str`
        The last restart before: its date and label; empty if there was none.
    """

    night: date
    series: Series
    chart: str
    value: float
    mean: float
    sigma: float
    shift: float
    strength: float
    restart: str = ""


@dataclass(frozen=True, slots=True)
class Monitoring:
    """Result of the monitor.

    Parameters
    ----------
    alarms : `tuple` [`Alarm`]
        In the order of nights.
    series, charts : `int`
        Numbers of series that have enough values, and of their charts.
    short : `int`
        Number of series that are too short.
    values, nights : `int`
        Numbers of values that were judged, and of nights with at least one of them.
    first, last : `datetime.date` or `None`
        First and last night with values.
    since : `datetime.date` or `None`
        First night that was judged, if it was given.
    one_in : `float`
        Nights in which all charts together give one false alarm.
    limits : `tuple` [`Limits`]
        Limits of each kind of chart.
    findings : `tuple` [`Diagnostic`]
        Findings in the files, and of the series.
    """

    alarms: tuple[Alarm, ...]
    series: int
    charts: int
    short: int
    values: int
    nights: int
    first: date | None
    last: date | None
    since: date | None
    one_in: float
    limits: tuple[Limits, ...]
    findings: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """The series of one statistic, and when their charts restart.

    Parameters
    ----------
    path : `str`
        Directory of its files.
    nights : `Nights`
        Value of each series in each night.
    boundaries : `tuple` [`Boundary`]
        When charts restart.
    """

    path: str
    nights: Nights
    boundaries: tuple[Boundary, ...] = ()


@dataclass(slots=True)
class Loaded:
    """The series of a package.

    Parameters
    ----------
    groups : `list` [`Group`]
        One for each statistic that has a value.
    findings : `list` [`Diagnostic`]
        Findings in the files.
    """

    groups: list[Group] = field(default_factory=list)
    findings: list[Diagnostic] = field(default_factory=list)


def select_files(
    package: Package, instrument: str = "", type_name: str = "", statistic: str = ""
) -> list[MetricFile]:
    """Return the files of metrics of an instrument, a type and a statistic; of all where a name is empty.

    Raises
    ------
    CuratedError
        If there are none; the hint names those that there are.
    """
    files = metric_files(package)
    chosen = files
    for level, name in (("instrument", instrument), ("type", type_name), ("statistic", statistic)):
        names = sorted({getattr(file, level) for file in chosen})
        if name:
            chosen = [file for file in chosen if getattr(file, level).lower() == name.lower()]
        if not chosen:
            what = f" of {level} {name!r}" if name else ""
            choices = ", ".join(names) if names else "none; 'curated monitor --add FILE' adds some"
            raise CuratedError(f"there are no metrics{what}", f"there are metrics of: {choices}")
    return chosen


def load(
    package: Package,
    files: Sequence[MetricFile],
    boundaries: Mapping[tuple[str, str], Sequence[Boundary]],
    utc_offsets: Mapping[str, float],
) -> Loaded:
    """Read the series of files of metrics.

    Parameters
    ----------
    files : sequence [`MetricFile`]
        Files of the package.
    boundaries : `dict` [`tuple` [`str`, `str`], sequence [`Boundary`]]
        When charts restart, by instrument and type.
    utc_offsets : `dict` [`str`, `float`]
        Hours by which each observatory's time is ahead of UTC, by instrument; 0 for those that are not there.
    """
    by_statistic: dict[tuple[str, str, str], list[MetricFile]] = {}
    for file in files:
        by_statistic.setdefault((file.instrument, file.type, file.statistic), []).append(file)
    loaded = Loaded()
    for (instrument, type_name, _), members in sorted(by_statistic.items()):
        parts = []
        for file in sorted(members):
            rows, findings = read_metrics(package.files, file)
            loaded.findings += findings
            parts.append((file, rows))
        nights, units = collect(parts, utc_offsets.get(instrument, 0.0))
        directory = members[0].path.rpartition("/")[0]
        if len(units) > 1:
            detail = f"values in {', '.join(unit or 'no unit' for unit in units)} are charted apart"
            loaded.findings.append(Diagnostic.from_problem(Problem("CAL887", (), detail), directory))
        if nights.series:
            loaded.groups.append(Group(directory, nights, tuple(boundaries.get((instrument, type_name), ()))))
    return loaded


def judge_series(
    loaded: Loaded,
    *,
    kinds: Sequence[Kind] = KINDS,
    one_in: float = 30.0,
    since: date | None = None,
    reference: int = REFERENCE,
) -> Monitoring:
    """Run the charts of all series, with limits for a rate of false alarms of all of them together.

    Parameters
    ----------
    kinds : sequence [`str`], optional
        Kinds of charts.
    one_in : `float`, optional
        Nights in which all charts together give one false alarm on average.
    since : `datetime.date`, optional
        First night of which alarms are returned; the nights before count for the charts.
    reference : `int`, optional
        Values from which a series is charted.

    Raises
    ------
    CuratedError
        If no limits have such a rate.
    """
    series = sum(int((group.nights.counts() > reference).sum()) for group in loaded.groups)
    charts = series * len(kinds)
    limits = tuple(family_limits(kind, charts, one_in) for kind in kinds)
    alarms: list[Alarm] = []
    findings = list(loaded.findings)
    judged: set[int] = set()
    values = short = 0
    first_night = mjd_of(since) if since is not None else 0
    for group in loaded.groups:
        notes = _Notes(group)
        nights = group.nights.nights
        for first, result, table in run_group(group, limits, reference=reference):
            late = result.charted[nights >= first_night]
            values += int(late.sum())
            judged.update(nights[nights >= first_night][late.any(axis=1)].tolist())
            short += int((~result.charted.any(axis=0)).sum())
            alarms += [
                a for a in _alarms(group, first, result, table, limits) if since is None or a.night >= since
            ]
            notes.add(first, result, first_night)
        findings += notes.diagnostics()
    if short:
        total = sum(len(group.nights.series) for group in loaded.groups)
        detail = f"{short:,} of {total:,} series have no value after {reference} others since a restart"
        findings.append(Diagnostic.from_problem(Problem("CAL890", (), detail), loaded.groups[0].path))
    all_nights = [int(night) for group in loaded.groups for night in group.nights.nights[[0, -1]]]
    return Monitoring(
        tuple(sorted(alarms)),
        series,
        charts,
        short,
        values,
        len(judged),
        date_of(min(all_nights)) if all_nights else None,
        date_of(max(all_nights)) if all_nights else None,
        since,
        one_in,
        limits,
        tuple(findings),
    )


def run_group(
    group: Group, limits: Sequence[Limits], *, reference: int = REFERENCE, trace: bool = False
) -> Iterator[tuple[int, Charts, Array]]:
    """Run the charts of a statistic in blocks of series.

    Yields
    ------
    first : `int`
        Number of the first series of the block.
    charts : `Charts`
        Its charts.
    values : `numpy.ndarray`, (nights, series)
        Its values.
    """
    nights = group.nights
    step = max(1, BLOCK // max(len(nights.nights), 1))
    for first in range(0, len(nights.series), step):
        last = min(first + step, len(nights.series))
        values, restarts = nights.block(first, last, group.boundaries)
        yield first, run_charts(values, restarts, limits, reference=reference, trace=trace), values


def _alarms(
    group: Group, first: int, charts: Charts, values: Array, limits: Sequence[Limits]
) -> Iterator[Alarm]:
    signals = charts.signals
    for index in range(len(signals.nights)):
        night, column = int(signals.nights[index]), int(signals.series[index])
        series = group.nights.series[first + column]
        day = int(group.nights.nights[night])
        yield Alarm(
            date_of(day),
            series,
            limits[int(signals.kinds[index])].kind,
            float(values[night, column]),
            float(signals.centres[index]),
            float(signals.sigmas[index]),
            float(signals.shifts[index]),
            float(signals.strengths[index]),
            _last_restart(group, series, day),
        )


def _last_restart(group: Group, series: Series, day: int) -> str:
    """Return the date and label of the last restart before the end of a night."""
    earlier = [b for b in group.boundaries if b.mjd < day + 1 and b.concerns(series)]
    if not earlier:
        return ""
    last = max(earlier, key=lambda boundary: boundary.mjd)
    return f"{date_of(int(np.floor(last.mjd))).isoformat()} {last.label}"


class _Notes:
    """Findings about the series of a statistic, a few words for each kind."""

    def __init__(self, group: Group) -> None:
        self.group = group
        self.texts: dict[str, list[str]] = {"CAL888": [], "CAL889": []}

    def add(self, first: int, charts: Charts, first_night: int) -> None:
        for code, places in (("CAL888", charts.outliers), ("CAL889", np.argwhere(charts.constant))):
            for night, column in places.tolist():
                day = int(self.group.nights.nights[night])
                if day >= first_night:
                    place = self.group.nights.series[first + column].place
                    self.texts[code].append(f"{place} on {date_of(day).isoformat()}")

    def diagnostics(self) -> Iterator[Diagnostic]:
        for code, texts in self.texts.items():
            if texts:
                more = f", and {len(texts) - _SHOWN:,} more" if len(texts) > _SHOWN else ""
                detail = f"{', '.join(sorted(texts)[:_SHOWN])}{more}"
                yield Diagnostic.from_problem(Problem(code, (), detail), self.group.path)
