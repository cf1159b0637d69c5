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


SPELLINGS = {
    "%": ["percent", "pct", "10**-2"],
    "um": ["micron", "\u03bcm", "\u00b5m", "microns"],
    "Angstrom": ["\u00c5", "\u212b", "A\u030a"],
    "adu": ["ADU", "ADUs", "adus"],
    "electron": ["e-", "electrons"],
    "electron/adu": ["e-/ADU", "electrons/adu", "electron/ADU", "e-/adu"],
    "adu/s": ["ADU/s"],
}


@pytest.mark.parametrize(("unit", "other"), [(u, o) for u, others in SPELLINGS.items() for o in others])
def test_other_names(unit: str, other: str) -> None:
    assert text_unit(other) == unit == text_unit(unit)
    assert fits_unit(other) == fits_unit(unit)


@pytest.mark.parametrize("unit", ["1e-9 m", "nm-1", "mm/s**3", "Adu", "1e-", "arcsec"])
def test_names_within_others_stay(unit: str) -> None:
    assert text_unit(unit) == unit
    assert "electron" not in text_unit(unit)


STRANGE = [
    "10 nm", "5 nm", "0.001 um", "1e308 m", "10**999999999 nm", "99999999999 nm", "m**1e400", "(" * 500 + "m",
    "DN", "furlong", "m\x00", "inch", "", "-", "sqrt(adu)", "adu(1/2)", "adu**0.5", "electron(1/2)", "1 / electron",
    "1/electron", "electron2", "1/mm", "nm-1", "micrometer", "nanometer", "hr", "parsec", "electron / (adu s)",
    "adu**2/s**2", "mm/s**3", "count", "ct", "ph", "photon/pix", "solMass", "dB", "dex", "m//s", "**", "nm nm", "\u221am",
]  # fmt: skip


@pytest.mark.parametrize("unit", STRANGE)
def test_what_is_written_is_fits_or_refused(unit: str) -> None:
    try:
        spelled = fits_unit(unit)
    except ValueError:
        return
    expected = u.Unit("" if unit == "-" else unit)
    if "electron" in spelled:  # the standard has no name for it
        assert u.Unit(spelled) == expected
        spelled = spelled.replace("electron", "photon")
    else:
        assert u.Unit(spelled, format="fits") == expected
    u.Unit(spelled, format="fits")
    assert not spelled.startswith("10**1")


@pytest.mark.parametrize("unit", STRANGE)
def test_no_unit_fails_to_be_compared(unit: str) -> None:
    for target in ("nm", "", "%", "electron/adu"):
        assert converts(unit, target) in (True, False)
