"""Alarms as lines of at most 80 columns, and as plain data."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from curated.monitoring.limits import KINDS, describe_limits
from curated.monitoring.monitor import Alarm, Monitoring
from curated.report.text import printable

_WIDTH = 80


def monitor_lines(result: Monitoring) -> Iterator[str]:
    """Yield the alarms by metric, and then what was looked at and what the limits promise; at most 80 columns."""
    alarms = sorted(
        result.alarms, key=lambda alarm: (alarm.series[:3], alarm.night, alarm.series, alarm.chart)
    )
    for names, metric_alarms in groupby(alarms, key=lambda alarm: alarm.series[:3]):
        members = list(metric_alarms)
        units = " ".join(dict.fromkeys(alarm.series.unit for alarm in members if alarm.series.unit))
        yield printable(f"{' '.join(names)}{f' ({units})' if units else ''}")
        yield f"{'':<58}shift in sigma"
        titles = "".join(f"{kind:>9}" if kind == "shewhart" else f"{kind:>6}" for kind in KINDS)
        yield f"  {'night':<11} {'where':<15} {'value':>8}  {'mean and sigma':<16} {titles}"
        restart = ""
        for _, same in groupby(members, key=lambda alarm: (alarm.night, alarm.series)):
            row = list(same)
            if row[0].restart != restart:
                restart = row[0].restart
                note = f"counted since {printable(restart)}" if restart else "never restarted"
                yield from textwrap.wrap(note, _WIDTH, initial_indent="    ", subsequent_indent="    ")
            yield from _alarm_lines(row)
        yield ""
    yield from _summary(result)


def _alarm_lines(alarms: Sequence[Alarm]) -> Iterator[str]:
    """Yield the alarms of a series in a night: by how many standard deviations it has moved, for each kind of chart."""
    first = alarms[0]
    shifts = {alarm.chart: f"{alarm.shift:+.1f}" for alarm in alarms}
    cells = "".join(f"{shifts.get(kind, ''):>{9 if kind == 'shewhart' else 6}}" for kind in KINDS)
    numbers = f"{first.value:>8.5g}  {f'{first.mean:.5g} +- {first.sigma:.2g}':<16} {cells}".rstrip()
    place, start = printable(first.series.place), f"  {first.night.isoformat()}  "
    line = f"{start}{place:<15} {numbers}"
    if len(place) > 15 or len(line) > _WIDTH:
        yield start + place[: _WIDTH - len(start)]
        line = f"{'':<30}{numbers}"
        line = line if len(line) <= _WIDTH else f"{'':<4}{numbers}"
    yield line


def _summary(result: Monitoring) -> Iterator[str]:
    count = len(result.alarms)
    since = f" since {result.since.isoformat()}" if result.since else ""
    nights = f"{result.nights:,} night{'s' * (result.nights != 1)}"
    if not result.charts:
        yield "no series has enough values for a chart: nothing was judged"
        return
    span = f"{result.first} to {result.last}"
    yield f"{_count(count, 'alarm')} in {nights}{since}; {result.nights / result.one_in:.3g} false ones are expected"
    charts = f"{result.charts:,} charts of {result.series:,} series, {result.values:,} values judged"
    yield f"{charts}, metrics from {span}" if len(charts) < 40 else charts
    if len(charts) >= 40:
        yield f"metrics from {span}"
    yield f"limits for one false alarm of all charts in {result.one_in:g} nights:"
    yield f"  {', '.join(map(describe_limits, result.limits))}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}" if number else f"no {noun}"


def monitor_to_json(result: Monitoring) -> dict[str, Any]:
    """Return the result as plain data."""
    return {
        "alarms": [_alarm_to_dict(alarm) for alarm in result.alarms],
        "series": result.series,
        "charts": result.charts,
        "short_series": result.short,
        "values": result.values,
        "nights": result.nights,
        "first_night": result.first.isoformat() if result.first else None,
        "last_night": result.last.isoformat() if result.last else None,
        "since": result.since.isoformat() if result.since else None,
        "one_in_nights": result.one_in,
        "expected_false_alarms": result.nights / result.one_in,
        "limits": [
            {
                "chart": limit.kind,
                "limit": limit.width,
                "setting": limit.setting,
                "run_length": limit.run_length,
            }
            for limit in result.limits
        ],
        "diagnostics": [finding.to_dict() for finding in result.findings],
    }


def _alarm_to_dict(alarm: Alarm) -> dict[str, Any]:
    return {
        "night": alarm.night.isoformat(),
        **{name: value or None for name, value in alarm.series._asdict().items()},
        "chart": alarm.chart,
        "value": _finite(alarm.value),
        "mean": _finite(alarm.mean),
        "sigma": _finite(alarm.sigma),
        "shift_sigma": _finite(alarm.shift),
        "shift": _finite(alarm.shift * alarm.sigma),
        "strength": _finite(alarm.strength),
        "since": alarm.restart or None,
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
