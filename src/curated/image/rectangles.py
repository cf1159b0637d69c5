"""Masks of pixels as rectangles, and back."""

from __future__ import annotations

import numpy as np

from curated.declare import Array


def rectangles_of(mask: Array) -> Array:
    """Cover the pixels of a mask by rectangles, exactly.

    Each rectangle is maximal: it cannot grow in any direction without taking a pixel that is not in the mask. They may
    overlap, as a bad row and a bad column do; none is needless. The result depends on the pixels alone.

    Parameters
    ----------
    mask : `numpy.ndarray`, (rows, columns), bool
        `True` for the pixels to cover.

    Returns
    -------
    boxes : `numpy.ndarray`, (n, 4), int64
        First column, first row, width and height of each, zero-based, ordered by first row and first column.
    """
    is_bad = np.asarray(mask, bool)
    rows, columns = (np.flatnonzero(is_bad.any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        return np.zeros((0, 4), "i8")
    y0, x0 = int(rows[0]), int(columns[0])
    part = np.ascontiguousarray(is_bad[y0 : rows[-1] + 1, x0 : columns[-1] + 1])
    edges = _without_needless(_maximal(part, _stacked_runs(part)), part.shape)
    boxes: Array = np.stack(
        [edges[:, 0] + x0, edges[:, 2] + y0, edges[:, 1] - edges[:, 0], edges[:, 3] - edges[:, 2]], axis=1
    )
    return boxes[np.lexsort((boxes[:, 2], boxes[:, 3], boxes[:, 0], boxes[:, 1]))]


def _stacked_runs(mask: Array) -> Array:
    """Return the runs of each row, equal ones of neighbouring rows as one: left, right, bottom, top, in (n, 4)."""
    padded = np.zeros((mask.shape[0], mask.shape[1] + 2), bool)
    padded[:, 1:-1] = mask
    rows, left = np.nonzero(padded[:, 1:] & ~padded[:, :-1])
    right = np.nonzero(padded[:, :-1] & ~padded[:, 1:])[1]
    order = np.lexsort((rows, right, left))
    rows, left, right = rows[order], left[order], right[order]
    is_first = np.ones(len(rows), bool)
    is_first[1:] = (left[1:] != left[:-1]) | (right[1:] != right[:-1]) | (rows[1:] != rows[:-1] + 1)
    firsts = np.flatnonzero(is_first)
    lasts = np.append(firsts[1:], len(rows)) - 1
    return np.stack([left[firsts], right[firsts], rows[firsts], rows[lasts] + 1], axis=1)


def _maximal(mask: Array, edges: Array) -> Array:
    """Return rectangles of whole runs grown to other rows, where the mask has all of their columns; each one once."""
    below = _growth(mask, edges[:, 0], edges[:, 1], edges[:, 2])
    flipped_rows = mask.shape[0] - edges[:, 3]
    above = _growth(mask[::-1], edges[:, 0], edges[:, 1], flipped_rows)
    grown = np.stack([edges[:, 0], edges[:, 1], edges[:, 2] - below, edges[:, 3] + above], axis=1)
    distinct: Array = np.unique(grown, axis=0)
    return distinct


def _growth(mask: Array, left: Array, right: Array, bottom: Array) -> Array:
    """Return by how many rows below ``bottom`` each rectangle can grow."""
    # A sentinel at the end, since the last run may end with the last pixel.
    flat = np.zeros(mask.size + 1, "i4")
    depth = flat[:-1].reshape(mask.shape)
    depth[0] = mask[0]
    for row in range(1, len(mask)):
        np.multiply(depth[row - 1] + 1, mask[row], out=depth[row])
    growth = np.zeros(len(left), "i8")
    inner = np.flatnonzero(bottom > 0)
    # In the order of the rows, the runs of one row follow each other and do not overlap.
    inner = inner[np.lexsort((left[inner], bottom[inner]))]
    if inner.size:
        start = (bottom[inner] - 1) * mask.shape[1]
        places = np.stack([start + left[inner], start + right[inner]], axis=1).ravel()
        growth[inner] = np.minimum.reduceat(flat, places)[::2]
    return growth


def _without_needless(edges: Array, shape: tuple[int, ...]) -> Array:
    """Return rectangles without those all of whose pixels others cover; smaller ones go first."""
    counts = _counts(edges, shape)
    is_shared = counts > 1
    if not is_shared.any():
        return edges
    shared = np.zeros((shape[0] + 1, shape[1] + 1), "i4")
    np.cumsum(is_shared, axis=1, out=shared[1:, 1:])
    _add_up_rows(shared)
    left, right, bottom, top = edges.T
    overlap = shared[top, right] - shared[bottom, right] - shared[top, left] + shared[bottom, left]
    areas = (right - left) * (top - bottom)
    candidates = np.flatnonzero(overlap == areas)
    is_needed = np.ones(len(edges), bool)
    for index in candidates[np.lexsort((left[candidates], bottom[candidates], areas[candidates]))].tolist():
        part = counts[bottom[index] : top[index], left[index] : right[index]]
        if part.min() > 1:
            part -= 1
            is_needed[index] = False
    return edges[is_needed]


def _counts(edges: Array, shape: tuple[int, ...]) -> Array:
    """Return how many of some rectangles cover each pixel."""
    steps = np.zeros((shape[0] + 1, shape[1] + 1), "i4")
    left, right, bottom, top = edges.T
    for y, x, sign in ((bottom, left, 1), (bottom, right, -1), (top, left, -1), (top, right, 1)):
        np.add.at(steps, (y, x), sign)
    np.cumsum(steps, axis=1, out=steps)
    _add_up_rows(steps)
    return steps[:-1, :-1]


def _add_up_rows(values: Array) -> None:
    """Replace each row by the sum of it and all rows before; much faster than `numpy.cumsum` along columns."""
    for row in range(1, len(values)):
        values[row] += values[row - 1]
