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
        If the target is not an image.
    """
    data = target if isinstance(target, np.ndarray) else getattr(target, "data", None)
    if not isinstance(data, np.ndarray) or data.ndim != 2 or data.dtype.kind not in "fiu":
        form = f" with shape {data.shape} and data type {data.dtype}" if isinstance(data, np.ndarray) else ""
        raise CuratedError(
            f"{type(target).__name__}{form} is no image",
            "give a two-dimensional numpy array of numbers, or an astropy.nddata.CCDData",
        )
    dtype = data.dtype if data.dtype.kind == "f" else np.dtype("f8")
    # Arrays of FITS files are big-endian.
    return data.astype(dtype.newbyteorder("="), copy=True)


def with_pixels(target: Image, data: Array, mask: Array | None = None) -> Image:
    """Return an image of the same kind with other pixels; the target is not modified.

    Parameters
    ----------
    target : `numpy.ndarray` or `astropy.nddata.CCDData`
        The original image; a CCDData's unit, header, uncertainty, mask and flags are copied.
    data : `numpy.ndarray`
        Pixels, [row, column].
    mask : `numpy.ndarray`, optional
        Mask of a CCDData, in the place of its own.
    """
    if isinstance(target, np.ndarray):
        return data  # type: ignore[return-value]
    image: Any = target.copy()  # type: ignore[attr-defined]
    image.data = data
    if mask is not None:
        image.mask = mask
    return image  # type: ignore[no-any-return]


def scaled_uncertainty(uncertainty: Any, factor: Array) -> Array | None:
    """Return the values of an astropy uncertainty for pixels times a factor; `None` if its kind is unknown."""
    power = {"std": 1, "var": 2, "ivar": -2}.get(uncertainty.uncertainty_type)
    return None if power is None else uncertainty.array * factor**power


def unit_of(target: Any, option: str | None, default: str) -> str:
    """Return the unit of an image's pixels, ``adu`` or ``electron``.

    Parameters
    ----------
    target : `numpy.ndarray` or `astropy.nddata.CCDData`
        The image, which may have a unit.
    option : `str` or `None`
        Unit that the caller names; it must not contradict the image.
    default : `str`
        Unit of an array if the caller names none.

    Raises
    ------
    CuratedError
        If it is another unit, or the two contradict each other.
    """
    attribute = getattr(target, "unit", None)
    image_unit = "" if attribute is None else str(attribute)
    unit = option or image_unit or default
    if unit not in ("adu", "electron") or (option and image_unit and option != image_unit):
        detail = f"{option!r}, but the image says {image_unit!r}" if option and image_unit else repr(unit)
        raise CuratedError(f"the unit of the pixels is {detail}", "give an image in adu or electron")
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
