"""One value of a product over time: steps from one calibration to the next, and in grey what was believed before."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from curated.core.wholefile import write_whole
from curated.declare import Conditions
from curated.history.beliefs.log import History, Version
from curated.history.beliefs.values import Series, Values, read_values
from curated.plots import format_of
from curated.plots.canvas import figure_bytes, new_figure, plain, styled
from curated.plots.style import COLOURS, GREY

_UNBOUNDED = datetime(1972, 1, 1)
"""Starts before it are those of calibrations that apply at all times."""

_FIRST, _LAST = datetime(2, 1, 1), datetime(9998, 1, 1)
"""Ends of the calendar, as far as matplotlib has it."""

_SUPERSEDED = "#B3B3B3"


class Segment(NamedTuple):
    """A value over a range of time; an end of `None` is open."""

    begin: datetime
    end: datetime | None
    value: float


def plot_history(
    history: History,
    path: Path,
    value: str = "",
    *,
    amplifier: str = "",
    band: str = "",
    conditions_by_blob: Mapping[str, Conditions] | None = None,
) -> None:
    """Draw one value of a product over all times at which it applied; the same history gives the same bytes.

    Parameters
    ----------
    path : `~pathlib.Path`
        File to write; its ending is its format.
    value, amplifier, band, conditions_by_blob
        What is drawn; see `~curated.history.beliefs.values.read_values`.

    Raises
    ------
    CuratedError
        If the file has another ending, matplotlib is not installed, or there is no such value.
    """
    form = format_of(path)
    with styled():
        figure = new_figure()
        values = read_values(
            history, value, amplifier=amplifier, band=band, conditions_by_blob=conditions_by_blob
        )
        draw_history(figure, history, values)
        drawing = figure_bytes(figure, form)
    write_whole(path, [drawing])


def current_segments(history: History, series: Mapping[str, Series]) -> dict[str, list[Segment]]:
    """Return the values of the newest commit over time, by what they are of."""
    return _segments(history.beliefs[-1].versions, series)


def superseded_segments(history: History, series: Mapping[str, Series]) -> dict[str, list[Segment]]:
    """Return values that were once believed, over times at which the newest commit has others."""
    current = {label: set(segments) for label, segments in current_segments(history, series).items()}
    superseded: dict[str, list[Segment]] = {}
    for belief in history.beliefs[:-1]:
        for label, segments in _segments(belief.versions, series).items():
            others = [
                s for s in segments if s not in current.get(label, ()) and s not in superseded.get(label, ())
            ]
            superseded.setdefault(label, []).extend(others)
    return superseded


def _segments(versions: Sequence[Version], series: Mapping[str, Series]) -> dict[str, list[Segment]]:
    segments: dict[str, list[Segment]] = {}
    for version in versions:
        begin, end = version.range.start, version.range.end
        if version.range.deprecation is None and (end is None or begin < end):
            for label, value in series.get(version.blob, {}).items():
                segments.setdefault(label, []).append(Segment(begin, end, value))
    return segments


def draw_history(figure: Any, history: History, values: Values) -> None:
    """Draw the values of a product over time into an empty figure."""
    dates: Any = importlib.import_module("matplotlib.dates")  # an optional extra

    figure.set_size_inches(7.5, 4.2)
    axes = figure.subplots()
    current, superseded = (
        current_segments(history, values.series),
        superseded_segments(history, values.series),
    )
    segments = [s for group in (current, superseded) for members in group.values() for s in members]
    first, last = _limits(history, segments)
    for members in superseded.values():
        for segment in members:
            span = max(segment.begin, first), min(segment.end or last, last)
            axes.plot(span, (segment.value,) * 2, color=_SUPERSEDED, linewidth=1.0, solid_capstyle="butt")
    for i, (label, members) in enumerate(current.items()):
        times, numbers = _steps(members, first, last)
        axes.plot(
            times,
            numbers,
            color=COLOURS[i % len(COLOURS)],
            label=plain(label) or "now",
            solid_capstyle="butt",
        )
    if any(superseded.values()):
        axes.plot([], [], color=_SUPERSEDED, linewidth=1.0, label="believed before")
    if len(current) > 1 or any(superseded.values()):
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), borderaxespad=0)
    axes.set_xlim(first, last)
    locator = dates.AutoDateLocator(minticks=3, maxticks=8)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))
    axes.margins(y=0.12)
    axes.ticklabel_format(axis="y", useOffset=False)
    axes.grid(axis="y", color="#E5E5E5", linewidth=0.6)
    axes.set_axisbelow(True)
    unit, note = values.quantity.unit, values.note
    name = values.label
    axes.set_ylabel(
        plain(f"{name} ({unit})" if unit and unit != "-" else name) + (f"\n{note}" if note else "")
    )
    axes.set_xlabel("Time at which it applies (UTC)")
    newest = history.beliefs[-1].commit
    figure.suptitle(
        plain(str(history.key).replace("/", "  ·  ")), fontweight="bold", x=0.02, ha="left", fontsize=11
    )
    commits = f"{len(history.beliefs):,} commit{'' if len(history.beliefs) == 1 else 's'}"
    source = f"{commits} until {newest.sha1[:12]} {newest.date}"
    figure.get_layout_engine().set(rect=(0, 0.05, 1, 0.95))
    figure.text(0.02, 0.015, plain(source), fontsize=7, color=GREY)


def _steps(
    segments: Sequence[Segment], first: datetime, last: datetime
) -> tuple[list[datetime], list[float]]:
    """Return corners of steps; where nothing applies the line is interrupted."""
    times: list[datetime] = []
    numbers: list[float] = []
    for segment in sorted(segments, key=lambda segment: segment.begin):
        begin, end = max(segment.begin, first), min(segment.end or last, last)
        if times and times[-1] < begin:
            times.append(begin)
            numbers.append(float("nan"))
        times += [begin, end]
        numbers += [segment.value, segment.value]
    return times, numbers


def _limits(history: History, segments: Sequence[Segment]) -> tuple[datetime, datetime]:
    """Return the ends of the axis: all starts and ends, and the commits, but no start at the beginning of all times."""
    moments = [datetime.fromisoformat(b.commit.date) for b in history.beliefs if b.commit.date]
    moments += [t for s in segments for t in (s.begin, s.end) if t is not None]
    bounded = [moment for moment in moments if moment >= _UNBOUNDED] or moments or [_UNBOUNDED]
    first, last = max(min(bounded), _FIRST), min(max(bounded), _LAST)
    # Of a single moment, what applies at all times is drawn over a year about it, not over hours.
    margin = max((last - first) / 20, timedelta(days=1) if last > first else timedelta(days=183))
    return max(first, _FIRST + margin) - margin, min(last, _LAST - margin) + margin
