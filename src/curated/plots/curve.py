"""Curves, one or several."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib import colormaps

from curated.declare import Array, PlotSpec
from curated.plots.style import COLOURS, GREY, SEQUENTIAL, label


def draw(figure: Any, calib: Any, spec: PlotSpec, _: Any) -> None:
    """Draw y against x; of several groups also the difference of each from their mean."""
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
        _differences(panels[1], x, y, [(groups == name) for name in names], colours)
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


def _differences(panel: Any, x: Array, y: Array, rows: list[Array], colours: list[Any]) -> None:
    """Draw each group's difference from the mean in per cent, where there is enough to divide by."""
    if any(not np.array_equal(x[row], x[rows[0]]) for row in rows):
        panel.text(
            0.5, 0.5, "sampled at different places", transform=panel.transAxes, ha="center", color=GREY
        )
        return
    mean = np.mean([y[row] for row in rows], axis=0)
    enough = mean > 0.02 * mean.max()
    for row, colour in zip(rows, colours, strict=True):
        panel.plot(
            x[row], np.where(enough, 100 * (y[row] / np.where(enough, mean, 1) - 1), np.nan), color=colour
        )
    panel.axhline(0, color=GREY, linewidth=0.6)
    panel.set_ylabel("From the mean (%)")


def colours_of(number: int) -> list[Any]:
    """Return one colour for each of several curves; many get a sequence instead of a palette."""
    if number <= len(COLOURS):
        return list(COLOURS[:number])
    return list(colormaps[SEQUENTIAL](np.linspace(0, 0.95, number)))
