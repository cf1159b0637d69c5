"""Units: those in the tables, and those that astropy converts."""

from __future__ import annotations

import astropy.units as u
import pytest

from curated.core.units import ANGSTROM, converts, factor, fits_unit, length_factor, text_unit


@pytest.mark.parametrize("unit", [*ANGSTROM, "micron", "m"])
def test_factors_are_those_of_astropy(unit: str) -> None:
    assert length_factor(unit) == u.Unit(unit).to("Angstrom")
    assert converts(unit, "nm")
    assert not converts(unit, "s")


def test_no_length() -> None:
    with pytest.raises(ValueError, match="not convertible"):
        length_factor("s")
    with pytest.raises(ValueError, match="not convertible"):
        factor("nm", "s")
    assert factor("adu", "adu") == 1.0
    assert factor("min", "s") == 60.0


@pytest.mark.parametrize(
    ("unit", "target", "expected"),
    [
        ("", "", True),
        ("-", "", True),
        ("%", "", True),
        ("", "%", True),
        ("", "nm", False),
        ("pix", "pixel", True),
        ("pixel", "pix", True),
        ("electron/adu", "electron / adu", True),
        ("electron/adu", "adu/electron", False),
        ("no unit", "nm", False),
        ("nm", "no unit", False),
    ],
)
def test_converts(unit: str, target: str, *, expected: bool) -> None:
    assert converts(unit, target) is expected


@pytest.mark.parametrize(
    ("unit", "expected"), [("", ""), ("-", ""), ("AA", "Angstrom"), ("%", "10**-2"), ("nm", "nm")]
)
def test_units_of_fits(unit: str, expected: str) -> None:
    assert fits_unit(unit) == expected
    if unit in ("%", "nm", ""):
        assert text_unit(fits_unit(unit)) == unit
    assert u.Unit(fits_unit(unit), format="fits").is_equivalent(u.Unit("" if unit == "-" else unit))
