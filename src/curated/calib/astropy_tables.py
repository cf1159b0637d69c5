"""A calibration's tables as `astropy.table.Table`, and back; astropy is imported only when it is used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from curated.calib.arrays import decoded
from curated.core.diagnostic import CuratedError
from curated.core.tables import TableData, TextColumn
from curated.core.units import text_unit
from curated.provenance import Provenance

if TYPE_CHECKING:
    from astropy.table import Table


def columns_of(table: Table) -> dict[str, TextColumn]:
    """Return the columns of an astropy table by name.

    Bytes, as FITS has them, are texts in UTF-8 without the blanks at their ends; masked numbers are NaN.

    Raises
    ------
    CuratedError
        If a value is masked that is no floating-point number, or bytes are no text; it names all columns.
    """
    columns: dict[str, TextColumn] = {}
    wrong: list[str] = []
    for name in table.colnames:
        try:
            values = plain_values(table[name])
        except ValueError as error:
            wrong.append(f"column {name}: {error}")
        else:
            columns[name] = TextColumn(values, str(values.dtype), str(table[name].unit or ""))
    if wrong:
        raise CuratedError("; ".join(wrong), "fill in the values, or leave out their rows")
    return columns


def plain_values(column: Any) -> Any:
    """Return the values of a column as a plain array.

    Raises
    ------
    ValueError
        If a value is missing, or is no text.
    """
    values = np.asarray(column)
    mask = np.asarray(getattr(column, "mask", False))
    if mask.dtype.kind == "b" and mask.any():
        if values.dtype.kind != "f":
            rows = np.flatnonzero(mask.reshape(len(mask), -1).any(axis=1)) + 1
            raise ValueError(f"no value in row {', '.join(map(str, rows[:5].tolist()))}")
        values = np.where(mask, np.nan, values).astype(values.dtype)
    return decoded(values)


def astropy_tables(
    tables: list[TableData], metadata: Mapping[str, Any], provenance: Provenance
) -> list[Table]:
    """Return tables as astropy's; their ``meta`` has the keywords, where they carry them, and the first the provenance."""
    from astropy.table import Table

    results: list[Table] = []
    for data in tables:
        table = Table({name: column.values for name, column in data.columns.items()})
        for name, column in data.columns.items():
            table[name].unit = text_unit(column.unit) or None
        if data.carries_metadata:
            table.meta.update(metadata)
        if not results:
            table.meta.update(provenance.plain())
        results.append(table)
    return results
