"""Maps: boxes and amplifiers on detectors, images, matrices."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.collections import PatchCollection, PolyCollection
from matplotlib.colors import CenteredNorm, SymLogNorm
from matplotlib.patches import Rectangle

from curated.declare import Array, PlotSpec
from curated.plots.style import COLOURS, DIVERGING, GREY, SEQUENTIAL, label

# -- boxes -------------------------------------------------------------------------------------------

_SMALL = 6
"""Largest width and height of boxes that are circled, because they would be too small to see."""


def draw_boxes(figure: Any, calib: Any, _: Any, size: tuple[int, int] | None) -> None:
    """Draw boxes on the detector."""
    figure.set_size_inches(5.6, 6.2)
    axes = figure.subplots()
    right, top = calib.x0 + calib.width, calib.y0 + calib.height
    side = 1.03 * max(right.max(initial=1), top.max(initial=1))
    columns, rows = size or (side, side)
    boxes = list(
        zip(calib.x0.tolist(), calib.y0.tolist(), calib.width.tolist(), calib.height.tolist(), strict=True)
    )
    patches = [Rectangle((x - 0.5, y - 0.5), w, h) for x, y, w, h in boxes]
    # The line keeps a box of one column visible on a detector of thousands.
    axes.add_collection(PatchCollection(patches, facecolor=COLOURS[1], edgecolor=COLOURS[1], linewidth=0.9))
    is_small = (calib.width <= _SMALL) & (calib.height <= _SMALL)
    if is_small.any():
        x, y = calib.x0 + (calib.width - 1) / 2, calib.y0 + (calib.height - 1) / 2
        axes.scatter(
            x[is_small],
            y[is_small],
            s=70,
            facecolor="none",
            edgecolor=COLOURS[0],
            linewidth=0.9,
            label=f"at most {_SMALL} x {_SMALL}",
        )
        axes.legend(
            loc="lower right", bbox_to_anchor=(1, 1.01), handletextpad=0.2, borderaxespad=0, borderpad=0
        )
    axes.set(xlim=(-0.5, columns - 0.5), ylim=(-0.5, rows - 0.5), aspect="equal")
    axes.set(xlabel="Column (pix)", ylabel="Row (pix)")
    axes.spines[:].set_visible(size is not None)
    if not boxes:
        axes.text(
            0.5, 0.5, "none", transform=axes.transAxes, ha="center", va="center", color=GREY, fontsize=14
        )
        if size is None:
            axes.set(xticks=[], yticks=[])
    title = f"{len(boxes)} box{'es' * (len(boxes) != 1)}, {covered_pixels(boxes)} pixels"
    if size:
        title += f" ({100 * covered_pixels(boxes) / (columns * rows):.3g} %)"
    elif boxes:
        title += "; the detector may be larger"
    axes.set_title(title, loc="left", color=GREY)


def covered_pixels(boxes: list[tuple[int, int, int, int]]) -> int:
    """Return the number of pixels inside any box, summed over the strips between all edges in x."""
    edges = sorted({x for x0, _, width, _ in boxes for x in (x0, x0 + width)})
    total = 0
    for left, right in pairwise(edges):
        spans = sorted((y, y + h) for x, y, w, h in boxes if x <= left and right <= x + w)
        last = height = 0
        for bottom, top in spans:
            height += max(0, top - max(bottom, last))
            last = max(last, top)
        total += (right - left) * height
    return total


# -- focal plane -------------------------------------------------------------------------------------


def draw_layout(figure: Any, calib: Any, _: Any, __: Any) -> None:
    """Draw the detectors in the focal plane, with amplifiers coloured by gain."""
    figure.set_size_inches(7.4, 6.6)
    axes = figure.subplots()
    rows = {name: i for i, name in enumerate(calib.detector_name.tolist())}
    detectors = np.array([rows[name] for name in calib.amplifier_detector.tolist()], int)
    boxes = np.stack(
        [calib.amplifier_x0, calib.amplifier_y0, calib.amplifier_width, calib.amplifier_height], axis=1
    )
    amplifiers = [
        _in_focal_plane(calib, d, _corners(*box)) for d, box in zip(detectors, boxes.tolist(), strict=True)
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
        [_readout_corner(box, corner) for box, corner in zip(amplifiers, calib.readout_corner, strict=True)]
    )
    # Dots are sized in points, detectors in millimetres: fewer detectors are drawn larger.
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
    """Return positions on a detector as millimetres in the focal plane."""
    angle = np.deg2rad(calib.detector_rotation[detector])
    centre = np.array([calib.detector_width[detector], calib.detector_height[detector]]) / 2
    rotation = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    offset = np.array([calib.detector_x[detector], calib.detector_y[detector]])
    positions: Array = (pixels - centre) * calib.pixel_size[detector] @ rotation + offset
    return positions


def _readout_corner(box: Array, corner: str) -> Array:
    """Return a position just inside the corner of an amplifier that is read out first."""
    corner_position = box[("LL", "LR", "UR", "UL").index(corner)]
    position: Array = corner_position + 0.14 * (box.mean(axis=0) - corner_position)
    return position


# -- images ------------------------------------------------------------------------------------------

_MAX_SIDE = 1024
"""Number of pixels on a side above which only each second, third ... pixel is drawn."""


def draw_image(figure: Any, calib: Any, spec: PlotSpec, _: Any) -> None:
    """Draw an image with the first row at the bottom; masked pixels are grey, and outliers do not set the scale."""
    pixels: Array = getattr(calib, spec.y)
    height, width = pixels.shape
    step = max(1, -(-max(height, width) // _MAX_SIDE))
    pixels = pixels[::step, ::step]
    if calib.mask is not None:
        pixels = np.where(calib.mask[::step, ::step] == 0, pixels, np.nan)
    finite = pixels[np.isfinite(pixels)]
    low, high = np.percentile(finite, [0.5, 99.5]) if finite.size else (0.0, 1.0)
    side = 5.6
    figure.set_size_inches(side + 1.4, float(np.clip(side * height / width, 1.8, 7.5)) + 1.0)
    axes = figure.subplots()
    axes.set_facecolor(GREY)
    extent = (-0.5, width - 0.5, -0.5, height - 0.5)
    drawn = axes.imshow(
        pixels, cmap=SEQUENTIAL, vmin=low, vmax=high, origin="lower", extent=extent, interpolation="nearest"
    )
    axes.spines[:].set_visible(True)
    axes.set(xlabel="Column", ylabel="Row")
    figure.colorbar(drawn, ax=axes, shrink=0.9, label=f"Value ({calib.unit})" if calib.unit else "Value")


# -- matrices ----------------------------------------------------------------------------------------


def draw_matrix(figure: Any, calib: Any, spec: PlotSpec, _: Any) -> None:
    """Draw one matrix, or one of each key, in colours that diverge from zero."""
    value = getattr(calib, spec.y)
    matrices: Mapping[str, Array] = value if isinstance(value, dict) else {} if value is None else {"": value}
    finite = [m[np.isfinite(m)] for m in matrices.values()]
    values = np.concatenate(finite) if finite else np.zeros(0)
    panels = _panels(figure, len(matrices))
    if not values.size:
        panels[0].text(0.5, 0.5, "none", ha="center", va="center", color=GREY, fontsize=14)
        return
    largest = float(np.abs(values).max()) or 1.0
    power = 0 if spec.log or 0.01 <= largest < 1000 else int(np.floor(np.log10(largest)))
    unit = 10.0**power
    largest /= unit
    norm = SymLogNorm(largest / 300, vmin=-largest, vmax=largest) if spec.log else CenteredNorm(0, largest)
    for panel, (name, matrix) in zip(panels, matrices.items(), strict=True):
        half = matrix.shape[1] / 2, matrix.shape[0] / 2
        extent = (-half[0], half[0], -half[1], half[1]) if spec.centred else None
        origin = "lower" if spec.centred else "upper"
        panel.imshow(matrix / unit, cmap=DIVERGING, norm=norm, origin=origin, extent=extent)
        panel.set_title(name)
        panel.spines[:].set_visible(True)
        if not spec.centred:
            _write_numbers(panel, matrix / unit, largest)
    x_label, y_label, bar_label = (label(calib, spec.y, spec.labels, i) for i in range(3))
    # One label for each axis, in the middle: small panels have no room for their own.
    columns = panels[0].get_gridspec().ncols
    rows = -(-len(panels) // columns)
    panels[(rows - 1) // 2 * columns].set_ylabel(y_label)
    bottom_panels = panels[(rows - 1) * columns :]
    bottom_panels[(len(bottom_panels) - 1) // 2].set_xlabel(x_label)
    if power:
        bar_label = f"{bar_label} ($10^{{{power}}}$)"
    bar = figure.colorbar(panels[0].images[0], ax=panels, shrink=0.9, label=bar_label)
    if values.any():
        bar.ax.set_ylim(min(values.min() / unit, 0), max(values.max() / unit, 0))


def _panels(figure: Any, number: int) -> list[Any]:
    """Return panels for a number of matrices, roughly in a square, and size the figure to them."""
    columns = int(np.ceil(np.sqrt(number))) or 1
    rows = -(-number // columns) or 1
    side = {1: 4.4, 2: 2.6, 3: 2.0}.get(columns, 1.5)
    figure.set_size_inches(columns * side + 1.7, rows * side + 0.9)
    panels = list(figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).reshape(-1))
    for panel in panels[number:]:
        panel.set_axis_off()
    return panels[: max(number, 1)]


def _write_numbers(panel: Any, matrix: Array, largest: float) -> None:
    """Number rows and columns, and write the values into a matrix that is small enough."""
    ticks = [range(n) if n <= 20 else range(0, n, 1 + n // 16) for n in reversed(matrix.shape)]
    panel.set(xticks=list(ticks[0]), yticks=list(ticks[1]))
    if max(matrix.shape) > 8:
        return
    for (row, column), item in np.ndenumerate(matrix):
        is_dark = abs(item) > 0.6 * largest
        panel.text(
            column,
            row,
            f"{item:.3g}",
            ha="center",
            va="center",
            fontsize=7,
            color="white" if is_dark else "black",
        )
