"""Untrusted values as numpy arrays of a declared dtype and shape."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from curated.core.tables import TextColumn
from curated.declare import Field

KINDS = {
    "f": "a number",
    "f8": "a number",
    "n": "a number",
    "i8": "a whole number",
    "bool": "true or false",
    "str": "text",
    "any": "a number, or text among texts",
}
"""What messages call one value, by the field's dtype."""

_PYTHON: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("f", "f8", "n", "i8"), (int, float)),
    "bool": (bool,),
    "str": (str,),
    "any": (int, float, str),
}


def is_kind(value: Any, dtype: str) -> bool:
    """Say whether a plain value can be stored in a dtype without loss."""
    if not isinstance(value, _PYTHON[dtype]) or (isinstance(value, bool) and dtype != "bool"):
        return False
    if dtype == "i8" and isinstance(value, float):
        # Beyond 2**53 a float stands for more than one integer.
        return value.is_integer() and abs(value) <= 2**53
    return not isinstance(value, int) or dtype != "i8" or -(2**63) <= value < 2**63


def typed(array: Any, field: Field, source: Any) -> tuple[Any, list[tuple[int | None, Any]] | None]:
    """Bring an array to its field's dtype.

    Parameters
    ----------
    array : `numpy.ndarray`
        What numpy makes of the values.
    field : `Field`
        Declares the dtype.
    source : `object`
        The values themselves: numpy hides that a list mixes texts, flags and numbers.

    Returns
    -------
    array : `numpy.ndarray`
        In the dtype of the field; unchanged if that cannot be.
    misfits : `list` [`tuple`] or `None`
        Index and value of the entries that cannot be stored; `None` if all can.
    """
    kind, dtype = array.dtype.kind, field.dtype
    if array.size == 0:
        return array.astype(_EMPTY.get(dtype, dtype)), None
    dtype = _settled_dtype(array, dtype, source)
    classes = _classes(source)
    is_numeric = kind in "fiu" and bool not in classes
    if dtype == "f" and is_numeric:
        return (array if kind == "f" else array.astype("f8")), None
    if dtype == "f8" and is_numeric:
        return array.astype("f8"), None
    if dtype == "i8" and is_numeric and _is_whole(array):
        return array.astype("i8"), None
    if (dtype == "bool" and kind == "b") or (dtype == "str" and kind == "U" and classes == {str}):
        return array, None
    if dtype in ("f", "f8") and kind == "O" and not _misfits(source, dtype):
        # Integers of more than 64 bits; those beyond the range of a float cannot be stored.
        try:
            return array.astype("f8"), None
        except OverflowError:
            return array, [(None, source)]
    is_text = dtype == "str" and kind == "U"
    misfits = [] if is_text and isinstance(source, np.ndarray) else _misfits(source, dtype)
    if is_text and not misfits:
        return array, None
    return array, misfits or [(None, source)]


def _is_whole(array: Any) -> bool:
    """Say whether all numbers of an array are 64-bit integers."""
    if array.dtype.kind == "f":
        return bool((np.abs(array) <= 2**53).all() and (array == np.trunc(array)).all())
    return array.dtype.kind == "i" or bool(array.max() <= np.iinfo(np.int64).max)


def _classes(source: Any) -> set[type]:
    """Return the classes of the values in lists, however nested; none for anything else."""
    classes = set(map(type, source)) if isinstance(source, list) else set()
    if list in classes:
        classes = classes.union(*map(_classes, source))
    return classes


def _settled_dtype(array: Any, dtype: str, source: Any) -> str:
    """Return the dtype that ``n`` and ``any`` stand for with these values; any other as it is."""
    if dtype not in ("n", "any"):
        return dtype
    if array.dtype.kind in "iu" and array.max() <= np.iinfo(np.int64).max:
        return "i8"
    is_text = dtype == "any" and array.dtype.kind in "UO" and not _misfits(source, "str")
    return "str" if is_text else "f8"


_EMPTY = {"f": "f8", "n": "f8", "any": "f8", "bool": "?", "str": "U1"}
"""Dtypes of arrays without elements, for dtypes that numpy does not know."""


def _misfits(source: Any, dtype: str) -> list[tuple[int | None, Any]]:
    """Return the first value of each entry that a dtype cannot store."""
    items = source.tolist() if isinstance(source, np.ndarray) else source
    if not isinstance(items, (list, tuple)):
        return [] if is_kind(items, dtype) else [(None, items)]
    misfits: list[tuple[int | None, Any]] = []
    for i, item in enumerate(items):
        misfits += [(i, value) for value in _leaves(item) if not is_kind(value, dtype)][:1]
    return misfits


def _leaves(item: Any) -> Iterator[Any]:
    if isinstance(item, (list, tuple)):
        for inner in item:
            yield from _leaves(inner)
    else:
        yield item


def decoded(values: Any) -> Any:
    """Return an array of bytes as one of texts; any other as it is.

    Raises
    ------
    ValueError
        If the bytes are no UTF-8.
    """
    if values.dtype.kind == "S":
        texts = [text.decode() for text in values.ravel().tolist()]
    elif values.dtype.kind == "O" and values.size and all(isinstance(item, bytes) for item in values.flat):
        texts = [text.decode() for text in values.flat]
    else:
        return values
    return np.array([text.rstrip(" ") for text in texts], dtype=str).reshape(values.shape)


def with_texts(column: TextColumn) -> TextColumn:
    """Return a column of bytes, as FITS has them, as one of texts; those that are no text stay, and are reported."""
    if getattr(column.values, "dtype", np.dtype("f8")).kind not in "SO":
        return column
    try:
        return TextColumn(decoded(column.values), column.dtype, column.unit, column.doc)
    except ValueError:
        return column


def reshaped(array: Any, shape: tuple[str | int, ...]) -> Any:
    """Return an array in its declared shape, a flat one folded; `None` if it does not fit."""
    if len(array.shape) == len(shape) and all(s in ("*", n) for s, n in zip(shape, array.shape, strict=True)):
        return array
    if array.size == 0 and "*" in shape and array.ndim <= len(shape):
        return array.reshape([0 if s == "*" else int(s) for s in shape])
    is_flat = array.ndim == 1 and shape and "*" not in shape
    if is_flat and int(np.prod(np.array(shape, dtype=float))) == array.size:
        return array.reshape([int(s) for s in shape])
    return None


def is_equal(left: Any, right: Any) -> bool:
    """Say whether two values of a field are the same, the order of mappings included; NaN equals NaN."""
    if isinstance(left, dict) and isinstance(right, dict):
        return list(left) == list(right) and all(is_equal(left[k], right[k]) for k in left)
    if isinstance(left, np.ndarray) and isinstance(right, np.ndarray):
        is_float = left.dtype.kind == "f"
        return left.shape == right.shape and bool(np.array_equal(left, right, equal_nan=is_float))
    return type(left) is type(right) and bool(left == right or (_is_nan(left) and _is_nan(right)))


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)
