"""Statistics of the readout: shifts and bands of the overscan, deferred charge, and tearing at edges of amplifiers."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from curated.declare.field import Array
from curated.declare.statistic import Estimate, Frame, NotRunError, Sample, Statistic
from curated.statistics.profiles import banding, bias_shifts, detector_banding, tearing, transfer_inefficiency
from curated.statistics.relations import combined
from curated.statistics.summary import summarize
from curated.types._sample_values import (
    AMPLIFIER,
    CP_VERIFY,
    SIGMA,
    amplifier_of,
    excess,
    frames_of,
    number_of,
    scale_of,
    scaled,
)

_TRAIL = 3
"""Overscan columns that hold deferred charge."""


def _overscans(sample: Sample) -> Iterator[tuple[Frame, Array, float]]:
    """Yield frames with their overscan and the factor to electrons."""
    frames = sample.frames or sample.residual
    if not any(frame.overscan is not None and frame.overscan.size for frame in frames):
        raise NotRunError("no exposure has an overscan")
    for frame in frames:
        if frame.overscan is not None and frame.overscan.size:
            yield frame, frame.overscan, scale_of(sample, frame.unit)


def _overscan_noise_excess(sample: Sample) -> Estimate:
    read_noise = number_of(sample, "read_noise", "read noise")
    estimates = []
    for _, overscan, scale in _overscans(sample):
        part = np.asarray(overscan, np.float64)[:, _TRAIL:]
        if part.shape[1] < 2:
            raise NotRunError(f"the overscan has fewer than {_TRAIL + 2} columns")
        part = part[np.isfinite(part).all(axis=1)]
        if not part.size:
            raise NotRunError("no row of the overscan can be used")
        residual = part - part.mean(axis=1, keepdims=True)
        # Values less the mean of n of them have 1 - 1/n of their variance.
        estimates.append(
            scaled(
                summarize(residual, sigma=SIGMA).estimate("STDEVCLIP"),
                scale / math.sqrt(1 - 1 / part.shape[1]),
            )
        )
    return excess(combined(estimates), read_noise)


def _shift_count(sample: Sample) -> Estimate:
    counts = []
    for _, overscan, _ in _overscans(sample):
        noise, shifts = bias_shifts(np.asarray(overscan))
        if math.isnan(noise):
            raise NotRunError("the overscan is too small, or has pixels that are not finite")
        counts.append(len(shifts))
    return Estimate(max(counts))


def _banding(sample: Sample) -> Estimate:
    if sample.amplifier is not None:
        values = [banding(np.asarray(overscan)) * scale for _, overscan, scale in _overscans(sample)]
        if not np.isfinite(values).all():
            raise NotRunError("the overscan is too small")
        return Estimate(float(np.mean(values)))
    if not sample.parts:
        raise NotRunError("it needs the amplifiers of the detector")
    return Estimate(detector_banding([_banding(part).value for part in sample.parts.values()]))


def _serial_inefficiency(sample: Sample) -> Estimate:
    corner = amplifier_of(sample).readout_corner
    estimates = []
    for frame, overscan, _ in _overscans(sample):
        level_columns = np.asarray(overscan, np.float64)[:, 2 * _TRAIL :]
        if not level_columns.size:
            raise NotRunError(f"the overscan has no more than {2 * _TRAIL} columns, and no level of its own")
        level = summarize(level_columns).clipped.mean
        # The last column is the farthest one from the readout.
        last = frame.pixels[:, 0 if "R" in corner else -1]
        trail = np.asarray(overscan, np.float64)[:, :_TRAIL] - level
        estimates.append(transfer_inefficiency(last, trail, frame.pixels.shape[1]))
    return combined(estimates)


def _parallel_inefficiency(sample: Sample) -> Estimate:
    corner = amplifier_of(sample).readout_corner
    estimates = []
    for frame in frames_of(sample.frames or sample.residual):
        if frame.parallel_overscan is None or frame.parallel_overscan.shape[0] <= 2 * _TRAIL:
            raise NotRunError(f"no parallel overscan of more than {2 * _TRAIL} rows")
        rows = np.asarray(frame.parallel_overscan, np.float64)
        level = summarize(rows[2 * _TRAIL :]).clipped.mean
        last = frame.pixels[0 if "U" in corner else -1]
        estimates.append(transfer_inefficiency(last, (rows[:_TRAIL] - level).T, frame.pixels.shape[0]))
    return combined(estimates)


def _tearing(sample: Sample) -> Estimate:
    is_read_at_top = "U" in amplifier_of(sample).readout_corner
    sides: list[Estimate] = []
    for frame in frames_of(sample.frames or sample.residual):
        pixels = frame.pixels if frame.usable is None else np.where(frame.usable, frame.pixels, np.nan)
        sides += tearing(pixels, is_read_at_top=is_read_at_top)
    finite = [side for side in sides if math.isfinite(side.value)]
    if not finite:
        raise NotRunError("the amplifier is too small, or has no signal")
    return max(finite, key=lambda side: side.value)


OVERSCAN_NOISE_EXCESS = Statistic(
    name="overscan_noise_excess",
    unit="",
    levels=AMPLIFIER,
    needs=("frames", "gain", "read_noise"),
    formula="STDEVCLIP of the overscan less the mean of each row, times the gain / read noise - 1",
    source=f"{CP_VERIFY}, verifyBias.py (READ_NOISE_CONSISTENT)",
    compute=_overscan_noise_excess,
    signed=True,
)
BIAS_SHIFT_COUNT = Statistic(
    name="bias_shift_count",
    unit="",
    levels=AMPLIFIER,
    needs=("frames",),
    formula="number of steps of the overscan above 3 times its noise",
    source="lsst/ip_isr, isrStatistics.py (BIASSHIFT)",
    compute=_shift_count,
)
BANDING = Statistic(
    name="banding",
    unit="electron",
    levels=("amplifier", "detector"),
    needs=("frames", "gain"),
    formula="90 % - 10 % quantile of the means of overscan rows, smoothed over 3 rows; median of half the amplifiers",
    source="lsst/ip_isr, isrStatistics.py (BANDING)",
    compute=_banding,
)
SERIAL_INEFFICIENCY = Statistic(
    name="serial_transfer_inefficiency",
    unit="",
    levels=AMPLIFIER,
    needs=("frames",),
    formula="charge of the first 3 overscan columns / charge of the last column / (columns + 1)",
    source="eo_pipe, EPER; Janesick 2001, section 5.3.2.2",
    compute=_serial_inefficiency,
)
PARALLEL_INEFFICIENCY = Statistic(
    name="parallel_transfer_inefficiency",
    unit="",
    levels=AMPLIFIER,
    needs=("frames",),
    formula="charge of the first 3 rows of the parallel overscan / charge of the last row / (rows + 1)",
    source="eo_pipe, EPER, with the parallel overscan; Janesick 2001, section 5.3.2.2",
    compute=_parallel_inefficiency,
)
TEARING = Statistic(
    name="tearing",
    unit="",
    levels=AMPLIFIER,
    needs=("frames",),
    formula="largest distance of the two outermost columns of a flat from a line through the others, relative",
    source="lsst/ip_isr, isrStatistics.py (DIVISADERO); Juramy et al. 2020, SPIE 11454",
    compute=_tearing,
)
