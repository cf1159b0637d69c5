"""Curves of each key, such as those of each amplifier, in one panel."""

from __future__ import annotations

from typing import Any

import numpy as np

from curated.declare import PlotSpec
from curated.plots.curve import colours_of
from curated.plots.style import GREY, label


def draw(figure: Any, calib: Any, spec: PlotSpec, _: Any) -> None:
    """Draw y against x for each key; points where it is known which were used, the others hollow."""
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
        across, up, kept = x[name][order], y[name][order], used[name][order]
        axes.plot(across[kept], up[kept], color=colour, marker=".", label=name)
        axes.plot(across[~kept], up[~kept], color=colour, marker="o", markerfacecolor="none", linestyle="")
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
