"""The checksum of FITS data: the ones-complement sum of its 32-bit words (FITS standard 4.0, section 4.4.2.7)."""

from __future__ import annotations

import numpy as np


def fold(total: int) -> int:
    """Return a sum with its carries added back, in 32 bits."""
    while total >> 32:
        total = (total & 0xFFFFFFFF) + (total >> 32)
    return total


def sum32(data: bytes | bytearray | memoryview) -> int:
    """Return the ones-complement sum of data whose length is a multiple of four bytes."""
    return fold(int(np.frombuffer(data, ">u4").sum(dtype=np.uint64))) if len(data) else 0
