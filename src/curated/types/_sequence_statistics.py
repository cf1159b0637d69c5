"""Statistics of several exposures together: pairs and ramps of flats, halves of darks, maps of defects, crosstalk."""

from __future__ import annotations

import math
from itertools import permutations
from typing import Any

import numpy as np

from curated.core.geometry import Box
from curated.declare.field import Array
from curated.declare.statistic import Estimate, Frame, NotRunError, Sample, Statistic
from curated.statistics.relations import mean_of, pearson
from curated.statistics.summary import clipped_moments, mean_error, summarize
from curated.types._sample_values import (
    AMPLIFIER,
    CP_VERIFY,
    DETECTOR,
    DMTN_101,
    SIGMA,
    amplifier_of,
    excess,
    frames_of,
    number_of,
    scale_of,
    scaled,
    summary_of,
)

_OUTLIER = 6.0
"""Standard deviations from which a pixel that is off in most exposures is a defect; 2e-9 of normal ones are."""

_SIGNIFICANT = 5.0
_BRIGHT_PIXELS = 10
"""Fewest bright pixels of a source from which a coefficient of crosstalk is measured."""

_BRIGHT_SIGMA = 100.0


def _odd_even(sample: Sample) -> Estimate:
    frames = frames_of(sample.residual, 4)
    means = [scaled(summary_of(f).estimate("MEANCLIP"), scale_of(sample, f.unit)).value for f in frames]
    odd, even = mean_of(means[::2]), mean_of(means[1::2])
    return Estimate(odd.value - even.value, math.hypot(odd.error, even.error))


def _pair_gain(sample: Sample) -> Estimate:
    """Return gain / nominal - 1 by the photon noise of pairs of flats.

    The variance of a difference is free of the pattern; the mean is that of both. Read noise is taken off.
    """
    gain, read_noise = number_of(sample, "gain", "gain"), number_of(sample, "read_noise", "read noise")
    frames = frames_of(sample.frames, 2)
    estimates = []
    for first, second in zip(frames[::2], frames[1::2], strict=False):
        if first.unit != "adu" or second.unit != "adu":
            raise NotRunError("the exposures are not in adu")
        means = [summary_of(frame).clipped.mean for frame in (first, second)]
        if not min(means) > 0:
            raise NotRunError("the exposures have no signal")
        if abs(means[0] / means[1] - 1) > 0.1:
            raise NotRunError("the exposures of a pair differ in level by more than 10 %")
        factor = means[0] / means[1]
        usable = _common(first, second)
        difference = summarize(first.pixels - factor * second.pixels.astype(np.float64), usable, sigma=SIGMA)
        # The scaled second exposure has factor**2 of its variance, and gain * variance = mean + gain * noise**2.
        photons = difference.clipped.variance - (1 + factor**2) * (read_noise / gain) ** 2
        if not photons > 0:
            raise NotRunError("the exposures have no photon noise")
        value = means[0] * (1 + factor) / photons
        estimates.append(Estimate(value, value * difference.estimate("VARIANCECLIP").error / photons))
    values = mean_of([e.value for e in estimates])
    error = math.sqrt(sum(e.error**2 for e in estimates)) / len(estimates)
    return excess(Estimate(values.value, error), gain)


def _common(first: Frame, second: Frame) -> Array | None:
    if first.usable is None or second.usable is None:
        return first.usable if second.usable is None else second.usable
    return first.usable & second.usable


def _neighbour_correlation(sample: Sample) -> Estimate:
    """Return the correlation of pixels that are neighbours along a column, in differences of pairs of flats."""
    frames = frames_of(sample.residual, 2)
    estimates = []
    for first, second in zip(frames[::2], frames[1::2], strict=False):
        means = [summary_of(frame).clipped.mean for frame in (first, second)]
        if not min(means) > 0:
            raise NotRunError("the exposures have no signal")
        difference = first.pixels / means[0] - second.pixels / means[1]
        usable = _common(first, second)
        if usable is not None:
            difference = np.where(usable, difference, np.nan)
        clipped = clipped_moments(difference, sigma=SIGMA)
        inside = np.abs(difference - clipped.mean) <= SIGMA * clipped.deviation
        difference = np.where(inside, difference, np.nan)
        estimates.append(pearson(difference[1:], difference[:-1]))
    error = math.sqrt(sum(e.error**2 for e in estimates)) / len(estimates)
    return Estimate(float(np.mean([e.value for e in estimates])), error)


def _nonlinearity(sample: Sample) -> Estimate:
    frames = frames_of(sample.residual, 3)
    if any(not frame.time > 0 for frame in frames) or len({frame.time for frame in frames}) < 2:
        raise NotRunError("it needs exposures of several times, all of which are known")
    means = [summary_of(frame).estimate("MEANCLIP") for frame in frames]
    rates = np.array([mean.value / frame.time for mean, frame in zip(means, frames, strict=True)])
    reference = float(np.median(rates))
    if not reference > 0:
        raise NotRunError("the exposures have no signal")
    worst = int(np.argmax(np.abs(rates / reference - 1)))
    error = means[worst].error / frames[worst].time / reference
    return Estimate(abs(float(rates[worst]) / reference - 1), error)


# -- defects ------------------------------------------------------------------------------------------------


def _outliers(frames: list[Frame], masked: Array) -> Array:
    """Return which pixels are outliers in more than half of the exposures, by those that are not masked."""
    counts = np.zeros(masked.shape, np.int32)
    for frame in frames:
        summary = summarize(frame.pixels, ~masked, sigma=SIGMA)
        if not summary.clipped.variance > 0:
            raise NotRunError("the pixels do not scatter")
        distance = np.abs(frame.pixels - summary.median)
        counts += ~(distance <= _OUTLIER * summary.clipped.deviation)
    outliers: Array = 2 * counts > len(frames)
    return outliers


def _masked(product: Any, box: Box, shape: tuple[int, ...]) -> Array:
    """Return which pixels of an amplifier the boxes of defects cover."""
    if not all(hasattr(product, name) for name in ("x0", "y0", "width", "height")):
        raise NotRunError("the calibration has no boxes")
    masked = np.zeros(shape, bool)
    boxes = zip(*(getattr(product, name).tolist() for name in ("x0", "y0", "width", "height")), strict=True)
    for x0, y0, width, height in boxes:
        x, y = x0 - box.x0, y0 - box.y0
        masked[max(y, 0) : max(y + height, 0), max(x, 0) : max(x + width, 0)] = True
    return masked


def _map_and_outliers(sample: Sample) -> tuple[Array, Array]:
    frames = list(frames_of(sample.frames))
    masked = _masked(sample.product, amplifier_of(sample).box, frames[0].pixels.shape)
    if masked.all():
        raise NotRunError("all pixels are masked")
    return masked, _outliers(frames, masked)


def _unmasked_outliers(sample: Sample) -> Estimate:
    masked, outliers = _map_and_outliers(sample)
    return Estimate(int((outliers & ~masked).sum()) / int((~masked).sum()))


def _unconfirmed(sample: Sample) -> Estimate:
    masked, outliers = _map_and_outliers(sample)
    count = int(masked.sum())
    return Estimate(int((masked & ~outliers).sum()) / count if count else 0.0)


# -- crosstalk ----------------------------------------------------------------------------------------------


def _median_offset(sample: Sample) -> Estimate:
    estimates = []
    for frame in frames_of(sample.residual):
        summary = summary_of(frame)
        deviation = summary.clipped.deviation
        if not deviation > 0:
            raise NotRunError("the pixels do not scatter")
        # The errors of median and mean of the same values are correlated: sqrt(pi/2 - 1) s / sqrt(n) is left.
        error = math.sqrt(math.pi / 2 - 1) * mean_error(summary.clipped)
        estimates.append(Estimate((summary.median - summary.clipped.mean) / deviation, error / deviation))
    return Estimate(
        float(np.mean([e.value for e in estimates])),
        math.sqrt(sum(e.error**2 for e in estimates)) / len(estimates),
    )


def _oriented(part: Sample, frame: Frame) -> Array:
    """Return the pixels of an amplifier in the order in which they are read, NaN where they cannot be used."""
    corner = amplifier_of(part).readout_corner
    pixels = frame.pixels if frame.usable is None else np.where(frame.usable, frame.pixels, np.nan)
    return pixels[:: -1 if "U" in corner else 1, :: -1 if "R" in corner else 1]


def _ghosts(sample: Sample) -> Estimate:
    """Return how many pairs of amplifiers have crosstalk beyond 5 standard errors in the residual."""
    parts = {name: part for name, part in sample.parts.items() if part.residual}
    if len(parts) < 2:
        raise NotRunError("it needs the amplifiers of the detector")
    significant, measured = 0, 0
    images = {name: _oriented(part, part.residual[0]).astype(np.float64) for name, part in parts.items()}
    summaries = {name: summarize(image, sigma=SIGMA) for name, image in images.items()}
    bright = {
        name: image > summaries[name].median + _BRIGHT_SIGMA * summaries[name].clipped.deviation
        for name, image in images.items()
        if summaries[name].clipped.variance > 0
    }
    for source, target in permutations(bright, 2):
        if images[source].shape != images[target].shape or bright[source].sum() < _BRIGHT_PIXELS:
            continue
        victims = images[target][bright[source] & ~bright[target]]
        moments = clipped_moments(victims, sigma=SIGMA)
        if moments.number < _BRIGHT_PIXELS or not moments.variance > 0:
            continue
        measured += 1
        offset = moments.mean - summaries[target].clipped.mean
        error = math.hypot(mean_error(moments), mean_error(summaries[target].clipped))
        significant += abs(offset) > _SIGNIFICANT * error
    if not measured:
        raise NotRunError("no amplifier has bright pixels where another is dark")
    return Estimate(significant)


ODD_EVEN_DIFFERENCE = Statistic(
    name="odd_even_difference",
    unit="electron",
    levels=AMPLIFIER,
    needs=("residual", "gain"),
    formula="mean of the MEANCLIP of the first, third, ... residual - that of the others",
    source=f"{DMTN_101}, dark: the difference of both halves is 0 within its error",
    compute=_odd_even,
    of_each_exposure=False,
    signed=True,
)
PAIR_GAIN_EXCESS = Statistic(
    name="pair_gain_excess",
    unit="",
    levels=AMPLIFIER,
    needs=("frames", "gain", "read_noise"),
    formula="(m1 + m2) / (VARIANCECLIP of the difference - 2 read noise**2) of pairs of flats / gain - 1",
    source=f"{CP_VERIFY}, verifyGain.py; Janesick 2001, section 2",
    compute=_pair_gain,
    of_each_exposure=False,
    signed=True,
)
NEIGHBOUR_CORRELATION = Statistic(
    name="neighbour_correlation",
    unit="",
    levels=AMPLIFIER,
    needs=("residual",),
    formula="Pearson's coefficient of neighbours along columns in differences of pairs of flats",
    source="Guyonnet et al. 2015, A&A 575, A41; Astier et al. 2019, A&A 629, A36",
    compute=_neighbour_correlation,
    of_each_exposure=False,
    signed=True,
)
NONLINEARITY = Statistic(
    name="residual_nonlinearity",
    unit="",
    levels=AMPLIFIER,
    needs=("residual",),
    formula="largest |r / median of r - 1| of r = MEANCLIP / exposure time over a ramp of flats",
    source=f"{DMTN_101}, linearity; eo_pipe, maximum fractional deviation",
    compute=_nonlinearity,
    of_each_exposure=False,
)
UNMASKED_OUTLIERS = Statistic(
    name="unmasked_outliers",
    unit="",
    levels=AMPLIFIER,
    needs=("product", "frames"),
    formula="part of the pixels outside the map that are off by 6 sigma in more than half of the exposures",
    source=f"{DMTN_101}, defects: every pixel that is inconsistent must be in the map",
    compute=_unmasked_outliers,
    of_each_exposure=False,
)
UNCONFIRMED_DEFECTS = Statistic(
    name="unconfirmed_defects",
    unit="",
    levels=AMPLIFIER,
    needs=("product", "frames"),
    formula="part of the pixels of the map that are off by 6 sigma in at most half of the exposures",
    source=f"{DMTN_101}, defects: pixels of the map not found by the test",
    compute=_unconfirmed,
    of_each_exposure=False,
)
MEDIAN_OFFSET = Statistic(
    name="median_offset",
    unit="",
    levels=AMPLIFIER,
    needs=("residual",),
    formula="(MEDIAN - MEANCLIP) / STDEVCLIP of the residual, clipped at 5 sigma three times",
    source=f"{DMTN_101}, crosstalk with all amplifiers lit",
    compute=_median_offset,
    signed=True,
)
CROSSTALK_PAIRS = Statistic(
    name="crosstalk_pairs",
    unit="",
    levels=DETECTOR,
    needs=("residual", "parts"),
    formula="number of pairs of amplifiers whose target is off by 5 standard errors where the source is bright",
    source=f"{CP_VERIFY}, verifyCrosstalk.py (NO_SIGNIFICANT_DETECTION)",
    compute=_ghosts,
)
