"""Tables to BINTABLE extensions, with the layout that astropy gives to the tables of the stack."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from curated.core.tables import ColumnData, TableData
from curated.fits.header import Card, cards, escape

_LETTERS = {"f8": "D", "f4": "E", "f2": "E", "i8": "K", "i4": "J", "i2": "I", "u1": "B", "b1": "L"}


def table_parts(table: TableData) -> tuple[str, bytes]:
    """Return the structural cards and the data, heap included, of a table.

    A table that is the same in all files is encoded once.

    Parameters
    ----------
    table : `TableData`
        A table whose columns have the same number of rows.
    """
    if not table.constant:
        return _table_parts(table)
    parts = _CONSTANT_TABLES.get(table.constant)
    if parts is None:
        parts = _CONSTANT_TABLES[table.constant] = _table_parts(table)
    return parts


_CONSTANT_TABLES: dict[str, tuple[str, bytes]] = {}


def _table_parts(table: TableData) -> tuple[str, bytes]:
    encoded = [_encode(column) for column in table.columns.values()]
    if encoded and encoded[-1].dim.endswith(("(0)", ",0)")):
        # astropy gives a vector without elements no bytes at the end of a row; the format tells other readers.
        encoded[-1] = encoded[-1].without_room()
    rows = max((len(c.values) for c in table.columns.values()), default=0)
    dtype = _row_type(tuple((part.dtype, part.shape) for part in encoded))
    block = np.zeros(rows, dtype)
    heap = b""
    for i, part in enumerate(encoded):
        if part.heap is None:
            if rows:
                block[f"c{i}"] = part.values
            continue
        for row, chunk in enumerate(part.heap):
            block[f"c{i}"][row] = (part.counts[row], len(heap))
            heap += chunk
    described = tuple(
        (
            name,
            part.form,
            column.unit if rows else "",
            part.dim,
            *(table.keywords[k][i] for k in table.column_keywords),
        )
        for i, ((name, column), part) in enumerate(zip(table.columns.items(), encoded, strict=True))
    )
    return _structure(
        dtype.itemsize, rows, len(heap), described, table.column_keywords
    ), block.tobytes() + heap


@lru_cache(maxsize=1024)
def _row_type(columns: tuple[tuple[str, tuple[int, ...]], ...]) -> np.dtype[Any]:
    """Return the type of a table's rows."""
    return np.dtype([(f"c{i}", kind, shape) for i, (kind, shape) in enumerate(columns)])


@lru_cache(maxsize=1024)
def _structure(
    width: int, rows: int, heap: int, columns: tuple[tuple[str, ...], ...], column_keywords: tuple[str, ...]
) -> str:
    """Return the cards that describe a table; the same for most files of a type."""
    header: list[Card] = [
        ("XTENSION", "BINTABLE"),
        ("BITPIX", 8),
        ("NAXIS", 2),
        ("NAXIS1", width),
        ("NAXIS2", rows),
        ("PCOUNT", heap),
        ("GCOUNT", 1),
        ("TFIELDS", len(columns)),
    ]
    for i, (name, form, unit, dim, *others) in enumerate(columns, start=1):
        header += [(f"TTYPE{i}", name), (f"TFORM{i}", form)]
        header += [(f"TUNIT{i}", unit)] if unit else []
        header += [(f"TDIM{i}", dim)] if dim else []
        header += [(f"{key}{i}", value) for key, value in zip(column_keywords, others, strict=True)]
    return cards(header)


class _Part:
    """One column in FITS terms."""

    __slots__ = ("counts", "dim", "dtype", "form", "heap", "shape", "values")

    def __init__(
        self, form: str, dtype: str, shape: tuple[int, ...] = (), dim: str = "", values: Any = None
    ) -> None:
        self.form, self.dtype, self.shape, self.dim, self.values = form, dtype, shape, dim, values
        self.heap: list[bytes] | None = None
        self.counts: list[int] = []

    def without_room(self) -> _Part:
        """Return a column whose vectors have no elements, and whose rows take no bytes."""
        return _Part(f"0{self.form[-1]}", self.dtype, (0,), self.dim, np.zeros((len(self.values), 0)))


def _encode(column: ColumnData) -> _Part:
    values = column.values
    if len(values) == 0:
        # The stack makes tables without rows of lists without a type, which become doubles.
        return _Part("D", ">f8")
    if column.variable:
        return _variable(values, column.variable)
    if values.dtype.kind in "UO":
        return _text(values)
    letter = _LETTERS[values.dtype.str[1:]]
    encoded = np.where(values, ord("T"), ord("F")).astype("u1") if letter == "L" else values
    big = "u1" if letter in "LB" else f">{values.dtype.str[1:]}"
    if values.ndim == 1:
        return _Part(letter, big, values=encoded)
    count = int(np.prod(values.shape[1:]))
    dim = f"({','.join(str(n) for n in reversed(values.shape[1:]))})"
    if count == 0:
        # A vector without elements still takes one, as astropy writes it.
        return _Part(letter, big, dim=dim, values=np.zeros(len(values)))
    form = letter if count == 1 else f"{count}{letter}"
    return _Part(form, big, (count,), dim, encoded.reshape(len(values), count))


def _text(values: Any) -> _Part:
    """Return a column of texts; FITS has ASCII only, so other texts are escaped, and backslashes with them."""
    encoded = _ascii(values)
    if encoded is None or b"\\" in encoded.tobytes():
        flat = [t if t.isascii() and "\\" not in t else escape(t) for t in values.reshape(-1).tolist()]
        encoded = np.array([t.encode("ascii") for t in flat]).reshape(values.shape)
    width = max(encoded.dtype.itemsize, 1)
    if values.ndim == 1:
        return _Part(f"{width}A", f"S{width}", values=encoded)
    count = int(np.prod(values.shape[1:]))
    dim = f"({width},{','.join(str(n) for n in reversed(values.shape[1:]))})"
    if count == 0:
        return _Part(f"{width}A", f"S{width}", dim=dim, values=np.zeros(len(values), f"S{width}"))
    return _Part(f"{width * count}A", f"S{width}", (count,), dim, encoded.reshape(len(values), count))


def _ascii(values: Any) -> Any:
    """Return texts as bytes, quicker than numpy's own conversion; `None` if they are not ASCII."""
    if values.dtype.kind != "U" or not values.dtype.isnative or not values.dtype.itemsize or not values.size:
        try:
            return values.astype("S")
        except UnicodeEncodeError:
            return None
    points = np.ascontiguousarray(values).view(np.uint32)
    if points.max() > 127:
        return None
    return points.astype(np.uint8).view(f"S{points.size // values.size}").reshape(values.shape)


def _variable(values: list[Any], descriptor: str) -> _Part:
    """Return a column whose arrays are in the heap; ``descriptor`` is ``P`` or ``1Q``."""
    common = np.result_type(*values)
    letter = _LETTERS[common.str[1:]]
    longest = max(len(v) for v in values)
    part = _Part(f"{descriptor}{letter}({longest})", ">i4" if descriptor == "P" else ">i8", (2,))
    if letter == "L":
        part.heap = [np.where(v, ord("T"), ord("F")).astype("u1").tobytes() for v in values]
    else:
        part.heap = [v.astype(common.newbyteorder(">")).tobytes() for v in values]
    part.counts = [len(v) for v in values]
    return part
