"""FITS tables of regions, and of boxes (McDowell & Rots, FITS REGION Binary Table Design, ASC-FITS-REGION-1.2).

Centres count pixels from one, except in files of the package ``regions``, which writes its own coordinates from zero.
Regions of one COMPONENT are the pixels that they share; components are united.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from curated.core.diagnostic import Problem, brief
from curated.core.tables import TextColumn
from curated.declare import Array
from curated.exchange.foreign import Foreign, ForeignError, ForeignFile, Target
from curated.exchange.hdus import choose_hdu, open_hdus
from curated.exchange.pixels.raw_frames import raw_areas, trim_boxes
from curated.exchange.pixels.shapes import Shape, boxes_foreign, foreign_defects
from curated.image.foreign_header import identity_claims, kept_keywords

_BOXES = ("x0", "y0", "width", "height")
_COUNTS = {
    "POINT": 0,
    "CIRCLE": 1,
    "BOX": 2,
    "ROTBOX": 2,
    "ELLIPSE": 2,
    "ROTELLIPSE": 2,
    "ANNULUS": 2,
    "ELLIPTANNULUS": 4,
}
"""Sizes of each shape in R."""

_TABLE_KEYWORDS = ("HDUNAME", "HDUCLASS", "HDUCLAS1", "HDUCLAS2", "HDUVERS", "HDUDOC", "CONTENT", "ORIGIN")
"""Keywords that say of which form a table is."""

_PIXELS = frozenset(("", "pix", "pixel", "pixels"))
_DEGREES = {**dict.fromkeys(("", "deg", "degree", "degrees"), 1.0), "rad": math.degrees(1)}
"""Degrees of the units of ROTANG."""

_ORIGIN = "astropy/regions"


def recognises(file: ForeignFile) -> bool:
    """Say whether a FITS file has a table of regions or of boxes."""
    if not file.is_fits:
        return False
    try:
        with open_hdus(file) as hdus:
            numbers = _tables(hdus)
            headers = [hdus[0].header, *(hdus[number].header for number in numbers)]
            # Boxes with an OBSTYPE are a file of the type itself, which has a reader of its own.
            is_own = not has_shapes(hdus, numbers) and any("OBSTYPE" in header for header in headers)
            return bool(numbers) and not is_own
    except ForeignError:
        return False


def has_shapes(hdus: Any, numbers: Sequence[int]) -> bool:
    """Say whether any of some tables has shapes."""
    return any(name.lower() == "shape" for number in numbers for name in hdus[number].columns.names)


def _tables(hdus: Any) -> list[int]:
    """Return the numbers of the HDUs with regions or boxes."""
    numbers = []
    for number, hdu in enumerate(hdus):
        names = {name.lower() for name in getattr(getattr(hdu, "columns", None), "names", None) or ()}
        if not hdu.is_image and (names >= set(_BOXES) or names >= {"x", "y", "shape"}):
            numbers.append(number)
    return numbers


def read(file: ForeignFile, target: Target) -> Foreign:
    """Read a table of regions or boxes."""
    conventions = target.conventions
    with open_hdus(file) as hdus:
        numbers = _tables(hdus)
        hdu = hdus[choose_hdu(hdus, numbers, (), conventions.hdu, "table of regions")]
        header = {**dict(hdus[0].header), **dict(hdu.header)}
        columns = {name.lower(): np.array(hdu.data[name]) for name in hdu.columns.names}
        units = {c.name.lower(): str(c.unit or "").strip().lower() for c in hdu.columns}
    if set(columns) >= set(_BOXES):
        return _read_boxes(columns, conventions.origin or 0, target)
    is_from_zero = str(header.get("ORIGIN", "")).strip().lower() == _ORIGIN
    origin = (0 if is_from_zero else 1) if conventions.origin is None else conventions.origin
    problems: list[Problem] = []
    if is_from_zero and conventions.origin is None:
        detail = "the package 'regions' wrote this table, with coordinates from 0 instead of 1 as the standard has it"
        problems.append(Problem("CAL718", (), detail, "--origin 1 reads them as the standard has it"))
    for name in ("x", "y", "r", "rotang"):
        if name in columns and columns[name].dtype.kind not in "fiuO":
            raise ForeignError(Problem("CAL711", (), f"column {name.upper()} is not of numbers"))
    problems += _unit_problems(units)
    if units.get("rotang", "") in _DEGREES and "rotang" in columns:
        columns["rotang"] = columns["rotang"] * _DEGREES[units.get("rotang", "")]
    if any(problem.code == "CAL712" for problem in problems):
        return Foreign(problems=tuple(problems))
    shapes = _shapes(columns, origin, problems, is_from_zero=is_from_zero)
    kept = {**kept_keywords(header, _TABLE_KEYWORDS), **identity_claims(header)}
    return replace(_united(shapes, target, problems), metadata=kept)


def _unit_problems(units: Mapping[str, str]) -> list[Problem]:
    """Return the problems of coordinates and sizes that are none of pixels, and of angles in unknown units."""
    problems = [
        Problem(
            "CAL712",
            (),
            f"column {name.upper()} is in {brief(units[name])}, and not in pixels",
            "convert the regions to pixels of the image",
        )
        for name in ("x", "y", "r")
        if units.get(name, "") not in _PIXELS
    ]
    if units.get("rotang", "") not in _DEGREES:
        detail = f"column ROTANG is in {brief(units['rotang'])}, and not in degrees"
        problems.append(Problem("CAL712", (), detail, "convert the angles to degrees"))
    return problems


def _read_boxes(columns: Mapping[str, Array], origin: int, target: Target) -> Foreign:
    """Return the boxes of a table such as the stack's and ours."""
    values = [np.ravel(columns[name]) for name in _BOXES]
    whole = np.stack(values, axis=1).astype("f8")
    if not (np.isfinite(whole).all() and (whole == np.floor(whole)).all() and (np.abs(whole) < 2**31).all()):
        raise ForeignError(Problem("CAL711", (), "the boxes are not whole numbers of pixels"))
    boxes = whole.astype("i8") - np.array([origin, origin, 0, 0])
    problems = []
    detector = target.detector
    areas = raw_areas(target) if target.conventions.untrimmed else []
    if target.conventions.untrimmed and not areas:
        detail = (
            "the coordinates are those of the untrimmed image, and nothing says where the detector is in it"
        )
        problems.append(Problem("CAL712", (), detail, "add a camera calibration with the detector"))
    elif areas:
        boxes, _, lost = trim_boxes(boxes, areas)
        problems += [Problem("CAL716", (), f"{lost} boxes are in the overscan alone")] if lost else []
    elif len(boxes) and (boxes[:, :2].min() < 0 or boxes[:, 2:].min() < 1):
        problems.append(Problem("CAL712", (), "boxes begin before the first pixel, or have no size"))
    elif detector is not None and detector.width and detector.height and len(boxes):
        reach = (boxes[:, :2] + boxes[:, 2:]).max(axis=0)
        if reach[0] > detector.width or reach[1] > detector.height:
            detail = f"boxes reach to {reach[0]} x {reach[1]} on a detector of {detector.width} x {detector.height}"
            problems.append(Problem("CAL712", (), detail))
    return boxes_foreign(boxes, (), problems)


def _shapes(
    columns: Mapping[str, Array], origin: int, problems: list[Problem], *, is_from_zero: bool
) -> list[tuple[int, Shape]]:
    """Return the shape of each row with its component; what cannot be read is a problem."""
    count = len(columns["shape"])
    components = _components(columns, count, problems)
    shapes = []
    for row in range(count):
        name = _text(columns["shape"][row])
        kind = name.lstrip("!").strip().upper()
        x, y = (np.ravel(columns[axis][row]).astype("f8") - origin for axis in ("x", "y"))
        sizes = np.ravel(columns["r"][row]).astype("f8") if "r" in columns else np.zeros(0)
        angles = np.ravel(columns["rotang"][row]).astype("f8") if "rotang" in columns else np.zeros(0)
        angle = float(angles[0]) if angles.size else 0.0
        label = f"row {row + 1}, {name.strip()},"
        numbers = _numbers(kind, x, y, sizes, angle, origin, is_from_zero=is_from_zero)
        if isinstance(numbers, str):
            problems.append(Problem("CAL711", (), f"{label} {numbers}"))
            continue
        if kind in ("BOX", "RECTANGLE") and angle % 180:
            detail = f"{label} has the angle {angle:g}, and is not turned: the standard turns ROT{kind} only"
            problems.append(Problem("CAL717", (), detail, f"call it ROT{kind} if it is turned"))
        shape_kind = {
            "ROTBOX": "box",
            "RECTANGLE": "box",
            "ROTRECTANGLE": "box",
            "ROTELLIPSE": "ellipse",
        }.get(kind, kind.lower())
        shape = Shape(kind=shape_kind, numbers=numbers, is_excluded=name.strip().startswith("!"), label=label)
        shapes.append((components[row], shape))
    return shapes


def _components(columns: Mapping[str, Array], count: int, problems: list[Problem]) -> list[int]:
    """Return the component of each row; one that is no whole number is a problem."""
    if "component" not in columns:
        return list(range(count))
    components = []
    for row, value in enumerate(columns["component"]):
        number = np.ravel(value)
        is_whole = number.size == 1 and number.dtype.kind in "iuf" and float(number[0]).is_integer()
        if not is_whole:
            detail = f"row {row + 1} has the COMPONENT {brief(str(value))}, which is no whole number"
            problems.append(Problem("CAL711", (), detail))
        components.append(int(number[0]) if is_whole else -1 - row)
    return components


def _numbers(
    kind: str, x: Array, y: Array, sizes: Array, angle: float, origin: int, *, is_from_zero: bool
) -> tuple[float, ...] | str:
    """Return the numbers of a shape; a text says why there are none."""
    if kind == "POLYGON":
        return _corners(x, y, origin)
    if kind in ("RECTANGLE", "ROTRECTANGLE"):
        if len(x) < 2 or len(y) < 2:
            return "has not two corners"
        # Edges are the centres of pixels half a pixel away, as in RECTANGLE of the standard.
        turn = angle if kind == "ROTRECTANGLE" else 0.0
        return ((x[0] + x[1]) / 2, (y[0] + y[1]) / 2, abs(x[1] - x[0]), abs(y[1] - y[0]), turn)
    if kind not in _COUNTS:
        return f"is not one of {', '.join(_COUNTS)}, POLYGON and RECTANGLE"
    needed = _COUNTS[kind]
    if not len(x) or not len(y) or len(sizes) < needed:
        return f"has {len(sizes)} sizes in R, not {needed}"
    parts = tuple(float(size) for size in sizes[:needed])
    if kind == "ELLIPTANNULUS" and is_from_zero:
        # The package writes whole axes, the widths before the heights.
        parts = (parts[0] / 2, parts[2] / 2, parts[1] / 2, parts[3] / 2)
    turns = {"ROTBOX": (angle,), "ELLIPSE": (angle,), "ROTELLIPSE": (angle,), "ELLIPTANNULUS": (angle,)}
    return (float(x[0]), float(y[0]), *parts, *turns.get(kind, ()))


def _corners(x: Array, y: Array, origin: int) -> tuple[float, ...] | str:
    """Return the corners of a polygon without those that fill up its row: zeros, or the last corner again."""
    corners = [(float(a), float(b)) for a, b in zip(x, y, strict=False)]
    filling = (-float(origin), -float(origin))
    while len(corners) > 3 and (corners[-1] == filling or corners[-1] == corners[-2]):
        corners.pop()
    return (
        tuple(number for corner in corners for number in corner)
        if len(corners) > 2
        else "has less than three corners"
    )


def _text(value: Any) -> str:
    return value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)


def _united(rows: Sequence[tuple[int, Shape]], target: Target, problems: list[Problem]) -> Foreign:
    """Return the boxes of all components; shapes that exclude stay with those of their component."""
    groups: dict[int, list[Shape]] = {}
    for component, shape in rows:
        groups.setdefault(component, []).append(shape)
    only_excluding = [s for group in groups.values() if all(s.is_excluded for s in group) for s in group]
    parts: list[Array] = []
    for component, group in groups.items():
        included = [shape for shape in group if not shape.is_excluded]
        if len(included) > 1:
            detail = f"COMPONENT {component} has {len(included)} regions, which means the pixels that all of them share"
            hint = "give each region a COMPONENT of its own if they are to be united"
            problems.append(Problem("CAL711", (), detail, hint))
        elif included:
            others = [shape for shape in group if shape.is_excluded]
            foreign = foreign_defects([*included, *others, *only_excluding], target)
            problems += foreign.problems
            parts.append(np.stack([foreign.tables[0][name].values for name in _BOXES], axis=1))
    if only_excluding and not parts:
        problems.append(
            Problem(
                "CAL711",
                (),
                f"{brief(only_excluding[0].label)} excludes, and there is nothing to exclude it from",
            )
        )
    boxes = np.concatenate(parts) if parts else np.zeros((0, 4), "i8")
    return boxes_foreign(boxes, (), problems)


def region_columns(boxes: Array) -> dict[str, TextColumn]:
    """Return a table of regions of boxes (n, 4), as the stack writes it: points and boxes with centres from one."""
    is_point = (boxes[:, 2] == 1) & (boxes[:, 3] == 1)
    centres = boxes[:, :2] + (boxes[:, 2:] - 1) / 2 + 1
    return {
        "X": TextColumn(centres[:, 0], "float64", "pix"),
        "Y": TextColumn(centres[:, 1], "float64", "pix"),
        "SHAPE": TextColumn(np.where(is_point, "POINT", "BOX"), "string"),
        "R": TextColumn(boxes[:, 2:].astype("f8"), "float64", "pix"),
        "ROTANG": TextColumn(np.zeros(len(boxes)), "float64", "deg"),
        "COMPONENT": TextColumn(np.arange(len(boxes), dtype="i4"), "int32"),
    }
