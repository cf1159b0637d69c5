"""A hash of a file's content that does not depend on its origin and validity."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Protocol

from curated.core.stamp import COMPANION_KEYWORDS, STAMP_KEYWORDS
from curated.fits.header import (
    BLOCK,
    ESCAPED,
    DamagedError,
    data_length,
    header_length,
    size_keywords,
    split_cards,
)

_IGNORED = (*STAMP_KEYWORDS, *COMPANION_KEYWORDS, ESCAPED, "")
"""Keywords of origin (for an image, also of the file beside its text) and validity, and blank cards, which may fill
a header at its end."""

_SHORT_IGNORED = frozenset(key.ljust(8).encode() for key in _IGNORED)
_LONG_IGNORED = tuple(f"HIERARCH {key} ".encode() for key in _IGNORED if len(key) > 8)

_CONTINUE, _LONG = b"CONTINUE", b"HIERARCH"
_SIGNATURE = b"SIMPLE  ="
_ENDLESS = 2**63
# Headers have few blocks, and what follows them need not be copied.
_HEADER_PART = 4 * BLOCK

LONGEST_HEADER = 1 << 22
"""Most bytes of a header; longer ones are hashed as data."""


class HeaderReader(Protocol):
    """What is given the headers of a FITS file, one after the other, while it is read."""

    def take(self, header: bytes, header_cards: Sequence[bytes]) -> None:
        """Take the next header, of whole blocks and as cards."""


class ContentDigest:
    """A hash of a file's content, unchanged by the stamp and the validity.

    Of each header of a FITS file it takes the cards, whatever their order, except the keywords of origin and
    validity; of the data every byte. Of any other file it takes all bytes. The file may come in pieces of any
    size, and only headers are kept in memory.

    Parameters
    ----------
    reader : `HeaderReader`, optional
        Gets the headers, so that the file has to be read only once.
    """

    def __init__(self, reader: HeaderReader | None = None) -> None:
        self._hash = hashlib.sha256()
        self._reader = reader
        self._buffer = b""
        self._data_left = 0
        self._is_fits: bool | None = None

    def update(self, piece: bytes | memoryview) -> None:
        """Take the next piece of the file."""
        view = memoryview(piece)
        while view:
            if self._data_left:
                # Data may be large; they are not copied.
                data = view[: self._data_left]
                self._hash.update(data)
                self._data_left -= len(data)
                view = view[len(data) :]
                continue
            start, part = len(self._buffer), view[:_HEADER_PART]
            self._buffer += part
            length = self._take_header()
            view = view[length - start if length else len(part) :]

    def _take_header(self) -> int:
        """Take the header in the buffer, if it is whole; return its length, or 0 if it is not whole."""
        if self._is_fits is None and len(self._buffer) >= len(_SIGNATURE):
            self._is_fits = self._buffer.startswith(_SIGNATURE)
        length = header_length(self._buffer) if self._is_fits else 0
        if self._is_fits is False or (not length and len(self._buffer) > LONGEST_HEADER):
            self._hash.update(self._buffer)
            self._buffer, self._data_left = b"", _ENDLESS
        if not length:
            return 0
        header, self._buffer = self._buffer[:length], b""
        header_cards = split_cards(header)
        if self._reader is not None:
            self._reader.take(header, header_cards)
        cards = b"".join(sorted(_content_cards(header, header_cards)))
        self._hash.update(b"%d\n" % len(cards))
        self._hash.update(cards)
        try:
            self._data_left = data_length(size_keywords(header))
        except DamagedError:
            self._data_left = _ENDLESS
        return length

    @property
    def is_whole(self) -> bool:
        """Whether everything taken is a FITS file from its first header to the last byte of its data."""
        return self._is_fits is True and not self._buffer and not self._data_left

    def hexdigest(self) -> str:
        """Return the SHA-256 of everything taken, in hexadecimal digits."""
        final = self._hash.copy()
        final.update(self._buffer)  # of a file that is cut off
        return final.hexdigest()


def content_digest(pieces: Iterable[bytes]) -> str:
    """Return the hash of the content of a file that comes in pieces; see `ContentDigest`."""
    digest = ContentDigest()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def _content_cards(header: bytes, cards: Sequence[bytes]) -> list[bytes]:
    """Return the cards that count, each together with those that continue it."""
    whole = _joined(header, cards)
    # Most cards have short keywords; a header has thousands of them in all.
    return [
        card
        for card in whole
        if (key := card[:8]) not in _SHORT_IGNORED and (key != _LONG or not card.startswith(_LONG_IGNORED))
    ]


def _joined(header: bytes, cards: Sequence[bytes]) -> Sequence[bytes]:
    numbers = []
    place = header.find(_CONTINUE)
    while place >= 0:
        if place % 80 == 0:
            numbers.append(place // 80)
        place = header.find(_CONTINUE, place + 1)
    if not numbers:
        return cards
    whole = list(cards)
    for number in reversed(numbers):
        if number:
            whole[number - 1] += whole.pop(number)
    return whole
