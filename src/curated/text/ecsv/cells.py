"""Cells of an ECSV column to an array of its data type, numbers many at once.

orjson rounds decimals correctly, as `float` does, at a fraction of its cost. What JSON does not know, such as
``nan`` or ``1.``, is left to Python.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from curated.core.diagnostic import MAX_FINDINGS, Problem, brief
from curated.text.ecsv.serialized import HeaderColumn

JSON_NUMBERS = b"0123456789.eE+-"
"""Characters of numbers in JSON."""

_INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
_DTYPES = {name: np.dtype(name) for name in (*_INTEGERS, "float16", "float32", "float64")}
_KINDS = {**_DTYPES, "bool": np.dtype("?"), "string": np.dtype("U")}
_SUBTYPE = re.compile(r"([a-z]+[0-9]*)\[((?:[0-9]{1,9}|null)(?:,(?:[0-9]{1,9}|null)){0,7})\]\Z")
_TRUE_WORDS, _FALSE_WORDS = {"True", "1"}, {"False", "0"}
_MAX_SIZE = 10**9
"""Most values that a header may declare for a cell."""


def convert(column: HeaderColumn, cells: list[str] | NDArray[np.float64]) -> tuple[Any, list[Problem]]:
    """Convert a column's cells to its data type, and report all cells that do not fit."""
    if isinstance(cells, np.ndarray):
        with np.errstate(over="ignore"):
            return cells.astype(column.dtype, copy=False), []
    if column.subtype:
        return _convert_arrays(column, cells)
    if column.dtype == "string":
        return cells, []
    if column.dtype == "bool":
        wrong = [i for i, cell in enumerate(cells) if cell not in _TRUE_WORDS and cell not in _FALSE_WORDS]
        return np.array([cell in _TRUE_WORDS for cell in cells], dtype=bool), _unfit(column, cells, wrong)
    dtype = _DTYPES.get(column.dtype)
    if dtype is None:
        return cells, [_unknown_type(column, "datatype", column.dtype)]
    parsed = _numbers(cells, dtype)
    if parsed is not None:
        with np.errstate(over="ignore"):
            return parsed.astype(dtype, copy=False), []
    wrong = [i for i, cell in enumerate(cells) if not _fits(cell, dtype)]
    return np.zeros(len(cells), dtype), _unfit(column, cells, wrong)


_NUMBER_LIST = JSON_NUMBERS + b","


def _numbers(cells: list[str], dtype: np.dtype[Any]) -> Any:
    """Return cells as numbers; `None` if one of them does not fit the type."""
    joined = ",".join(cells)
    if dtype.kind == "f" and joined.isascii():
        raw = joined.encode("ascii")
        values = None if raw.translate(None, _NUMBER_LIST) else parse_floats(raw, len(cells))
        if values is not None:
            return values
    if "_" in joined:
        return None  # Python's syntax, not ECSV's
    try:
        if dtype.kind == "f":
            return np.fromiter(map(float, cells), np.float64, len(cells))
        return np.fromiter(map(int, cells), dtype, len(cells))
    except (ValueError, OverflowError):
        return None


def _unknown_type(column: HeaderColumn, key: str, value: str) -> Problem:
    kinds = ", ".join(_KINDS)
    shapes = "" if key == "datatype" else " with lengths such as [16] or [2,3]"
    detail = f"{key} {brief(value)} of column {brief(column.name)} is not one of {kinds}{shapes}"
    return Problem("CAL205", ("datatype", column.name, key), detail)


def _fits(cell: str, dtype: np.dtype[Any]) -> bool:
    if "_" in cell:
        return False
    try:
        if dtype.kind == "f":
            float(cell)
            return True
        return bool(np.iinfo(dtype).min <= int(cell) <= np.iinfo(dtype).max)
    except ValueError:
        return False


def _unfit(column: HeaderColumn, cells: list[str], wrong: list[int]) -> list[Problem]:
    problems = []
    for i in wrong[:MAX_FINDINGS]:
        reason = f"{brief(cells[i])} is not {_ARTICLES.get(column.dtype, column.dtype)}"
        if not cells[i]:
            reason = "the cell is empty"
        elif column.dtype in _INTEGERS and re.fullmatch(r"[-+]?[0-9]+", cells[i]):
            reason = f"{brief(cells[i])} is beyond the range of {column.dtype}"
        problems.append(Problem("CAL218", (column.name, i), f"row {i + 1} {column.name}: {reason}"))
    # Problems beyond the limit are only counted.
    return problems + problems[-1:] * (len(wrong) - len(problems))


_ARTICLES = {
    **{name: f"a whole number ({name})" for name in _INTEGERS},
    **{name: f"a number ({name})" for name in ("float16", "float32", "float64")},
    "bool": "True or False (bool)",
}


def _convert_arrays(column: HeaderColumn, cells: list[str]) -> tuple[Any, list[Problem]]:
    """Convert a column of JSON arrays: to one array if their shapes are equal, else to a list."""
    match = _SUBTYPE.match(column.subtype)
    dtype = _KINDS.get(match[1]) if match else None
    if match is None or dtype is None:
        return cells, [_unknown_type(column, "subtype", column.subtype)]
    if column.dtype != "string":
        detail = (
            f"datatype of column {brief(column.name)} is {brief(column.dtype)}; with a subtype it is string"
        )
        return cells, [Problem("CAL205", ("datatype", column.name, "datatype"), detail)]
    shape = [None if part == "null" else int(part) for part in match[2].split(",")]
    if math.prod(part or 1 for part in shape) > _MAX_SIZE:
        detail = (
            f"column {brief(column.name)} is declared to hold {match[2].replace(',', ' x ')} values a cell"
        )
        return cells, [Problem("CAL209", ("datatype", column.name, "subtype"), detail)]
    values, problems = [], []
    for i, cell in enumerate(cells):
        value, wrong = _array(cell, dtype, match[1])
        if not wrong and (
            value.ndim != len(shape)
            or any(n not in (None, m) for n, m in zip(shape, value.shape, strict=True))
        ):
            size = " x ".join(map(str, value.shape)) or "one"
            wrong = f"{size} values, the header declares {match[2].replace(',', ' x ')}"
        if wrong:
            code = "CAL218" if value is None else "CAL215"
            problems.append(Problem(code, (column.name, i), f"row {i + 1} {column.name}: {wrong}"))
        values.append(value)
    if problems:
        return cells, problems
    if not values:
        return np.zeros([0, *(part or 0 for part in shape)], dtype), []
    return (np.stack(values) if len({v.shape for v in values}) == 1 else values), []


def _array(cell: str, dtype: np.dtype[Any], kind: str) -> tuple[Any, str]:
    """Return the array of a cell that is a JSON array, and the reason if it does not fit."""
    try:
        raw = np.array(parse_json(cell))
        if dtype.kind in "iu" and raw.dtype.kind in "fO":
            # numpy makes floats of small and very large integers together.
            raw = np.array(json.loads(cell), dtype=object)
    except (ValueError, TypeError, OverflowError, RecursionError):
        return None, f"{brief(cell)} is not a JSON array of {kind}" if cell else "the cell is empty"
    if not raw.size:
        return raw.astype(dtype), ""
    exact = dtype.kind in "iu" and raw.dtype.kind == "O" and all(type(value) is int for value in raw.flat)
    if raw.dtype.kind not in _JSON_KINDS[dtype.kind] and not exact:
        return None, f"{brief(cell)} holds other values than {kind}"
    if dtype.kind in "iu" and not (np.iinfo(dtype).min <= raw.min() and raw.max() <= np.iinfo(dtype).max):
        return None, f"{brief(cell)} holds numbers beyond the range of {kind}"
    try:
        with np.errstate(over="ignore"):
            # null stands for NaN among floats.
            return raw.astype(raw.dtype if dtype.kind == "U" else dtype, copy=False), ""
    except (ValueError, TypeError, OverflowError):
        return None, f"{brief(cell)} holds other values than {kind}"


_JSON_KINDS = {"f": "fiuO", "i": "iu", "u": "iu", "b": "b", "U": "U"}
"""Kinds of arrays of JSON values that fit, by the kind that is declared."""


# -- numbers ----------------------------------------------------------------------------------------------


def parse_floats(joined: bytes, count: int) -> NDArray[np.float64] | None:
    """Convert decimals that commas separate to float64.

    Parameters
    ----------
    joined : `bytes`
        Decimals, of nothing but `JSON_NUMBERS` and commas.
    count : `int`
        Number of decimals among the commas.

    Returns
    -------
    values : `numpy.ndarray` or `None`
        The bits that `float` gives; `None` if one is not a number as JSON writes it.
    """
    # An integer has no negative zero.
    if b"-0," in joined or joined.endswith(b"-0"):
        return None
    try:
        values = np.array(orjson.loads(b"[%b]" % joined), dtype=np.float64)
    except orjson.JSONDecodeError:
        return None
    return values if len(values) == count else None


def parse_json(text: str) -> Any:
    """Parse JSON as `json.loads` does, and quicker; integers beyond 64 bits may come as floats.

    Raises
    ------
    ValueError
        If the text is not JSON.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return json.loads(text)  # NaN and Infinity
