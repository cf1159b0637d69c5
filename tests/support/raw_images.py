"""Raw images of an invented camera, as FITS files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

HEADER = {
    "INSTRUME": "Lab",
    "DET_NAME": "d00",
    "FILTER": "r",
    "DATE-BEG": "2024-02-29T23:59:50",
    "DATE-END": "2024-02-29T23:59:59",
    "TIMESYS": "UTC",
}


def write_raw(path: Path, *, compressed: bool = False, **keywords: Any) -> Path:
    """Write a raw image; ``None`` leaves a keyword out, and underscores stand for hyphens but in DET_NAME."""
    from astropy.io import fits

    header = fits.Header()
    names = {
        name if name == "DET_NAME" else name.replace("_", "-"): value for name, value in keywords.items()
    }
    for keyword, value in {**HEADER, **names}.items():
        if value is not None:
            header[keyword] = value
    image = np.zeros((8, 8), dtype="i4")
    hdus = (
        [fits.PrimaryHDU(), fits.CompImageHDU(image, header=header)]
        if compressed
        else [fits.PrimaryHDU(header=header), fits.ImageHDU(image)]
    )
    fits.HDUList(hdus).writeto(path)
    return path


def card(text: str) -> bytes:
    """Return a card of a header."""
    return text.encode("latin-1").ljust(80)


def replace_card(path: Path, keyword: str, text: str) -> Path:
    """Put a card into the place of another one."""
    data = path.read_bytes()
    start = data.index(keyword.ljust(8).encode() + b"=")
    path.write_bytes(data[:start] + card(text) + data[start + 80 :])
    return path
