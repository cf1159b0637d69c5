"""The spectra of sources: zero points are those of synphot, and colours those of the full spectra."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from curated.declare import A0V, AB, BANDS, SOURCES, Conditions, K, Spectrum
from curated.types._spectral_math import MEASURES, integrate
from curated.types.transmission_optics import OpticsTransmission

WAVELENGTHS = np.linspace(320.0, 1100.0, 400)
OLD = 0.6 + 0.2 * np.sin(WAVELENGTHS / 60)
NEW = 0.7 - 0.25 * np.cos(WAVELENGTHS / 45)


COLOURS = {"a0v": [0.79, -0.26, -0.23, -0.14, -0.07], "k": [2.40, 1.12, 0.41, 0.16, 0.12]}
"""u - g, g - r, r - i, i - z, z - y of alpha_lyr_stis_011 of CALSPEC and of uk_36 of the library of Pickles."""


def curve(fractions: Any) -> OpticsTransmission:
    return OpticsTransmission(
        wavelength=WAVELENGTHS, efficiency=100 * fractions, units={"wavelength": "nm", "efficiency": "%"}
    )


def shifts(name: str, source: Spectrum = AB) -> dict[str, float]:
    measure = next(measure for measure in MEASURES if measure.name == name)
    readings = measure.read(curve(OLD), curve(NEW), Conditions(source=source))
    return {str(reading.of["band"]): reading.value for reading in readings}


def synphot_shifts(spectrum: Any) -> dict[str, float]:
    """Return the shifts of zero points (mmag) as synphot counts photons, at the samples that we take."""
    synphot = pytest.importorskip("synphot")
    values = {}
    for band in BANDS:
        grid = 10 * band.samples()
        rates = []
        for fractions in (OLD, NEW):
            table = np.interp(band.samples(), WAVELENGTHS, fractions)
            element = synphot.SpectralElement(synphot.models.Empirical1D, points=grid, lookup_table=table)
            observation = synphot.Observation(spectrum, element, binset=grid, force="taper")
            rates.append(observation.integrate(wavelengths=grid).value)
        values[band.name] = 2500 * float(np.log10(rates[1] / rates[0]))
    return values


@pytest.mark.parametrize("name", SOURCES)
def test_zero_points_are_those_of_synphot(name: str) -> None:
    synphot = pytest.importorskip("synphot")
    u, models = synphot.units.u, synphot.models
    source = SOURCES[name]
    if name == "ab":
        spectrum = synphot.SourceSpectrum(models.ConstFlux1D, amplitude=1 * u.Jy)
    else:
        # The samples of the star in photons, in steps that leave nothing to interpolate.
        grid = np.arange(320.0, 1100.0, 0.1)
        table = (source.at(grid) * 1e-20 * u.Unit("erg / (s cm2 Hz)")).to(
            synphot.units.PHOTLAM, u.spectral_density(grid * u.nm)
        )
        spectrum = synphot.SourceSpectrum(models.Empirical1D, points=10 * grid, lookup_table=table)
    expected = synphot_shifts(spectrum)
    assert shifts("zero_point_shift", source) == pytest.approx(expected, abs=2e-3)
    assert max(map(abs, expected.values())) > 100


def test_the_stars_have_their_colours() -> None:
    """Vega has the Balmer jump, and is bluer than the other one: AB colours of box bands, from the full spectra."""
    magnitudes = {}
    for source in (A0V, K):
        photons = [integrate(b.samples(), np.ones(len(b.samples())), source).photons for b in BANDS]
        flat = [integrate(b.samples(), np.ones(len(b.samples()))).photons for b in BANDS]
        magnitudes[source.name] = -2.5 * np.log10(np.array(photons) / flat)
    for name, values in magnitudes.items():
        assert (values[:-1] - values[1:]).tolist() == pytest.approx(COLOURS[name], abs=0.007)


def test_colours_are_the_difference_of_two_stars() -> None:
    red, blue = shifts("zero_point_shift", K), shifts("zero_point_shift", A0V)
    expected = {band: red[band] - blue[band] for band in red}
    assert shifts("colour_shift") == pytest.approx(expected, abs=1e-9)
    assert max(map(abs, expected.values())) > 10
