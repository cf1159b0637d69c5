"""Small images, written by astropy, and their side files."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits

SHAPE = (8, 16)
MASK = np.zeros(SHAPE, ">i4")
MASK[2, 3] = 5
VARIANCE = np.full(SHAPE, 4, ">f4")


def make_pixels(seed: int = 7, level: float = 100.0) -> Any:
    """Return the pixels of a noisy image."""
    return np.random.RandomState(seed).normal(level, 2, SHAPE).astype(">f4")


def make_image(data: Any, unit: str | None = "adu") -> bytes:
    """Return a FITS file with its pixels in the primary HDU."""
    hdu = fits.PrimaryHDU(data)
    if unit is not None:
        hdu.header["BUNIT"] = unit
    return fits_bytes(hdu)


def make_planes(image: Any, mask: Any, variance: Any, unit: str = "adu", **mask_keywords: Any) -> bytes:
    """Return a FITS file with extensions IMAGE, MASK and VARIANCE."""
    hdus = [fits.PrimaryHDU(), *(fits.ImageHDU(d, name=n) for d, n in ((image, "IMAGE"), (mask, "MASK")))]
    hdus.append(fits.ImageHDU(variance, name="VARIANCE"))
    hdus[1].header["BUNIT"] = unit
    for key, value in mask_keywords.items():
        hdus[2].header[key if len(key) <= 8 else f"HIERARCH {key}"] = value
    return fits_bytes(*hdus)


def fits_bytes(*hdus: Any) -> bytes:
    """Return a FITS file of HDUs."""
    stream = io.BytesIO()
    fits.HDUList(list(hdus)).writeto(stream)
    return stream.getvalue()


def side_text(kind: str, data: bytes, *, filter_name: str = "", more: str = "", name: str = "") -> str:
    """Return the text of the side file of an image of detector d00; ``more`` is appended."""
    levels = f"  FILTER: {filter_name}\n" if filter_name else ""
    return (
        f"metadata:\n  OBSTYPE: {kind}\n  INSTRUME: cam\n  DETECTOR: 0\n{levels}"
        f"  CALIBDATE: '2024-01-01T00:00:00'\nimage:\n  file: {name or '20240101T000000.fits'}\n"
        f"  sha256: {hashlib.sha256(data).hexdigest()}\n  size: {len(data)}\n{more}"
    )


def write_image(directory: Path, kind: str, data: bytes, **more: str) -> Path:
    """Write an image and its side file, and return the path of the side file."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "20240101T000000.fits").write_bytes(data)
    path = directory / "20240101T000000.yaml"
    path.write_text(side_text(kind, data, **more))
    return path


def image_package(kind: str, data: bytes, **more: str) -> dict[str, str | bytes]:
    """Return the files of a package with one image, by their paths."""
    level = f"/{more['filter_name']}" if more.get("filter_name") else ""
    stem = f"calibs/cam/{kind}/d00{level}/20240101T000000"
    return {"curated.yaml": "", f"{stem}.fits": data, f"{stem}.yaml": side_text(kind, data, **more)}
