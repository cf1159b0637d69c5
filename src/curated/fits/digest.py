"""A hash of a file's content that does not depend on its origin and validity."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from curated.core.stamp import COMPANION_KEYWORDS, STAMP_KEYWORDS
from curated.fits.header import (
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


class ContentDigest:
    """A hash of a file's content, unchanged by the stamp and the validity.

    Of each header of a FITS file it takes the cards, whatever their order, except the keywords of origin and
    validity; of the data every byte. Of any other file it takes all bytes. The file may come in pieces of any
    size, and only headers are kept in memory.
    """

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
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
            else:
                self._buffer += view
                view = memoryview(self._take_header())

    def _take_header(self) -> bytes:
        """Take the header in the buffer, if it is whole; return the bytes after it."""
        if self._is_fits is None and len(self._buffer) >= len(_SIGNATURE):
            self._is_fits = self._buffer.startswith(_SIGNATURE)
        if self._is_fits is False:
            self._hash.update(self._buffer)
            self._buffer = b""
        length = header_length(self._buffer) if self._is_fits else 0
        if not length:
            return b""
        header, remainder = self._buffer[:length], self._buffer[length:]
        self._buffer = b""
        cards = b"".join(sorted(_content_cards(header)))
        self._hash.update(b"%d\n" % len(cards))
        self._hash.update(cards)
        try:
            self._data_left = data_length(size_keywords(header))
        except DamagedError:
            self._data_left = _ENDLESS
        return remainder

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
