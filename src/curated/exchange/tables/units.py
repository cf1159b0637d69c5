"""Units as other programs spell them."""

from __future__ import annotations

import re

from curated.core.units import text_unit

_WORDS = {
    **dict.fromkeys(("angstrom", "angstroms", "ang", "aa", "\u00e5", "\u212b"), "Angstrom"),
    **dict.fromkeys(("nm", "nanometer", "nanometers", "nanometre", "nanometres"), "nm"),
    **dict.fromkeys(
        ("um", "micron", "microns", "micrometer", "micrometers", "micrometre", "micrometres"), "um"
    ),
    **dict.fromkeys(("percent", "pct", "%", "per cent", "0.01", "10**-2"), "%"),
    **dict.fromkeys(("e", "e-", "el", "electron", "electrons"), "electron"),
    **dict.fromkeys(("adu", "adus", "dn"), "adu"),
    **dict.fromkeys(("pix", "pixel", "pixels", "px"), "pix"),
}
_FRACTIONS = frozenset(("", "-", "1", "fraction", "fractions", "dimensionless", "none", "unitless"))
_WORD = re.compile(r"[^\W\d_]+-?|%")
_BRACKETED = re.compile(r"(.*\S)\s*(?:\(([^()]*)\)|\[([^\[\]]*)\])\s*\Z")
_SUFFIX = re.compile(r"(.*[A-Za-z])_(nm|um|angstroms?|aa|microns?|percent|pct|adu|electrons?)\Z", re.I)


def spelled(unit: str) -> str:
    """Return a unit as calibrations spell it; an empty text for plain numbers, and an unknown unit as it is."""
    text = unit.strip()
    if text.lower() in _FRACTIONS:
        return ""
    whole = _WORDS.get(text.lower())
    if whole:
        return whole
    words = _WORD.sub(lambda match: _WORDS.get(match[0].lower(), match[0]), text)
    return text_unit(words.replace(" / ", "/").replace(" * ", "*").replace("^", "**"))


def split_name(name: str) -> tuple[str, str | None]:
    """Return the name of a column without the unit that it ends with, and that unit; `None` if it has none.

    Such as ``wavelength (nm)``, ``gain [e-/ADU]``, ``wavelength_nm``.
    """
    match = _BRACKETED.match(name)
    if match:
        return match[1], spelled(match[2] if match[2] is not None else match[3])
    match = _SUFFIX.match(name)
    return (match[1], spelled(match[2])) if match else (name, None)
