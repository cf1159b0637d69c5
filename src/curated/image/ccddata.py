"""Images of astropy: pixels, mask and variance of a CCDData, and a CCDData of planes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from curated.core.diagnostic import CuratedError
from curated.declare import Array


class CcdPlanes(NamedTuple):
    """The planes of a CCDData, all of (rows, columns).

    Parameters
    ----------
    mask : `numpy.ndarray`, optional
        1 where a pixel is masked.
    variance : `numpy.ndarray`, optional
        In the square of the unit; NaN where the uncertainty is not known.
    unit : `str`
        As astropy spells it; empty for none.
    """

    image: Array
    mask: Array | None
    variance: Array | None
    unit: str
    header: Mapping[str, Any]


def variance_of(values: Any, kind: str) -> Array:
    """Return the variance for values of an uncertainty.

    Parameters
    ----------
    values : array-like
        The uncertainty of each pixel.
    kind : `str`
        ``std``, ``var`` or ``ivar``, as astropy calls it.

    Returns
    -------
    variance : `numpy.ndarray`
        NaN where an inverse variance is zero: nothing is known there.

    Raises
    ------
    CuratedError
        If the kind is another one.
    """
    array = np.asarray(values, "f8")
    if kind == "std":
        squares: Array = array * array
        return squares
    if kind == "var":
        return array
    if kind == "ivar":
        with np.errstate(divide="ignore"):
            inverse: Array = np.where(array > 0, 1 / array, np.nan)
        return inverse
    raise CuratedError(
        f"an uncertainty of the kind {kind!r} has no variance",
        "give standard deviations, variances or their inverse",
    )


def planes_of_ccddata(ccd: Any) -> CcdPlanes:
    """Return the planes of an `astropy.nddata.CCDData`, or of another image of astropy like it.

    Raises
    ------
    CuratedError
        If it is no image, or has an uncertainty of another kind or unit.
    """
    if not hasattr(ccd, "data") or not hasattr(ccd, "unit"):
        raise CuratedError(
            f"{type(ccd).__name__} is no image of astropy", "give a CCDData, or use from_pixels"
        )
    data = np.asarray(ccd.data)
    unit = "" if ccd.unit is None else str(ccd.unit)
    mask = None if ccd.mask is None else np.broadcast_to(np.asarray(ccd.mask), data.shape)
    flags = None if mask is None else (mask != 0).astype("i4")
    variance = None
    if ccd.uncertainty is not None:
        kind = ccd.uncertainty.uncertainty_type
        _require_unit(ccd.uncertainty, ccd.unit, kind)
        variance = variance_of(ccd.uncertainty.array, kind)
    header = getattr(ccd, "header", None) or getattr(ccd, "meta", None) or {}
    return CcdPlanes(data, flags, variance, unit, header)


def _require_unit(uncertainty: Any, unit: Any, kind: str) -> None:
    """Refuse an uncertainty in another unit than that of the pixels."""
    if uncertainty.unit is None or unit is None:
        return
    power = {"std": 1, "var": 2, "ivar": -2}.get(kind)
    if power is not None and uncertainty.unit != unit**power:
        raise CuratedError(
            f"the uncertainty is in {uncertainty.unit}, the pixels in {unit}", "convert one of them"
        )


def ccddata_of(
    image: Array, mask: Array | None, variance: Array | None, unit: str, header: Mapping[str, Any]
) -> Any:
    """Return an `astropy.nddata.CCDData` of planes; parameters are those of `CcdPlanes`."""
    from astropy.nddata import CCDData, VarianceUncertainty

    uncertainty = None if variance is None else VarianceUncertainty(np.array(variance))
    return CCDData(
        np.array(image),
        unit=unit,
        mask=None if mask is None else np.asarray(mask) != 0,
        uncertainty=uncertainty,
        meta=dict(header),
    )
