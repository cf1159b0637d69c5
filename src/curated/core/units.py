"""Units of the text files; astropy converts only those that are not in the tables here."""

from __future__ import annotations

from functools import lru_cache

ANGSTROM = {"nm": 9.999999999999998, "Angstrom": 1.0, "angstrom": 1.0, "AA": 1.0}
"""Factors to Angstrom. Astropy's factor for nm is one unit in the last place below ten, and the stack converts
its curves with that factor."""

DIMENSIONLESS = frozenset({"", "-"})
FITS_PERCENT = "10**-2"
"""Percent in FITS, whose standard has no name for it; astropy reads it as percent."""


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

    return float(u.Unit(unit).to(target))


def converts(unit: str, target: str) -> bool:
    """Return whether a unit converts to another."""
    if unit == target or (unit in ANGSTROM and target in ANGSTROM):
        return True
    if unit in DIMENSIONLESS | {"%"} and target in DIMENSIONLESS | {"%"}:
        return True
    if unit in DIMENSIONLESS or (unit == "pix" and target == "pixel"):
        return unit not in DIMENSIONLESS
    try:
        _factor(unit, target or "")
    except (ValueError, TypeError):
        return False
    return True


def fits_unit(unit: str) -> str:
    """Return a unit as spelled in FITS headers; empty for none."""
    if unit in DIMENSIONLESS:
        return ""
    unit = unit.replace(" / ", "/").replace(" * ", "*")  # astropy's own spelling
    return FITS_PERCENT if unit == "%" else {"angstrom": "Angstrom", "AA": "Angstrom"}.get(unit, unit)


def text_unit(unit: str) -> str:
    """Return the unit of a FITS header as spelled in text files."""
    return "%" if unit == FITS_PERCENT else unit
