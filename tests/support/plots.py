"""Plots that were written as PNG."""

from __future__ import annotations

import struct


def png_size(data: bytes) -> tuple[int, int]:
    """Return the width and height of a PNG file in pixels."""
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", data[16:24])
