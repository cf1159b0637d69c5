"""Throughput of the atmosphere, the mirrors, the filters and the detectors.

Each function takes wavelengths in nm and returns fractions. The curves are accurate to a few per cent and have the
characteristic features of their kind. Numbers that are not from the literature are marked as invented.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from demo.camera import ALTITUDE

Curve: TypeAlias = Any
"""An array with a value for each wavelength; numpy's functions have no more precise type."""

EDGES = {"g": (401.0, 552.0), "r": (552.0, 691.0), "i": (691.0, 818.0)}
"""Half-power wavelengths in nm at the centre of the field, as of the LSST filters (Ivezić et al. 2019, ApJ 873, 111)."""

_PLATEAU = {"g": 0.935, "r": 0.955, "i": 0.960}


# -- atmosphere ---------------------------------------------------------------------------------------

_BANDS = (
    # centre (nm), full width at half maximum (nm), optical depth
    (628.5, 4.0, 0.02),  # O2 gamma
    (687.8, 4.5, 0.15),  # O2 B
    (760.6, 4.0, 0.85),  # O2 A, R branch
    (765.5, 7.0, 0.35),  # O2 A, P branch
    (592.0, 7.0, 0.010),  # H2O
    (725.0, 16.0, 0.06),
    (820.0, 18.0, 0.05),
    (905.0, 16.0, 0.09),
    (940.0, 36.0, 0.32),
    (975.0, 14.0, 0.06),
)
"""Telluric bands at zenith at a resolution of some nm. Wavelengths are those of the Cerro Paranal sky model (Noll et al.
2012, A&A 543, A92); Gaussian shapes and rounded depths are invented, for about 2.5 mm of water."""


def rayleigh_depth(wavelength: Curve) -> Curve:
    """Return the optical depth of molecular scattering at zenith (Hansen & Travis 1974, SSRv 16, 527, eq. 2.30).

    It is proportional to the pressure, that of the US Standard Atmosphere 1976 at the altitude of the site.
    """
    inverse = (1000.0 / wavelength) ** 2
    sea_level = 0.008569 * inverse**2 * (1 + 0.0113 * inverse + 0.00013 * inverse**2)
    return sea_level * (1 - 2.25577e-5 * ALTITUDE) ** 5.25588


def aerosol_depth(wavelength: Curve) -> Curve:
    """Return the optical depth of aerosols: Ångström's law with the values of Patat et al. 2011, A&A 527, A91."""
    return 0.013 * np.log(10) / 2.5 * (wavelength / 1000.0) ** -1.38


def ozone_depth(wavelength: Curve) -> Curve:
    """Return the optical depth of 258 Dobson units of ozone.

    The cross-section of the Chappuis band is a Gaussian and that of the Huggins bands an exponential, which roughly fit the
    values of Gorshelev et al. 2014, AMT 7, 609.
    """
    chappuis = 5.1e-21 * np.exp(-4 * np.log(2) * ((wavelength - 598.0) / 112.0) ** 2)
    huggins = 3.9e-19 * np.exp(-(wavelength - 300.0) / 7.5)
    return 258 * 2.687e16 * (chappuis + huggins)


def atmosphere(wavelength: Curve) -> Curve:
    """Return the throughput of the standard atmosphere at zenith."""
    depth = rayleigh_depth(wavelength) + aerosol_depth(wavelength) + ozone_depth(wavelength)
    for centre, width, strength in _BANDS:
        depth += strength * np.exp(-4 * np.log(2) * ((wavelength - centre) / width) ** 2)
    return np.exp(-depth)


# -- mirrors ------------------------------------------------------------------------------------------

_PLASMA = 14.98
_OSCILLATORS = (
    # strength, damping (eV), resonance (eV)
    (0.523, 0.047, 0.0),
    (0.227, 0.333, 0.162),
    (0.050, 0.312, 1.544),
    (0.166, 1.351, 1.808),
    (0.030, 3.382, 3.473),
)
"""Lorentz-Drude model of aluminium (Rakić et al. 1998, Appl. Opt. 37, 5271)."""

_EV_NM = 1239.841984


def aluminium(wavelength: Curve) -> Curve:
    """Return the reflectivity of clean aluminium at normal incidence."""
    energy = _EV_NM / wavelength
    permittivity = 1 + sum(
        (
            f * _PLASMA**2 / (resonance**2 - energy**2 - 1j * energy * damping)
            for f, damping, resonance in _OSCILLATORS
        ),
        start=np.zeros(wavelength.shape, complex),
    )
    index = np.sqrt(permittivity)
    return np.abs((index - 1) / (index + 1)) ** 2


def optics(wavelength: Curve, dust: float, roughness: float) -> Curve:
    """Return the throughput of three aluminium mirrors.

    Parameters
    ----------
    wavelength
        Wavelengths in nm.
    dust : `float`
        Fraction of each mirror covered by dust; the loss does not depend on wavelength.
    roughness : `float`
        Roughness of the surfaces, rms in nm; the loss by scattering follows Bennett & Porteus 1961, JOSA 51, 123.
    """
    mirror = aluminium(wavelength) * (1 - dust) * np.exp(-((4 * np.pi * roughness / wavelength) ** 2))
    return mirror**3


# -- filters ------------------------------------------------------------------------------------------

_INDEX = 1.8
_PUPIL = 90.0
"""Effective index of the coatings, and distance of the exit pupil in mm; both invented."""


def filter_curve(wavelength: Curve, name: str, x: float = 0.0, y: float = 0.0) -> Curve:
    """Return the throughput of an interference filter at a position in the focal plane.

    Off axis the band moves to the blue, by ``sqrt(1 - (sin(angle) / n)**2)`` (Lissberger & Wilcock 1959, JOSA 49, 126). The
    coating is thicker at one side, which moves the band in proportion.

    Parameters
    ----------
    wavelength
        Wavelengths in nm.
    name : `str`
        Name of the filter.
    x, y : `float`
        Position in the focal plane, in mm from the axis.
    """
    distance = np.hypot(x, y)
    sine = distance / np.hypot(distance, _PUPIL)
    shift = np.sqrt(1 - (sine / _INDEX) ** 2) * (1 + 1.5e-4 * x + 0.6e-4 * y)
    blue, red = (edge * shift for edge in EDGES[name])
    rise = 0.5 * (1 + np.tanh((wavelength - blue) / 4.0))
    fall = 0.5 * (1 + np.tanh((red - wavelength) / 5.0))
    return _PLATEAU[name] * rise * fall


# -- detectors ----------------------------------------------------------------------------------------

_SILICON = np.array(
    [
        # wavelength (nm), index, absorption (1/cm)
        (300, 5.00, 1.73e6),
        (320, 5.06, 1.28e6),
        (340, 5.19, 1.09e6),
        (350, 5.49, 1.04e6),
        (360, 6.03, 1.02e6),
        (370, 6.89, 6.97e5),
        (380, 6.55, 2.93e5),
        (390, 5.98, 1.50e5),
        (400, 5.57, 9.52e4),
        (450, 4.67, 2.55e4),
        (500, 4.30, 1.11e4),
        (550, 4.08, 6.39e3),
        (600, 3.94, 4.14e3),
        (650, 3.85, 2.81e3),
        (700, 3.78, 1.90e3),
        (750, 3.73, 1.30e3),
        (800, 3.69, 8.50e2),
        (850, 3.65, 5.35e2),
        (900, 3.62, 3.06e2),
        (950, 3.59, 1.57e2),
        (1000, 3.57, 6.40e1),
        (1050, 3.56, 1.63e1),
        (1100, 3.54, 3.50e0),
    ]
)
"""Silicon at 300 K, rounded (Green & Keevers 1995, Prog. Photovolt. 3, 189; Green 2008, Sol. Energy Mater.
Sol. Cells 92, 1305). A cold detector absorbs less at the red end."""

_DEPTH_CM = 100e-4
_COATING_INDEX = 2.0
_COLLECTED = 0.96
"""Fraction of the charge that is not lost to recombination; invented."""


def _smooth(wavelength: Curve, values: Curve) -> Curve:
    """Interpolate a column of the table of silicon, smoothing the corners of linear interpolation."""
    fine = np.arange(250.0, 1151.0)
    lines = np.interp(fine, _SILICON[:, 0], values)
    window = np.exp(-0.5 * (np.arange(-24, 25) / 8.0) ** 2)
    padded = np.pad(lines, 24, mode="edge")
    return np.interp(wavelength, fine, np.convolve(padded, window / window.sum(), mode="valid"))


def quantum_efficiency(wavelength: Curve, coating: float, dead: float) -> Curve:
    """Return the quantum efficiency of a back-illuminated CCD of 100 µm, fully depleted.

    Light that is neither reflected at the surface nor absorbed in the dead layer behind it is absorbed in the bulk
    (Janesick 2001, Scientific Charge-Coupled Devices, chapter 3). The reflectivity is that of one layer of hafnia on silicon
    at normal incidence (Born & Wolf 1999, Principles of Optics, section 1.6.4).

    Parameters
    ----------
    wavelength
        Wavelengths in nm.
    coating : `float`
        Thickness of the coating in nm.
    dead : `float`
        Thickness in nm of the layer at the back whose charge is lost.
    """
    index = _smooth(wavelength, _SILICON[:, 1])
    absorption = np.exp(_smooth(wavelength, np.log(_SILICON[:, 2])))
    substrate: Any = index + 1j * absorption * wavelength * 1e-7 / (4 * np.pi)
    outer = (1 - _COATING_INDEX) / (1 + _COATING_INDEX)
    inner = (_COATING_INDEX - substrate) / (_COATING_INDEX + substrate)
    turn = np.exp(4j * np.pi * _COATING_INDEX * coating / wavelength)
    reflectivity = np.abs((outer + inner * turn) / (1 + outer * inner * turn)) ** 2
    collected = np.exp(-absorption * dead * 1e-7) * (1 - np.exp(-absorption * _DEPTH_CM))
    return _COLLECTED * (1 - reflectivity) * collected
