"""Boxes that add nothing to others: those that stand twice, and those inside of another."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from curated.core.diagnostic import Problem
from curated.declare import Array

_MOST_PAIRS = 20_000_000
"""Pairs of boxes that are compared; real files have a thousandth of them."""
_CHUNK = 1_000_000


def repeated(x0: Array, y0: Array, width: Array, height: Array) -> Iterator[Problem]:
    """Yield the rows of a table of boxes that mask no pixel which another row does not mask.

    Parameters
    ----------
    x0, y0, width, height : `numpy.ndarray`, (rows,)
        The boxes.

    Yields
    ------
    problem : `Problem`
        A row that repeats an earlier one, or whose box lies inside of another's. Where there are so many boxes
        that comparing them takes longer than the remark is worth, only the first kind.
    """
    boxes = np.stack([x0, y0, width, height], axis=1)
    if len(boxes) < 2:
        return
    _, first, which = np.unique(boxes, axis=0, return_index=True, return_inverse=True)
    original = first[which.reshape(-1)]
    twice = original != np.arange(len(boxes))
    for row in np.flatnonzero(twice).tolist():
        yield Problem(
            "CAL314", ("x0", row), f"row {row + 1} repeats row {original[row] + 1}: {_said(boxes[row])}"
        )
    for row, outer in _contained(boxes, np.flatnonzero(~twice)):
        detail = f"row {row + 1}, {_said(boxes[row])}, lies inside of row {outer + 1}, {_said(boxes[outer])}"
        yield Problem("CAL315", ("x0", row), detail)


def _contained(boxes: Array, rows: Array) -> Iterator[tuple[int, int]]:
    """Yield the rows whose box is inside of another's, each with the first such."""
    x0, y0 = boxes[rows, 0], boxes[rows, 1]
    x1, y1 = x0 + boxes[rows, 2], y0 + boxes[rows, 3]
    # A box of one pixel holds no other; most are of one pixel or column.
    outer = np.flatnonzero((boxes[rows, 2] > 1) | (boxes[rows, 3] > 1))
    if not outer.size or outer.size * rows.size > _MOST_PAIRS:
        return
    step = max(1, _CHUNK // outer.size)
    for start in range(0, rows.size, step):
        part = slice(start, start + step)
        inside = (x0[part, None] >= x0[outer]) & (x1[part, None] <= x1[outer])
        inside &= (y0[part, None] >= y0[outer]) & (y1[part, None] <= y1[outer])
        # A box lies in itself.
        inside &= outer != np.arange(start, min(start + step, rows.size))[:, None]
        for place in np.flatnonzero(inside.any(axis=1)).tolist():
            yield int(rows[start + place]), int(rows[outer[inside[place].argmax()]])


def _said(box: Array) -> str:
    return f"{box[2]} x {box[3]} pixels at {box[0]}, {box[1]}"
