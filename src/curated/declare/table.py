"""Tables: how their rows come about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Rows = Literal["free", "one", "key", "records", "record"]
"""How a table's rows come about.

``free``
    As many rows as each field has values: a list of boxes, a curve.
``one``
    One row, each cell a vector: a matrix with its errors.
``key``
    A row for each key of a mapping: amplifiers, source detectors.
``records``
    As ``free``; in YAML a list of mappings, one for each row.
``record``
    Single values that live in the header; in YAML a mapping of its name, or the top of the document where it
    has none. All of its fields have a keyword, and it is no table in FITS.
"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Table:
    """One table of a type: how its rows come about and what it is called.

    Parameters
    ----------
    name : `str`
        Name in documentation; the YAML key of a ``records`` or ``record`` table.
    rows : `str`
        See `Rows`.
    key_column : `str`
        FITS and ECSV name of the column that holds the keys of a ``key`` table.
    optional : `bool`
        Whether the table is left out when it has no rows.
    group : `str`
        YAML key under which the fields of a ``key`` table stand, by key and then by field; without one each
        field is a mapping of its own.
    keywords : `tuple` [`str`]
        Keywords that stand in its own FITS header instead of the calibration's.
    """

    name: str
    rows: Rows = "free"
    key_column: str = ""
    optional: bool = False
    group: str = ""
    keywords: tuple[str, ...] = ()
