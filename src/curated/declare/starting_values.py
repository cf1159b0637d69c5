"""Values to start from: those that a type names, and for other fields the first ones that their declaration allows."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

import numpy as np

from curated.declare.field import Field
from curated.declare.spec import Spec, Table

_SIZE = 3
"""Length of the axes of arrays whose size no value gives."""

_TEXT = "unknown"


def complete_values(
    spec: Spec,
    fields: Sequence[Field],
    start: Mapping[str, Any],
    amplifiers: Sequence[str],
    metadata: MutableMapping[str, Any],
    *,
    has_rows: bool = True,
) -> dict[str, Any]:
    """Return values of all fields that a type demands, by attribute name.

    Parameters
    ----------
    start : `dict`
        Values that stay as they are.
    amplifiers : sequence [`str`]
        Names of the amplifiers, for tables with a row for each; there is one row where none are known.
    metadata : `dict`
        Keywords, to which those of sizes are added.
    has_rows : `bool`, optional
        Whether lists of rows, such as boxes, have one row; they are empty otherwise.
    """
    values = dict(start)
    limits = {bound.quantity: (bound.minimum, bound.maximum) for bound in spec.bounds}
    for declared in fields:
        table = spec.tables[declared.table]
        alternatives = next((group for group in spec.alternatives if declared.name in group), ())
        is_first = bool(alternatives) and not any(name in values for name in alternatives)
        if declared.name in values or table.optional:
            continue
        if declared.required or is_first:
            shape = _shape(spec, declared, values, metadata)
            value = _value(declared, limits.get(declared.name, (None, None)), shape)
            values[declared.name] = _in_table(declared, table, value, amplifiers, has_rows=has_rows)
        elif declared.fill is not None and not declared.keyword:
            is_vector = bool(declared.shape) and not isinstance(declared.fill, (list, tuple))
            value = [declared.fill] if is_vector else declared.fill
            values[declared.name] = _in_table(declared, table, value, amplifiers)
    sizes = {size for declared in fields if declared.name in values for size in declared.shape}
    for size, keyword in spec.sizes.items():
        if size in sizes and size not in values:
            metadata.setdefault(keyword, _SIZE)
    return values


def _shape(
    spec: Spec, declared: Field, values: Mapping[str, Any], metadata: Mapping[str, Any]
) -> tuple[int, ...]:
    lengths = []
    for axis in declared.shape:
        if isinstance(axis, int):
            lengths.append(axis)
        elif axis == "*":
            lengths.append(1)
        else:
            size = values.get(axis, metadata.get(spec.sizes.get(axis, ""), _SIZE))
            lengths.append(int(size))
    return tuple(lengths)


def _value(declared: Field, limits: tuple[float | None, float | None], shape: tuple[int, ...]) -> Any:
    scalar = _scalar(declared, limits)
    if not shape:
        return scalar
    if isinstance(declared.minimum, tuple) and shape == (len(declared.minimum),):
        return np.array(declared.minimum)
    if isinstance(scalar, str):
        return []
    return np.full(shape, scalar)


def _scalar(declared: Field, limits: tuple[float | None, float | None]) -> Any:
    if declared.choices:
        return declared.choices[0]
    if declared.dtype == "str":
        return _TEXT
    if declared.dtype == "bool":
        return False
    number = _number(declared, limits)
    return int(np.ceil(number)) if declared.dtype in ("i8", "n", "any") else float(number)


def _number(declared: Field, limits: tuple[float | None, float | None]) -> float:
    """Return zero, or one, if they are allowed; else a number within the limits."""
    lows = [declared.minimum if not isinstance(declared.minimum, tuple) else max(declared.minimum), limits[0]]
    highs = [high for high in (declared.maximum, limits[1]) if high is not None]
    low = max((value for value in lows if value is not None), default=-np.inf)
    high = min(highs, default=np.inf)
    above = declared.above if declared.above is not None else -np.inf
    for number in (0.0, 1.0):
        if low <= number <= high and number > above:
            return number
    bottom = max(low, above)
    if np.isfinite(bottom) and np.isfinite(high):
        return float((bottom + high) / 2)
    return float(bottom + 1 if np.isfinite(bottom) else high)


def _in_table(
    declared: Field, table: Table, value: Any, names: Sequence[str], *, has_rows: bool = True
) -> Any:
    """Return a value as the rows of its table have it."""
    if declared.keyword or declared.common:
        return value
    if table.rows == "key":
        return {name: value.copy() if isinstance(value, np.ndarray) else value for name in names or ["A"]}
    if table.rows in ("free", "records"):
        if not has_rows:
            return []
        return [value] if isinstance(value, str) else np.array([value])
    return value
