"""Units as the package's files spell them; astropy is asked only about those that are not in the table."""

from __future__ import annotations

from functools import lru_cache

ANGSTROM = {"nm": 9.999999999999998, "Angstrom": 1.0, "angstrom": 1.0, "AA": 1.0}
"""Factor to Angstrom for float64; astropy's factor for nm is one unit in the last place below ten, and the
stack's curves are made with it (FORMATS.md of the design, section 6.7)."""

DIMENSIONLESS = frozenset({"", "-"})
FITS_PERCENT = "10**-2"
"""Percent in the FITS standard, which has no name for it; astropy reads it as equal to percent."""


def length_factor(unit: str) -> float:
    """Return the factor from a unit of length to Angstrom.

    Raises
    ------
    ValueError
        If the unit is no length.
    """
    known = ANGSTROM.get(unit)
    return known if known is not None else _factor(unit, "Angstrom")


def factor(unit: str, target: str) -> float:
    """Return the factor from a unit to another that it converts to.

    Raises
    ------
    ValueError
        If it does not convert.
    """
    unit, target = ("" if name in DIMENSIONLESS else name for name in (unit, target))
    return 1.0 if unit == target else _factor(unit, target)


@lru_cache(maxsize=64)
def _factor(unit: str, target: str) -> float:
    import astropy.units as u

    return float(u.Unit(unit).to(target))


def converts(unit: str, target: str) -> bool:
    """Say whether a unit can be converted to another."""
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
    """Return the unit as a FITS header writes it, empty for none."""
    if unit in DIMENSIONLESS:
        return ""
    unit = unit.replace(" / ", "/").replace(" * ", "*")  # astropy's own spelling
    return FITS_PERCENT if unit == "%" else {"angstrom": "Angstrom", "AA": "Angstrom"}.get(unit, unit)


def text_unit(unit: str) -> str:
    """Return a FITS header's unit as our text files write it."""
    return "%" if unit == FITS_PERCENT else unit
