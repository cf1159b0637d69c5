"""Bands of wavelengths as people write them."""

from __future__ import annotations

import re

from curated.core.diagnostic import CuratedError
from curated.declare import Band

_BAND = re.compile(r"\s*(?P<name>[^=,\s]+)=(?P<begin>[0-9.]+)-(?P<end>[0-9.]+)\s*")
_LONGEST = 100_000.0
_MOST_BANDS = 100


def parse_bands(text: str) -> tuple[Band, ...]:
    """Return the bands of a text.

    Parameters
    ----------
    text : `str`
        Such as ``u=330-400,g=402-552``, in nm.

    Raises
    ------
    CuratedError
        If it is not of this form; the message names the part that is wrong.
    """
    bands: dict[str, Band] = {}
    for part in text.split(","):
        match = _BAND.fullmatch(part)
        try:
            band = Band(match["name"], float(match["begin"]), float(match["end"])) if match else None
        except ValueError:
            band = None
        if band is None or not 0 < band.begin < band.end <= _LONGEST:
            raise CuratedError(
                f"{part.strip()!r:.60} is no band", "write bands like u=330-400,g=402-552, in nm"
            )
        if band.name in bands:
            raise CuratedError(f"band {band.name!r:.60} is given twice", "give each band once")
        bands[band.name] = band
    if len(bands) > _MOST_BANDS:
        raise CuratedError(f"{len(bands)} bands are too many", f"give at most {_MOST_BANDS}")
    return tuple(bands.values())
