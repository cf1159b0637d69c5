"""Steps of curves against wavelength: changes between neighbours, spikes, and ends of tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from curated.declare import Array

STEP, STEEP = 2.0, 1.0
"""Distances (nm) within which a curve that is smooth does not step, and within which a filter does not."""

_SPACING = 25.0
"""Largest distance (nm) of two samples between which a real curve cannot rise and fall again."""

_FEW = 20
"""Samples of a curve so coarse that a peak of one row has any neighbours."""

SPIKES, _ISOLATED = 0.3, 0.1
"""Part of the peak from which a single sample is an accident, and the largest part of the samples that can be one."""

_FAR, _DARK = 5.0, 0.2
"""Distance (nm) from the bright part of a filter of a line, and the largest part of the peak that it has there."""

ROUNDING = 1e-3
"""Part of a distance by which wavelengths in single precision can be off."""


def curve_fractions(curve: Any) -> Array | None:
    """Return the fractions of all samples, if there is one for each wavelength."""
    fractions: Array = curve.fractions
    return fractions if 0 < len(fractions) == len(curve.wavelength) else None


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
    last = np.searchsorted(places, places + distance * (1 + ROUNDING), side="right") - 1
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
    if width > STEP and bright[-1] - bright[0] >= 3:
        return False
    margin = max(_FAR, 2 * width)
    is_far = wavelengths < wavelengths[bright[0]] - margin
    is_far |= wavelengths > wavelengths[bright[-1]] + margin
    return not np.any(fractions[is_far] > _DARK * peak)


def steps(distance: float, *, narrow: bool = False) -> Callable[[Any], Array | None]:
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


def edge_steps(curve: Any) -> Array | None:
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
            near = order[spans <= STEP * (1 + ROUNDING)]
            if len(near) > 1:
                steps[near[0]] = np.nan_to_num(np.abs(fractions[near] - fractions[near[0]]).max()) / peak
    return steps


def spikes(curve: Any) -> Array | None:
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
    is_fine[1:-1] = wavelengths[2:] - wavelengths[:-2] <= 2 * STEP * (1 + ROUNDING)
    if np.count_nonzero(spikes > SPIKES) > _ISOLATED * len(rows):
        spikes[~is_fine] = 0.0
    return _in_file_order(spikes, rows)
