"""Plots of metrics over the nights: a panel for each amplifier, with limits, restarts and alarms."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from curated.core.wholefile import write_whole
from curated.declare.field import Array
from curated.monitoring.charts import Traces, run_charts
from curated.monitoring.limits import Limits
from curated.monitoring.metric import date_of
from curated.monitoring.monitor import Alarm, Group
from curated.monitoring.series import Boundary, Nights, Series
from curated.monitoring.single_charts import student_quantiles
from curated.plots.canvas import figure_bytes, new_figure, plain, styled
from curated.plots.style import COLOURS, GREY

MOST_FIGURES = 40
"""Figures of a directory; those with alarms come first."""

MOST_PANELS = 64
_GRID = "#E5E5E5"
_ALARM_COLOURS = {"shewhart": COLOURS[1], "ewma": COLOURS[3], "cusum": COLOURS[2]}
_MARKS = {"shewhart": "o", "ewma": "D", "cusum": "s"}


class Page(NamedTuple):
    """A figure: the amplifiers of a detector.

    Parameters
    ----------
    name : `str`
        Name of its file, without ending.
    group : `Group`
        The statistic that is drawn.
    columns : `list` [`int`]
        Numbers of its series, one for each panel.
    is_alarmed : `bool`
        Whether it has an alarm.
    """

    name: str
    group: Group
    columns: list[int]
    is_alarmed: bool


def plan_pages(groups: Sequence[Group], alarms: Collection[Alarm]) -> list[Page]:
    """Return the figures of series, those with alarms first."""
    alarmed = {alarm.series for alarm in alarms}
    pages: list[Page] = []
    names: set[str] = set()
    for group in groups:
        by_detector: dict[tuple[str, ...], list[int]] = {}
        for column, series in enumerate(group.nights.series):
            by_detector.setdefault((*series[:4], series.filter, series.unit), []).append(column)
        units = {series.unit for series in group.nights.series}
        for key, columns in by_detector.items():
            name = _file_name(key if len(units) > 1 else key[:-1], names)
            names.add(name.lower())
            series_of = group.nights.series
            columns.sort(key=lambda column: series_of[column] not in alarmed)
            shown = sorted(columns[:MOST_PANELS])
            pages.append(Page(name, group, shown, any(series_of[c] in alarmed for c in columns)))
    return sorted(pages, key=lambda page: not page.is_alarmed)


def write_pages(
    directory: Path,
    pages: Sequence[Page],
    limits: Sequence[Limits],
    alarms: Collection[Alarm],
    form: str,
    reference: int,
) -> Iterator[Path]:
    """Draw figures, write each of them whole, and yield their files.

    Parameters
    ----------
    limits : sequence [`Limits`]
        Limits of the charts that gave the alarms.
    form : `str`
        ``png``, ``svg`` or ``pdf``.
    reference : `int`
        Values before the first one that is judged.

    Raises
    ------
    CuratedError
        If matplotlib is not installed.
    """
    by_series: dict[Series, list[Alarm]] = {}
    for alarm in alarms:
        by_series.setdefault(alarm.series, []).append(alarm)
    directory.mkdir(parents=True, exist_ok=True)
    for page in pages:
        with styled():
            figure = _draw(page, limits, by_series, reference)
            data = figure_bytes(figure, form)
        path = directory / f"{page.name}.{form}"
        write_whole(path, [data], follow=False)
        yield path


def _file_name(parts: Sequence[str], taken: Collection[str]) -> str:
    """Return a name of a file of letters, digits and a few signs, which no other figure has."""
    name = "-".join(re.sub(r"[^A-Za-z0-9_.+-]+", "_", part) for part in parts if part)[:150]
    unique, number = name, 2
    while unique.lower() in taken:
        unique, number = f"{name}-{number}", number + 1
    return unique


def _draw(
    page: Page, limits: Sequence[Limits], alarms: Mapping[Series, Sequence[Alarm]], reference: int
) -> Any:
    """Draw the panels of a page; all have the same axis of time."""
    nights = page.group.nights
    blocks = [nights.block(column, column + 1, page.group.boundaries) for column in page.columns]
    values = np.concatenate([block[0] for block in blocks], axis=1)
    restarts = np.concatenate([block[1] for block in blocks], axis=1)
    traces = run_charts(values, restarts, limits, reference=reference, trace=True).traces
    count = len(page.columns)
    across = min(4, math.ceil(math.sqrt(count)))
    down = math.ceil(count / across)
    figure = new_figure()
    figure.set_size_inches(max(2.7 * across, 5.0), max(1.35 * down + 0.9, 2.8))
    panels = figure.subplots(down, across, sharex=True, squeeze=False)
    dates = np.array([date_of(int(night)).isoformat() for night in nights.nights], dtype="datetime64[D]")
    for panel, axes in enumerate(panels.ravel()):
        if panel >= count:
            axes.set_visible(False)
            continue
        series = nights.series[page.columns[panel]]
        _draw_panel(axes, dates, values[:, panel], traces, panel, limits)
        _draw_restarts(axes, [b for b in page.group.boundaries if b.concerns(series)], nights)
        _draw_alarms(axes, alarms.get(series, ()))
        axes.set_title(plain(series.amplifier or series.place), fontsize=8, loc="left", pad=2)
    _label(figure, panels, page)
    return figure


def _draw_panel(
    axes: Any, dates: Array, values: Array, traces: Traces | None, panel: int, limits: Sequence[Limits]
) -> None:
    axes.grid(color=_GRID, linewidth=0.5)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=7)
    axes.plot(dates, values, ".", color=COLOURS[0], markersize=2.5, label="value of a night")
    if traces is None:
        return
    centres, sigmas, counts = (trace[:, panel] for trace in (traces.centres, traces.sigmas, traces.counts))
    axes.plot(dates, centres, color=GREY, linewidth=0.8, label="mean of the nights before")
    for limit in limits:
        if limit.kind == "shewhart":
            reach = student_quantiles(limit.width, counts - 1.0) * sigmas * np.sqrt(1.0 + 1.0 / counts)
            for sign in (-1.0, 1.0):
                name = "limit of a single night" if sign > 0 else None
                bound = centres + sign * reach
                axes.plot(dates, bound, color=COLOURS[1], linewidth=0.7, linestyle="--", label=name)
        elif limit.kind == "ewma":
            average = centres + traces.statistics["ewma"][:, panel] * sigmas
            axes.plot(dates, average, color=COLOURS[3], linewidth=0.9, label="EWMA")
            for sign in (-1.0, 1.0):
                name = "limit of EWMA" if sign > 0 else None
                bound = centres + sign * traces.bounds["ewma"][:, panel] * sigmas
                axes.plot(dates, bound, color=COLOURS[3], linewidth=0.6, linestyle=":", label=name)
    _fit(
        axes,
        values,
        centres,
        sigmas,
        max((limit.width for limit in limits if limit.kind != "cusum"), default=5.0),
    )


def _fit(axes: Any, values: Array, centres: Array, sigmas: Array, width: float) -> None:
    """Show the limits and the bulk of the values: single wild ones are cut off, not allowed to flatten the others."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return
    reach = np.concatenate(
        [np.percentile(finite, [1, 99]), centres - 1.3 * width * sigmas, centres + 1.3 * width * sigmas]
    )
    reach = reach[np.isfinite(reach)]
    low, high = float(reach.min()), float(reach.max())
    margin = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
    if math.isfinite(high - low + 2 * margin):
        axes.set_ylim(low - margin, high + margin)


def _draw_restarts(axes: Any, boundaries: Sequence[Boundary], nights: Nights) -> None:
    first, last = int(nights.nights[0]), int(nights.nights[-1])
    for kind, style, name in (("certification", "-", "calibration begins or ends"), ("event", "-.", "event")):
        inside = sorted({b.mjd for b in boundaries if b.kind == kind and first <= b.mjd <= last + 1})
        for number, mjd in enumerate(inside):
            moment = np.datetime64("1858-11-17") + np.timedelta64(round(mjd * 1440), "m")
            label = name if number == 0 else None
            axes.axvline(moment, color=COLOURS[6], linewidth=0.8, linestyle=style, alpha=0.6, label=label)


def _draw_alarms(axes: Any, alarms: Sequence[Alarm]) -> None:
    low, high = axes.get_ylim()
    for kind, colour in _ALARM_COLOURS.items():
        chosen = [alarm for alarm in alarms if alarm.chart == kind]
        if chosen:
            moments = np.array([alarm.night.isoformat() for alarm in chosen], dtype="datetime64[D]")
            heights = np.clip([alarm.value for alarm in chosen], low, high)
            axes.plot(
                moments, heights, _MARKS[kind], markersize=6, markerfacecolor="none", markeredgecolor=colour,
                markeredgewidth=1.3, clip_on=False, label=f"alarm of {'Shewhart' if kind == 'shewhart' else kind.upper()}",
            )  # fmt: skip


def _label(figure: Any, panels: Any, page: Page) -> None:
    series = page.group.nights.series[page.columns[0]]
    title = "  ·  ".join(
        filter(None, (series.instrument, series.type, series.statistic, series.detector, series.filter))
    )
    figure.suptitle(plain(title), fontweight="bold", x=0.02, ha="left", fontsize=11)
    figure.supylabel(plain(series.unit or "value"), fontsize=8)
    handles: dict[str, Any] = {}
    for axes in panels.ravel():
        for handle, name in zip(*axes.get_legend_handles_labels(), strict=True):
            handles.setdefault(name, handle)
        for text in axes.get_xticklabels():
            text.set_rotation(30)
            text.set_horizontalalignment("right")
    figure.legend(handles.values(), handles.keys(), loc="outside lower left", ncols=3, fontsize=7)
