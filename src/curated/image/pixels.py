"""Images that calibrations are applied to: numpy arrays and `astropy.nddata.CCDData`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np

from curated.core.diagnostic import CuratedError
from curated.declare import Array

Image = TypeVar("Image")
"""A two-dimensional `numpy.ndarray`, or `astropy.nddata.CCDData`."""


def pixels_of(target: Any) -> Array:
    """Return a copy of an image's pixels, [row, column], in a floating-point type.

    Raises
    ------
    CuratedError
        If it is no image.
    """
    data = target if isinstance(target, np.ndarray) else getattr(target, "data", None)
    if not isinstance(data, np.ndarray) or data.ndim != 2 or data.dtype.kind not in "fiu":
        said = f" with shape {data.shape} and data type {data.dtype}" if isinstance(data, np.ndarray) else ""
        raise CuratedError(
            f"{type(target).__name__}{said} is no image",
            "give a two-dimensional numpy array of numbers, or an astropy.nddata.CCDData",
        )
    kept = data.dtype if data.dtype.kind == "f" else np.dtype("f8")
    # Native byte order: what comes of a FITS file is big-endian.
    return data.astype(kept.newbyteorder("="), copy=True)


def with_pixels(target: Image, data: Array, mask: Array | None = None) -> Image:
    """Return an image of the same kind with other pixels; the one given stays as it is.

    Parameters
    ----------
    target : `numpy.ndarray` or `astropy.nddata.CCDData`
        The image; a CCDData's unit, header, uncertainty, mask and flags are kept.
    data : `numpy.ndarray`
        The pixels.
    mask : `numpy.ndarray`, optional
        A CCDData's new mask.
    """
    if isinstance(target, np.ndarray):
        return data  # type: ignore[return-value]
    made: Any = target.copy()  # type: ignore[attr-defined]
    made.data = data
    if mask is not None:
        made.mask = mask
    return made  # type: ignore[no-any-return]


def scaled_uncertainty(uncertainty: Any, factor: Array) -> Array | None:
    """Return the values of an astropy uncertainty for pixels times a factor; `None` if its kind is unknown."""
    power = {"std": 1, "var": 2, "ivar": -2}.get(uncertainty.uncertainty_type)
    return None if power is None else uncertainty.array * factor**power


def unit_of(target: Any, given: str | None, default: str) -> str:
    """Return the unit of an image's pixels, ``adu`` or ``electron``.

    Parameters
    ----------
    target : `numpy.ndarray` or `astropy.nddata.CCDData`
        The image.
    given : `str` or `None`
        The unit that the caller names; a CCDData's own one must not contradict it.
    default : `str`
        The unit of an array where none is named.

    Raises
    ------
    CuratedError
        If it is another unit, or the two contradict each other.
    """
    own = getattr(target, "unit", None)
    said = "" if own is None else str(own)
    unit = given or said or default
    if unit not in ("adu", "electron") or (given and said and given != said):
        found = f"{given!r}, but the image says {said!r}" if given and said else repr(unit)
        raise CuratedError(f"the unit of the pixels is {found}", "give an image in adu or electron")
    return unit


def no_options(calib: object, options: Mapping[str, Any]) -> None:
    """Refuse options that a type's `apply` does not have.

    Raises
    ------
    CuratedError
        If there is any.
    """
    if options:
        raise CuratedError(f"{type(calib).__name__}.apply has no option {', '.join(sorted(options))}")
