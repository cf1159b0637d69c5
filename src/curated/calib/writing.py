"""A calibration's values as tables and as plain data: the reverse of `curated.calib`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from curated.calib.arrays import is_equal
from curated.calib.keyed_tables import in_group
from curated.core.tables import ColumnData, TableData
from curated.declare import Field, Spec, Table


def table_data(
    spec: Spec, fields: tuple[Field, ...], calib: Any, unit: Callable[[Field], str]
) -> list[TableData]:
    """Return a calibration's tables as FITS and ECSV hold them.

    Parameters
    ----------
    spec : `Spec`
        Its type.
    fields : `tuple` [`Field`]
        Its fields.
    calib : `Calib`
        Where their values are.
    unit : `~collections.abc.Callable`
        Returns the unit of a field's column.
    """
    tables = []
    for index, table in enumerate(spec.tables):
        if table.rows == "record":
            continue
        values = [(f, getattr(calib, f.name)) for f in fields if f.table == index and (f.names or f.prefix)]
        values = [(f, value) for f, value in values if f.column or not f.keyword]
        columns = _keyed(table, values) if table.rows == "key" else _columns(table, values, unit)
        if columns is not None:
            tables.append(TableData(columns, carries_metadata=index == 0 or spec.repeats_metadata))
            tables[-1].keywords |= {key: calib.metadata.get(key) for key in table.keywords}
    return tables


def _keyed(table: Table, values: list[tuple[Field, Any]]) -> dict[str, ColumnData] | None:
    """Return the columns of a table with a row for each key."""
    keys = list(next((v for f, v in values if v and not f.common), {}))
    if table.optional and not keys:
        return None
    columns = {table.key_column: ColumnData(np.array(keys, dtype=str) if keys else np.zeros(0))}
    for declared, value in values:
        if declared.prefix:
            shared = {f"{declared.prefix}{name}": item for name, item in value.items()}
            columns |= {name: _column_data([item] * len(keys), declared) for name, item in shared.items()}
        elif declared.common:
            columns[declared.column] = _column_data([value] * len(keys), declared)
        elif declared.columns:
            rows = np.array([value[key] for key in keys], dtype=declared.dtype)
            parts = rows.T if keys else [np.zeros(0)] * len(declared.columns)
            columns |= {name: ColumnData(part) for name, part in zip(declared.columns, parts, strict=True)}
        else:
            columns[declared.column] = _column_data([value[key] for key in keys] if value else [], declared)
    return columns


def _columns(
    table: Table, values: list[tuple[Field, Any]], unit: Callable[[Field], str]
) -> dict[str, ColumnData] | None:
    """Return the columns of any other table."""
    columns = {
        declared.column: ColumnData(
            _flat(_widened(np.asarray(value)[np.newaxis] if table.rows == "one" else value, declared)),
            unit(declared),
        )
        for declared, value in values
        if value is not None
    }
    if table.optional and not any(len(c.values) for c in columns.values()):
        return None
    return columns


def plain_tree(spec: Spec, fields: tuple[Field, ...], calib: Any) -> dict[str, Any]:
    """Return a calibration's values as plain lists, numbers and text; see `table_data`."""
    tree: dict[str, Any] = {}
    for declared in fields:
        value, table = getattr(calib, declared.name), spec.tables[declared.table]
        if value is None:
            continue
        in_metadata = declared.keyword and declared.keyword in calib.metadata and not declared.text
        if not in_metadata or table.rows == "record":
            _put(tree, table, declared, value)
    return tree


def _put(tree: dict[str, Any], table: Table, declared: Field, value: Any) -> None:
    """Put a field's value where YAML has it."""
    if table.rows == "record":
        (tree.setdefault(table.name, {}) if table.name else tree)[declared.key] = value
    elif table.rows == "records" and not declared.keyword:
        if table.optional and not len(value):
            return
        records = tree.setdefault(table.name, [{} for _ in range(len(value))])
        for record, item in zip(records, value.tolist(), strict=True):
            if declared.required or not is_equal(item, declared.default):
                record[declared.key] = item
    elif in_group(table, declared):
        group = tree.setdefault(table.group, {})
        for key, item in value.items():
            group.setdefault(key, {})[declared.key] = _plain(item, declared, table)
    elif isinstance(value, dict):
        tree[declared.key] = {key: _plain(item, declared, table) for key, item in value.items()}
    else:
        tree[declared.key] = _plain(value, declared, table)


def _plain(value: Any, declared: Field, table: Table) -> Any:
    """Return a value as plain data: flat where its shape is known, else as it is nested."""
    open_rows = table.rows == "free" and declared.shape
    return value.tolist() if ("*" in declared.shape or open_rows) and value is not None else plain(value)


def plain(value: Any) -> Any:
    """Return an array as a flat list; everything else as it is."""
    return value.reshape(-1).tolist() if isinstance(value, np.ndarray) else value


def _widened(values: Any, declared: Field) -> Any:
    """Return texts with room for as many characters as the declaration asks for."""
    if not declared.width or values.dtype.kind != "U":
        return values
    return values.astype(f"U{max(declared.width, values.dtype.itemsize // 4)}")


def _flat(rows: Any) -> Any:
    """Return the rows with each row's value flat, as the stack stores matrices."""
    return rows.reshape(len(rows), -1) if rows.ndim > 2 else rows


def _column_data(rows: list[Any], declared: Field) -> ColumnData:
    if not rows:
        return ColumnData(np.zeros(0))
    arrays = [np.asarray(row) for row in rows]
    if "*" not in declared.shape:
        arrays = [array.reshape(-1) if array.ndim else array for array in arrays]
    if declared.shape and not any(array.size for array in arrays):
        return ColumnData(np.zeros((len(rows), 0), _EMPTY.get(declared.dtype, "f8")))
    if declared.dtype == "bool" and not declared.shape:
        # A flag for each row is an integer in the stack's tables.
        return ColumnData(np.array(arrays).astype("i8"))
    if len({a.shape for a in arrays}) == 1:
        return ColumnData(np.stack(arrays))
    if declared.padded:
        longest = max(map(len, arrays))
        padded = [np.pad(array, (0, longest - len(array)), constant_values=np.nan) for array in arrays]
        return ColumnData(np.stack(padded))
    return ColumnData(arrays, variable="P")


_EMPTY = {"bool": "?", "str": "U3"}
"""Data types of vectors without elements in the stack's tables, where they are not doubles."""
