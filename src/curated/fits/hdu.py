"""Header-data units as bytes, with their checksums (FITS standard 4.0, section 4.4.2.7 and appendix J)."""

from __future__ import annotations

import numpy as np

from curated.fits.header import BLOCK


def hdu(header: str, data: bytes) -> bytes:
    """Return one HDU with its checksums, of cards without END and of data of any length."""
    data = padded(data)
    return hdu_header(header, sum32(data)) + data


_CHECKSUM = f"CHECKSUM= '{'0' * 16}'".ljust(80)
_END = "END".ljust(80)


def hdu_header(header: str, datasum: int) -> bytes:
    """Return the header of an HDU with its checksums, of cards without END and the sum of its data (`sum32`)."""
    text = f"{header}DATASUM = '{datasum:<8}'".ljust(len(header) + 80) + _CHECKSUM + _END
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
