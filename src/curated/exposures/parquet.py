"""Tables of exposures as Parquet, with pyarrow, which is optional."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

import numpy as np

from curated.core.diagnostic import CuratedError, Problem
from curated.exposures.batch import ROWS, Array, Cells, TableOptions
from curated.exposures.columns import find_columns

_UNITS = {"s": 1_000_000, "ms": 1000, "us": 1}
"""Microseconds in the unit of a time."""


def read_parquet(stream: BinaryIO, options: TableOptions) -> Iterator[Cells]:
    """Yield the cells of a Parquet table; of its columns only those that are needed are read.

    Parameters
    ----------
    stream : binary file
        The file, of which any part can be read.

    Raises
    ------
    CuratedError
        If it is damaged, if a column is missing or of a type that is no time or name, or if pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise CuratedError(
            "pyarrow is not installed, which reads Parquet",
            "pip install 'curated-calibs[parquet]', or write the table as CSV or JSON lines",
        ) from error
    try:
        file = pq.ParquetFile(stream)
        schema = file.schema_arrow
        columns = find_columns(schema.names, options.columns, options.scale)
        row = 1
        problems = tuple(_imprecise_times(pa, schema, columns.names))
        names = list(dict.fromkeys(columns.names.values()))
        for batch in file.iter_batches(batch_size=ROWS, columns=names):
            # Of a column whose name has a dot, pyarrow returns all that begin with it.
            values = {
                role: _cells(pa, batch.column(batch.schema.get_field_index(name)), name)
                for role, name in columns.names.items()
            }
            yield Cells(range(row, row + batch.num_rows), values, columns.scales, problems)
            row += batch.num_rows
            problems = ()
    except (pa.ArrowException, OSError, OverflowError) as error:
        raise CuratedError(
            f"the Parquet file cannot be read: {' '.join(str(error).split())[:200]}"
        ) from error


def _imprecise_times(pa: Any, schema: Any, names: Mapping[str, str]) -> Iterator[Problem]:
    """Yield the columns of times whose numbers have too few digits: single precision tells five minutes apart."""
    for role in ("time", "mjd"):
        kind = schema.field(schema.get_field_index(names[role])).type if role in names else None
        if kind is not None and pa.types.is_floating(kind) and kind.bit_width < 64:
            detail = f"column {names[role]} holds days with {kind.bit_width} bits, between which are minutes"
            yield Problem("CAL373", (), detail)


def _cells(pa: Any, column: Any, name: str) -> list[Any] | Array:
    """Return the cells of a column: times in microseconds and dates in days as numpy has them, others as values."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _cells(pa, column.dictionary_decode(), name)
    if pa.types.is_timestamp(kind):
        micros = _microseconds(pa, column)
        # A zone says that times are UTC, whatever the name of the column says.
        return micros if kind.tz is None else ["" if np.isnat(time) else f"{time}Z" for time in micros]
    if pa.types.is_date(kind):
        days = column.cast(pa.date32()).cast(pa.int32()).cast(pa.int64())
        return _with_missing(days).astype("datetime64[D]")
    if pa.types.is_floating(kind):
        return np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False))
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    is_binary = (
        pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind)
    )
    is_number = pa.types.is_integer(kind) or pa.types.is_decimal(kind) or pa.types.is_boolean(kind)
    if is_binary:
        return [
            None if v is None else v.decode("utf-8", errors="backslashreplace") for v in column.to_pylist()
        ]
    if not (is_text or is_number or pa.types.is_null(kind) or "string_view" in str(kind)):
        raise CuratedError(
            f"column {name!r:.60} has cells of the type {str(kind)[:60]}", "name another: --column"
        )
    cells: list[Any] = column.to_pylist()
    return cells


def _microseconds(pa: Any, column: Any) -> Array:
    """Return timestamps in microseconds; those with a zone are UTC, and those beyond the calendar are missing."""
    numbers = _with_missing(column.cast(pa.int64()))
    missing = numbers == np.iinfo(np.int64).min
    if column.type.unit == "ns":
        micros = numbers // 1000
    else:
        factor = _UNITS[column.type.unit]
        missing |= np.abs(numbers.astype("f8")) > np.iinfo(np.int64).max / factor / 2
        micros = np.where(missing, 0, numbers) * factor
    micros[missing] = np.iinfo(np.int64).min
    result: Array = micros.astype("datetime64[us]")
    return result


def _with_missing(numbers: Any) -> Array:
    """Return integers, with the least one for missing cells, which is numpy's missing date."""
    values: Array = np.array(numbers.fill_null(np.iinfo(np.int64).min).to_numpy(zero_copy_only=False))
    return values
