"""Images corrected with image products: subtraction and division, with masks and variances."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from curated.core.diagnostic import CuratedError
from curated.core.metadata import has_value
from curated.declare import Array
from curated.image.pixels import Image, pixels_of, with_pixels
from curated.types._image import ImageCalib


def subtract(calib: ImageCalib, target: Image, scale: float, *, per_second: bool = False) -> Image:
    """Return an image less a calibration's pixels times a scale; where those are not finite it is NaN, and masked.

    The variance of the result is that of the image plus ``scale**2`` times that of the calibration, where both
    are known: propagation of independent errors (Howell 2006, Handbook of CCD Astronomy, section 4.4).

    Parameters
    ----------
    calib : `ImageCalib`
        The calibration.
    target : `numpy.ndarray` or `astropy.nddata.CCDData`
        The image.
    scale : `float`
        What its pixels are multiplied with.
    per_second : `bool`, optional
        Whether the scale is a time in seconds, which takes ``/s`` out of the unit.
    """
    pixels = _pixels(calib, target)
    _check_unit(calib, target, per_second)
    pixels -= (calib.image * pixels.dtype.type(scale)).astype(pixels.dtype, copy=False)
    added = None if calib.variance is None else scale**2 * calib.variance
    unknown = ~np.isfinite(calib.image)
    return _finish(calib, target, pixels, lambda v: v if added is None else v + added, unknown)


def divide(calib: ImageCalib, target: Image, level: float = 1.0) -> Image:
    """Return an image divided by a calibration's pixels over a level; where those are not positive it is NaN.

    With ``f`` the divisor, the variance of the result is ``var/f**2 + image**2 var_f/f**4``, the second term
    where the calibration has a variance (Howell 2006, section 4.4).

    Parameters
    ----------
    calib : `ImageCalib`
        The calibration.
    target : `numpy.ndarray` or `astropy.nddata.CCDData`
        The image.
    level : `float`, optional
        Value of the calibration that leaves a pixel as it is.
    """
    pixels = _pixels(calib, target)
    divisor = calib.image.astype("f8") / level
    dead = ~(divisor > 0) | ~np.isfinite(divisor)
    divisor[dead] = np.nan
    before = pixels.astype("f8")
    pixels = (before / divisor).astype(pixels.dtype)

    def propagate(variance: Array) -> Array:
        own = 0.0 if calib.variance is None else before**2 * (calib.variance / level**2) / divisor**4
        return variance / divisor**2 + own

    return _finish(calib, target, pixels, propagate, dead)


def seconds_of(calib: ImageCalib, target: Any, given: float | None, name: str, *keywords: str) -> float:
    """Return a time in seconds: the one that is given, else that of a CCDData's header.

    Raises
    ------
    CuratedError
        If there is none.
    """
    seconds = _header_seconds(target, *keywords) if given is None else float(given)
    if seconds is None:
        raise CuratedError(
            f"{calib.SPEC.name} needs the time of the image",
            f"give {name}= in seconds, or a CCDData with {' or '.join(keywords)} in its header",
        )
    return seconds


def no_options(calib: ImageCalib, options: Mapping[str, Any]) -> None:
    """Refuse options that the type does not know; a misspelt one would have no effect.

    Raises
    ------
    CuratedError
        If there are any.
    """
    if options:
        raise CuratedError(
            f"{calib.SPEC.name} knows no option {', '.join(sorted(options))}", "see its 'apply'"
        )


def good_pixels(calib: ImageCalib, target: Any) -> tuple[Array, Array]:
    """Return the values of an image and of a calibration where both are finite and not masked."""
    pixels, own = _pixels(calib, target).astype("f8"), calib.image.astype("f8")
    good = np.isfinite(pixels) & np.isfinite(own)
    if calib.mask is not None:
        good &= calib.mask == 0
    masked = None if isinstance(target, np.ndarray) else getattr(target, "mask", None)
    if masked is not None:
        good &= ~np.asarray(masked, bool)
    if not good.any():
        raise CuratedError(f"{calib.SPEC.name} and the image have no good pixel in common", "give scale=")
    return pixels[good], own[good]


def _pixels(calib: ImageCalib, target: Any) -> Array:
    pixels: Array = pixels_of(target)
    if pixels.shape != calib.image.shape:
        raise CuratedError(
            f"the image has shape {pixels.shape}, the {calib.SPEC.name} {calib.image.shape}",
            "trim the image to the pixels of the detector that see light",
        )
    return pixels


def _check_unit(calib: ImageCalib, target: Any, per_second: bool) -> None:
    """Refuse to subtract adu from electrons; plain arrays and calibrations have no unit to compare."""
    unit = None if isinstance(target, np.ndarray) else getattr(target, "unit", None)
    if unit is None or calib.is_dimensionless:
        return
    import astropy.units as u

    own = u.Unit(calib.unit)
    own = own * u.s if per_second and calib.unit and "/s" in calib.unit else own
    if own != unit:
        raise CuratedError(
            f"the image is in {unit}, the {calib.SPEC.name} in {calib.unit}", "convert one of them"
        )


def _finish(
    calib: ImageCalib,
    target: Image,
    pixels: Array,
    propagate: Callable[[Array], Array],
    dead: Array | None = None,
) -> Image:
    """Return the image with other pixels, its mask and uncertainty brought along."""
    if isinstance(target, np.ndarray):
        return with_pixels(target, pixels)
    own: Any = getattr(target, "mask", None)
    masks = [np.asarray(own, dtype=np.bool_)] if own is not None else []
    masks += [calib.mask != 0] if calib.mask is not None else []
    masks += [dead] if dead is not None and dead.any() else []
    made: Any = with_pixels(target, pixels, np.logical_or.reduce(masks) if masks else None)
    known = made.uncertainty
    if known is not None:
        from astropy.nddata import VarianceUncertainty

        variance = propagate(known.represent_as(VarianceUncertainty).array)
        made.uncertainty = VarianceUncertainty(variance).represent_as(type(known))
    return made  # type: ignore[no-any-return]


def _header_seconds(target: Any, *keywords: str) -> float | None:
    """Return the first of a CCDData's keywords that is a time in seconds; `None` where there is none."""
    header = getattr(target, "header", None)
    for keyword in keywords:
        value = header.get(keyword) if header is not None else None
        if has_value(value):
            try:
                seconds = float(value)  # type: ignore[arg-type]
            except (TypeError, ValueError):
                continue
            if np.isfinite(seconds):
                return seconds
    return None
