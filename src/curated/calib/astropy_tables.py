"""A calibration's tables as `astropy.table.Table`, and back; astropy is imported only when it is used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from curated.core.tables import TableData, TextColumn
from curated.core.units import text_unit
from curated.provenance import Provenance

if TYPE_CHECKING:
    from astropy.table import Table


def columns_of(table: Table) -> dict[str, TextColumn]:
    """Return the columns of an astropy table by name."""
    return {
        name: TextColumn(np.asarray(table[name]), str(table[name].dtype), str(table[name].unit or ""))
        for name in table.colnames
    }


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
