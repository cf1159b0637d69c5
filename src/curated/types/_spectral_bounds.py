"""Bounds of curves against wavelength: fractions, wavelengths, and steps that no optics makes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from curated.core.units import length_factor
from curated.declare import Array, Bound
from curated.types._spectral_steps import (
    ROUNDING,
    SPIKES,
    STEEP,
    STEP,
    curve_fractions,
    edge_steps,
    spikes,
    steps,
)

_LEAST, _MOST = -0.05, 1.1
"""Fractions beyond which a sample is no measurement of a passive element, whatever its noise."""

_FAINTEST = 0.01
"""Peak that optics, atmospheres and detectors have at least."""

SHORTEST, LONGEST, _LONGEST_START = 80.0, 40_000.0, 2500.0
"""Limits (nm) of wavelengths of cameras for light, and of where a curve begins."""

_FRACTIONS = (
    "Passive elements transmit 0 to 1; measured curves of LSSTCam reach 1.04 by noise and normalisation."
)
_WAVELENGTHS = "From the far ultraviolet (FUSE, 90 nm) to the K band (2,400 nm); optical wavelengths in Angstrom begin at 3,000."
_EDGES = "Optics, detectors and the steepest filters of obs_lsst_data change by at most 0.26 of the peak per nm, and are dark where their tables end."


# -- fractions and wavelengths ------------------------------------------------------------------------


def _fractions(curve: Any) -> Array:
    """Return the fractions of all samples."""
    fractions: Array = curve.fractions.astype("f8")
    return fractions


def _factor(curve: Any) -> float:
    """Return the factor of the wavelengths to nm."""
    return float(length_factor(curve.units.get("wavelength", "") or "nm")) / 10


def _shortest(curve: Any) -> Array | None:
    if not len(curve.wavelength):
        return None
    return np.array([float(curve.wavelength.min()) * _factor(curve)])


def _longest(curve: Any) -> Array | None:
    if not len(curve.wavelength):
        return None
    return np.array([float(curve.wavelength.max()) * _factor(curve)])


def _rise(curve: Any) -> Array | None:
    """Return where the curve first reaches half of its peak; nothing where it begins beyond what is allowed."""
    fractions = curve_fractions(curve)
    if fractions is None:
        return None
    peak = float(np.nanmax(fractions, initial=0.0))
    bright = fractions >= peak / 2 if peak > 0 else np.zeros(len(fractions), bool)
    if not bright.any():
        return None
    wavelength = float(curve.wavelength[bright].min()) * _factor(curve)
    # The other two bounds report such tables.
    is_reported = float(curve.wavelength.min()) * _factor(curve) > _LONGEST_START
    return None if is_reported or wavelength > LONGEST else np.array([wavelength])


def _peak(curve: Any) -> Array | None:
    """Return the largest fraction, unless the curve is reported as one that is not in per cent, or has one sample."""
    fractions = curve_fractions(curve)
    if fractions is None or np.count_nonzero(np.isfinite(fractions)) < 2:
        return None
    peak = float(np.nanmax(fractions))
    return None if curve.is_percent and 0 < peak <= _FAINTEST else np.array([peak])


def _fraction_column(curve: Any) -> str:
    """Return the column of the fractions in the text."""
    return str(curve._fraction_column)  # noqa: SLF001 (the property of all curves)


def _sample_label(curve: Any, _: str, index: tuple[int, ...]) -> str:
    """Return the row of a sample, its wavelength and its amplifier."""
    row = index[0]
    wavelength = (
        f"{curve.wavelength[row]:g} {curve.units.get('wavelength', '') or 'nm'}"
        if row < len(curve.wavelength)
        else ""
    )
    amplifier = f", {curve.amp_name[row]}" if curve.amp_name is not None and row < len(curve.amp_name) else ""
    return f"row {row + 1} ({wavelength}{amplifier})"


_WAVELENGTH_BOUNDS = (
    Bound(
        quantity="fraction",
        values=_fractions,
        minimum=_LEAST,
        maximum=_MOST,
        milder="CAL304",
        place=_fraction_column,
        label=_sample_label,
        doc="Fraction of the light, 1 for all of it.",
        source=_FRACTIONS,
    ),
    Bound(
        quantity="shortest_wavelength",
        values=_shortest,
        unit="nm",
        minimum=SHORTEST,
        maximum=_LONGEST_START,
        milder="CAL334",
        place=lambda _: "wavelength",
        doc="Wavelength of the first sample.",
        source=_WAVELENGTHS,
    ),
    Bound(
        quantity="longest_wavelength",
        values=_longest,
        unit="nm",
        maximum=LONGEST,
        milder="CAL334",
        place=lambda _: "wavelength",
        doc="Wavelength of the last sample.",
        source="Cameras of the thermal infrared reach 28,000 nm (JWST MIRI).",
    ),
    Bound(
        quantity="rise_wavelength",
        values=_rise,
        unit="nm",
        maximum=_LONGEST_START,
        place=lambda _: "wavelength",
        doc="Wavelength at which the curve first reaches half of its peak.",
        source=_WAVELENGTHS,
    ),
)


# -- steps --------------------------------------------------------------------------------------------


def _step_bound(quantity: str, values: Callable[[Any], Array | None], maximum: float, doc: str) -> Bound:
    return Bound(
        quantity=quantity,
        values=values,
        unit="of the peak",
        maximum=maximum,
        code="CAL365",
        place=_fraction_column,
        label=_sample_label,
        doc=doc,
        source=_EDGES,
    )


_SPIKE = _step_bound(
    "spike",
    spikes,
    SPIKES,
    "How far a single sample is above, or below, both of its neighbours.",
)
_EDGE = _step_bound(
    "edge_step",
    edge_steps,
    0.2,
    "Change of the curve within 2 nm of an end of its table.",
)

_PEAK = Bound(
    quantity="peak",
    values=_peak,
    minimum=_FAINTEST,
    code="CAL370",
    place=_fraction_column,
    doc="Largest fraction of the curve.",
    source="Detectors and optics that are used have 10 to 100 %, photocathodes of the ultraviolet 1 % and more.",
)

SMOOTH_BOUNDS = (
    *_WAVELENGTH_BOUNDS,
    _PEAK,
    _step_bound("step", steps(STEP), 0.2, "Change of the curve within 2 nm."),
    _SPIKE,
)
"""Bounds of optics and detectors, which have no sharp features."""

FILTER_BOUNDS = (
    *_WAVELENGTH_BOUNDS,
    _EDGE,
    _step_bound("step", steps(STEEP, narrow=True), 0.8, "Change of the curve within 1 nm."),
    _SPIKE,
)
"""Bounds of filters, which rise and fall within a few nm, but are dark where their tables end."""

LINE_BOUNDS = (*_WAVELENGTH_BOUNDS, _EDGE)
"""Bounds of curves with the lines of the atmosphere, which can be of any sharpness."""

SYSTEM_BOUNDS = (
    *LINE_BOUNDS,
    Bound(
        quantity="product",
        values=lambda _: None,
        unit="of the peak",
        maximum=0.05,
        code="CAL368",
        doc="Difference from the product of the parts in force at its start, beyond what 1 nm of wavelength explains.",
        source="Throughputs are measured to some 2 %, those of each part to 1 %.",
    ),
)
"""Bounds of curves of the whole system, which are compared with the product of the curves of its parts as well."""


def is_plain(curve: Any) -> bool:
    """Say quickly that a curve is within all bounds of its type; most are."""
    values, wavelengths = curve.samples_of_file, curve.wavelength
    if not 5 <= len(values) == len(wavelengths):
        return False
    least, largest, shortest, longest = curve.extremes
    factor = _factor(curve)
    is_plain_table = shortest * factor >= SHORTEST and longest * factor <= _LONGEST_START
    if not (is_plain_table and least >= _LEAST and _FAINTEST <= largest <= _MOST):
        return False
    peak = largest * (100 if curve.is_percent else 1)
    changes = values[1:] - values[:-1]
    np.abs(changes, out=changes)
    spans = wavelengths[1:] - wavelengths[:-1]
    if curve.amp_name is not None:
        # The next amplifier begins where wavelengths go back.
        is_forward = spans >= 0
        changes, spans = changes[is_forward], spans[is_forward]
    if not changes.size:
        return False
    largest_change = float(changes.max())
    if not largest_change < SPIKES * peak:
        return False
    steepest = 0.2 * peak * factor / (STEP * (1 + ROUNDING))
    # No part of a broken line is steeper than its steepest piece; NaN is not below anything.
    if largest_change < steepest * float(spans.min()):
        return True
    with np.errstate(all="ignore"):
        return bool((changes / spans).max() < steepest)
