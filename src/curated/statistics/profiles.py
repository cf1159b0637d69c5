"""Profiles of rows and columns: shifts and bands of the overscan, deferred charge, tearing at edges of amplifiers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from curated.declare.field import Array
from curated.declare.statistic import Estimate
from curated.statistics.filters import filter_both_ways, high_pass
from curated.statistics.quantiles import quantiles
from curated.statistics.relations import line
from curated.statistics.summary import clipped_moments, mean_error

_WINDOW = 30
"""Rows on each side of a shift of the bias that are compared."""

_SKIPPED_COLUMNS = 3
"""First columns of an overscan, which have charge of the image."""

_SHIFT_THRESHOLD = 3.0
_FILTER_ORDER, _CUTOFF = 5, 1 / 15


class BiasShift(NamedTuple):
    """A step of the level of an overscan.

    Parameters
    ----------
    size : `float`
        Change of the level, in the unit of the pixels; positive where it rises.
    row : `int`
        First row after the step.
    begin, end : `int`
        Rows in which the step is significant.
    """

    size: float
    row: int
    begin: int
    end: int


def bias_shifts(overscan: Array) -> tuple[float, list[BiasShift]]:
    """Return the noise of the rows of a serial overscan, and the steps of its level.

    The means of the rows, without their first 3 columns, are convolved with the difference of two ramps of 30 rows,
    which is largest at a step. A step is where that exceeds three times the noise, and where neither the 30 rows
    before nor those after rise by half of it, which would be a slope. The noise is the standard deviation of the means
    after a Butterworth filter of order 5 that passes periods below 30 rows. lsst/ip_isr, ``isrStatistics.py``
    (``measureBiasShifts``), after ``biasShiftsTask.py`` of eo_pipe. Unlike there, steps within 30 rows of either end,
    where rows to compare with are missing, are left out rather than an error.

    Parameters
    ----------
    overscan : `numpy.ndarray`, (rows, columns)
        Pixels of the overscan, with their level.

    Returns
    -------
    noise : `float`
        In the unit of the pixels; NaN for fewer than 61 rows or 4 columns.
    shifts : `list` [`BiasShift`]
        In the order of the rows.
    """
    if overscan.ndim != 2 or overscan.shape[0] <= 2 * _WINDOW or overscan.shape[1] <= _SKIPPED_COLUMNS:
        return math.nan, []
    profile = _row_means(overscan[:, _SKIPPED_COLUMNS:])
    if not np.isfinite(profile).all():
        return math.nan, []
    noise = float(np.std(filter_both_ways(*high_pass(_FILTER_ORDER, _CUTOFF), profile)))
    ramp = np.concatenate([np.arange(_WINDOW), np.arange(-_WINDOW + 1, 0)])
    kernel = ramp / np.arange(_WINDOW).sum()
    steps = np.pad(np.convolve(profile, kernel, mode="valid"), (_WINDOW - 1, _WINDOW))[: len(profile)]
    significant = np.abs(steps) > _SHIFT_THRESHOLD * noise
    significant[:_WINDOW] = False
    edges = np.flatnonzero(np.diff(np.r_[0, significant.astype(np.int8), 0])).reshape(-1, 2)
    shifts = []
    for begin, end in edges.tolist():
        row = begin + int(np.argmax(np.abs(steps[begin:end])))
        size = float(steps[row])
        if row + _WINDOW <= len(profile) and _is_flat(profile, row, size):
            shifts.append(BiasShift(size, row, begin, end))
    return noise, shifts


def _is_flat(profile: Array, row: int, size: float) -> bool:
    """Say whether twice the trends over the rows before and after a step are less than the step."""
    rows = np.arange(_WINDOW, dtype=np.float64)
    parts = (profile[row - _WINDOW : row], profile[row : row + _WINDOW])
    sign = math.copysign(1.0, size)
    return all(2 * line(rows, part).slope.value * _WINDOW * sign < abs(size) for part in parts)


def _row_means(pixels: Array) -> Array:
    """Return the means of the rows, (rows,), without values that are not finite; NaN for rows without any other."""
    finite = np.isfinite(pixels)
    counts = finite.sum(axis=1)
    totals = np.where(finite, pixels, 0).sum(axis=1, dtype=np.float64)
    means = np.full(len(counts), np.nan)
    np.divide(totals, counts, out=means, where=counts > 0)
    return means


def banding(overscan: Array) -> float:
    """Return the range of the level of an overscan, from its 10 % to its 90 % quantile over the rows.

    The means of the rows are first averaged over 3 rows: lsst/ip_isr, ``isrStatistics.py`` (``measureBanding``).

    Parameters
    ----------
    overscan : `numpy.ndarray`, (rows, columns)
        Pixels of the overscan, with their level.

    Returns
    -------
    banding : `float`
        In the unit of the pixels; NaN for fewer than 3 rows.
    """
    if overscan.ndim != 2 or overscan.shape[0] < 3 or not overscan.shape[1]:
        return math.nan
    smooth = np.convolve(_row_means(overscan), np.full(3, 1 / 3), mode="valid")
    low, high = quantiles(smooth, (0.1, 0.9))
    return high - low


def detector_banding(amplifiers: Sequence[float]) -> float:
    """Return the banding of a detector: the median of those of the first half of its amplifiers.

    The bands of one side are alike, and those of the other are inverted on some detectors (``bandingUseHalfDetector``
    of lsst/ip_isr, ``isrStatistics.py``).

    Parameters
    ----------
    amplifiers : sequence [`float`]
        What `banding` returns of each amplifier, in the order of the camera.
    """
    half = [value for value in amplifiers[: len(amplifiers) // 2 or 1] if math.isfinite(value)]
    return float(np.median(half)) if half else math.nan


def transfer_inefficiency(last: Array, overscan: Array, transfers: int, count: int = 3) -> Estimate:
    """Return the charge transfer inefficiency by extended pixel edge response (EPER).

    It is the charge in the first pixels of the overscan, over that of the last column (or row) of the image, over the
    number of transfers (Janesick 2001, Scientific Charge-Coupled Devices, section 5.3.2.2). As in eo_pipe, the charge
    of a region is its clipped mean times its number of pixels, and transfers are counted with one more. The error is
    by the scatter within each column.

    Parameters
    ----------
    last : `numpy.ndarray`, (N,)
        Pixels of the last column (serial) or row (parallel) of the image, without the level of the bias.
    overscan : `numpy.ndarray`, (N, M)
        Pixels of the overscan that follow, the nearest ones to the image first, without that level.
    transfers : `int`
        Number of columns (serial) or rows (parallel) of the image.
    count : `int`, optional
        Number of overscan pixels whose charge is added up.

    Returns
    -------
    inefficiency : `Estimate`
        Part of the charge that a transfer leaves behind; NaN without an overscan or signal.
    """
    deferred = overscan[:, :count]
    if not deferred.size or transfers < 1:
        return Estimate(math.nan, math.nan)
    image, trail = clipped_moments(last), clipped_moments(deferred)
    if not image.mean:
        return Estimate(math.nan, math.nan)
    scale = image.mean * (transfers + 1)
    value = trail.mean * deferred.shape[1] / scale
    columns = [mean_error(clipped_moments(column)) for column in deferred.T]
    error = math.hypot(math.hypot(*columns) / scale, value * mean_error(image) / image.mean)
    return Estimate(value, error)


def tearing(
    flat: Array,
    *,
    is_read_at_top: bool = False,
    edge: int = 25,
    rows: tuple[int, int] = (10, 210),
    impact: int = 2,
) -> tuple[Estimate, Estimate]:
    """Return how far a flat is from a straight line at the left and the right edge of an amplifier (divisadero tearing).

    Clipped means of the columns over the rows near the readout are divided by their median and by the line through
    them without the edges; the result is the largest distance from 1 of the outermost columns (lsst/ip_isr,
    ``isrStatistics.py``, ``measureDivisaderoStatistics``; Juramy et al. 2020, SPIE 11454, 1145416).

    Parameters
    ----------
    flat : `numpy.ndarray`, (rows, columns)
        Pixels of the amplifier.
    is_read_at_top : `bool`, optional
        Whether the readout corner is an upper one.
    edge : `int`, optional
        Columns at each edge that the line leaves out.
    rows : `tuple` [`int`], optional
        First row, counted from the readout, and the one after the last.
    impact : `int`, optional
        Outermost columns that are looked at.

    Returns
    -------
    left, right : `Estimate`
        Relative distances; NaN for an amplifier that is too small.
    """
    absent = Estimate(math.nan, math.nan)
    if flat.ndim != 2 or flat.shape[1] <= 2 * edge + 1 or flat.shape[0] <= rows[0]:
        return absent, absent
    oriented = flat[::-1] if is_read_at_top else flat
    segment = oriented[rows[0] : rows[1]]
    columns = [clipped_moments(column, iterations=5) for column in segment.T]
    profile = np.array([moments.mean for moments in columns])
    median = float(np.nanmedian(profile)) if np.isfinite(profile).any() else 0.0
    if not median > 0:
        return absent, absent
    profile /= median
    x = np.arange(len(profile), dtype=np.float64)
    fit = line(x[edge:-edge], profile[edge:-edge])
    model = fit.intercept.value + fit.slope.value * x
    distance = np.abs(profile / model - 1)
    errors = np.array([mean_error(moments) for moments in columns]) / median / model
    sides = []
    for side in (slice(0, impact), slice(-impact, None)):
        part = distance[side]
        index = int(np.nanargmax(part)) if np.isfinite(part).any() else -1
        sides.append(Estimate(float(part[index]), float(errors[side][index])) if index >= 0 else absent)
    return sides[0], sides[1]
