"""Masks as rectangles: exactly the pixels, maximal, none needless, whatever the mask."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from curated.declare import Array
from curated.image.rectangles import rectangles_of

MASKS = arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=9), elements=st.booleans())


def painted(boxes: Array, shape: tuple[int, ...]) -> Array:
    mask = np.zeros(shape, bool)
    for x0, y0, width, height in boxes.tolist():
        mask[y0 : y0 + height, x0 : x0 + width] = True
    return mask


@settings(max_examples=150, deadline=None)
@given(MASKS)
def test_rectangles_are_exact_maximal_and_all_needed(mask: Array) -> None:
    boxes = rectangles_of(mask)
    assert np.array_equal(painted(boxes, mask.shape), mask)
    edged = np.pad(mask, 1)
    for number, (x0, y0, width, height) in enumerate((boxes + np.array([1, 1, 0, 0])).tolist()):
        rows, columns = slice(y0, y0 + height), slice(x0, x0 + width)
        neighbours = (
            edged[rows, x0 - 1],
            edged[rows, x0 + width],
            edged[y0 - 1, columns],
            edged[y0 + height, columns],
        )
        assert not any(line.all() for line in neighbours)
        assert not np.array_equal(painted(np.delete(boxes, number, axis=0), mask.shape), mask)


def test_a_bad_row_and_bad_columns_are_one_rectangle_each() -> None:
    mask = np.zeros((20, 30), bool)
    mask[7] = True
    mask[:, [3, 9, 10]] = True
    assert rectangles_of(mask).tolist() == [[3, 0, 1, 20], [9, 0, 2, 20], [0, 7, 30, 1]]


@pytest.mark.parametrize("shape", [(0, 0), (3, 4)])
def test_nothing_bad(shape: tuple[int, int]) -> None:
    assert rectangles_of(np.zeros(shape, bool)).shape == (0, 4)
