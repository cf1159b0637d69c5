"""The contents of the planes of an image, independent of how a file holds them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from curated.image.planes import CHUNK, Plane

_MASK = "MASK"


def plane_contents(planes: Mapping[str, Plane]) -> dict[str, str]:
    """Return a hash for each plane with a pixel other than zero, and for each bit of a mask that is in use.

    Pixels count as numbers, in whatever precision they are stored; all NaN are one, and so are 0.0 and -0.0.

    Parameters
    ----------
    planes : `dict` [`str`, `Plane`]
        Planes by name; their pixels are read.
    """
    contents = {
        name: _content(plane, _numbers(plane))
        for name, plane in planes.items()
        if name != _MASK and (name == "IMAGE" or any(part.any() for part in _parts(plane)))
    }
    if _MASK in planes:
        mask = planes[_MASK]
        contents |= {
            f"{_MASK} {meaning}": _content(mask, _bits(mask, bit)) for meaning, bit in _meanings(mask).items()
        }
    return contents


def _content(plane: Plane, parts: Iterator[Any]) -> str:
    digest = hashlib.sha256(f"{plane.width} {plane.height}\n".encode())
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def _parts(plane: Plane) -> Iterator[Any]:
    """Yield some rows after the other."""
    pixels = plane.mapped
    step = max(1, CHUNK // max(1, plane.width * 8))
    for start in range(0, plane.height, step):
        yield pixels[start : start + step]


def _numbers(plane: Plane) -> Iterator[bytes]:
    for part in _parts(plane):
        # The sum with zero takes the sign from zeros.
        numbers = part.astype("<f8") + 0.0
        numbers[np.isnan(numbers)] = np.nan
        yield numbers.tobytes()


def _meanings(mask: Plane) -> dict[str, int]:
    """Return the bits that are set somewhere, by meaning or, without one, by number."""
    used = 0
    for part in _parts(mask):
        used |= int(np.bitwise_or.reduce(part.astype("i4").reshape(-1))) & 0xFFFFFFFF
    names = {bit: name for name, bit in mask.meanings.items()}
    return {names.get(bit, f"bit {bit}"): bit for bit in range(32) if used >> bit & 1}


def _bits(mask: Plane, bit: int) -> Iterator[bytes]:
    for part in _parts(mask):
        yield (part.astype("i4") >> bit & 1).astype("u1").tobytes()
