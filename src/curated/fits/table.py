"""Tables to BINTABLE extensions, laid out as astropy lays out those of the stack (FORMATS.md, section 3.1)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from curated.fits.cards import Card, cards, escape
from curated.model import ColumnData, TableData

_LETTERS = {"f8": "D", "f4": "E", "f2": "E", "i8": "K", "i4": "J", "i2": "I", "u1": "B", "b1": "L"}


def table_parts(table: TableData) -> tuple[str, bytes]:
    """Return the structural cards and the data, heap included, of a table.

    A table that is the same in all files is encoded once.

    Parameters
    ----------
    table : `TableData`
        Its columns; all have the same number of rows.
    """
    if not table.constant:
        return _table_parts(table)
    known = _CONSTANT.get(table.constant)
    if known is None:
        known = _CONSTANT[table.constant] = _table_parts(table)
    return known


_CONSTANT: dict[str, tuple[str, bytes]] = {}


def _table_parts(table: TableData) -> tuple[str, bytes]:
    encoded = [_encode(column) for column in table.columns.values()]
    rows = max((len(c.values) for c in table.columns.values()), default=0)
    dtype = np.dtype([(f"c{i}", part.dtype, part.shape) for i, part in enumerate(encoded)])
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


def _encode(column: ColumnData) -> _Part:
    values = column.values
    if len(values) == 0:
        # Tables without rows come from lists without a type in the stack, which become doubles.
        return _Part("D", ">f8")
    if column.variable:
        return _variable(values, column.variable)
    if values.dtype.kind in "UO":
        return _text(values)
    letter = _LETTERS[values.dtype.str[1:]]
    stored = np.where(values, ord("T"), ord("F")).astype("u1") if letter == "L" else values
    big = "u1" if letter in "LB" else f">{values.dtype.str[1:]}"
    if values.ndim == 1:
        return _Part(letter, big, values=stored)
    count = int(np.prod(values.shape[1:]))
    dim = f"({','.join(str(n) for n in reversed(values.shape[1:]))})"
    if count == 0:
        # A vector without elements still takes one, as astropy writes it.
        return _Part(letter, big, dim=dim, values=np.zeros(len(values)))
    form = letter if count == 1 else f"{count}{letter}"
    return _Part(form, big, (count,), dim, stored.reshape(len(values), count))


def _text(values: Any) -> _Part:
    """Return a column of texts; other than ASCII is escaped, since FITS has no other."""
    try:
        stored = values.astype("S")
    except UnicodeEncodeError:
        flat = [t if t.isascii() else escape(t) for t in values.reshape(-1).tolist()]
        stored = np.array([t.encode("ascii") for t in flat]).reshape(values.shape)
    width = max(stored.dtype.itemsize, 1)
    if values.ndim == 1:
        return _Part(f"{width}A", f"S{width}", values=stored)
    count = int(np.prod(values.shape[1:]))
    dim = f"({width},{','.join(str(n) for n in reversed(values.shape[1:]))})"
    if count == 0:
        return _Part(f"{width}A", f"S{width}", dim=dim, values=np.zeros(len(values), f"S{width}"))
    return _Part(f"{width * count}A", f"S{width}", (count,), dim, stored.reshape(len(values), count))


def _variable(values: list[Any], descriptor: str) -> _Part:
    """Return a column whose arrays stand in the heap; ``descriptor`` is ``P`` or ``1Q``."""
    letter = _LETTERS[values[0].dtype.str[1:]]
    longest = max(len(v) for v in values)
    part = _Part(f"{descriptor}{letter}({longest})", ">i4" if descriptor == "P" else ">i8", (2,))
    part.heap = [v.astype(f">{v.dtype.str[1:]}").tobytes() for v in values]
    part.counts = [len(v) for v in values]
    return part
