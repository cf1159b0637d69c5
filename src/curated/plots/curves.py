"""Curves, and single numbers by name: one quantity against another."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib import colormaps

from curated.declare import Array, PlotSpec
from curated.plots.style import COLOURS, GREY, SEQUENTIAL, label


def draw_curve(figure: Any, calib: Any, spec: PlotSpec, _: Any) -> None:
    """Draw y against x; for several groups also the difference of each from their mean."""
    x, y = getattr(calib, spec.x), getattr(calib, spec.y)
    groups = getattr(calib, spec.group) if spec.group else None
    names = [] if groups is None else list(dict.fromkeys(groups.tolist()))
    figure.set_size_inches(7.5, 5.6 if len(names) > 1 else 4.2)
    panels = (
        figure.subplots(2, 1, sharex=True, height_ratios=(3, 1.4)) if len(names) > 1 else [figure.subplots()]
    )
    colours = colours_of(len(names))
    if groups is None or not names:
        panels[0].plot(x, y, color=COLOURS[0])
        panels[0].fill_between(x, y, color=COLOURS[0], alpha=0.12, linewidth=0)
    else:
        for colour, name in zip(colours, names, strict=True):
            panels[0].plot(x[groups == name], y[groups == name], color=colour, label=name)
        panels[0].legend(
            loc="upper left", bbox_to_anchor=(1.01, 1), borderaxespad=0, ncols=1 + (len(names) - 1) // 16
        )
    if len(names) > 1:
        _draw_differences(panels[1], x, y, [(groups == name) for name in names], colours)
    panels[0].set_ylabel(label(calib, spec.y, spec.labels, 1))
    figure.align_ylabels(panels)
    panels[-1].set_xlabel(label(calib, spec.x, spec.labels, 0))
    if spec.log:
        panels[0].set_yscale("log")
    elif y.size and y.min() >= 0:
        panels[0].set_ylim(bottom=0)
    for panel in panels:
        panel.margins(x=0)
        panel.grid(color="#E5E5E5", linewidth=0.6)
        panel.set_axisbelow(True)


def _draw_differences(panel: Any, x: Array, y: Array, rows: list[Array], colours: list[Any]) -> None:
    """Draw each group's difference from the mean in percent, where the mean is not close to zero."""
    if any(not np.array_equal(x[row], x[rows[0]]) for row in rows):
        panel.text(
            0.5, 0.5, "sampled at different places", transform=panel.transAxes, ha="center", color=GREY
        )
        return
    mean = np.mean([y[row] for row in rows], axis=0)
    is_large = mean > 0.02 * mean.max()
    for row, colour in zip(rows, colours, strict=True):
        percent = 100 * (y[row] / np.where(is_large, mean, 1) - 1)
        panel.plot(x[row], np.where(is_large, percent, np.nan), color=colour)
    panel.axhline(0, color=GREY, linewidth=0.6)
    panel.set_ylabel("From the mean (%)")


def colours_of(number: int) -> list[Any]:
    """Return a colour for each of several curves: the palette, or a sequence if there are too many."""
    if number <= len(COLOURS):
        return list(COLOURS[:number])
    return list(colormaps[SEQUENTIAL](np.linspace(0, 0.95, number)))


def draw_keyed(figure: Any, calib: Any, spec: PlotSpec, _: Any) -> None:
    """Draw y against x for each key; points that were not used in the fit are hollow."""
    x, y = getattr(calib, spec.x), getattr(calib, spec.y)
    used = getattr(calib, spec.used) if spec.used else {}
    names = [name for name in y if name in x and len(x[name]) == len(y[name])]
    figure.set_size_inches(7.5, 4.6)
    axes = figure.subplots()
    for colour, name in zip(colours_of(len(names)), names, strict=True):
        if name not in used or len(used[name]) != len(y[name]):
            axes.plot(x[name], y[name], color=colour, label=name)
            continue
        order = np.argsort(x[name], kind="stable")
        xs, ys, is_used = x[name][order], y[name][order], used[name][order]
        axes.plot(xs[is_used], ys[is_used], color=colour, marker=".", label=name)
        axes.plot(xs[~is_used], ys[~is_used], color=colour, marker="o", markerfacecolor="none", linestyle="")
    if any(np.isfinite(y[name]).any() for name in names):
        columns = 1 + (len(names) - 1) // 16
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), borderaxespad=0, ncols=columns)
    else:
        axes.text(
            0.5, 0.5, "none", transform=axes.transAxes, ha="center", va="center", color=GREY, fontsize=14
        )
    axes.set_xlabel(label(calib, spec.x, spec.labels, 0))
    axes.set_ylabel(label(calib, spec.y, spec.labels, 1))
    if spec.log:
        axes.set(xscale="log", yscale="log")
    axes.grid(color="#E5E5E5", linewidth=0.6)
    axes.set_axisbelow(True)
    if used and any(not flags.all() for flags in used.values()):
        axes.set_title("hollow: not used", loc="left", color=GREY)


_MAX_NAMES = 40
"""Number of names that fit below the axis."""

_CHARACTERS_PER_INCH = 9
"""Number of characters that fit on an inch of the axis."""


def draw_bars(figure: Any, calib: Any, spec: PlotSpec, _: Any) -> None:
    """Draw a number for each name as its difference from the mean, on a scale that shows it."""
    value = getattr(calib, spec.y)
    numbers = value if isinstance(value, dict) else dict(zip(getattr(calib, spec.x), value, strict=True))
    names, values = [str(name) for name in numbers], np.array(list(numbers.values()), float)
    figure.set_size_inches(float(np.clip(2.0 + 0.28 * len(names), 5.0, 11.0)), 4.2)
    axes = figure.subplots()
    places = np.arange(len(names))
    if names:
        mean = float(np.nanmean(values)) if np.isfinite(values).any() else 0.0
        axes.axhline(mean, color=GREY, linewidth=0.8, label=f"mean {mean:.5g}")
        axes.vlines(places, mean, values, color=COLOURS[0], linewidth=1.0)
        axes.plot(places, values, "o", color=COLOURS[0], markersize=5)
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1.01), borderaxespad=0)
        axes.ticklabel_format(axis="y", useOffset=False)
    else:
        axes.text(0.5, 0.5, "none", transform=axes.transAxes, ha="center", va="center", color=GREY)
    ticks = places[:: 1 + len(names) // _MAX_NAMES]
    is_crowded = sum(map(len, names)) > _CHARACTERS_PER_INCH * figure.get_figwidth()
    axes.set_xticks(ticks, [names[i] for i in ticks], rotation=90 if is_crowded else 0)
    axes.grid(axis="y", color="#E5E5E5", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set(xlabel=label(calib, spec.x, spec.labels, 0), ylabel=label(calib, spec.y, spec.labels, 1))
