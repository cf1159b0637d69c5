"""Arithmetic of images and image products: subtraction and division, with masks and variances."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from curated.core.codes import code_info
from curated.core.diagnostic import CuratedError
from curated.core.metadata import has_value
from curated.declare import Array
from curated.image.pixels import Image, pixels_of, with_pixels
from curated.types._image import ImageCalib


def subtract(calib: ImageCalib, target: Image, scale: float, *, per_second: bool = False) -> Image:
    """Return an image minus a calibration's pixels times a scale.

    Pixels that are not finite in the calibration become NaN, and masked. If both variances are known, that of the
    result is the variance of the image plus ``scale**2`` times that of the calibration: propagation of independent
    errors (Howell 2006, Handbook of CCD Astronomy, section 4.4).

    Parameters
    ----------
    calib : `ImageCalib`
        What is subtracted.
    target : `numpy.ndarray` or `astropy.nddata.CCDData`
        Image of the same shape, [row, column]; it stays as it is.
    scale : `float`
        Factor of the calibration's pixels.
    per_second : `bool`, optional
        Whether the scale is a time in seconds, which cancels ``/s`` in the calibration's unit.
    """
    pixels = _pixels(calib, target)
    _check_unit(calib, target, per_second)
    pixels -= (calib.image * pixels.dtype.type(scale)).astype(pixels.dtype, copy=False)
    added_variance = 0.0 if calib.variance is None else scale**2 * calib.variance
    return _finish(
        calib, target, pixels, lambda variance: variance + added_variance, ~np.isfinite(calib.image)
    )


def divide(calib: ImageCalib, target: Image, level: float = 1.0) -> Image:
    """Return an image divided by a calibration's pixels relative to a level.

    Pixels that are not positive in the calibration become NaN, and masked. With the divisor ``f`` the variance of
    the result is ``var/f**2 + image**2 var_f/f**4``, without the second term if the calibration has no variance
    (Howell 2006, section 4.4).

    Parameters
    ----------
    calib : `ImageCalib`
        Divisor, such as a flat.
    target : `numpy.ndarray` or `astropy.nddata.CCDData`
        Image of the same shape, [row, column]; it stays as it is.
    level : `float`, optional
        Value of the calibration that leaves a pixel unchanged.

    Raises
    ------
    CuratedError
        If shapes differ, or the calibration's pixels are far from the level.
    """
    pixels = _pixels(calib, target)
    wrong_level = next((p for p in calib.level_problems(calib.measured) if p.code == "CAL352"), None)
    if wrong_level is not None:
        raise CuratedError(f"{calib.SPEC.name}: {wrong_level.detail}", code_info("CAL352").hint)
    divisor = calib.image.astype("f8") / level
    is_dead = ~(divisor > 0) | ~np.isfinite(divisor)
    divisor[is_dead] = np.nan
    dividend = pixels.astype("f8")
    pixels = (dividend / divisor).astype(pixels.dtype)

    def propagate(variance: Array) -> Array:
        if calib.variance is None:
            return variance / divisor**2
        return variance / divisor**2 + dividend**2 * (calib.variance / level**2) / divisor**4

    return _finish(calib, target, pixels, propagate, is_dead)


def seconds_of(calib: ImageCalib, target: Any, option: float | None, name: str, *keywords: str) -> float:
    """Return the time of an image in seconds: the caller's option, else that of a CCDData's header.

    Raises
    ------
    CuratedError
        If there is neither.
    """
    seconds = _header_seconds(target, *keywords) if option is None else float(option)
    if seconds is None:
        raise CuratedError(
            f"{calib.SPEC.name} needs the time of the image",
            f"give {name}= in seconds, or a CCDData with {' or '.join(keywords)} in its header",
        )
    return seconds


def good_pixels(calib: ImageCalib, target: Any) -> tuple[Array, Array]:
    """Return the pixels of an image and of a calibration, (N,), that are finite and not masked in both."""
    pixels, calib_pixels = _pixels(calib, target).astype("f8"), calib.image.astype("f8")
    is_good = np.isfinite(pixels) & np.isfinite(calib_pixels)
    if calib.mask is not None:
        is_good &= calib.mask == 0
    mask = None if isinstance(target, np.ndarray) else getattr(target, "mask", None)
    if mask is not None:
        is_good &= ~np.asarray(mask, bool)
    if not is_good.any():
        raise CuratedError(f"{calib.SPEC.name} and the image have no good pixel in common", "give scale=")
    return pixels[is_good], calib_pixels[is_good]


def _pixels(calib: ImageCalib, target: Any) -> Array:
    pixels: Array = pixels_of(target)
    if pixels.shape != calib.image.shape:
        raise CuratedError(
            f"the image has shape {pixels.shape}, the {calib.SPEC.name} {calib.image.shape}",
            "trim the image to the pixels of the detector that see light",
        )
    return pixels


def _check_unit(calib: ImageCalib, target: Any, per_second: bool) -> None:
    """Refuse to subtract adu from electrons; arrays and dimensionless calibrations match any unit."""
    unit = None if isinstance(target, np.ndarray) else getattr(target, "unit", None)
    if unit is None or calib.is_dimensionless:
        return
    import astropy.units as u

    calib_unit = u.Unit(calib.unit)
    if per_second and calib.unit and "/s" in calib.unit:
        calib_unit *= u.s
    if calib_unit != unit:
        raise CuratedError(
            f"the image is in {unit}, the {calib.SPEC.name} in {calib.unit}", "convert one of them"
        )


def _finish(
    calib: ImageCalib,
    target: Image,
    pixels: Array,
    propagate: Callable[[Array], Array],
    is_dead: Array,
) -> Image:
    """Return the image with new pixels, its mask joined with the calibration's, and its uncertainty propagated."""
    if isinstance(target, np.ndarray):
        return with_pixels(target, pixels)
    mask: Any = getattr(target, "mask", None)
    masks = [np.asarray(mask, dtype=np.bool_)] if mask is not None else []
    masks += [calib.mask != 0] if calib.mask is not None else []
    masks += [is_dead] if is_dead.any() else []
    image: Any = with_pixels(target, pixels, np.logical_or.reduce(masks) if masks else None)
    uncertainty = image.uncertainty
    if uncertainty is not None:
        from astropy.nddata import VarianceUncertainty

        variance = propagate(uncertainty.represent_as(VarianceUncertainty).array)
        image.uncertainty = VarianceUncertainty(variance).represent_as(type(uncertainty))
    return image  # type: ignore[no-any-return]


def _header_seconds(target: Any, *keywords: str) -> float | None:
    """Return the first of a CCDData's keywords that is a finite number of seconds; `None` if there is none.

    Raises
    ------
    CuratedError
        If it is negative, or zero though another one is not: some cameras leave a keyword at zero.
    """
    header = getattr(target, "header", None)
    times: dict[str, float] = {}
    for keyword in keywords:
        value = header.get(keyword) if header is not None else None
        if has_value(value):
            try:
                seconds = float(value)  # type: ignore[arg-type]
            except (TypeError, ValueError):
                continue
            if np.isfinite(seconds):
                times[keyword] = seconds
    if not times:
        return None
    first, seconds = next(iter(times.items()))
    if seconds < 0 or (seconds == 0 and any(times.values())):
        values = ", ".join(f"{keyword} is {value:g}" for keyword, value in times.items())
        raise CuratedError(
            f"the time of the image is not known: {values}", f"correct {first}, or give the time"
        )
    return seconds
