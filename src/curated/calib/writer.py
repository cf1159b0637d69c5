"""From a calibration's values to tables for FITS and ECSV, and to plain data for YAML and JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from curated.calib.arrays import is_equal
from curated.core.tables import ColumnData, TableData
from curated.core.units import fits_unit
from curated.declare import Field, Spec, Table, in_group

# -- tables -------------------------------------------------------------------------------------------


def column_unit(spec: Spec, field: Field, units: Mapping[str, str]) -> str:
    """Return the unit that a field's column states in FITS; empty for none.

    Parameters
    ----------
    spec : `Spec`
        Declaration of the type.
    units : `dict` [`str`, `str`]
        Units that the file gives, by field name.
    """
    source = spec.tables[field.table].fits_units
    if source == "none":
        return ""
    is_declared = source == "declared" and not field.keeps_unit
    return fits_unit(field.unit if is_declared else units.get(field.name, ""))


def table_data(spec: Spec, fields: tuple[Field, ...], calib: Any) -> list[TableData]:
    """Return a calibration's tables as FITS and ECSV hold them."""
    tables = []
    for index, table in enumerate(spec.tables):
        if table.rows == "record":
            continue
        values = [
            (f, getattr(calib, f.name), column_unit(spec, f, calib.units))
            for f in fields
            if f.table == index and (f.column or ((f.names or f.prefix) and not f.keyword))
        ]
        columns = _keyed_columns(table, values) if table.rows == "key" else _columns(table, values)
        if columns is not None:
            keywords = {key: calib.metadata.get(key) for key in table.keywords}
            carries_metadata = index == 0 or spec.repeats_metadata
            tables.append(TableData(columns, carries_metadata=carries_metadata, keywords=keywords))
    return tables


def _keyed_columns(table: Table, values: list[tuple[Field, Any, str]]) -> dict[str, ColumnData] | None:
    """Return the columns of a table with a row for each key; `None` for an optional table without rows."""
    keys = list(next((value for field, value, _ in values if value and not field.common), {}))
    if table.optional and not keys:
        return None
    columns = {table.key_column: ColumnData(np.array(keys, dtype=str) if keys else np.zeros(0))}
    for field, value, unit in values:
        if field.prefix:
            for name, item in value.items():
                columns[f"{field.prefix}{name}"] = _stacked([item] * len(keys), field, unit)
        elif field.common:
            columns[field.column] = _stacked([value] * len(keys), field, unit)
        elif field.columns:
            vectors = np.array([value[key] for key in keys], dtype=field.dtype)
            parts = vectors.T if keys else [np.zeros(0)] * len(field.columns)
            for name, part in zip(field.columns, parts, strict=True):
                columns[name] = ColumnData(part, unit)
        else:
            rows = [value[key] for key in keys] if value else []
            columns[field.column] = _stacked(rows, field, unit)
    return columns


def _columns(table: Table, values: list[tuple[Field, Any, str]]) -> dict[str, ColumnData] | None:
    """Return the columns of any other table; `None` for an optional table without rows."""
    columns = {}
    for field, value, unit in values:
        if value is not None:
            rows = _widened(np.asarray(value)[np.newaxis] if table.rows == "one" else value, field)
            columns[field.column] = ColumnData(_flat_rows(rows), unit)
    if table.optional and not any(len(c.values) for c in columns.values()):
        return None
    return columns


def _widened(values: Any, field: Field) -> Any:
    """Return texts with room for as many characters as the declaration asks for."""
    if not field.width or values.dtype.kind != "U":
        return values
    return values.astype(f"U{max(field.width, values.dtype.itemsize // 4)}")


def _flat_rows(rows: Any) -> Any:
    """Return rows whose matrices are flat, as the stack stores them."""
    return rows.reshape(len(rows), -1) if rows.ndim > 2 else rows


def _stacked(rows: list[Any], field: Field, unit: str) -> ColumnData:
    """Return a column of rows that may be vectors of different lengths."""
    if not rows:
        return ColumnData(np.zeros(0), unit)
    arrays = [np.asarray(row) for row in rows]
    if "*" not in field.shape:
        arrays = [array.reshape(-1) if array.ndim else array for array in arrays]
    if field.shape and not any(array.size for array in arrays):
        return ColumnData(np.zeros((len(rows), 0), _EMPTY.get(field.dtype, "f8")), unit)
    if field.dtype == "bool" and not field.shape:
        # A flag for each row is an integer in the stack's tables.
        return ColumnData(np.array(arrays).astype("i8"), unit)
    if len({a.shape for a in arrays}) == 1:
        return ColumnData(np.stack(arrays), unit)
    if field.padded:
        longest = max(map(len, arrays))
        padded = [np.pad(array, (0, longest - len(array)), constant_values=np.nan) for array in arrays]
        return ColumnData(np.stack(padded), unit)
    return ColumnData(arrays, unit, variable="P")


_EMPTY = {"bool": "?", "str": "U3"}
"""Data types of vectors without elements in the stack's tables; all others are doubles."""


# -- plain data ---------------------------------------------------------------------------------------


def plain_tree(spec: Spec, fields: tuple[Field, ...], calib: Any) -> dict[str, Any]:
    """Return a calibration's values as the lists, mappings, numbers and texts of a document."""
    tree: dict[str, Any] = {}
    for field in fields:
        value, table = getattr(calib, field.name), spec.tables[field.table]
        if value is None:
            continue
        is_keyword = field.keyword and field.keyword in calib.metadata and not field.text
        if not is_keyword or table.rows == "record":
            _put(tree, table, field, value)
    return tree


def _put(tree: dict[str, Any], table: Table, field: Field, value: Any) -> None:
    """Put a field's value where YAML has it."""
    if table.rows == "record":
        (tree.setdefault(table.name, {}) if table.name else tree)[field.key] = value
    elif table.rows == "records" and not field.keyword:
        if table.optional and not len(value):
            return
        records = tree.setdefault(table.name, [{} for _ in range(len(value))])
        for record, item in zip(records, value.tolist(), strict=True):
            if field.required or not is_equal(item, field.default):
                record[field.key] = item
    elif in_group(table, field):
        group = tree.setdefault(table.group, {})
        for key, item in value.items():
            group.setdefault(key, {})[field.key] = _plain_value(item, field, table)
    elif isinstance(value, dict):
        tree[field.key] = {key: _plain_value(item, field, table) for key, item in value.items()}
    else:
        tree[field.key] = _plain_value(value, field, table)


def _plain_value(value: Any, field: Field, table: Table) -> Any:
    """Return a value as plain data: flat if its shape is known, else nested."""
    is_nested = "*" in field.shape or (table.rows == "free" and field.shape)
    return value.tolist() if is_nested and value is not None else plain(value)


def plain(value: Any) -> Any:
    """Return an array as a flat list; everything else as it is."""
    return value.reshape(-1).tolist() if isinstance(value, np.ndarray) else value
