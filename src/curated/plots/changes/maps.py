"""Changes of boxes on detectors, of matrices and of images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.colors import CenteredNorm, SymLogNorm

from curated.core.geometry import Box
from curated.declare import Array, PlotSpec
from curated.plots.canvas import plain
from curated.plots.changes.panels import NEW, OLD, SAME, Pair, Panel, note, tidy
from curated.plots.style import DIVERGING, GREY, SEQUENTIAL
from curated.types._image_changes import good_pixels, scale_of

# -- boxes -------------------------------------------------------------------------------------------

_SMALL = 6
_MOST_CIRCLES = 500
_MOST_SHAPES = 2000
"""Number of boxes from which they are drawn as pixels in vector formats."""

_MOST_PAIRS = 40_000_000


def boxes_panels(pair: Pair, _: PlotSpec) -> list[Panel]:
    """Return the panel of boxes: in one colour what only the new calibration covers, in another what only the old does."""

    def draw(figure: Any, place: Any) -> None:
        axes = figure.add_subplot(place)
        sets = {side: _boxes(calib) for side, _, calib in pair.sides}
        none = np.empty((0, 4), "f8")
        old, new = sets.get("before", none), sets.get("after", none)
        _draw_boxes(axes, old, new)
        detector = pair.conditions.detector
        right, top = (max((float(b[:, i].max(initial=1)) for b in (old, new)), default=1.0) for i in (2, 3))
        is_known = detector is not None and detector.width >= right and detector.height >= top
        if detector is not None and is_known:
            right, top = detector.width, detector.height
        else:
            axes.set_title("the detector may be larger", loc="right", fontsize=7.5, color=GREY)
        axes.set(xlim=(-0.5, right - 0.5), ylim=(-0.5, top - 0.5), aspect="equal")
        axes.set(xlabel="Column (pix)", ylabel="Row (pix)")
        axes.spines[:].set_visible(True)

    return [Panel(5.6, draw, 7.0)]


def _boxes(calib: Any) -> Array:
    """Return the edges of the boxes of a calibration, (N, 4): left, bottom, right and top, each once."""
    x0, y0 = calib.x0.astype("f8"), calib.y0.astype("f8")
    boxes: Array = np.unique(np.stack([x0, y0, x0 + calib.width, y0 + calib.height], axis=1), axis=0)
    return boxes


def intersections(first: Array, second: Array) -> Array:
    """Return the boxes that boxes of two sets have in common, (N, 4)."""
    parts = [np.empty((0, 4), "f8")]
    step = max(1, _MOST_PAIRS // (10 * max(1, len(second))))
    for start in range(0, len(first), step):
        boxes = first[start : start + step, None, :]
        low, high = np.maximum(boxes[..., :2], second[:, :2]), np.minimum(boxes[..., 2:], second[:, 2:])
        is_common = (high > low).all(axis=-1)
        parts.append(np.concatenate([low[is_common], high[is_common]], axis=1))
    return np.concatenate(parts)


def _draw_boxes(axes: Any, old: Array, new: Array) -> None:
    old_rows, new_rows = ({tuple(row) for row in boxes.tolist()} for boxes in (old, new))
    lost = np.array(sorted(old_rows - new_rows), "f8").reshape(-1, 4)
    gained = np.array(sorted(new_rows - old_rows), "f8").reshape(-1, 4)
    both = np.array(sorted(old_rows & new_rows), "f8").reshape(-1, 4)
    # What both cover lies above: it takes away the parts of changed boxes that are no change.
    common = np.concatenate([both, intersections(lost, new), intersections(gained, old)])
    layers = (("only before: lost", OLD, lost), ("only now: gained", NEW, gained), ("both", SAME, common))
    for zorder, (name, colour, boxes) in enumerate(layers, start=2):
        corners = [[(x0, y0), (x1, y0), (x1, y1), (x0, y1)] for x0, y0, x1, y1 in (boxes - 0.5).tolist()]
        # The line keeps a box of one column visible on a detector of thousands.
        axes.add_collection(
            PolyCollection(
                corners,
                facecolor=colour,
                edgecolor=colour,
                linewidth=0.9 if colour != SAME else 0.5,
                zorder=zorder,
                rasterized=len(boxes) > _MOST_SHAPES,
                label=name,
            )
        )
    for colour, boxes in ((OLD, lost), (NEW, gained)):
        is_small = ((boxes[:, 2:] - boxes[:, :2]) <= _SMALL).all(axis=1)
        if 0 < is_small.sum() <= _MOST_CIRCLES:
            x, y = (boxes[is_small, :2] + boxes[is_small, 2:] - 1).T / 2
            axes.scatter(x, y, s=60, facecolor="none", edgecolor=colour, linewidth=0.9, zorder=5)
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), borderaxespad=0, title="Pixels")


# -- matrices ----------------------------------------------------------------------------------------

_MOST_NUMBERS = 8
_MOST_MATRICES = 16
_DIFFERENCE = "after - before"


def matrix_panels(pair: Pair, spec: PlotSpec) -> list[Panel]:
    """Return the panels of matrices: of a single one before, after and the difference, else the differences."""
    sets = {side: _matrices(getattr(calib, spec.y)) for side, _, calib in pair.sides}
    names = list(dict.fromkeys(name for matrices in sets.values() for name in matrices))
    if len(names) <= 1:
        name = names[0] if names else ""
        shown = {side: matrices[name] for side, matrices in sets.items() if name in matrices}
        if len(shown) == 2 and shown["before"].shape == shown["after"].shape:
            shown[_DIFFERENCE] = shown["after"] - shown["before"]
    else:
        old, new = sets.get("before"), sets.get("after")
        if old is not None and new is not None:
            common = [name for name in names if name in old and name in new]
            common = [name for name in common if old[name].shape == new[name].shape]
            sizes = {name: float(np.nanmax(np.abs(new[name] - old[name]), initial=0.0)) for name in common}
            largest = sorted(common, key=lambda name: -sizes[name])[:_MOST_MATRICES]
            shown = {name: new[name] - old[name] for name in common if name in largest}
        else:
            (matrices,) = sets.values()
            shown = dict(list(matrices.items())[:_MOST_MATRICES])
    columns = max(1, len(shown)) if len(names) <= 1 else min(4, max(1, len(shown)))
    rows = -(-len(shown) // columns) or 1

    def draw(figure: Any, place: Any) -> None:
        grid = place.subgridspec(rows, columns)
        panels = [figure.add_subplot(grid[i // columns, i % columns]) for i in range(max(1, len(shown)))]
        _draw_matrices(figure, panels, shown, pair, spec)

    return [Panel({1: 3.3}.get(rows, 2.0 * rows), draw, 10.5 if columns > 2 else 7.5)]


def _matrices(value: Any) -> dict[str, Array]:
    matrices: Mapping[Any, Any] = value if isinstance(value, dict) else {} if value is None else {"": value}
    arrays = {str(name): np.asarray(matrix, "f8") for name, matrix in matrices.items()}
    return {name: array for name, array in arrays.items() if array.ndim == 2 and array.size}


def _draw_matrices(
    figure: Any, panels: list[Any], matrices: Mapping[str, Array], pair: Pair, spec: PlotSpec
) -> None:
    """Draw matrices: differences beside what they are of have colours of their own, all else has the same."""
    labels = spec.labels
    text = labels[2] if len(labels) > 2 else pair.label(spec, 1)
    is_triple = _DIFFERENCE in matrices
    groups = [[name for name in matrices if name != _DIFFERENCE]]
    groups += [[_DIFFERENCE]] if is_triple else []
    axes_by_name = dict(zip(matrices, panels, strict=False))
    for names in groups:
        shown = {name: matrices[name] for name in names}
        is_change = names == [_DIFFERENCE] or (not is_triple and len(pair.sides) == 2 and len(matrices) > 2)
        _draw_group(
            figure,
            [axes_by_name[name] for name in names] or panels,
            shown,
            spec,
            f"Change: {text[:1].lower()}{text[1:]}" if is_change else text,
        )
    for index, axis in enumerate(("x", "y")):
        if len(labels) > index:
            panels[0].set(**{f"{axis}label": labels[index]})
    panels[0].yaxis.label.set_fontsize(8)
    panels[0].xaxis.label.set_fontsize(8)


def _draw_group(
    figure: Any, panels: list[Any], matrices: Mapping[str, Array], spec: PlotSpec, text: str
) -> None:
    """Draw matrices in the same colours, with one bar for all."""
    finite = [m[np.isfinite(m)] for m in matrices.values()]
    values = np.abs(np.concatenate(finite)) if finite else np.zeros(0)
    if not values.size:
        note(panels[0], "no values")
        return
    largest = float(values.max()) or 1.0
    power = int(np.floor(np.log10(largest))) if not 0.01 <= largest < 1000 else 0
    unit = 10.0**power
    largest /= unit
    norm = SymLogNorm(largest / 300, vmin=-largest, vmax=largest) if spec.log else CenteredNorm(0, largest)
    for panel, (name, matrix) in zip(panels, matrices.items(), strict=True):
        half = matrix.shape[1] / 2, matrix.shape[0] / 2
        extent = (-half[0], half[0], -half[1], half[1]) if spec.centred else None
        origin = "lower" if spec.centred else "upper"
        panel.imshow(matrix / unit, cmap=DIVERGING, norm=norm, origin=origin, extent=extent)
        panel.set_title(plain(name), fontsize=8)
        panel.spines[:].set_visible(True)
        if not spec.centred:
            _number(panel, matrix / unit, largest)
    text += f" ($10^{{{power}}}$)" if power else ""
    bar = figure.colorbar(panels[0].images[0], ax=panels, shrink=0.85)
    bar.set_label(text, fontsize=8)


def _number(panel: Any, matrix: Array, largest: float) -> None:
    """Number rows and columns, as measures do, and write the values into a matrix that is small enough."""
    for axis, count in zip((panel.yaxis, panel.xaxis), matrix.shape, strict=True):
        ticks = range(0, count, 1 + count // 9)
        axis.set_ticks(list(ticks), [str(tick + 1) for tick in ticks])
    if max(matrix.shape) > _MOST_NUMBERS:
        return
    for (row, column), item in np.ndenumerate(matrix):
        colour = "white" if abs(item) > 0.6 * largest else "black"
        panel.text(column, row, f"{item:.3g}", ha="center", va="center", fontsize=6, color=colour)


# -- images ------------------------------------------------------------------------------------------

_MAX_SIDE = 600


def image_panels(pair: Pair, _: PlotSpec) -> list[Panel]:
    """Return the panels of images: a map of their ratio or difference, and its histogram."""
    calibs: dict[str, Any] = {side: calib for side, _, calib in pair.sides}
    images = {side: calib for side, calib in calibs.items() if "IMAGE" in calib.planes}
    shapes = {(calib.planes["IMAGE"].width, calib.planes["IMAGE"].height) for calib in images.values()}
    is_pair = len(images) == 2 and len(shapes) == 1
    pixels = _change_map(pair, images) if is_pair else None

    def draw(figure: Any, place: Any) -> None:
        if pixels is not None:
            grid = place.subgridspec(1, 2, width_ratios=(1.5, 1))
            _draw_map(figure, figure.add_subplot(grid[0]), *pixels, pair)
            _draw_histogram(figure.add_subplot(grid[1]), pixels[0], pair)
            return
        grid = place.subgridspec(1, max(1, len(images)))
        for index, (side, calib) in enumerate(images.items()):
            _draw_single(figure, figure.add_subplot(grid[index]), calib, side)
        if not images:
            axes = figure.add_subplot(grid[0])
            axes.set_axis_off()
            note(axes, "the pixels cannot be read")

    return [Panel(3.8 if images else 1.0, draw, 9.0)]


def _draw_single(figure: Any, axes: Any, calib: Any, side: str) -> None:
    """Draw an image that has no partner, or one of another size."""
    plane = calib.planes["IMAGE"]
    step = max(1, -(-max(plane.width, plane.height) // _MAX_SIDE))
    box = Box(0, 0, plane.width, plane.height)
    pixels = plane.mapped[::step, ::step].astype("f8")
    pixels = np.where(good_pixels(calib, box)[::step, ::step], pixels, np.nan)
    finite = pixels[np.isfinite(pixels)]
    low, high = np.percentile(finite, [0.5, 99.5]) if finite.size else (0.0, 1.0)
    axes.set_facecolor(GREY)
    extent = (-0.5, plane.width - 0.5, -0.5, plane.height - 0.5)
    options = {"origin": "lower", "extent": extent, "interpolation": "nearest"}
    drawn = axes.imshow(pixels, cmap=SEQUENTIAL, vmin=low, vmax=high, **options)
    axes.set_title(f"only {side}: {plane.width} x {plane.height} pixels", fontsize=8, loc="left")
    axes.spines[:].set_visible(True)
    axes.set(xlabel="Column", ylabel="Row")
    figure.colorbar(
        drawn, ax=axes, shrink=0.9, label=plain(f"Value ({calib.unit})" if calib.unit else "Value")
    )


def _change_map(pair: Pair, images: Mapping[str, Any]) -> tuple[Array, int]:
    """Return the change of each pixel, or each second, third ... one, and their distance; NaN where one is bad."""
    old, new = images["before"], images["after"]
    plane = old.planes["IMAGE"]
    step = max(1, -(-max(plane.width, plane.height) // _MAX_SIDE))
    box = Box(0, 0, plane.width, plane.height)
    before, after = (
        calib.planes["IMAGE"].mapped[box.slices][::step, ::step].astype("f8") / scale_of(calib)
        for calib in (old, new)
    )
    is_good = good_pixels(old, box)[::step, ::step] & good_pixels(new, box)[::step, ::step]
    with np.errstate(all="ignore"):
        change = 100 * (after / before - 1) if pair.is_relative else after - before
    return np.where(is_good & np.isfinite(change), change, np.nan), step


def _limit(values: Array) -> float:
    """Return the size of change up to which colours differ: that of all but a few pixels."""
    finite = np.abs(values[np.isfinite(values)])
    return float(np.percentile(finite, 99)) if finite.size and finite.any() else 1.0


def _draw_map(figure: Any, axes: Any, change: Array, step: int, pair: Pair) -> None:
    limit = _limit(change) or 1.0
    height, width = change.shape
    axes.set_facecolor(GREY)
    drawn = axes.imshow(
        change,
        cmap=DIVERGING,
        vmin=-limit,
        vmax=limit,
        origin="lower",
        extent=(-0.5, width * step - 0.5, -0.5, height * step - 0.5),
        interpolation="nearest",
    )
    axes.spines[:].set_visible(True)
    axes.set(xlabel="Column", ylabel="Row")
    title = "grey: bad in one of them"
    if step > 1:
        title += f"; each {step}th pixel"
    axes.set_title(title, fontsize=7.5, color=GREY, loc="left")
    figure.colorbar(drawn, ax=axes, shrink=0.9, extend="both", label=_map_label(pair))


def _map_label(pair: Pair) -> str:
    measures = pair.calib.SPEC.measures
    unit = getattr(pair.calib, "unit", "") or (measures[0].unit if measures else "")
    return "After / before - 1 (%)" if pair.is_relative else f"After - before ({unit})"


def _draw_histogram(axes: Any, change: Array, pair: Pair) -> None:
    finite = change[np.isfinite(change)]
    if not finite.size:
        note(axes, "no pixel is good in both")
        return
    limit = 1.5 * (_limit(change) or 1.0)
    axes.hist(np.clip(finite, -limit, limit), bins=81, range=(-limit, limit), color=GREY)
    median = float(np.median(finite))
    scatter = 1.4826 * float(np.median(np.abs(finite - median)))
    axes.axvline(median, color=NEW, linewidth=1.2)
    axes.set_yscale("log")
    axes.set_title(f"median {median:.3g}, robust scatter {scatter:.3g}", fontsize=7.5, color=NEW, loc="left")
    axes.set(xlabel=_map_label(pair), ylabel="Pixels of the map")
    tidy(axes)
