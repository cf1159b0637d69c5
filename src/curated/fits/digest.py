"""What a file holds, hashed without where it comes from and when it is valid."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator

from curated.core.stamp import COMPANION_KEYWORDS, STAMP_KEYWORDS
from curated.fits.cards import BLOCK, ESCAPED

_NAMED = (*STAMP_KEYWORDS, *COMPANION_KEYWORDS, ESCAPED, "")
_LEFT_OUT = frozenset(key.ljust(8).encode() for key in _NAMED)
"""Keywords of origin (for an image, also of the file that stood beside its text) and validity, and blank cards, which may fill a header at its end."""

_LONG_LEFT_OUT = tuple(f"HIERARCH {key} ".encode() for key in _NAMED if len(key) > 8)

_CONTINUE = b"CONTINUE"
_END = b"END".ljust(80)
_FITS = b"SIMPLE  ="
_CARD = re.compile(rb"(BITPIX|NAXIS[0-9]{0,3}|PCOUNT|GCOUNT) *= *(-?[0-9]+)")


class ContentDigest:
    """A hash of what a file holds, which the stamp and the validity do not change.

    Of each header of a FITS file it takes the cards, whatever their order, except the keywords that
    name origin and validity; of the data every byte. Of any other file it takes all bytes. The file
    may come in pieces of any size, and only headers are kept in memory.
    """

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._waiting = b""
        self._data = 0
        self._is_fits: bool | None = None

    def update(self, piece: bytes | memoryview) -> None:
        """Take the next piece of the file."""
        view = memoryview(piece)
        while view:
            if self._data:
                # Pixels may be many; they go by without being copied.
                taken = view[: self._data]
                self._digest.update(taken)
                self._data -= len(taken)
                view = view[len(taken) :]
            else:
                self._waiting += view
                view = memoryview(b"")
                rest = self._headers()
                if rest:
                    view = memoryview(rest)

    def _headers(self) -> bytes:
        """Take the header that waits, if it is whole; return what came after it."""
        if self._is_fits is None and len(self._waiting) >= len(_FITS):
            self._is_fits = self._waiting.startswith(_FITS)
        if self._is_fits is False:
            self._digest.update(self._waiting)
            self._waiting = b""
        if not self._is_fits:
            return b""
        length = _header_length(self._waiting)
        if not length:
            return b""
        header, rest = self._waiting[:length], self._waiting[length:]
        self._waiting = b""
        kept = b"".join(sorted(_kept(header)))
        self._digest.update(b"%d\n" % len(kept))
        self._digest.update(kept)
        self._data = _data_length(header)
        return rest

    def hexdigest(self) -> str:
        """Return the SHA-256 of all that was taken, in hexadecimal digits."""
        whole = self._digest.copy()
        whole.update(self._waiting)  # a file that is cut off
        return whole.hexdigest()


def content_digest(pieces: Iterable[bytes]) -> str:
    """Return the hash of a file's content; see `ContentDigest`.

    Parameters
    ----------
    pieces : iterable [`bytes`]
        The file.
    """
    digest = ContentDigest()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def _header_length(data: bytes) -> int:
    """Return the length of the header at the start, with its filling; nothing while it is not whole."""
    place = data.find(_END)
    while place >= 0 and place % 80:
        place = data.find(_END, place + 1)
    length = -(-(place + 80) // BLOCK) * BLOCK
    return length if place >= 0 and length <= len(data) else 0


def _kept(header: bytes) -> list[bytes]:
    """Return the cards that count, each with those that continue it."""
    found = [header[place : place + 80] for place in range(0, len(header), 80)]
    if _CONTINUE in header:
        found = list(_joined(found))
    return [c for c in found if c[:8] not in _LEFT_OUT and not c.startswith(_LONG_LEFT_OUT)]


def _joined(found: Iterable[bytes]) -> Iterator[bytes]:
    whole = b""
    for card in found:
        if card.startswith(_CONTINUE):
            whole += card
            continue
        yield whole
        whole = card
    yield whole


def _data_length(header: bytes) -> int:
    """Return the length of the data after a header, with their filling (FITS standard 4.0, section 4.4.1)."""
    numbers: dict[bytes, int] = {}
    # The first card names the kind of HDU; those of its size follow at once.
    for place in range(80, len(header), 80):
        found = _CARD.match(header, place, place + 80)
        if found is None:
            break
        numbers[found[1]] = int(found[2])
    size = 1 if numbers.get(b"NAXIS") else 0
    for axis in range(1, numbers.get(b"NAXIS", 0) + 1):
        size *= numbers.get(b"NAXIS%d" % axis, 0)
    size = (
        abs(numbers.get(b"BITPIX", 8)) // 8 * numbers.get(b"GCOUNT", 1) * (numbers.get(b"PCOUNT", 0) + size)
    )
    return -(-max(size, 0) // BLOCK) * BLOCK
