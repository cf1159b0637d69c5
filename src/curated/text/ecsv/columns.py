"""Columns as the header of an ECSV file declares them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True, eq=False, repr=False)
class HeaderColumn:
    """A column as the header declares it."""

    name: str
    dtype: str
    unit: str = ""
    doc: str = ""
    subtype: str = ""
