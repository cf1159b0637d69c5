"""Detectors and amplifiers in the focal plane."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.collections import PolyCollection

from curated.declare import Array
from curated.plots.style import COLOURS, GREY, SEQUENTIAL


def draw(figure: Any, calib: Any, _: Any, __: Any) -> None:
    """Draw detectors in the focal plane, their amplifiers coloured by gain."""
    figure.set_size_inches(7.4, 6.6)
    axes = figure.subplots()
    rows = {name: i for i, name in enumerate(calib.detector_name.tolist())}
    owner = np.array([rows[name] for name in calib.amplifier_detector.tolist()], int)
    boxes = np.stack(
        [calib.amplifier_x0, calib.amplifier_y0, calib.amplifier_width, calib.amplifier_height], axis=1
    )
    amplifiers = [
        _in_focal_plane(calib, d, _corners(*box)) for d, box in zip(owner, boxes.tolist(), strict=True)
    ]
    cells = PolyCollection(
        amplifiers, array=calib.amplifier_gain, cmap=SEQUENTIAL, edgecolor="white", linewidth=0.6
    )
    axes.add_collection(cells)
    outlines = [
        _in_focal_plane(calib, d, _corners(0, 0, calib.detector_width[d], calib.detector_height[d]))
        for d in rows.values()
    ]
    axes.add_collection(PolyCollection(outlines, facecolor="none", edgecolor="black", linewidth=1.0))
    corners = np.array(
        [_readout(box, corner) for box, corner in zip(amplifiers, calib.readout_corner, strict=True)]
    )
    # The size of a dot is in points, that of a detector in millimetres: fewer detectors are drawn larger.
    axes.scatter(*corners.T, s=60 / len(rows), color=COLOURS[1], zorder=3, label="read first")
    fontsize = float(np.clip(22 / np.sqrt(len(rows)), 3.5, 11))
    for name, outline in zip(rows, outlines, strict=True):
        axes.text(
            *outline.mean(axis=0),
            name,
            ha="center",
            va="center",
            fontsize=fontsize,
            fontweight="bold",
            bbox=_TAG,
        )
    if len(amplifiers) <= 64:
        for name, cell in zip(calib.amplifier_name.tolist(), amplifiers, strict=True):
            axes.text(*cell.mean(axis=0), name, ha="center", va="center", fontsize=0.75 * fontsize, bbox=_TAG)
    axes.set(aspect="equal", xlabel="x (mm)", ylabel="y (mm)")
    axes.autoscale_view()
    axes.margins(0.04)
    axes.set_title(f"{len(rows)} detectors, {len(amplifiers)} amplifiers", loc="left", color=GREY)
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0, handletextpad=0.2)
    figure.colorbar(cells, ax=axes, shrink=0.8, label="Gain (electron/adu)")


_TAG = {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.75}


def _corners(x0: float, y0: float, width: float, height: float) -> Array:
    """Return the corners of a box in pixels: lower left, lower right, upper right, upper left."""
    return np.array([(x0, y0), (x0 + width, y0), (x0 + width, y0 + height), (x0, y0 + height)], float)


def _in_focal_plane(calib: Any, detector: int, pixels: Array) -> Array:
    """Return places on a detector in millimetres of the focal plane."""
    angle = np.deg2rad(calib.detector_rotation[detector])
    middle = np.array([calib.detector_width[detector], calib.detector_height[detector]]) / 2
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    centre = np.array([calib.detector_x[detector], calib.detector_y[detector]])
    places: Array = (pixels - middle) * calib.pixel_size[detector] @ turn + centre
    return places


def _readout(box: Array, corner: str) -> Array:
    """Return where an amplifier is read first, a little inside of its corner."""
    place = box[("LL", "LR", "UR", "UL").index(corner)]
    inside: Array = place + 0.14 * (box.mean(axis=0) - place)
    return inside
