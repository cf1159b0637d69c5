"""What is in a FITS file: the keywords of each HDU, and numbers about its data."""

from __future__ import annotations

import hashlib
import mmap
import os
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from curated.core.stamp import ORIGIN_KEYWORDS
from curated.fits.file_headers import read_headers
from curated.fits.foreign_keywords import foreign_keywords
from curated.fits.header import data_length, read_keywords

_MOST_HDUS = 1000
_LARGEST = 1 << 30
_TYPES = {8: "u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}
_SIGMA = 1.4826
"""Standard deviations of a normal distribution in its median absolute deviation."""


class HduListing(NamedTuple):
    """An HDU.

    Parameters
    ----------
    name : `str`
        Its EXTNAME; ``PRIMARY`` for the first one without a name.
    shape : `tuple` [`int`]
        Lengths of its axes, the slowest first; empty without data.
    keywords : `dict`
        Its keywords but for structure and origin.
    digest : `str`
        SHA-256 of its data; empty without data.
    median, scatter : `float` or `None`
        Of the pixels of an image that are numbers: the median, and the standard deviation by the median absolute deviation.
    bad : `int`
        Number of pixels that are no numbers.
    """

    name: str
    shape: tuple[int, ...]
    keywords: dict[str, Any]
    digest: str = ""
    median: float | None = None
    scatter: float | None = None
    bad: int = 0


def list_hdus(path: str | os.PathLike[str]) -> Iterator[HduListing]:
    """Yield what is in a FITS file, HDU by HDU, as far as it is whole.

    Raises
    ------
    DamagedError
        If it does not begin with a header.
    OSError
        If it cannot be read.
    """
    place = 0
    with open(path, "rb") as file:
        is_empty = os.fstat(file.fileno()).st_size == 0
        data = b"" if is_empty else mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        for header in read_headers(path, _MOST_HDUS):
            keywords = read_keywords(header)
            place += len(header)
            length = data_length(keywords)
            content = data[place : place + min(length, _LARGEST)]
            yield _listing(keywords, content, is_first=place == len(header))
            place += length


def _listing(keywords: dict[str, Any], content: bytes, *, is_first: bool) -> HduListing:
    axes = range(int(keywords.get("NAXIS") or 0), 0, -1)
    shape = tuple(int(keywords[f"NAXIS{axis}"]) for axis in axes)
    name = str(keywords.get("EXTNAME") or ("PRIMARY" if is_first else ""))
    left_out = {*foreign_keywords(keywords), *ORIGIN_KEYWORDS, "DATE", "EXTNAME"}
    shown = {key: value for key, value in keywords.items() if key not in left_out and not _is_size(key)}
    if not content:
        return HduListing(name, shape, shown)
    digest = hashlib.sha256(content).hexdigest()
    is_image = keywords.get("XTENSION", "IMAGE") == "IMAGE"
    if not is_image or keywords.get("BITPIX") not in _TYPES:
        return HduListing(name, shape, shown, digest)
    return HduListing(name, shape, shown, digest, *_statistics(keywords, content, shape))


def _is_size(key: str) -> bool:
    return key.startswith("NAXIS") or key in ("SIMPLE", "XTENSION", "BITPIX", "PCOUNT", "GCOUNT", "EXTEND")


def _statistics(
    keywords: dict[str, Any], content: bytes, shape: tuple[int, ...]
) -> tuple[float | None, float | None, int]:
    """Return median, scatter and number of bad pixels of an image."""
    dtype = np.dtype(_TYPES[keywords["BITPIX"]])
    count = min(int(np.prod(shape, dtype=object)), len(content) // dtype.itemsize)
    pixels = np.frombuffer(content, dtype, count)
    good = pixels[np.isfinite(pixels)] if dtype.kind == "f" else pixels
    if not good.size:
        return None, None, count
    scale, zero = (_number(keywords.get(key), default) for key, default in (("BSCALE", 1.0), ("BZERO", 0.0)))
    median = float(np.median(good))
    scatter = float(np.median(np.abs(good.astype("f8") - median))) * _SIGMA
    return median * scale + zero, abs(scale) * scatter, int(count - good.size)


def _number(value: Any, default: float) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else default
