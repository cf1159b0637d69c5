"""One value for each of several names."""

from __future__ import annotations

from typing import Any

import numpy as np

from curated.declare import PlotSpec
from curated.plots.style import COLOURS, GREY, label

_MOST = 40
"""Names that have room below the axis."""

_ROOM = 9
"""Characters that have room on an inch of it."""


def draw(figure: Any, calib: Any, spec: PlotSpec, _: Any) -> None:
    """Draw the difference of each name's value from the mean, on a scale that shows it."""
    value = getattr(calib, spec.y)
    named = value if isinstance(value, dict) else dict(zip(getattr(calib, spec.x), value, strict=True))
    names, values = [str(name) for name in named], np.array(list(named.values()), float)
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
    shown = places[:: 1 + len(names) // _MOST]
    is_crowded = sum(map(len, names)) > _ROOM * figure.get_figwidth()
    axes.set_xticks(shown, [names[i] for i in shown], rotation=90 if is_crowded else 0)
    axes.grid(axis="y", color="#E5E5E5", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set(xlabel=label(calib, spec.x, spec.labels, 0), ylabel=label(calib, spec.y, spec.labels, 1))
