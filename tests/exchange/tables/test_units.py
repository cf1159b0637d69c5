"""Units as other programs spell them."""

from __future__ import annotations

import pytest

from curated.exchange.tables.units import spelled, split_name


@pytest.mark.parametrize(
    ("unit", "spelling"),
    [
        ("ANGSTROMS", "Angstrom"),
        ("\u00c5", "Angstrom"),
        ("Microns", "um"),
        ("Nanometers", "nm"),
        ("percent", "%"),
        ("0.01", "%"),
        ("fraction", ""),
        ("1", ""),
        ("-", ""),
        ("e-/ADU", "electron/adu"),
        ("e/DN", "electron/adu"),
        ("electron / adu", "electron/adu"),
        ("e-", "electron"),
        ("ADU", "adu"),
        ("px", "pix"),
        ("furlong", "furlong"),
    ],
)
def test_spellings(unit: str, spelling: str) -> None:
    assert spelled(unit) == spelling


def test_units_at_the_end_of_names() -> None:
    assert split_name("Wavelength (\u00c5)") == ("Wavelength", "Angstrom")
    assert split_name("gain [e-/ADU]") == ("gain", "electron/adu")
    assert split_name("wave_nm") == ("wave", "nm")
    assert split_name("read_noise") == ("read_noise", None)
    assert split_name("x0") == ("x0", None)
