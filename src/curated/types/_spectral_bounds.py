"""Bounds of curves against wavelength: fractions, wavelengths, and steps that no optics makes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from curated.core.units import length_factor
from curated.declare import Array, Bound

_STEP, _STEEP = 2.0, 1.0
"""Distances (nm) within which a curve that is smooth does not step, and within which a filter does not."""

_SPACING = 25.0
"""Largest distance (nm) of two samples between which a real curve cannot rise and fall again."""

_FEW = 20
"""Samples of a curve so coarse that a peak of one row has any neighbours."""

_SPIKES, _ISOLATED = 0.3, 0.1
"""Part of the peak from which a single sample is an accident, and the largest part of the samples that can be one."""

_LEAST, _MOST = -0.05, 1.1
"""Fractions beyond which a sample is no measurement of a passive element, whatever its noise."""

_FAR, _DARK = 5.0, 0.2
"""Distance (nm) from the bright part of a filter of a line, and the largest part of the peak that it has there."""

_FAINTEST = 0.01
"""Peak that optics, atmospheres and detectors have at least."""

_ROUNDING = 1e-3
"""Part of a distance by which wavelengths in single precision can be off."""

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


def curve_fractions(curve: Any) -> Array | None:
    """Return the fractions of all samples, if there is one for each wavelength."""
    fractions: Array = curve.fractions
    return fractions if 0 < len(fractions) == len(curve.wavelength) else None


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


def _changes(curve: Any, distance: float) -> tuple[Array, Array] | None:
    """Return by which part of its peak a curve changes within a distance (nm), for the first row of each change.

    Returns
    -------
    changes : `numpy.ndarray`, (N,)
        Largest change from each row to those that follow within the distance; 0 where none do.
    rows : `numpy.ndarray`, (N,)
        Their rows in the file.
    """
    fractions = curve_fractions(curve)
    if fractions is None:
        return None
    rows, wavelengths, amplifiers = curve.ordered
    values = fractions[rows].astype("f8")
    peak = float(np.nanmax(values, initial=0.0))
    if not 0 < peak < np.inf:
        return None
    # Amplifiers stand one after the other, farther apart than the distance.
    places = wavelengths - wavelengths.min()
    if amplifiers is not None:
        places = places + amplifiers * (2 * distance + float(places.max()))
    last = np.searchsorted(places, places + distance * (1 + _ROUNDING), side="right") - 1
    is_finite = np.isfinite(values)
    highest = _largest_between(np.where(is_finite, values, -np.inf), last)
    lowest = -_largest_between(np.where(is_finite, -values, -np.inf), last)
    with np.errstate(all="ignore"):
        changes = np.maximum(highest - values, values - lowest) / peak
    return np.where(is_finite, changes, 0.0), rows


def _largest_between(values: Array, last: Array) -> Array:
    """Return the largest of the values from each one to the one with an index ``last``, (N,), which is not before it.

    Maxima over 1, 2, 4, ... values are computed once; two of them cover any range. Tables can have any number of
    samples within a nanometre.
    """
    first = np.arange(len(values))
    powers = np.log2(np.maximum(last - first + 1, 1)).astype(int)
    result = np.empty(len(values))
    maxima = values
    for power in range(int(powers.max()) + 1):
        is_own = powers == power
        starts, ends = first[is_own], last[is_own] - 2**power + 1
        result[is_own] = np.maximum(maxima[starts], maxima[ends])
        maxima = np.maximum(maxima[: -(2**power)], maxima[2**power :]) if len(maxima) > 2**power else maxima
    return result


def _in_file_order(values: Array, rows: Array) -> Array:
    """Return values of ordered rows in the order of the file."""
    result = np.zeros(len(rows))
    result[rows] = values
    return result


def _is_narrow(fractions: Array, wavelengths: Array) -> bool:
    """Say whether a curve is that of a filter of a line: bright within 2 nm, or in 3 rows, and dark elsewhere."""
    peak = float(np.nanmax(fractions, initial=0.0))
    bright = np.flatnonzero(fractions >= peak / 2)
    if not peak > 0 or bright[-1] - bright[0] >= max(len(fractions) // 2, 3):
        return False
    width = float(wavelengths[bright[-1]] - wavelengths[bright[0]])
    if width > _STEP and bright[-1] - bright[0] >= 3:
        return False
    margin = max(_FAR, 2 * width)
    is_far = wavelengths < wavelengths[bright[0]] - margin
    is_far |= wavelengths > wavelengths[bright[-1]] + margin
    return not np.any(fractions[is_far] > _DARK * peak)


def _steps(distance: float, *, narrow: bool = False) -> Callable[[Any], Array | None]:
    """Return a function that returns the largest change that begins at each row and ends within a distance (nm).

    Parameters
    ----------
    narrow : `bool`
        Whether curves of lines have no steps.
    """

    def values(curve: Any) -> Array | None:
        if narrow and curve.amp_name is None and (fractions := curve_fractions(curve)) is not None:
            rows, wavelengths, _ = curve.ordered
            if _is_narrow(fractions[rows], wavelengths):
                return None
        changes = _changes(curve, distance)
        return None if changes is None else _in_file_order(*changes)

    return values


def _edge_steps(curve: Any) -> Array | None:
    """Return the change between the last rows of the table and their neighbours, within a distance from the end."""
    fractions = curve_fractions(curve)
    if fractions is None:
        return None
    rows, wavelengths, amplifiers = curve.ordered
    peak = float(np.nanmax(fractions, initial=0.0))
    if not 0 < peak < np.inf:
        return None
    steps = np.zeros(len(rows))
    breaks = [] if amplifiers is None else (np.flatnonzero(np.diff(amplifiers)) + 1).tolist()
    for start, stop in zip([0, *breaks], [*breaks, len(rows)], strict=True):
        part, places = rows[start:stop], wavelengths[start:stop]
        for first, order in ((0, part), (-1, part[::-1])):
            spans = np.abs(places - places[first])[:: 1 if first == 0 else -1]
            near = order[spans <= _STEP * (1 + _ROUNDING)]
            if len(near) > 1:
                steps[near[0]] = np.nan_to_num(np.abs(fractions[near] - fractions[near[0]]).max()) / peak
    return steps


def _spikes(curve: Any) -> Array | None:
    """Return by which part of the peak each row is above or below both of its neighbours."""
    fractions = curve_fractions(curve)
    if fractions is None or len(fractions) < 5:
        return None
    rows, wavelengths, amplifiers = curve.ordered
    values = fractions[rows].astype("f8")
    peak = float(np.nanmax(values, initial=0.0))
    if not 0 < peak < np.inf:
        return None
    before, after = values[1:-1] - values[:-2], values[1:-1] - values[2:]
    is_near = wavelengths[2:] - wavelengths[:-2] <= 2 * _SPACING
    if amplifiers is not None:
        is_near &= amplifiers[2:] == amplifiers[:-2]
    sizes = np.where(is_near & (before * after > 0), np.minimum(np.abs(before), np.abs(after)), 0.0)
    # The peak of a narrow filter is a row above its neighbours, if no other row is bright.
    is_summit = (before > 0) & (values[1:-1] >= 0.5 * peak) & (np.count_nonzero(values >= 0.5 * peak) <= 3)
    if is_summit.any() and amplifiers is None and len(values) > _FEW:
        is_summit &= _is_narrow(values, wavelengths)
    spikes = np.zeros(len(rows))
    spikes[1:-1] = np.where(is_summit, 0.0, sizes) / peak
    # A coarse curve that goes up and down everywhere is noise, and no accident of one sample.
    is_fine = np.zeros(len(rows), bool)
    is_fine[1:-1] = wavelengths[2:] - wavelengths[:-2] <= 2 * _STEP * (1 + _ROUNDING)
    if np.count_nonzero(spikes > _SPIKES) > _ISOLATED * len(rows):
        spikes[~is_fine] = 0.0
    return _in_file_order(spikes, rows)


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
    _spikes,
    _SPIKES,
    "How far a single sample is above, or below, both of its neighbours.",
)
_EDGE = _step_bound(
    "edge_step",
    _edge_steps,
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
    _step_bound("step", _steps(_STEP), 0.2, "Change of the curve within 2 nm."),
    _SPIKE,
)
"""Bounds of optics and detectors, which have no sharp features."""

FILTER_BOUNDS = (
    *_WAVELENGTH_BOUNDS,
    _EDGE,
    _step_bound("step", _steps(_STEEP, narrow=True), 0.8, "Change of the curve within 1 nm."),
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
    if not largest_change < _SPIKES * peak:
        return False
    steepest = 0.2 * peak * factor / (_STEP * (1 + _ROUNDING))
    # No part of a broken line is steeper than its steepest piece; NaN is not below anything.
    if largest_change < steepest * float(spans.min()):
        return True
    with np.errstate(all="ignore"):
        return bool((changes / spans).max() < steepest)
