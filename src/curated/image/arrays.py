"""Planes of arrays in memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from curated.core.diagnostic import CuratedError
from curated.image.planes import Plane


def plane_of(name: str, values: Any, bits: Mapping[str, int] | None = None) -> Plane:
    """Return a plane in memory.

    Parameters
    ----------
    name : `str`
        ``IMAGE``, ``MASK`` or ``VARIANCE``.
    values : array-like
        Pixels, [row, column]: floating-point numbers, of a mask whole numbers or flags.
    bits : `dict` [`str`, `int`], optional
        Meaning of the bits of a mask.

    Raises
    ------
    CuratedError
        If they are no such plane.
    """
    array = np.asarray(values)
    if name == "MASK":
        fits = array.dtype.kind == "b" or (
            array.dtype.kind in "iu" and (not array.size or (-(2**31) <= array.min() <= array.max() < 2**31))
        )
        wanted = ">i4"
    else:
        fits = array.dtype.kind in "fiu"
        wanted = ">f8" if array.dtype == np.float64 else ">f4"
    if array.ndim != 2 or not array.size or not fits:
        raise CuratedError(
            f"{name} cannot be made of shape {array.shape} and data type {array.dtype}",
            "give two-dimensional arrays: numbers, and for the mask whole numbers of 32 bits",
        )
    height, width = array.shape
    bitpix = {">f4": -32, ">f8": -64, ">i4": 32}[wanted]
    return Plane(name, width, height, bitpix, values=array.astype(wanted), bits=dict(bits or {}))


def planes_of(
    image: Any, mask: Any = None, variance: Any = None, bits: Mapping[str, int] | None = None
) -> dict[str, Plane]:
    """Return the planes of an image in memory, by name; see `plane_of`.

    Raises
    ------
    CuratedError
        If the arrays are no planes of one shape.
    """
    given = {"IMAGE": image, "MASK": mask, "VARIANCE": variance}
    planes = {
        name: plane_of(name, array, bits if name == "MASK" else None)
        for name, array in given.items()
        if array is not None
    }
    shapes = {plane.mapped.shape for plane in planes.values()}
    if len(shapes) > 1:
        raise CuratedError(f"the planes have different shapes: {', '.join(map(str, sorted(shapes)))}")
    return planes
