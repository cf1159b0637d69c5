"""Header cards as bytes: FITS standard 4.0, section 4, with the HIERARCH and CONTINUE conventions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import numpy as np

from curated.core.tables import fold, sum32

BLOCK = 2880
_STANDARD = re.compile(r"[A-Z0-9_-]{1,8}\Z")
_PRINTABLE = re.compile(r"[ -~]*\Z")
# What astropy takes for a record-valued card, and returns as a number under another name.
_RECORD = re.compile(r"[A-Za-z_][\w.]*: +[+-]?[\d.]\S*\Z")
# What astropy takes for the end of a text and the start of a comment, though the quote is doubled.
CUT_MARK = re.compile(r"(' *)/")
RECORD_MARK = re.compile(r": +[+-]?[\d.]")
COMMENT_LENGTH = 72
ESCAPED = "CURATESC"
"""Keyword that lists the keywords whose text is escaped."""

_COMMENTARY = ("COMMENT", "HISTORY")

Card = tuple[str, Any]
"""A keyword and its value; a list of values stands for as many cards."""


def needs_escape(text: str) -> bool:
    """Say whether a text cannot stand in a header as it is.

    That is anything but printable ASCII, blanks at the end, a word, a colon and a number, and a quote before
    a slash.
    """
    return (
        _PRINTABLE.match(text) is None
        or text.endswith(" ")
        or _RECORD.match(text) is not None
        or CUT_MARK.search(text) is not None
    )


def escape(text: str) -> str:
    """Return a text in printable ASCII, with Python's escapes, also for the rest of `needs_escape`."""
    escaped = _RECORD.sub(
        lambda m: m[0].replace(":", "\\x3a", 1), text.encode("unicode_escape").decode("ascii")
    )
    escaped = CUT_MARK.sub(r"\1\\x2f", escaped)
    kept = escaped.rstrip(" ")
    return kept + "\\x20" * (len(escaped) - len(kept))


def unescape(text: str) -> str:
    """Undo `escape`."""
    return text.encode("ascii", "backslashreplace").decode("unicode_escape")


def cards(pairs: Iterable[Card]) -> str:
    """Return cards as text, a multiple of 80 characters."""
    parts = []
    for key, value in pairs:
        if value.__class__ is list:
            parts += [_card(key, item, item.__class__) for item in value]
        else:
            parts.append(_card(key, value, value.__class__))
    return "".join(parts)


def card(key: str, value: Any) -> str:
    """Return one value as one card, or as several where a text is too long for one.

    Raises
    ------
    ValueError
        If the value cannot stand in a header.
    """
    return _card(key, value, value.__class__)


@lru_cache(maxsize=8192)
def _card(key: str, value: Any, _: type) -> str:
    """Make a card; the class is part of what is remembered, since True, 1 and 1.0 are equal."""
    if key in _COMMENTARY:
        return f"{key:<8}{escape(value) if needs_escape(value) else value}".ljust(80)
    prefix = f"{key:<8}= " if _STANDARD.match(key) else f"HIERARCH {key} = "
    if isinstance(value, str):
        return _text_card(prefix, escape(value) if needs_escape(value) else value)
    text = prefix + (_scalar(value) if prefix.startswith("HIERARCH") else _scalar(value).rjust(20))
    if value is None:
        text = prefix.rstrip()
    if len(text) > 80:
        raise ValueError(f"keyword {key!r} is too long for a header")
    return text.ljust(80)


def _scalar(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, (bool, np.bool_)):
        return "T" if value else "F"
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    if isinstance(value, (float, np.floating)) and np.isfinite(value):
        text = repr(float(value)).upper()
        mantissa, e, exponent = text.partition("E")
        return mantissa + ("" if "." in mantissa else ".0") + e + exponent
    raise ValueError(f"{value!r} cannot stand in a header")


def _text_card(prefix: str, text: str) -> str:
    quoted = text.replace("'", "''")
    if len(prefix) + len(quoted) + 2 <= 80:
        body = f"'{quoted}'" if prefix.startswith("HIERARCH") else f"'{quoted:<8}'"
        return (prefix + body).ljust(80)
    if len(prefix) > 70:
        raise ValueError(f"keyword {prefix!r} is too long for a header")
    parts, room = [], 80 - len(prefix) - 3
    while quoted:
        cut = room if len(quoted) > room else len(quoted)
        while cut < len(quoted) and quoted[:cut].count("'") % 2:
            cut -= 1  # a doubled quote stays in one card
        parts.append(quoted[:cut])
        quoted = quoted[cut:]
        room = 80 - len("CONTINUE  ") - 3
    if parts[-1].endswith("&"):
        parts.append("")  # readers take it for the mark of another card
    lines = [
        f"{prefix if i == 0 else 'CONTINUE  '}'{part}{'&' if i < len(parts) - 1 else ''}'"
        for i, part in enumerate(parts)
    ]
    return "".join(line.ljust(80) for line in lines)


def padded(data: bytes, fill: bytes = b"\0") -> bytes:
    """Return the bytes filled up to whole FITS blocks."""
    return data + fill * (-len(data) % BLOCK)


_CHECKSUM = f"CHECKSUM= '{'0' * 16}'".ljust(80)
_END = "END".ljust(80)


def hdu(header: str, data: bytes) -> bytes:
    """Return one HDU with its checksums.

    Parameters
    ----------
    header : `str`
        Cards without END.
    data : `bytes`
        Data, any length.
    """
    data = padded(data)
    return hdu_header(header, sum32(data)) + data


def hdu_header(header: str, datasum: int) -> bytes:
    """Return the header of an HDU with its checksums (FITS standard 4.0, section 4.4.2.7 and appendix J).

    Parameters
    ----------
    header : `str`
        Cards without END.
    datasum : `int`
        Ones-complement sum of the data that follow.
    """
    text = f"{header}DATASUM = '{datasum:<8}'".ljust(len(header) + 80) + _CHECKSUM + _END
    empty = text.encode("ascii").ljust(-(-len(text) // BLOCK) * BLOCK)
    checksum = _encode(~fold(sum32(empty) + datasum) & 0xFFFFFFFF).encode("ascii")
    place = len(text) - 160 + len("CHECKSUM= '")
    return b"".join((empty[:place], checksum, empty[place + 16 :]))


_PUNCTUATION = frozenset(range(0x3A, 0x41)) | frozenset(range(0x5B, 0x61))


def _letters(byte: int) -> tuple[int, int, int, int]:
    """Return four letters or digits that add up to a byte and four zeros."""
    quarter, rest = divmod(byte, 4)
    letters = [quarter + 48 + rest, quarter + 48, quarter + 48, quarter + 48]
    while any(letter in _PUNCTUATION for letter in letters):
        for i in (0, 2):
            if letters[i] in _PUNCTUATION or letters[i + 1] in _PUNCTUATION:
                letters[i] += 1
                letters[i + 1] -= 1
    return letters[0], letters[1], letters[2], letters[3]


_TABLE = [_letters(byte) for byte in range(256)]


def _encode(value: int) -> str:
    """Return 32 bits as 16 letters and digits whose sum is the value."""
    a, b, c, d = (_TABLE[byte] for byte in value.to_bytes(4, "big"))
    rows = (*zip(a, b, c, d, strict=True),)
    last = rows[3][3]
    return bytes((last, *rows[0], *rows[1], *rows[2], *rows[3][:3])).decode("ascii")
