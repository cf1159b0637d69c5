"""FITS files of plain tables to keywords and columns, at a tenth of the time that astropy takes.

It reads what this package, the stack and astropy write. Whoever reads anything else is told so, and asks astropy, so
that no file is read in another way than by astropy: a keyword that the standard does not describe, a scaled column,
a record-valued keyword, a file that is cut off.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, BinaryIO

import numpy as np

from curated.fits.digest import LONGEST_HEADER
from curated.fits.header import BLOCK, RECORD_MARK, DamagedError, data_length, header_length, size_keywords

Values = Any
"""Values of a column: an array, or a list with an array for each row."""


@dataclass(frozen=True, slots=True)
class PlainHdu:
    """A header, and the columns of a table.

    Parameters
    ----------
    is_table : `bool`
        Whether it is a table.
    cards : `list` [`tuple`]
        Keywords and their values, in order; `None` for a keyword without a value.
    keywords : `dict`
        Of each keyword, in capitals, its first value.
    columns : `dict` [`str`, `tuple`]
        Values and unit of each column, by name.
    """

    is_table: bool
    cards: list[tuple[str, Any]]
    keywords: dict[str, Any]
    columns: dict[str, tuple[Values, str]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """EXTNAME; empty if there is none."""
        return str(self.keywords.get("EXTNAME", ""))


def read_plain_hdus(stream: BinaryIO) -> list[PlainHdu] | None:
    """Return the HDUs of a file that begins with ``SIMPLE``; `None` if anything in it is out of the ordinary.

    Parameters
    ----------
    stream : `io.BufferedReader`
        The file, from its first byte on. Pixels of images are not read.
    """
    size = os.fstat(stream.fileno()).st_size
    hdus: list[PlainHdu] = []
    try:
        while stream.tell() < size:
            hdus.append(_read_hdu(stream, size, is_first=not hdus))
    except (_UnusualError, DamagedError):
        return None
    return hdus


class _UnusualError(Exception):
    """Something that astropy is asked about."""


def _read_hdu(stream: BinaryIO, size: int, *, is_first: bool) -> PlainHdu:
    header = _read_header(stream)
    cards = _read_cards(header)
    keywords: dict[str, Any] = {}
    for key, value in cards:
        upper = key.upper()
        if upper in keywords and _REPEATED.match(upper) is None:
            raise _UnusualError
        keywords.setdefault(upper, value)
    if not _UNUSUAL.isdisjoint(keywords) or keywords.get("GCOUNT", 1) != 1:
        raise _UnusualError
    kind = _kind(header, cards, is_first=is_first)
    length = data_length(size_keywords(header))
    if stream.tell() + length > size:
        raise _UnusualError
    if kind == "BINTABLE":
        return PlainHdu(True, cards, keywords, _columns(keywords, stream.read(length)))
    stream.seek(length, os.SEEK_CUR)
    return PlainHdu(False, cards, keywords)


def _kind(header: bytes, cards: list[tuple[str, Any]], *, is_first: bool) -> str:
    """Return the kind of an HDU whose header begins as the standard demands."""
    (first, kind), *others = cards or [("", "")]
    if is_first:
        kind = "PRIMARY" if header.startswith(_SIMPLE) else ""
    elif first != "XTENSION" or header[10:11] != b"'":
        kind = ""
    axes = others[1][1] if len(others) > 1 else 0
    if kind not in _FURTHER or axes.__class__ is not int or axes > _MOST_AXES:
        raise _UnusualError
    order = ["BITPIX", "NAXIS", *(f"NAXIS{axis}" for axis in range(1, axes + 1)), *_FURTHER[kind]]
    sizes = others[: len(order)]
    if [key for key, _ in sizes] != order or any(size.__class__ is not int for _, size in sizes):
        raise _UnusualError
    return str(kind)


_SIMPLE = b"SIMPLE  =                    T"
_MOST_AXES = 9
_FURTHER = {"PRIMARY": (), "IMAGE": ("PCOUNT", "GCOUNT"), "BINTABLE": ("PCOUNT", "GCOUNT", "TFIELDS")}
"""Keywords that follow those of the axes, by kind."""

_REPEATED = re.compile(
    r"(?:COMMENT|HISTORY|(?!T(?:TYPE|FORM|UNIT|DIM)\d|XTENSION|EXTNAME|NAXIS|TFIELDS|PCOUNT).*)\Z"
)
"""Keywords that may stand in a header more than once: not those that say what the data are."""

_UNUSUAL = frozenset(("ZIMAGE", "ZTABLE", "GROUPS", "THEAP"))
"""Keywords of compressed and of old forms."""


# -- headers ----------------------------------------------------------------------------------------------

_PRINTABLE = re.compile(r"[ -~]*\Z")
_STANDARD = re.compile(r"([A-Z0-9_-]{1,8}) *= (.*)\Z")
_LONG = re.compile(r"HIERARCH ([A-Za-z0-9_ -]*[A-Za-z0-9_-]) *=(.*)\Z")
_CONTINUED = re.compile(r"CONTINUE  '([^']*)' *(?:/.*)?\Z")
# A text without quotes, a truth value, a whole number, a number; and a comment.
_VALUE = re.compile(
    r" *(?:'([^']*)'|([TF])|([+-]?(?:0|[1-9][0-9]{0,17}))|([+-]?[0-9]+\.[0-9]*(?:E[+-]?[0-9]+)?)|) *(?:/[^']*)?\Z"
)
_COMMENTARY = ("COMMENT", "HISTORY")
_SPECIAL = frozenset(("", "END", "CONTINUE", *_COMMENTARY))


def _read_header(stream: BinaryIO) -> bytes:
    data = b""
    while not (length := header_length(data)):
        block = stream.read(BLOCK)
        data += block
        if len(block) < BLOCK or len(data) > LONGEST_HEADER:
            raise _UnusualError
    return data[:length]


def _read_cards(header: bytes) -> list[tuple[str, Any]]:
    try:
        text = header.decode("ascii")
    except UnicodeDecodeError:
        raise _UnusualError from None
    if _PRINTABLE.match(text) is None:
        raise _UnusualError
    cards: list[tuple[str, Any]] = []
    for start in range(0, len(text), 80):
        card = text[start : start + 80]
        if card.startswith("END "):
            if card.strip() != "END" or text[start + 80 :].strip():
                raise _UnusualError
            break
        if card.startswith("CONTINUE"):
            is_last = not text.startswith("CONTINUE", start + 80)
            cards[-1:] = [_continued(cards, card, is_last=is_last)]
        elif card[:8] != "        ":
            cards.append(_card(card))
    return [(key, value.rstrip() if value.__class__ is str else value) for key, value in cards]


def _continued(cards: list[tuple[str, Any]], card: str, *, is_last: bool) -> tuple[str, Any]:
    """Return the last card with the text of the one that continues it."""
    match = _CONTINUED.match(card)
    if match is None or not cards or not isinstance(cards[-1][1], str) or cards[-1][0] in _COMMENTARY:
        raise _UnusualError
    key, text = cards[-1]
    start, end = text.rstrip(), match[1].rstrip()
    whole = start.removesuffix("&") + end
    # astropy takes the mark from a text that ends with it, whether or not more follows.
    if not start.endswith("&") or (is_last and end.endswith("&")) or RECORD_MARK.search(whole):
        raise _UnusualError
    return key, whole


# Most cards are the same in all files of a type.
@lru_cache(maxsize=8192)
def _card(card: str) -> tuple[str, Any]:
    """Return the keyword and the value of a card."""
    key = card[:8].rstrip()
    if key in _COMMENTARY:
        return key, card[8:].rstrip()
    match = _STANDARD.match(card) if card[8:10] == "= " else _LONG.match(card)
    if match is None or match[1].upper() in _SPECIAL or match[1] == "HIERARCH":
        raise _UnusualError
    key, value = match[1].strip(), _VALUE.match(match[2])
    if value is None or RECORD_MARK.search(match[2]):
        raise _UnusualError
    text, truth, integer, number = value.groups()
    if text is not None:
        return key, text
    if truth:
        return key, truth == "T"
    if integer:
        return key, int(integer)
    return key, float(number) if number else None


# -- tables -----------------------------------------------------------------------------------------------

_FIXED = re.compile(r"([0-9]*)([LBIJKEDA])\Z")
_VARIABLE = re.compile(r"1?([PQ])([BIJKED])\([0-9]*\)\Z")
_DIMENSIONS = re.compile(r"\( *([0-9]+(?: *, *[0-9]+)*) *\)\Z")
_SCALED = ("TSCAL", "TZERO", "TNULL")
_TYPES = {"L": "u1", "B": "u1", "I": ">i2", "J": ">i4", "K": ">i8", "E": ">f4", "D": ">f8"}
_MOST_COLUMNS = 999


@dataclass(frozen=True, slots=True)
class _Layout:
    """How a column lies in a row.

    Parameters
    ----------
    letter : `str`
        Letter of its format; that of the elements, where the values are in the heap.
    kind : `str`
        Type of a value as numpy names it.
    shape : `tuple` [`int`]
        Shape of the value of a row.
    is_variable : `bool`
        Whether a row has a number of elements and their place in the heap.
    """

    name: str
    unit: str
    letter: str
    kind: str
    shape: tuple[int, ...] = ()
    is_variable: bool = False


def _columns(keywords: Mapping[str, Any], data: bytes) -> dict[str, tuple[Values, str]]:
    if any(key.startswith(_SCALED) for key in keywords) or (keywords["BITPIX"], keywords["NAXIS"]) != (8, 2):
        raise _UnusualError
    number, width, rows = keywords.get("TFIELDS"), int(keywords["NAXIS1"]), int(keywords["NAXIS2"])
    if not isinstance(number, int) or not 0 < number <= _MOST_COLUMNS:
        raise _UnusualError
    layouts = [_layout(keywords, column) for column in range(1, number + 1)]
    if len({layout.name.lower() for layout in layouts}) < number:
        raise _UnusualError
    row = np.dtype([(f"c{n}", layout.kind, layout.shape) for n, layout in enumerate(layouts)])
    if row.itemsize != width:
        raise _UnusualError
    table = np.frombuffer(data, row, rows)
    heap = memoryview(data)[width * rows : width * rows + keywords["PCOUNT"]]
    return {
        layout.name: (_values(layout, table[f"c{n}"], heap), layout.unit) for n, layout in enumerate(layouts)
    }


def _layout(keywords: Mapping[str, Any], number: int) -> _Layout:
    name, form = keywords.get(f"TTYPE{number}"), keywords.get(f"TFORM{number}")
    unit, dim = keywords.get(f"TUNIT{number}", ""), keywords.get(f"TDIM{number}", "")
    if not (
        isinstance(name, str) and isinstance(form, str) and isinstance(unit, str) and isinstance(dim, str)
    ):
        raise _UnusualError
    variable = _VARIABLE.match(form)
    if not name or (variable is not None and dim):
        raise _UnusualError
    if variable is not None:
        return _Layout(name, unit, variable[2], ">i8" if variable[1] == "Q" else ">i4", (2,), True)
    fixed = _FIXED.match(form)
    if fixed is None:
        raise _UnusualError
    count, letter = int(fixed[1] or 1), fixed[2]
    shape = _shape(dim, count)
    if letter != "A":
        return _Layout(name, unit, letter, _TYPES[letter], shape)
    if len(shape) > 1:
        return _Layout(name, unit, letter, f"S{shape[-1]}", shape[:-1])
    if dim:
        raise _UnusualError
    return _Layout(name, unit, letter, f"S{count}")


def _shape(dim: str, count: int) -> tuple[int, ...]:
    """Return the shape of the value of a row, which has that many elements."""
    if not dim:
        shape: tuple[int, ...] = () if count == 1 else (count,)
    else:
        match = _DIMENSIONS.match(dim)
        if match is None:
            raise _UnusualError
        shape = tuple(int(size) for size in reversed(match[1].split(",")))
    if count == 0 or math.prod(shape) != count:
        raise _UnusualError
    return shape


def _values(layout: _Layout, stored: Any, heap: memoryview) -> Values:
    if layout.is_variable:
        return _heap_values(layout, stored, heap)
    if layout.letter == "L":
        return stored == ord("T")
    if layout.letter != "A":
        return stored.astype(stored.dtype.newbyteorder("="))
    return _texts(stored)


def _texts(stored: Any) -> Any:
    """Return texts without blanks at their end."""
    try:
        texts = [text.decode("ascii") for text in stored.reshape(-1).tolist()]
    except UnicodeDecodeError:
        raise _UnusualError from None
    if any("\0" in text for text in texts):
        raise _UnusualError
    return np.array([text.rstrip() for text in texts], dtype=str).reshape(stored.shape)


def _heap_values(layout: _Layout, stored: Any, heap: memoryview) -> list[Any]:
    dtype = np.dtype(_TYPES[layout.letter])
    values = []
    for count, start in stored.tolist():
        if min(count, start) < 0 or start + count * dtype.itemsize > len(heap):
            raise _UnusualError
        elements = np.frombuffer(heap, dtype, count, start) if count else np.zeros(0, dtype)
        values.append(elements.astype(dtype.newbyteorder("=")))
    return values
