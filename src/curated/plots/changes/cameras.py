"""Changes of cameras: detectors that moved, came and went."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.collections import PolyCollection

from curated.declare import Array, PlotSpec
from curated.plots.canvas import plain
from curated.plots.changes.panels import NEW, OLD, Pair, Panel
from curated.plots.style import GREY, SEQUENTIAL


def layout_panels(pair: Pair, _: PlotSpec) -> list[Panel]:
    """Return the panel of a focal plane: detectors that moved, came and went, coloured by the largest effect."""

    def draw(figure: Any, place: Any) -> None:
        axes = figure.add_subplot(place)
        outlines = {side: _outlines(calib) for side, _, calib in pair.sides}
        old, new = outlines.get("before", {}), outlines.get("after", {})
        values, title = _detector_values(pair)
        groups = (
            ("both", GREY, {name: new[name] for name in new if name in old}),
            ("only before", OLD, {name: old[name] for name in old if name not in new}),
            ("only now", NEW, {name: new[name] for name in new if name not in old}),
        )
        for name, colour, shapes in groups:
            if shapes:
                axes.add_collection(
                    PolyCollection(
                        list(shapes.values()), facecolor="none", edgecolor=colour, linewidth=1.2, label=name
                    )
                )
        shaded = {name: corners for name, corners in {**old, **new}.items() if name in values}
        if shaded:
            numbers = np.array([values[name] for name in shaded])
            cells = PolyCollection(
                list(shaded.values()),
                array=numbers,
                cmap=SEQUENTIAL + "_r",
                edgecolor="none",
                zorder=0.5,
            )
            axes.add_collection(cells)
            figure.colorbar(cells, ax=axes, shrink=0.8, label=plain(title))
        _draw_moves(axes, old, new)
        fontsize = float(np.clip(22 / np.sqrt(max(1, len({**old, **new}))), 3.5, 9))
        for name, corners in {**old, **new}.items():
            tag = {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.75}
            axes.text(
                *corners.mean(axis=0), plain(name), ha="center", va="center", fontsize=fontsize, bbox=tag
            )
        axes.autoscale_view()
        axes.set(xlabel="x (mm)", ylabel="y (mm)", aspect="equal")
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1.01), ncols=3, borderaxespad=0)

    return [Panel(5.6, draw, 7.5)]


def _outlines(calib: Any) -> dict[str, Array]:
    """Return the corners of each detector in the focal plane (mm), (4, 2)."""
    outlines = {}
    for i, name in enumerate(calib.detector_name.tolist()):
        half = np.array([calib.detector_width[i], calib.detector_height[i]]) * calib.pixel_size[i] / 2
        angle = np.deg2rad(calib.detector_rotation[i])
        rotation = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        signs = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], "f8")
        centre = np.array([calib.detector_x[i], calib.detector_y[i]])
        outlines[str(name)] = (signs * half) @ rotation + centre
    return outlines


def _detector_values(pair: Pair) -> tuple[dict[str, float], str]:
    """Return the size of the largest measure of detectors by detector, and its name."""
    effects = [e for e in pair.change.effects if "detector" in e.reading.of and np.isfinite(e.reading.value)]
    if not effects:
        return {}, ""
    measure = effects[0].measure
    values: dict[str, float] = {}
    for effect in effects:
        if effect.measure.name == measure.name:
            name = str(effect.reading.of["detector"])
            values[name] = max(values.get(name, 0.0), abs(effect.reading.value))
    unit = f" ({measure.unit})" if measure.unit else ""
    return values, f"Largest {measure.name.replace('_', ' ')}{unit}"


def _draw_moves(axes: Any, old: Mapping[str, Array], new: Mapping[str, Array]) -> None:
    """Draw an arrow for each detector that moved, all enlarged by the same factor."""
    starts = np.array([old[name].mean(axis=0) for name in new if name in old]).reshape(-1, 2)
    ends = np.array([new[name].mean(axis=0) for name in new if name in old]).reshape(-1, 2)
    steps = ends - starts
    lengths = np.hypot(*steps.T)
    is_moved = lengths > 0
    if not is_moved.any():
        return
    corners = np.concatenate(list(new.values()))
    side = float(np.ptp(corners, axis=0).max()) / max(2.0, np.sqrt(len(new)))
    factor = 0.5 * side / float(lengths.max())
    axes.quiver(
        *starts[is_moved].T,
        *(factor * steps[is_moved]).T,
        angles="xy",
        scale_units="xy",
        scale=1,
        color=NEW,
        width=0.004,
        zorder=6,
    )
    longest = 1000 * float(lengths.max())
    axes.set_title(f"longest arrow: {longest:.3g} um", fontsize=7.5, color=GREY, loc="left")
