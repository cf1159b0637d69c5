"""Untrusted values as arrays: what each dtype takes, shapes, equality."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curated.calib.arrays import decoded, is_equal, is_kind, reshaped, typed, with_texts
from curated.core.tables import TextColumn
from support.declarations import make_field


@pytest.mark.parametrize(
    ("dtype", "good", "bad"),
    [
        ("f8", [1, 1.5, math.nan, 10**400], [True, "1", None, [1.0]]),
        (
            "i8",
            [0, -(2**63), 2**63 - 1, 3.0, 2.0**53],
            [2**63, -(2**63) - 1, 0.5, 2.0**54, math.nan, True, "1"],
        ),
        ("bool", [True, False], [0, 1.0, "true", None]),
        ("str", ["", "a"], [1, True, None]),
        ("any", ["a", 1, 1.5], [True, None]),
    ],
)
def test_values_that_a_dtype_can_store(dtype: str, good: list[Any], bad: list[Any]) -> None:
    assert [value for value in good if not is_kind(value, dtype)] == []
    assert [value for value in bad if is_kind(value, dtype)] == []


@pytest.mark.parametrize(
    ("dtype", "values", "result"),
    [
        ("f", [1, 2], "f8"),
        ("f", np.array([1, 2], "f4"), "f4"),
        ("f8", np.array([1, 2], "f4"), "f8"),
        ("f8", [2**70, 1], "f8"),
        ("n", [1, 2], "i8"),
        ("n", [1, 2.5], "f8"),
        ("n", [2**63, 1], "f8"),
        ("i8", [1.0, 2.0], "i8"),
        ("any", ["a", "b"], "U1"),
        ("any", [1, 2], "i8"),
        ("bool", [True, False], "?"),
        ("bool", [], "?"),
        ("str", [], "U1"),
    ],
)
def test_dtypes(dtype: str, values: Any, result: str) -> None:
    array, misfits = typed(np.asarray(values), make_field("x", dtype), values)
    assert misfits is None
    assert array.dtype == np.dtype(result)
    assert array.tolist() == list(values)


@pytest.mark.parametrize(
    ("dtype", "values", "misfits"),
    [
        ("f8", [1.0, True, 2.0], [(1, True)]),
        ("f8", [1.0, "a", "b"], [(1, "a"), (2, "b")]),
        ("f8", [[1.0, "a"], ["b", "c"]], [(0, "a"), (1, "b")]),
        ("i8", [1, 1.5], [(1, 1.5)]),
        ("i8", [2**63, 1], [(0, 2**63)]),
        ("str", ["a", 1], [(1, 1)]),
        ("bool", [True, 0], [(1, 0)]),
        ("any", ["a", 1], [(0, "a")]),
        ("f8", "a", [(None, "a")]),
        ("f8", [10**400], [(None, [10**400])]),
    ],
)
def test_misfits_have_their_index(dtype: str, values: Any, misfits: list[Any]) -> None:
    """Numpy alone would make numbers of flags, and texts of numbers."""
    assert typed(np.asarray(values), make_field("x", dtype), values)[1] == misfits


@given(st.lists(st.floats() | st.integers(-(2**53), 2**53)))
def test_numbers_keep_their_value(values: list[float]) -> None:
    array, misfits = typed(np.asarray(values), make_field("x", "n"), values)
    assert misfits is None
    np.testing.assert_array_equal(array, np.array(values, "f8"))


def test_shapes() -> None:
    flat = np.arange(6)
    assert reshaped(flat, (2, 3)).tolist() == [[0, 1, 2], [3, 4, 5]]
    assert reshaped(flat, ("*",)) is flat
    assert reshaped(flat.reshape(2, 3), ("*", 3)).shape == (2, 3)
    assert reshaped(np.zeros(0), ("*", 3)).shape == (0, 3)
    for shape in ((), (5,), (2, 2), ("*", 3)):
        assert reshaped(flat, shape) is None, shape
    assert reshaped(flat.reshape(2, 3), (3, 2)) is None
    # The product of the sides overflows 64 bits to zero.
    assert reshaped(np.zeros(0), (2**32, 2**32)) is None


def test_equality() -> None:
    array = np.array([1.0, np.nan])
    assert is_equal({"a": array, "b": np.nan}, {"a": array.copy(), "b": float("nan")})
    for left, right in (
        (array, np.array([1.0, 2.0])),
        (array, array.reshape(1, 2)),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({"a": array}, {"a": array[:1]}),
        (1, 1.0),
        (1, True),
        (None, np.nan),
        (array, 1.0),
    ):
        assert not is_equal(left, right)
        assert not is_equal(right, left)


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        (np.array([b"C00 ", b"C01"]), ["C00", "C01"]),
        (np.array([b"a", b"bc"], dtype=object), ["a", "bc"]),
        (np.array([[b"x"], [b"y"]]), [["x"], ["y"]]),
        (np.array(["u", "v"]), ["u", "v"]),
        (np.array([1.5]), [1.5]),
    ],
)
def test_bytes_are_texts(values: Any, texts: list[Any]) -> None:
    assert decoded(values).tolist() == texts
    assert with_texts(TextColumn(values, "bytes", "nm")).values.tolist() == texts


def test_bytes_that_are_no_text() -> None:
    values = np.array([b"\xff"])
    with pytest.raises(UnicodeDecodeError):
        decoded(values)
    assert with_texts(TextColumn(values, "bytes")).values is values
