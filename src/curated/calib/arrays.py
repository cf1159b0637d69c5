"""Untrusted values to numpy arrays of a declared dtype and shape."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

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
"""What values of a dtype are called."""

_PYTHON: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("f", "f8", "n", "i8"), (int, float)),
    "bool": (bool,),
    "str": (str,),
    "any": (int, float, str),
}


def is_kind(value: Any, dtype: str) -> bool:
    """Say whether a plain value can be kept as a dtype without loss."""
    if not isinstance(value, _PYTHON[dtype]) or (isinstance(value, bool) and dtype != "bool"):
        return False
    if dtype == "i8" and isinstance(value, float):
        # Beyond 2**53 a float stands for more than one integer.
        return value.is_integer() and abs(value) <= 2**53
    return not isinstance(value, int) or dtype != "i8" or -(2**63) <= value < 2**63


def typed(array: Any, field: Field, given: Any) -> tuple[Any, list[tuple[int | None, Any]] | None]:
    """Bring an array to its field's dtype.

    Parameters
    ----------
    array : `numpy.ndarray`
        What numpy makes of the values.
    field : `Field`
        Its declaration.
    given : `object`
        The values; a list that mixes texts, flags and numbers is not what numpy makes of it.

    Returns
    -------
    array : `numpy.ndarray`
        In the dtype of the field; as it came where that cannot be.
    wrong : `list` [`tuple`] or `None`
        Index and value of the entries that cannot be; `None` where all can.
    """
    kind, wanted = array.dtype.kind, field.dtype
    if array.size == 0:
        return array.astype(_EMPTY.get(wanted, wanted)), None
    wanted = _settled(array, wanted, given)
    classes = _classes(given)
    numeric = kind in "fiu" and bool not in classes
    if wanted == "f" and numeric:
        return (array if kind == "f" else array.astype("f8")), None
    if wanted == "f8" and numeric:
        return array.astype("f8"), None
    if (
        wanted == "i8"
        and numeric
        and kind in "iu"
        and not (kind == "u" and array.max() > np.iinfo(np.int64).max)
    ):
        return array.astype("i8"), None
    if (
        wanted == "i8"
        and numeric
        and kind == "f"
        and (np.abs(array) <= 2**53).all()
        and (array == np.trunc(array)).all()
    ):
        return array.astype("i8"), None
    if (wanted == "bool" and kind == "b") or (wanted == "str" and kind == "U" and classes == {str}):
        return array, None
    if wanted in ("f", "f8") and kind == "O" and not _unlike(given, wanted):
        # Whole numbers of more than 64 bits; what is beyond a float is wrong.
        try:
            return array.astype("f8"), None
        except OverflowError:
            return array, [(None, given)]
    wrong = (
        [] if isinstance(given, np.ndarray) and wanted == "str" and kind == "U" else _unlike(given, wanted)
    )
    if wanted == "str" and kind == "U" and not wrong:
        return array, None
    return array, wrong or [(None, given)]


def _classes(given: Any) -> set[type]:
    """Return the classes of the values in lists, however nested; of anything else none."""
    classes = set(map(type, given)) if isinstance(given, list) else set()
    if list in classes:
        classes = classes.union(*map(_classes, given))
    return classes


def _settled(array: Any, wanted: str, given: Any) -> str:
    """Return the dtype that ``n`` and ``any`` are for these values; any other as it is."""
    if wanted not in ("n", "any"):
        return wanted
    if array.dtype.kind in "iu" and array.max() <= np.iinfo(np.int64).max:
        return "i8"
    texts = wanted == "any" and array.dtype.kind in "UO" and not _unlike(given, "str")
    return "str" if texts else "f8"


_EMPTY = {"f": "f8", "n": "f8", "any": "f8", "bool": "?", "str": "U1"}
"""What an array without elements becomes."""


def _unlike(given: Any, wanted: str) -> list[tuple[int | None, Any]]:
    """Return the first value of each entry that is not of the kind wanted."""
    items = given.tolist() if isinstance(given, np.ndarray) else given
    if not isinstance(items, (list, tuple)):
        return [] if is_kind(items, wanted) else [(None, items)]
    found: list[tuple[int | None, Any]] = []
    for i, item in enumerate(items):
        found += [(i, value) for value in _leaves(item) if not is_kind(value, wanted)][:1]
    return found


def _leaves(item: Any) -> Iterator[Any]:
    if isinstance(item, (list, tuple)):
        for inner in item:
            yield from _leaves(inner)
    else:
        yield item


def reshaped(array: Any, shape: tuple[str | int, ...]) -> Any:
    """Return the array in the declared shape; a flat array is folded; `None` where neither fits."""
    if len(array.shape) == len(shape) and all(s in ("*", n) for s, n in zip(shape, array.shape, strict=True)):
        return array
    if array.size == 0 and "*" in shape and array.ndim <= len(shape):
        return array.reshape([0 if s == "*" else int(s) for s in shape])
    if (
        array.ndim == 1
        and "*" not in shape
        and shape
        and int(np.prod(np.array(shape, dtype=float))) == array.size
    ):
        return array.reshape([int(s) for s in shape])
    return None


def is_equal(one: Any, other: Any) -> bool:
    """Say whether two values of a field are the same, the order of mappings included; NaN equals NaN."""
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(is_equal(one[k], other[k]) for k in one)
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        floats = one.dtype.kind == "f"
        return one.shape == other.shape and bool(np.array_equal(one, other, equal_nan=floats))
    return type(one) is type(other) and bool(one == other or (_is_nan(one) and _is_nan(other)))


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)
