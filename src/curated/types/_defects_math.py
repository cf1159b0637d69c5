"""Areas of unions of boxes, and what a change of defects does to a detector."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from curated.core.geometry import Box, DetectorGeometry
from curated.declare import Array, Conditions, Measure, Reading

_MAX_CELLS = 20_000_000
"""Cells of a grid that are looked at together: 20 MB for each mask."""

_MOST_FEATURES, _OTHERS = 1000, "other features"
"""Number of named features that are told apart, and what the others are called together."""

Boxes = Array
"""Boxes, (N, 4), int64: first column, first row, the column after the last, and the row after the last."""


def box_array(defects: Any) -> Boxes:
    """Return the boxes of `Defects` that cover a pixel; none if there are no defects."""
    if defects is None or not len(defects.x0):
        return np.empty((0, 4), "i8")
    x0, y0 = defects.x0.astype("i8"), defects.y0.astype("i8")
    boxes = np.stack([x0, y0, x0 + defects.width.astype("i8"), y0 + defects.height.astype("i8")], axis=1)
    distinct: Array = np.unique(boxes[(boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])], axis=0)
    return distinct


def covered_cells(boxes: Boxes, columns: Array, rows: Array) -> Array:
    """Return which cells of a grid boxes cover.

    Parameters
    ----------
    boxes : `numpy.ndarray`, (N, 4)
        Boxes whose edges are among those of the grid.
    columns, rows : `numpy.ndarray`
        Edges of the cells, increasing.

    Returns
    -------
    is_covered : `numpy.ndarray`, (rows, columns) less one each, bool
        Whether a box covers the cell.
    """
    x0, x1 = (np.searchsorted(columns, boxes[:, i]) for i in (0, 2))
    y0, y1 = (np.searchsorted(rows, boxes[:, i]) for i in (1, 3))
    # Each box adds one within its edges; a sum over both axes counts the boxes of each cell.
    steps = np.zeros((len(rows), len(columns)), "i4")
    for y, x, sign in ((y0, x0, 1), (y0, x1, -1), (y1, x0, -1), (y1, x1, 1)):
        np.add.at(steps, (y, x), sign)
    is_covered: Array = steps.cumsum(axis=0).cumsum(axis=1)[:-1, :-1] > 0
    return is_covered


class Areas(NamedTuple):
    """Numbers of pixels that boxes cover: before, now, only now, and only before."""

    old: int
    new: int
    gained: int
    lost: int


def compare_areas(old: Boxes, new: Boxes) -> Areas:
    """Count the pixels that boxes cover before and now.

    Pixels that several boxes cover count once. The grid has an edge wherever a box has one, so that the time does
    not depend on the size of the detector.

    Parameters
    ----------
    old, new : `numpy.ndarray`, (N, 4)
        Boxes before and now; see `box_array`.
    """
    totals = np.zeros(4, "i8")
    for columns, rows, parts in _strips(old, new):
        areas = np.multiply.outer(np.diff(rows), np.diff(columns))
        before, now = (covered_cells(boxes, columns, rows) for boxes in parts)
        masks = (before, now, now & ~before, before & ~now)
        totals += [int(areas[mask].sum()) for mask in masks]
    return Areas(*totals.tolist())


def _strips(old: Boxes, new: Boxes) -> Iterator[tuple[Array, Array, tuple[Boxes, Boxes]]]:
    """Yield the edges of grids that cover all boxes, and the parts of the boxes in each of them."""
    boxes = np.concatenate([old, new])
    if not len(boxes):
        return
    columns, rows = np.unique(boxes[:, [0, 2]]), np.unique(boxes[:, [1, 3]])
    step = max(1, _MAX_CELLS // len(columns))
    for start in range(0, len(rows) - 1, step):
        edges = rows[start : start + step + 1]
        yield columns, edges, (_within(old, edges), _within(new, edges))


def _within(boxes: Boxes, rows: Array) -> Boxes:
    """Return the parts of boxes between two rows."""
    part = boxes[(boxes[:, 1] < rows[-1]) & (boxes[:, 3] > rows[0])]
    clipped: Array = part.copy()
    clipped[:, [1, 3]] = part[:, [1, 3]].clip(rows[0], rows[-1])
    return clipped


def full_columns(boxes: Boxes, height: int) -> Boxes:
    """Return the columns that boxes mask from the first row to the last, as boxes of one row.

    Parameters
    ----------
    height : `int`
        Rows of the detector, or of an amplifier.
    """
    columns = np.unique(boxes[:, [0, 2]]) if len(boxes) else np.empty(0, "i8")
    parts = [np.empty((0, 4), "i8")]
    for start in range(0, max(0, len(columns) - 1), 1000):
        edges = columns[start : start + 1001]
        part = boxes[(boxes[:, 0] < edges[-1]) & (boxes[:, 2] > edges[0])]
        part[:, [0, 2]] = part[:, [0, 2]].clip(edges[0], edges[-1])
        part[:, [1, 3]] = part[:, [1, 3]].clip(0, height)
        rows = np.unique(np.append(part[:, [1, 3]], [0, height]))
        is_full = covered_cells(part, edges, rows).all(axis=0)
        first, last = edges[:-1][is_full], edges[1:][is_full]
        parts.append(np.stack([first, 0 * first, last, 0 * last + 1], axis=1))
    return np.concatenate(parts)


def compare_columns(old: Boxes, new: Boxes, height: int) -> Areas:
    """Count the columns that boxes mask from the first row to the last, before and now.

    Parameters
    ----------
    old, new : `numpy.ndarray`, (N, 4)
        Boxes before and now; see `box_array`.
    height : `int`
        Rows of the detector, or of an amplifier.
    """
    return compare_areas(full_columns(old, height), full_columns(new, height))


def clip_boxes(boxes: Boxes, area: Box) -> Boxes:
    """Return the parts of boxes within an area, with coordinates from its first pixel on."""
    start = np.array([area.x0, area.y0] * 2)
    clipped: Array = (boxes - start).clip(0, np.array([area.width, area.height] * 2))
    return clipped[(clipped[:, 2] > clipped[:, 0]) & (clipped[:, 3] > clipped[:, 1])]


def _gained(old: Any, new: Any, _: Conditions) -> Iterator[Reading]:
    areas = compare_areas(box_array(old), box_array(new))
    yield Reading(areas.gained, areas.old, areas.new)


def _lost(old: Any, new: Any, _: Conditions) -> Iterator[Reading]:
    areas = compare_areas(box_array(old), box_array(new))
    yield Reading(areas.lost, areas.old, areas.new)


def _fraction(old: Any, new: Any, conditions: Conditions) -> Iterator[Reading]:
    detector = conditions.detector
    if detector is None or not detector.width or not detector.height:
        return
    yield _share(box_array(old), box_array(new), Box(0, 0, detector.width, detector.height))


def _share(old: Boxes, new: Boxes, area: Box, **of: str) -> Reading:
    """Return the reading of the shares of an area (%) that boxes cover."""
    covered = compare_areas(clip_boxes(old, area), clip_boxes(new, area))
    before, now = (100 * count / (area.width * area.height) for count in (covered.old, covered.new))
    return Reading(now - before, before, now, of)


def _amplifier_boxes(detector: DetectorGeometry | None) -> list[tuple[str, Box]]:
    """Return the names and the areas of the amplifiers of a detector, as far as they are known."""
    amplifiers = detector.amplifiers if detector is not None else ()
    return [(a.name, a.box) for a in amplifiers if a.box.width > 0 and a.box.height > 0]


def _amplifier_fractions(old: Any, new: Any, conditions: Conditions) -> Iterator[Reading]:
    before, after = box_array(old), box_array(new)
    for name, area in _amplifier_boxes(conditions.detector):
        yield _share(before, after, area, amplifier=name)


def _columns(old: Any, new: Any, conditions: Conditions) -> Iterator[Reading]:
    detector = conditions.detector
    if detector is None or not detector.height:
        return
    counts = compare_columns(box_array(old), box_array(new), detector.height)
    yield Reading(counts.new - counts.old, counts.old, counts.new)


def _new_columns(old: Any, new: Any, conditions: Conditions) -> Iterator[Reading]:
    before, after = box_array(old), box_array(new)
    detector = conditions.detector
    areas: list[tuple[dict[str, str], Box]] = [
        ({"amplifier": name}, area) for name, area in _amplifier_boxes(detector)
    ]
    if not areas and detector is not None and detector.width and detector.height:
        areas = [({}, Box(0, 0, detector.width, detector.height))]
    for of, area in areas:
        counts = compare_columns(clip_boxes(before, area), clip_boxes(after, area), area.height)
        yield Reading(counts.gained, counts.old, counts.new, of)


def _feature_boxes(defects: Any, names: Sequence[str]) -> dict[str, Boxes]:
    """Return the boxes of the rows of each name; none where the names are not those of these rows."""
    if defects is None or len(names) != len(defects.x0):
        return {}
    x0, y0, width, height = (getattr(defects, name).astype("i8") for name in ("x0", "y0", "width", "height"))
    boxes = np.stack([x0, y0, x0 + width, y0 + height], axis=1)
    indices_by_name: dict[str, list[int]] = {}
    for index, name in enumerate(names):
        is_new = name not in indices_by_name and len(indices_by_name) >= _MOST_FEATURES
        if name:
            indices_by_name.setdefault(_OTHERS if is_new else name, []).append(index)
    return {name: boxes[indices] for name, indices in indices_by_name.items()}


def _near(boxes: Boxes, feature: Boxes) -> Boxes:
    """Return the boxes that may overlap a feature: no others count, and there may be many features."""
    x0, y0 = feature[:, :2].min(axis=0)
    x1, y1 = feature[:, 2:].max(axis=0)
    is_near = (boxes[:, 0] < x1) & (boxes[:, 2] > x0) & (boxes[:, 1] < y1) & (boxes[:, 3] > y0)
    near: Array = boxes[is_near]
    return near


def _features_gained(old: Any, new: Any, conditions: Conditions) -> Iterator[Reading]:
    before = box_array(old)
    for name, boxes in _feature_boxes(new, conditions.row_names[1]).items():
        areas = compare_areas(_near(before, boxes), boxes)
        yield Reading(areas.gained, areas.new - areas.gained, areas.new, {"feature": name})


def _features_lost(old: Any, new: Any, conditions: Conditions) -> Iterator[Reading]:
    after = box_array(new)
    for name, boxes in _feature_boxes(old, conditions.row_names[0]).items():
        areas = compare_areas(boxes, _near(after, boxes))
        yield Reading(areas.lost, areas.old, areas.old - areas.lost, {"feature": name})


MEASURES = (
    Measure(
        name="pixels_gained",
        unit="pix",
        doc="Pixels that the boxes cover now and did not cover before; each counts once.",
        compute=_gained,
        worse="more",
        notable=100,
        additive=True,
        needs_both=False,
    ),
    Measure(
        name="pixels_lost",
        unit="pix",
        doc="Pixels that the boxes covered before and do not cover now; each counts once.",
        compute=_lost,
        notable=100,
        additive=True,
        needs_both=False,
    ),
    Measure(
        name="masked_fraction_change",
        unit="%",
        doc="Change of the share of the detector's pixels that boxes cover; needs the size of the detector.",
        compute=_fraction,
        worse="more",
        notable=0.1,
        needs_both=False,
    ),
    Measure(
        name="amplifier_fraction_change",
        unit="%",
        doc="The same of the pixels of each amplifier; needs the boxes of the amplifiers.",
        compute=_amplifier_fractions,
        worse="more",
        notable=1,
        needs_both=False,
    ),
    Measure(
        name="masked_columns_change",
        unit="pix",
        doc="Change of the number of columns that boxes cover from the first row to the last; needs the size of the detector.",
        compute=_columns,
        worse="more",
        notable=1,
        additive=True,
        needs_both=False,
    ),
    Measure(
        name="columns_fully_masked",
        unit="pix",
        doc="Columns that boxes cover from the first row to the last now, and did not before, of each amplifier where "
        "their boxes are known, else of the detector.",
        compute=_new_columns,
        worse="more",
        notable=1,
        additive=True,
        needs_both=False,
    ),
    Measure(
        name="feature_pixels_gained",
        unit="pix",
        doc="Pixels gained that rows under a comment cover, by that comment; those of two comments count for both.",
        compute=_features_gained,
        worse="more",
        notable=100,
        needs_both=False,
    ),
    Measure(
        name="feature_pixels_lost",
        unit="pix",
        doc="Pixels lost that rows under a comment covered, by that comment; those of two comments count for both.",
        compute=_features_lost,
        notable=100,
        needs_both=False,
    ),
)
