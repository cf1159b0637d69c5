"""Tables of FITS regions to boxes: the form in which older defects come.

The convention is McDowell & Rots, FITS REGION Binary Table Design (ASC-FITS-REGION-1.1): centres count pixels from
one. Which shapes are taken, and how a centre becomes a corner, is the stack's (FORMATS.md of the design, section 6.1).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from curated.core.diagnostic import Problem, brief
from curated.core.tables import TextColumn
from curated.declare import Array

_COLUMNS = ("X", "Y", "SHAPE", "R")
_SHAPES = ("BOX", "POINT", "ROTBOX")


def is_regions(columns: Mapping[str, TextColumn]) -> bool:
    """Say whether a table is one of regions."""
    return {name.upper() for name in columns} >= set(_COLUMNS)


def boxes_of(columns: Mapping[str, TextColumn]) -> tuple[dict[str, TextColumn], list[Problem]]:
    """Return the boxes of regions.

    Parameters
    ----------
    columns : `dict` [`str`, `TextColumn`]
        ``X``, ``Y``, ``SHAPE``, ``R`` and, for ``ROTBOX``, ``ROTANG`` in degrees.

    Returns
    -------
    boxes : `dict` [`str`, `TextColumn`]
        ``x0``, ``y0``, ``width`` and ``height``, a row for each region that is a box.
    problems : `list` [`Problem`]
        Regions of other shapes, and boxes that stand askew.
    """
    given = {name.upper(): (name, column.values) for name, column in columns.items()}
    x, y, shapes, sizes = (given[name][1] for name in _COLUMNS)
    angles = given["ROTANG"][1] if "ROTANG" in given else np.zeros(len(x))
    boxes: list[list[float]] = []
    problems = []
    for row, shape in enumerate(map(str, shapes)):
        size, why = _size(shape.strip().upper(), sizes[row], angles[row])
        if why:
            name = given["SHAPE" if why == _NO_BOX else "R"][0]
            said = f"{brief(shape)} " if why == _NO_BOX else ""
            problems.append(Problem("CAL301", (name, row), f"row {row + 1} {name}: {said}{why}"))
            continue
        centre = np.array([np.ravel(x[row])[0], np.ravel(y[row])[0]], float) - 1
        boxes.append([*np.floor(centre - size / 2 + 1), *size])
    found = np.array(boxes, float).reshape(-1, 4).T
    return {
        name: TextColumn(values, "float64", "pix")
        for name, values in zip(("x0", "y0", "width", "height"), found, strict=True)
    }, problems


_NO_BOX = f"is not one of {', '.join(_SHAPES)}"


def _size(shape: str, size: Any, angle: Any) -> tuple[Array, str]:
    """Return width and height of a region, and why it is no box of pixels; empty where it is one."""
    sides: Array = np.ravel(np.asarray(size, float))[:2]
    if shape == "POINT":
        return np.ones(2), ""
    if shape not in _SHAPES:
        return sides, _NO_BOX
    if len(sides) < 2:
        return sides, "a box has a width and a height"
    turns = float(np.ravel(angle)[0]) / 90 if shape == "ROTBOX" else 0.0
    if not turns.is_integer():
        return sides, f"a box turned by {90 * turns:g} degrees is none of pixels"
    return (sides[::-1] if turns % 2 else sides), ""
