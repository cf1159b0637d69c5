"""Units of the text files; astropy converts only those that are not in the tables here."""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import Any

ANGSTROM = {"nm": 9.999999999999998, "Angstrom": 1.0, "angstrom": 1.0, "AA": 1.0}
"""Factors to Angstrom. Astropy's factor for nm is one unit in the last place below ten, and the stack converts
its curves with that factor."""

DIMENSIONLESS = frozenset({"", "-"})
FITS_PERCENT = "10**-2"
"""Percent in FITS, whose standard has no name for it; astropy reads it as percent."""

_TEXT_NAMES = {
    **dict.fromkeys((FITS_PERCENT, "percent", "pct", "0.01"), "%"),
    **dict.fromkeys(("micron", "microns", "\u03bcm", "\u00b5m"), "um"),
    **dict.fromkeys(("\u00c5", "\u212b", "A\u030a"), "Angstrom"),
    **dict.fromkeys(("ADU", "ADUs", "adus"), "adu"),
    **dict.fromkeys(("e-", "electrons"), "electron"),
}
"""Names that units go by, in FITS, in astropy and at cameras, and their names here."""

_OTHER = re.compile(rf"{re.escape(FITS_PERCENT)}\Z|0\.01\Z|percent|pct|micron|ADU|adus|\be-|electrons")
_WORD = re.compile(r"(?<![\w.])e-|[^\W\d_]\u030a?[^\W\d_]*")
"""A name within a unit; that of Angstrom may have its ring as a character of its own."""

_NAME = (
    r"(?:[numck]?m|Angstrom|adu|electron|[num]?s|min|h|d|pix|pixel|deg|arcmin|arcsec|mas|rad|[num]?A|[mk]?V|K|[mk]?W|J|Hz"
    r"|count|ct|photon|ph|mag|bin)(?:\*\*-?[1-9])?"
)
_IN_FITS = re.compile(rf"{_NAME}(?:[*/]{_NAME})*\Z", re.ASCII)
"""Units of the standard that calibrations have, as calibrations spell them; any other is left to astropy."""

_LONGEST = 60
_LONG_NUMBER = re.compile(r"[0-9]{4}")


def length_factor(unit: str) -> float:
    """Return the factor from a unit of length to Angstrom.

    Raises
    ------
    ValueError
        If the unit is no length.
    """
    return ANGSTROM[unit] if unit in ANGSTROM else _factor(unit, "Angstrom")


def factor(unit: str, target: str) -> float:
    """Return the factor from a unit to another.

    Raises
    ------
    ValueError
        If the units do not convert.
    """
    unit, target = ("" if name in DIMENSIONLESS else name for name in (unit, target))
    return 1.0 if unit == target else _factor(unit, target)


@lru_cache(maxsize=64)
def _factor(unit: str, target: str) -> float:
    import astropy.units as u

    return float(_parsed(unit).to(u.Unit(target)))


def _parsed(unit: str) -> Any:
    """Return a unit as astropy has it.

    Raises
    ------
    ValueError
        If it is none: units in files are untrusted, and the power of a large number would take for ever.
    """
    import astropy.units as u

    if len(unit) > _LONGEST or _LONG_NUMBER.search(unit):
        raise ValueError(f"{unit[:_LONGEST]!r} is too long for a unit")
    try:
        return u.Unit(unit)
    except (TypeError, ArithmeticError, RecursionError, AttributeError, LookupError) as error:
        raise ValueError(f"{unit!r} is not a unit") from error


def converts(unit: str, target: str) -> bool:
    """Return whether a unit converts to another."""
    if unit == target or (unit in ANGSTROM and target in ANGSTROM):
        return True
    if unit in DIMENSIONLESS | {"%"} and target in DIMENSIONLESS | {"%"}:
        return True
    if unit in DIMENSIONLESS or (unit == "pix" and target == "pixel"):
        return unit not in DIMENSIONLESS
    try:
        return math.isfinite(_factor(unit, target or ""))
    except (ValueError, TypeError, ArithmeticError):
        return False


def is_same_unit(unit: str, other: str) -> bool:
    """Return whether two units, in any spelling, are the same."""
    if unit in DIMENSIONLESS or other in DIMENSIONLESS:
        return unit in DIMENSIONLESS and other in DIMENSIONLESS
    if text_unit(unit) == text_unit(other):
        return True
    try:
        return bool(_parsed(unit) == _parsed(other))
    except ValueError:
        return False


@lru_cache(maxsize=256)
def fits_unit(unit: str) -> str:
    """Return a unit as spelled in FITS headers (FITS standard 4.0, section 4.3); empty for none.

    The standard has no name for electrons. Cameras, the stack and astropy all write ``electron``, which astropy reads
    back, and so does this.

    Raises
    ------
    ValueError
        If the standard has no name for it.
    """
    if unit in DIMENSIONLESS:
        return ""
    spelled = text_unit(unit).replace(" / ", "/").replace(" * ", "*")  # astropy's own spelling
    spelled = {"%": FITS_PERCENT, "angstrom": "Angstrom", "AA": "Angstrom"}.get(spelled, spelled)
    return spelled if spelled == FITS_PERCENT or _IN_FITS.match(spelled) else _standard(spelled)


def _standard(unit: str) -> str:
    """Return a unit as astropy spells it for FITS, electrons apart."""
    import astropy.units as u

    parsed = _parsed(unit)
    parsed = getattr(parsed, "represents", parsed) if str(parsed) == "percent" else parsed
    bases, powers = getattr(parsed, "bases", [parsed]), getattr(parsed, "powers", [1])
    power = sum(power for base, power in zip(bases, powers, strict=True) if base == u.electron)
    rest = parsed / u.electron**power if power else parsed
    spelled = rest.to_string("fits") if rest != u.dimensionless_unscaled else ""
    # A factor before a unit is easily overlooked, so that values in units of 10 nm are rather given in nm.
    if spelled.startswith("10**") or (spelled and u.Unit(spelled, format="fits") != rest):
        raise ValueError(f"{unit!r} has no name in FITS")
    if not power:
        return str(spelled)
    if power != int(power):
        raise ValueError(f"{unit!r} has no name in FITS")
    electrons = "electron" if power == 1 else f"electron**{int(power)}"
    return f"{spelled}*{electrons}" if spelled else electrons


@lru_cache(maxsize=256)
def text_unit(unit: str) -> str:
    """Return a unit, of a file of any form, as spelled in text files; unknown ones as they are."""
    if unit.isascii() and not _OTHER.search(unit):
        return unit
    return _TEXT_NAMES.get(unit) or _WORD.sub(lambda match: _TEXT_NAMES.get(match[0], match[0]), unit)
