"""Tables of FITS regions, the form of older defects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from curated.core.diagnostic import Problem, brief
from curated.core.tables import TextColumn
from curated.declare import Array

# The convention is McDowell & Rots, FITS REGION Binary Table Design (ASC-FITS-REGION-1.1): centres count pixels
# from one. Shapes and corners are those that the reader of lsst.ip.isr.defects.Defects takes.

_REGION_COLUMNS = ("X", "Y", "SHAPE", "R")
_REGION_SHAPES = ("BOX", "POINT", "ROTBOX")
_OTHER_SHAPE = f"is not one of {', '.join(_REGION_SHAPES)}"


def has_regions(columns: Mapping[str, TextColumn]) -> bool:
    """Say whether a table has the columns of FITS regions."""
    return {name.upper() for name in columns} >= set(_REGION_COLUMNS)


def boxes_of_regions(columns: Mapping[str, TextColumn]) -> tuple[dict[str, TextColumn], list[Problem]]:
    """Return the boxes of a table of FITS regions.

    Parameters
    ----------
    columns : `dict` [`str`, `TextColumn`]
        ``X``, ``Y``, ``SHAPE``, ``R`` and, for ``ROTBOX``, ``ROTANG`` in degrees.

    Returns
    -------
    boxes : `dict` [`str`, `TextColumn`]
        ``x0``, ``y0``, ``width`` and ``height``, a row for each region that is a box.
    problems : `list` [`Problem`]
        Regions of other shapes, and boxes that are not aligned with the pixels.
    """
    named_values = {name.upper(): (name, column.values) for name, column in columns.items()}
    x, y, shapes, sizes = (named_values[name][1] for name in _REGION_COLUMNS)
    angles = named_values["ROTANG"][1] if "ROTANG" in named_values else np.zeros(len(x))
    boxes: list[list[float]] = []
    problems = []
    for row, shape in enumerate(map(str, shapes)):
        size, reason = _region_size(shape.strip().upper(), sizes[row], angles[row])
        if reason:
            is_shape = reason == _OTHER_SHAPE
            name = named_values["SHAPE" if is_shape else "R"][0]
            subject = f"{brief(shape)} " if is_shape else ""
            problems.append(Problem("CAL301", (name, row), f"row {row + 1} {name}: {subject}{reason}"))
            continue
        centre = np.array([np.ravel(x[row])[0], np.ravel(y[row])[0]], float) - 1
        boxes.append([*np.floor(centre - size / 2 + 1), *size])
    box_columns = zip(("x0", "y0", "width", "height"), np.array(boxes, float).reshape(-1, 4).T, strict=True)
    return {name: TextColumn(values, "float64", "pix") for name, values in box_columns}, problems


def _region_size(shape: str, size: Any, angle: Any) -> tuple[Array, str]:
    """Return width and height of a region, and why it is no box of pixels; empty if it is one."""
    sides: Array = np.ravel(np.asarray(size, float))[:2]
    if shape == "POINT":
        return np.ones(2), ""
    if shape not in _REGION_SHAPES:
        return sides, _OTHER_SHAPE
    if len(sides) < 2:
        return sides, "a box has a width and a height"
    quarter_turns = float(np.ravel(angle)[0]) / 90 if shape == "ROTBOX" else 0.0
    if not quarter_turns.is_integer():
        return sides, f"a box turned by {90 * quarter_turns:g} degrees is none of pixels"
    return (sides[::-1] if quarter_turns % 2 else sides), ""
