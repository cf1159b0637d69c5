"""Headers and HDUs as bytes: cards written and scanned, checksums.

FITS standard 4.0, sections 4 and 4.4.2.7 and appendix J, with the HIERARCH and CONTINUE conventions.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from curated.core.diagnostic import brief

BLOCK = 2880
"""Length of a block in bytes; headers and data fill whole blocks."""

ESCAPED = "CURATESC"
"""Keyword that lists the keywords whose text is escaped."""

COMMENT_LENGTH = 72

_STANDARD = re.compile(r"[A-Z0-9_-]{1,8}\Z")
_PRINTABLE = re.compile(r"[ -~]*\Z")
# astropy takes such a text for a record-valued card, and returns a number under another name.
_RECORD = re.compile(r"[A-Za-z_][\w.]*: +[+-]?[\d.]\S*\Z")
# astropy ends a text here and starts a comment, though the quote is doubled.
CUT_MARK = re.compile(r"(' *)/")
RECORD_MARK = re.compile(r": +[+-]?[\d.]")
_COMMENTARY = ("COMMENT", "HISTORY")

Card = tuple[str, Any]
"""A keyword and its value; a list of values stands for as many cards."""


# -- writing ----------------------------------------------------------------------------------------------


def needs_escape(text: str) -> bool:
    """Say whether a text cannot stand in a header as it is.

    These are texts of other characters than printable ASCII, with blanks at the end, of a word, a colon and a
    number, or with a quote before a slash.
    """
    return (
        _PRINTABLE.match(text) is None
        or text.endswith(" ")
        or _RECORD.match(text) is not None
        or CUT_MARK.search(text) is not None
    )


def escape(text: str) -> str:
    """Return a text with Python's escapes in place of everything that `needs_escape` finds."""
    escaped = _RECORD.sub(
        lambda m: m[0].replace(":", "\\x3a", 1), text.encode("unicode_escape").decode("ascii")
    )
    escaped = CUT_MARK.sub(r"\1\\x2f", escaped)
    stripped = escaped.rstrip(" ")
    return stripped + "\\x20" * (len(escaped) - len(stripped))


def unescape(text: str) -> str:
    """Undo `escape`."""
    return text.encode("ascii", "backslashreplace").decode("unicode_escape")


def cards(pairs: Iterable[Card]) -> str:
    """Return keywords as cards, as many for each as its text needs.

    Raises
    ------
    ValueError
        If a value cannot stand in a header.
    """
    parts = []
    for key, value in pairs:
        if value.__class__ is list:
            parts += [_card(key, item, item.__class__) for item in value]
        else:
            parts.append(_card(key, value, value.__class__))
    return "".join(parts)


@lru_cache(maxsize=8192)
def _card(key: str, value: Any, _: type) -> str:
    """Make a card; the class is part of the key of the cache, since True, 1 and 1.0 are equal."""
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
            cut -= 1  # do not part a doubled quote
        parts.append(quoted[:cut])
        quoted = quoted[cut:]
        room = 80 - len("CONTINUE  ") - 3
    if parts[-1].endswith("&"):
        parts.append("")  # a "&" at the end announces another card
    lines = [
        f"{prefix if i == 0 else 'CONTINUE  '}'{part}{'&' if i < len(parts) - 1 else ''}'"
        for i, part in enumerate(parts)
    ]
    return "".join(line.ljust(80) for line in lines)


# -- scanning ---------------------------------------------------------------------------------------------

_CARD = re.compile(r"(?:HIERARCH +)?([^=]*?) *= *(?:'((?:[^']|'')*)'|([^/]*))")
# A text or a word, and a comment (FITS standard 4.0, section 4.2).
_VALUE = re.compile(r" *(?:'((?:[^']|'')*)'|([^ '/]*)) *(?:/.*)?\Z")
_SIZE_CARD = re.compile(rb"(BITPIX|NAXIS[0-9]{0,3}|PCOUNT|GCOUNT) *= *(-?[0-9]+)")
_END = b"END".ljust(80)
_BITPIX = (8, 16, 32, 64, -32, -64)


class DamagedError(Exception):
    """Bytes that are not a FITS file."""


def header_length(data: bytes) -> int:
    """Return the length of the header that data start with, in whole blocks; 0 if its end is not among them."""
    end = data.find(_END)
    while end >= 0 and end % 80:
        end = data.find(_END, end + 1)
    length = -(-(end + 80) // BLOCK) * BLOCK
    return length if end >= 0 and length <= len(data) else 0


def split_cards(header: bytes) -> list[bytes]:
    """Return the cards of a header, END and the blank ones after it included."""
    return [header[start : start + 80] for start in range(0, len(header), 80)]


def read_keywords(header: bytes) -> dict[str, Any]:
    """Return the keywords of a header; of a repeated one the first, `None` for a value that is none.

    Raises
    ------
    DamagedError
        If the header is not ASCII.
    """
    try:
        text = header.decode("ascii")
    except UnicodeDecodeError:
        raise DamagedError("is not ASCII") from None
    keywords: dict[str, Any] = {}
    for start in range(0, len(text), 80):
        card = text[start : start + 80]
        if card.rstrip() == "END":
            break
        if card[8:10] == "= " or card.startswith("HIERARCH "):
            key, value = _parse_card(card)
            keywords.setdefault(key, value)
    return keywords


def keyword_values(header: bytes, keys: Collection[str]) -> dict[str, list[Any]]:
    """Return all values of some keywords, however their cards are spelled, as a reader may take any of them.

    Parameters
    ----------
    header : `bytes`
        Printable ASCII, in cards.
    keys : collection [`str`]
        Keywords in upper case; ``HIERARCH`` is no part of them.

    Returns
    -------
    values : `dict` [`str`, `list`]
        Of each keyword the values of its cards, in order; of a text in several cards the whole. Bytes stand for a
        card that a reader may take for the keyword, although it has not the form that the standard describes.
    """
    values: dict[str, list[Any]] = {key: [] for key in keys}
    pending = ""
    for card in (part.decode("ascii") for part in split_cards(header)):
        if card.rstrip() == "END":
            break
        if pending and card.startswith("CONTINUE"):
            text = _strict_value(f"CONTINUE= {card[10:]}", 8)
            whole = values[pending]
            if isinstance(whole[-1], str) and whole[-1].endswith("&") and isinstance(text, str):
                whole[-1] = f"{whole[-1].removesuffix('&')}{text}"
            else:
                whole[-1] = card.encode()
            continue
        pending = ""
        first = card[:8].upper().strip()
        is_long = first == "HIERARCH"
        key = " ".join((card[8:] if is_long else card[:8]).upper().partition("=")[0].split())
        if key in values:
            if is_long:
                place = card.find("=") if card.startswith("HIERARCH ") else -1
            else:
                place = 8 if card[8:10] == "= " and card[:8].rstrip().upper() == key else -1
            value = _strict_value(card, place)
            values[key].append(value)
            # Astropy continues any card, also one whose text does not end with the mark.
            pending = key
    escaped = str(read_keywords(header).get(ESCAPED) or "").upper().split(",")
    for key in values.keys() & set(escaped):
        values[key] = [_unescaped(value) for value in values[key]]
    return values


def _strict_value(card: str, place: int) -> Any:
    """Return the value of a card after an equals sign, the card as bytes if that has another form."""
    match = _VALUE.match(card, place + 1) if place >= 0 else None
    if match is None:
        return card.encode()
    text, word = match.groups()
    if text is not None:
        return text.replace("''", "'").rstrip()
    if not word:
        return None
    value = _parse_card(f"WORD    = {word}")[1]
    return card.encode() if value is None else value


def _unescaped(value: Any) -> Any:
    try:
        return unescape(value) if isinstance(value, str) else value
    except UnicodeDecodeError:
        return None


def _parse_card(card: str) -> tuple[str, Any]:
    match = _CARD.match(card)
    if match is None:
        return card[:8].strip(), None
    key, text, other = match.groups()
    if text is not None:
        return key, text.replace("''", "'").rstrip()
    word = other.strip()
    if word in ("T", "F"):
        return key, word == "T"
    for kind in (int, float):
        try:
            return key, kind(word.replace("D", "E"))
        except ValueError:
            continue
    return key, None


def size_keywords(header: bytes) -> dict[str, int]:
    """Return the keywords of the size of the data, which follow the first card, quicker than `read_keywords`."""
    keywords: dict[str, int] = {}
    for start in range(80, len(header), 80):
        match = _SIZE_CARD.match(header, start, start + 80)
        if match is None:
            break
        keywords[match[1].decode()] = int(match[2])
    return keywords


def data_length(keywords: Mapping[str, Any]) -> int:
    """Return the length of an HDU's data, in bytes of whole blocks (FITS standard 4.0, equation 2).

    Raises
    ------
    DamagedError
        If a keyword of the size is missing or wrong.
    """
    axes, bits = _size(keywords, "NAXIS"), keywords.get("BITPIX")
    if bits not in _BITPIX:
        raise DamagedError(f"BITPIX is {brief(bits)}")
    if axes > 999:
        raise DamagedError(f"NAXIS is {axes}")
    elements = 1 if axes else 0
    for axis in range(1, axes + 1):
        elements *= _size(keywords, f"NAXIS{axis}")
    groups, parameters = _size(keywords, "GCOUNT", 1), _size(keywords, "PCOUNT", 0)
    length = int(abs(bits)) // 8 * groups * (parameters + elements)
    return -(-length // BLOCK) * BLOCK


def _size(keywords: Mapping[str, Any], key: str, default: int | None = None) -> int:
    value = keywords.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise DamagedError(f"{key} is {brief(value)}")
    return value


def hdu(header: str, data: bytes) -> bytes:
    """Return one HDU with its checksums, of cards without END and of data of any length."""
    data = padded(data)
    return hdu_header(header, sum32(data)) + data


_CHECKSUM = f"CHECKSUM= '{'0' * 16}'".ljust(80)
_END_CARD = "END".ljust(80)


def hdu_header(header: str, datasum: int) -> bytes:
    """Return the header of an HDU with its checksums, of cards without END and the sum of its data (`sum32`)."""
    text = f"{header}DATASUM = '{datasum:<8}'".ljust(len(header) + 80) + _CHECKSUM + _END_CARD
    unsigned = text.encode("ascii").ljust(-(-len(text) // BLOCK) * BLOCK)
    checksum = _encode(~fold(sum32(unsigned) + datasum) & 0xFFFFFFFF).encode("ascii")
    start = len(text) - 160 + len("CHECKSUM= '")
    return b"".join((unsigned[:start], checksum, unsigned[start + 16 :]))


def padded(data: bytes, fill: bytes = b"\0") -> bytes:
    """Return data filled up to whole blocks."""
    return data + fill * (-len(data) % BLOCK)


def fold(total: int) -> int:
    """Return a sum with its carries added back, in 32 bits."""
    while total >> 32:
        total = (total & 0xFFFFFFFF) + (total >> 32)
    return total


def sum32(data: bytes | bytearray | memoryview) -> int:
    """Return the ones-complement sum of the 32-bit words of data whose length is a multiple of four bytes."""
    return fold(int(np.frombuffer(data, ">u4").sum(dtype=np.uint64))) if len(data) else 0


_PUNCTUATION = frozenset(range(0x3A, 0x41)) | frozenset(range(0x5B, 0x61))


def _letters(byte: int) -> tuple[int, int, int, int]:
    """Return four letters or digits that add up to a byte and four zeros."""
    quarter, remainder = divmod(byte, 4)
    letters = [quarter + 48 + remainder, quarter + 48, quarter + 48, quarter + 48]
    while any(letter in _PUNCTUATION for letter in letters):
        for i in (0, 2):
            if letters[i] in _PUNCTUATION or letters[i + 1] in _PUNCTUATION:
                letters[i] += 1
                letters[i + 1] -= 1
    return letters[0], letters[1], letters[2], letters[3]


_LETTERS = [_letters(byte) for byte in range(256)]


def _encode(value: int) -> str:
    """Return 32 bits as 16 letters and digits whose sum is the value."""
    a, b, c, d = (_LETTERS[byte] for byte in value.to_bytes(4, "big"))
    columns = (*zip(a, b, c, d, strict=True),)
    last = columns[3][3]
    return bytes((last, *columns[0], *columns[1], *columns[2], *columns[3][:3])).decode("ascii")
