"""Sources of synthetic photometry that users may name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.table import Table

from curated.core.diagnostic import CuratedError
from curated.declare import A0V, AB, BANDS, Conditions, K, Spectrum
from curated.difference.sources import find_gap, find_source
from curated.types._spectral_math import MEASURES
from curated.types.transmission_optics import OpticsTransmission

WAVELENGTHS = np.linspace(320.0, 1100.0, 400)
OLD = 0.6 + 0.2 * np.sin(WAVELENGTHS / 60)
NEW = 0.7 - 0.25 * np.cos(WAVELENGTHS / 45)


def curve(fractions: Any) -> OpticsTransmission:
    return OpticsTransmission(
        wavelength=WAVELENGTHS, efficiency=100 * fractions, units={"wavelength": "nm", "efficiency": "%"}
    )


def shifts(name: str, source: Spectrum = AB) -> dict[str, float]:
    measure = next(measure for measure in MEASURES if measure.name == name)
    readings = measure.read(curve(OLD), curve(NEW), Conditions(source=source))
    return {str(reading.of["band"]): reading.value for reading in readings}


# -- spectra in files -------------------------------------------------------------------------------------

UNITS = {
    "erg / (s cm2 Hz)": 0,
    "Jy": 0,
    "erg / (s cm2 Angstrom)": -2,
    "W / (m2 um)": -2,
    "photon / (s cm2 nm)": -1,
    "photon / (s cm2 Hz)": 1,
}
"""Units, and the power of the wavelength that a source of constant flux per frequency has in them."""


def write(path: Path, wavelengths: Any, fluxes: Any, units: tuple[str, str] = ("nm", "Jy")) -> str:
    table = Table({"wavelength": np.asarray(wavelengths), "flux": np.asarray(fluxes)})
    for column, unit in zip(("wavelength", "flux"), units, strict=True):
        table[column].unit = unit or None
    table.write(path, overwrite=True)
    return str(path)


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("name", ["source.ecsv", "source.fits"])
def test_flux_in_any_unit(tmp_path: Path, unit: str, name: str) -> None:
    grid = np.linspace(300.0, 1200.0, 50)
    source = find_source(write(tmp_path / name, grid, 3e-20 * grid ** UNITS[unit], ("nm", unit)))
    assert source.at(np.array([330.0, 1060.0])) == pytest.approx([1, 1])


def test_a_star_in_a_file_from_red_to_blue_is_the_star(tmp_path: Path) -> None:
    wavelengths, fluxes = A0V.wavelengths[::-1], A0V.fluxes[::-1]
    write(tmp_path / "a.ecsv", 10 * wavelengths, fluxes, ("Angstrom", "Jy"))
    source = find_source("a.ecsv", str(tmp_path))
    assert shifts("zero_point_shift", source) == pytest.approx(shifts("zero_point_shift", A0V), abs=1e-9)


def test_names_of_the_space_telescope(tmp_path: Path) -> None:
    from astropy.io import fits

    columns = [
        fits.Column("WAVELENGTH", "D", "ANGSTROMS", array=[3000.0, 12000.0]),
        fits.Column("FLUX", "E", "FLAM", array=[16.0, 1.0]),
    ]
    fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU.from_columns(columns)]).writeto(tmp_path / "v.fits")
    source = find_source(str(tmp_path / "v.fits"))
    assert source.at(np.array([300.0, 1200.0])) == pytest.approx([1, 1])


@pytest.mark.parametrize(
    ("wavelengths", "fluxes", "units", "message"),
    [
        ([400.0], [1.0], ("nm", "Jy"), "1 samples; interpolation needs two"),
        ([400.0, 400.0], [1.0, 1.0], ("nm", "Jy"), "not positive numbers that increase"),
        ([400.0, 300.0, 500.0], [1.0, 1.0, 1.0], ("nm", "Jy"), "not positive numbers that increase"),
        ([-1.0, 300.0], [1.0, 1.0], ("nm", "Jy"), "not positive numbers that increase"),
        ([300.0, np.inf], [1.0, 1.0], ("nm", "Jy"), "not positive numbers that increase"),
        ([300.0, 400.0], [1.0, np.nan], ("nm", "Jy"), "the flux of row 2 is negative"),
        ([300.0, 400.0], [-1.0, 1.0], ("nm", "Jy"), "the flux of row 1 is negative"),
        ([300.0, 400.0], [0.0, 0.0], ("nm", "Jy"), "no flux at all"),
        ([300.0, 400.0], [1.0, 1.0], ("", "Jy"), "the column wavelength has no unit"),
        ([300.0, 400.0], [1.0, 1.0], ("s", "Jy"), "which is no length"),
        ([300.0, 400.0], [1.0, 1.0], ("nm", ""), "the column flux has no unit"),
        ([300.0, 400.0], [1.0, 1.0], ("nm", "K"), "which is no flux"),
        (["a", "b"], [1.0, 1.0], ("nm", "Jy"), "is not of numbers"),
        ([[1.0, 2.0], [3.0, 4.0]], [1.0, 1.0], ("nm", "Jy"), "one number in each row"),
    ],
)
def test_spectra_that_are_none(
    tmp_path: Path, wavelengths: Any, fluxes: Any, units: tuple[str, str], message: str
) -> None:
    path = write(tmp_path / "s.ecsv", wavelengths, fluxes, units)
    with pytest.raises(CuratedError, match=message):
        find_source(path)


@pytest.mark.parametrize("name", ["bad.ecsv", "bad.fits", "bad.txt"])
@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b"wavelength flux\n1 2\n", b"SIMPLE  =  T", b"# %ECSV 1.0\n# ---\n"]
)
def test_files_that_are_no_tables(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CuratedError):
        find_source(str(tmp_path / name))


def test_what_is_neither_source_nor_file(tmp_path: Path) -> None:
    with pytest.raises(CuratedError, match="did you mean 'a0v'"):
        find_source("a0vv", str(tmp_path))
    with pytest.raises(CuratedError, match="is no regular file"):
        find_source(str(tmp_path))
    assert find_source("A0V") is A0V


def test_bands_beyond_a_spectrum_are_named() -> None:
    assert find_gap(AB, BANDS) == ""
    assert find_gap(K, BANDS) == ""
    source = Spectrum("short", np.array([360.0, 950.0]), np.ones(2))
    assert "360 to 950 nm and does not cover u, y;" in find_gap(source, BANDS)
