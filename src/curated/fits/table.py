"""Tables to BINTABLE extensions, laid out as astropy lays out those of the stack (FORMATS.md, section 3.1)."""

from __future__ import annotations

from typing import Any

import numpy as np

from curated.fits.cards import Card, cards, escape
from curated.model import ColumnData, TableData

_LETTERS = {"f8": "D", "f4": "E", "f2": "E", "i8": "K", "i4": "J", "i2": "I", "u1": "B", "b1": "L"}


def table_parts(table: TableData) -> tuple[str, bytes]:
    """Return the structural cards and the data, heap included, of a table.

    Parameters
    ----------
    table : `TableData`
        Its columns; all have the same number of rows.
    """
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
    header: list[Card] = [
        ("XTENSION", "BINTABLE"),
        ("BITPIX", 8),
        ("NAXIS", 2),
        ("NAXIS1", dtype.itemsize),
        ("NAXIS2", rows),
        ("PCOUNT", len(heap)),
        ("GCOUNT", 1),
        ("TFIELDS", len(encoded)),
    ]
    for i, (name, part) in enumerate(zip(table.columns, encoded, strict=True)):
        header += [(f"TTYPE{i + 1}", name), (f"TFORM{i + 1}", part.form)]
        if table.columns[name].unit and rows:
            header.append((f"TUNIT{i + 1}", table.columns[name].unit))
        if part.dim:
            header.append((f"TDIM{i + 1}", part.dim))
        header += [(f"{key}{i + 1}", table.keywords[key][i]) for key in table.column_keywords]
    return cards(header), block.tobytes() + heap


class _Part:
    """One column in FITS terms."""

    __slots__ = ("counts", "dim", "dtype", "form", "heap", "shape", "values")

    def __init__(self, form: str, dtype: str, shape: tuple[int, ...] = (), dim: str = "", values: Any = None) -> None:
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
    flat = [t if t.isascii() else escape(t) for t in map(str, values.reshape(-1).tolist())]
    width = max(max(map(len, flat), default=1), 1)
    if values.dtype.kind == "U" and values.dtype.itemsize == 256 and width <= 64:
        width = 64  # the archive's names have this width whatever they say
    stored = np.array([t.encode("ascii") for t in flat], dtype=f"S{width}").reshape(values.shape)
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
