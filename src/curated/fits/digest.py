"""A hash of a file's content that does not depend on its origin and validity."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
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

_CONTINUE = b"CONTINUE"
_SIGNATURE = b"SIMPLE  ="
_ENDLESS = 2**63
# Headers have few blocks, and what follows them need not be copied.
_HEADER_PART = 4 * BLOCK

LONGEST_HEADER = 1 << 22
"""Most bytes of a header; longer ones are hashed as data."""


class HeaderReader(Protocol):
    """What is given the headers of a FITS file, one after the other, while it is read."""

    def take(self, header: bytes) -> None:
        """Take the next header, of whole blocks."""


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
        if self._reader is not None:
            self._reader.take(header)
        cards = b"".join(sorted(_content_cards(header)))
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


def _content_cards(header: bytes) -> list[bytes]:
    """Return the cards that count, each together with those that continue it."""
    cards = split_cards(header)
    if _CONTINUE in header:
        cards = list(_joined(cards))
    return [c for c in cards if c[:8] not in _SHORT_IGNORED and not c.startswith(_LONG_IGNORED)]


def _joined(cards: Iterable[bytes]) -> Iterator[bytes]:
    whole = b""
    for card in cards:
        if card.startswith(_CONTINUE):
            whole += card
            continue
        yield whole
        whole = card
    yield whole
