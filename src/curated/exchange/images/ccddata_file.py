"""Image calibrations as FITS files of astropy's CCDData: pixels, MASK and UNCERT."""

from __future__ import annotations

import io
import warnings
from typing import Any

from curated.core.diagnostic import CuratedError

_LONGEST = 60
"""Characters of a text that a card of a long keyword holds for certain."""


def ccddata_bytes(calib: Any) -> tuple[bytes, list[str]]:
    """Return the file that `astropy.nddata.CCDData.read` reads.

    Parameters
    ----------
    calib : `ImageCalib`
        A calibration with pixels.

    Returns
    -------
    content : `bytes`
        The FITS file.
    losses : `list` [`str`]
        What it does not hold.

    Raises
    ------
    CuratedError
        If the calibration has no pixels.
    """
    if not hasattr(calib, "to_ccddata"):
        raise CuratedError(f"{calib.SPEC.name} is no image", "save it as a table: .csv, .ecsv or .fits")
    ccd = calib.to_ccddata()
    losses = []
    header = dict(ccd.header)
    kept = {key: value for key, value in header.items() if _is_storable(key, value)}
    if len(kept) < len(header):
        losses.append(f"keywords that no card holds: {', '.join(sorted(set(header) - set(kept)))}")
    ccd.meta = kept
    planes = {
        name: bit
        for name, bit in calib.mask_planes.items()
        if calib.mask is not None and (calib.mask >> bit & 1).any()
    }
    if set(planes) - {"BAD"}:
        losses.append(f"meanings of the mask: {', '.join(planes)} are all masked")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        stream = io.BytesIO()
        ccd.to_hdu().writeto(stream)
    return stream.getvalue(), losses


def _is_storable(key: str, value: Any) -> bool:
    """Say whether a card can hold a keyword; astropy fails at a list, and at texts of cards that are too long."""
    if isinstance(value, str):
        return (
            value.isascii() and value.isprintable() and (len(key) <= 8 or len(value) + len(key) <= _LONGEST)
        )
    return isinstance(value, (bool, int, float))
