"""The picture of an image: its pixels in 256 shades of grey, as PNG."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from curated.core.diagnostic import CuratedError
from curated.declare import Array
from curated.exchange.foreign import ForeignError, open_foreign
from curated.exchange.hdus import open_hdus

MOST_PIXELS = 2**27
"""Largest image; 11,600 x 11,600 pixels, and more than a browser shows."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An image in shades of grey, its last row on top as astronomers look at images.

    Parameters
    ----------
    width, height : `int`
        Numbers of columns and rows.
    low, high : `float`
        Values of the darkest and the brightest shade.
    """

    png: bytes
    width: int
    height: int
    low: float
    high: float


def picture_of(path: Path, hdu: int | None = None) -> Picture:
    """Return the picture of a FITS image, between the limits of the zscale algorithm (IRAF's display task).

    Parameters
    ----------
    hdu : `int`, optional
        Number of the HDU; the first with an image of two dimensions if it is not given.

    Raises
    ------
    CuratedError
        If the file cannot be read or has no such image.
    """
    pixels = _pixels(path, hdu)
    finite = pixels[np.isfinite(pixels)]
    if not finite.size:
        raise CuratedError(f"{path.name}: no pixel is finite", "name another image")
    low, high = _limits(finite)
    with np.errstate(all="ignore"):
        shades = np.clip((pixels - low) * (255 / (high - low)), 0, 255)
    shades = np.where(np.isfinite(shades), shades, 0).astype(np.uint8)
    height, width = shades.shape
    return Picture(_png(shades[::-1]), width, height, low, high)


def _pixels(path: Path, number: int | None) -> Array:
    if not path.exists():
        raise CuratedError(f"{path} does not exist", "--image names a FITS file")
    try:
        with open_hdus(open_foreign(path)) as hdus:
            images = [i for i, hdu in enumerate(hdus) if hdu.is_image and hdu.header.get("NAXIS") == 2]
            if number is not None:
                images = [i for i in images if i == number]
            if not images:
                part = f"HDU {number} is no image" if number is not None else "there is no image"
                raise CuratedError(f"{path.name}: {part} of two dimensions", "--hdu says which HDU is meant")
            hdu: Any = hdus[images[0]]
            if hdu.header["NAXIS1"] * hdu.header["NAXIS2"] > MOST_PIXELS:
                raise CuratedError(f"{path.name}: the image is too large for a page", "cut out a part of it")
            pixels: Array = np.asarray(hdu.data, dtype=np.float32)
            return pixels
    except ForeignError as error:
        raise CuratedError(f"{path.name} cannot be read: {error}", "--image names a FITS file") from error


def _limits(values: Array) -> tuple[float, float]:
    from astropy.visualization import ZScaleInterval

    low, high = map(float, ZScaleInterval().get_limits(values))
    return (low, high) if high > low else (low - 0.5, low + 0.5)


def _png(shades: Array) -> bytes:
    """Return shades of grey as PNG (ISO/IEC 15948): a header, the compressed rows, and an end."""
    height, width = shades.shape
    rows = np.zeros((height, width + 1), np.uint8)  # each row begins with its filter, none
    rows[:, 1:] = shades
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
