"""Sources of synthetic photometry: those that options name, and spectra in files."""

from __future__ import annotations

import os
import stat
import warnings
from collections.abc import Mapping, Sequence

import numpy as np

from curated.core.diagnostic import CuratedError
from curated.core.similar import similar_name
from curated.core.tables import TextColumn
from curated.core.units import factor
from curated.declare import A0V, AB, SOURCES, Array, Band, K, Spectrum
from curated.fits.reader import read_fits
from curated.text import read

TITLES = {
    AB.name: "constant flux per frequency (AB)",
    A0V.name: "an A0V star, Vega",
    K.name: "a K5V star",
}

_LARGEST = 64 * 2**20
_COLUMNS = ("wavelength", "flux")
_HINT = "a spectrum is an ECSV or FITS table with the columns wavelength and flux, both with units"

_DAMAGE = (
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    RecursionError,
    EOFError,
    MemoryError,
)

_NAMES = {
    "ANGSTROMS": "Angstrom",
    "ANGSTROM": "Angstrom",
    "NANOMETERS": "nm",
    "FLAM": "erg / (s cm2 Angstrom)",
    "FNU": "erg / (s cm2 Hz)",
    "PHOTLAM": "photon / (s cm2 Angstrom)",
    "PHOTNU": "photon / (s cm2 Hz)",
}
"""Names of units in the files of the Space Telescope Science Institute, in capitals."""

_POWERS = {
    "erg / (s cm2 Hz)": 0,
    "photon / (s cm2 Hz)": -1,
    "photon / (s cm2 Angstrom)": 1,
    "erg / (s cm2 Angstrom)": 2,
}
"""Units of flux, and the power of the wavelength that makes each of them proportional to flux per frequency."""


def find_source(text: str, directory: str = ".") -> Spectrum:
    """Return the spectrum of a source.

    Parameters
    ----------
    text : `str`
        A name in `SOURCES`, ignoring case, or else the path of a file: ECSV, or FITS with one table. Its columns
        ``wavelength`` and ``flux`` have units; flux may be per frequency or per wavelength, in energy or in photons.
    directory : `str`, optional
        Where a relative path starts.

    Raises
    ------
    CuratedError
        If there is no such source, or the file has no usable spectrum.
    """
    if text.lower() in SOURCES:
        return SOURCES[text.lower()]
    path = os.path.join(directory, text)
    if not os.path.lexists(path):
        names = ", ".join(SOURCES)
        meant = similar_name(text, SOURCES) if "." not in text and "/" not in text else ""
        guess = f"; did you mean '{meant}'?" if meant else ""
        raise CuratedError(
            f"{text!r:.200} is neither a source nor a file{guess}", f"sources are {names}; {_HINT}"
        )
    columns = _read_columns(path, text)
    wavelengths, fluxes = (_numbers(columns, name, text) for name in _COLUMNS)
    wavelengths = wavelengths * _length(columns["wavelength"].unit, text)
    fluxes = _per_frequency(wavelengths, fluxes, columns["flux"].unit, text)
    if len(wavelengths) > 1 and wavelengths[0] > wavelengths[-1]:
        wavelengths, fluxes = wavelengths[::-1], fluxes[::-1]
    _refuse_bad_samples(wavelengths, fluxes, text)
    return Spectrum(text, wavelengths, fluxes / fluxes.max())


def find_gap(source: Spectrum, bands: Sequence[Band]) -> str:
    """Return which bands a spectrum does not cover; empty if it covers all."""
    if not source.wavelengths.size:
        return ""
    begin, end = float(source.wavelengths[0]), float(source.wavelengths[-1])
    names = [band.name for band in bands if band.begin < begin or band.end > end]
    if not names:
        return ""
    return (
        f"the spectrum goes from {begin:g} to {end:g} nm and does not cover {', '.join(names)}; "
        "beyond its ends its flux per frequency is taken as constant"
    )


def _read_columns(path: str, text: str) -> dict[str, TextColumn]:
    """Return the columns of a file by their names in lower case."""
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode) or status.st_size > _LARGEST:
            raise CuratedError(f"{text} is no regular file, or larger than {_LARGEST // 2**20} MiB", _HINT)
        if path.lower().endswith((".fits", ".fit")):
            columns = _fits_columns(path, text)
        else:
            with open(path, "rb") as stream:
                content, problems = read(stream.read(), "ecsv")
            if content is None or not content.columns:
                detail = problems[0].detail if problems else "it has no columns"
                raise CuratedError(f"{text} is no ECSV table: {detail}", _HINT)
            columns = content.columns
    except OSError as error:
        raise CuratedError(f"{text} cannot be read: {error.strerror or error}", _HINT) from error
    by_name = {name.lower(): column for name, column in columns.items()}
    for name in _COLUMNS:
        if name not in by_name:
            listing = ", ".join(columns)[:200] or "none"
            raise CuratedError(f"{text} has no column {name}; its columns are: {listing}", _HINT)
    return by_name


def _fits_columns(path: str, text: str) -> dict[str, TextColumn]:
    try:
        with warnings.catch_warnings():
            # Astropy's warnings about units it does not know, and about damage that does no harm.
            warnings.simplefilter("ignore")
            _, tables = read_fits(path)
    except _DAMAGE as error:
        # Of astropy, for a file that no program has written.
        detail = f"{type(error).__name__}: {error}"[:200]
        raise CuratedError(f"{text} is no FITS table: {detail}", _HINT) from error
    return next(iter(tables.values()), {})


def _numbers(columns: Mapping[str, TextColumn], name: str, text: str) -> Array:
    try:
        values = np.asarray(columns[name].values, dtype="f8")
    except (TypeError, ValueError) as error:
        raise CuratedError(f"{text}: the column {name} is not of numbers", _HINT) from error
    if values.ndim != 1:
        raise CuratedError(f"{text}: the column {name} does not have one number in each row", _HINT)
    return values


def _unit(unit: str) -> str:
    return _NAMES.get(unit.strip().upper(), unit.strip())


def _length(unit: str, text: str) -> float:
    """Return the factor from a unit to nm."""
    try:
        return factor(_unit(unit), "nm")
    except (ValueError, TypeError) as error:
        what = f"is in {unit!r:.60}, which is no length" if unit.strip() else "has no unit"
        raise CuratedError(f"{text}: the column wavelength {what}", _HINT) from error


def _per_frequency(wavelengths: Array, fluxes: Array, unit: str, text: str) -> Array:
    """Return what is proportional to the flux per frequency."""
    for target, power in _POWERS.items():
        try:
            factor(_unit(unit), target)
        except (ValueError, TypeError):
            continue
        with np.errstate(all="ignore"):
            return fluxes * wavelengths ** float(power)
    units = ", ".join(_POWERS)
    what = f"is in {unit!r:.60}, which is no flux" if unit.strip() else "has no unit"
    raise CuratedError(f"{text}: the column flux {what}", f"convert it to one of: {units}")


def _refuse_bad_samples(wavelengths: Array, fluxes: Array, text: str) -> None:
    if len(wavelengths) < 2:
        raise CuratedError(f"{text} has {len(wavelengths)} samples; interpolation needs two", _HINT)
    is_bad = ~(np.isfinite(wavelengths) & (wavelengths > 0))
    if is_bad.any() or not (np.diff(wavelengths) > 0).all():
        raise CuratedError(f"{text}: the wavelengths are not positive numbers that increase", "sort the rows")
    is_bad = ~(np.isfinite(fluxes) & (fluxes >= 0))
    if is_bad.any():
        row = int(is_bad.argmax()) + 1
        raise CuratedError(
            f"{text}: the flux of row {row} is negative, infinite or no number", "remove the row"
        )
    if not fluxes.any():
        raise CuratedError(f"{text}: there is no flux at all", _HINT)
