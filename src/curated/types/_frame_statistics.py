"""Statistics of the pixels of single exposures: level and noise of residuals."""

from __future__ import annotations

import math

import numpy as np

from curated.declare.statistic import Estimate, Frame, NotRunError, Sample, Statistic
from curated.statistics.filters import cosmic_rays
from curated.statistics.relations import combined, mean_of, ratio, relative_scatter
from curated.statistics.summary import Summary, summarize
from curated.types._sample_values import (
    AMPLIFIER,
    CP_VERIFY,
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

_CORNER = 200
"""Side (pix) of the box at the readout corner."""


def noise_of(sample: Sample, frame: Frame) -> Estimate:
    return scaled(summary_of(frame).estimate("STDEVCLIP"), scale_of(sample, frame.unit))


# -- level and noise ------------------------------------------------------------------------------------


def _mean(sample: Sample) -> Estimate:
    frames = frames_of(sample.residual)
    return combined([scaled(summary_of(f).estimate("MEAN"), scale_of(sample, f.unit)) for f in frames])


def _mean_in_noise(sample: Sample) -> Estimate:
    summaries = [summary_of(frame) for frame in frames_of(sample.residual)]
    return combined([ratio(s.estimate("MEAN"), s.estimate("STDEVCLIP")) for s in summaries])


def _noise(sample: Sample) -> Estimate:
    return combined([noise_of(sample, frame) for frame in frames_of(sample.residual)])


def _noise_excess(sample: Sample) -> Estimate:
    return excess(_noise(sample), number_of(sample, "read_noise", "read noise"))


def _clean(frame: Frame) -> tuple[Summary, Summary, float]:
    """Return the statistics of a frame with and without cosmic rays, and the part of the pixels that are hit."""
    summary = summary_of(frame)
    usable = np.isfinite(frame.pixels) if frame.usable is None else frame.usable & np.isfinite(frame.pixels)
    pixels = np.where(usable, frame.pixels, np.nan)
    hit = (
        cosmic_rays(pixels, summary.clipped.deviation)
        if summary.clipped.variance > 0
        else np.zeros_like(usable)
    )
    return summary, summarize(frame.pixels, usable & ~hit, sigma=SIGMA), hit.sum() / summary.moments.number


def _clean_noise(sample: Sample) -> Estimate:
    frames = frames_of(sample.residual)
    return combined([scaled(_clean(f)[1].estimate("STDEV"), scale_of(sample, f.unit)) for f in frames])


def _clean_noise_excess(sample: Sample) -> Estimate:
    estimates = []
    for frame in frames_of(sample.residual):
        summary, clean, _ = _clean(frame)
        reference = clean.moments.deviation
        if not reference > 0:
            raise NotRunError("the pixels do not scatter")
        # Both are of nearly the same pixels, so that their common sampling error is none of the ratio.
        estimates.append(Estimate(summary.clipped.deviation / reference - 1, 0.0))
    return combined(estimates)


def _hit_fraction(sample: Sample) -> Estimate:
    return combined([Estimate(_clean(frame)[2]) for frame in frames_of(sample.residual)])


def _corner_level(sample: Sample) -> Estimate:
    corner = amplifier_of(sample).readout_corner
    estimates = []
    for frame in frames_of(sample.residual):
        rows = slice(-_CORNER, None) if "U" in corner else slice(0, _CORNER)
        columns = slice(-_CORNER, None) if "R" in corner else slice(0, _CORNER)
        usable = None if frame.usable is None else frame.usable[rows, columns]
        box = summary_of(Frame(frame.pixels[rows, columns], usable, frame.unit, frame.exposure))
        whole = summary_of(frame)
        offset = Estimate(box.moments.mean - whole.moments.mean, box.estimate("MEAN").error)
        estimates.append(ratio(offset, whole.estimate("STDEVCLIP")))
    return combined(estimates)


def _rate(sample: Sample) -> Estimate:
    estimates = []
    for frame in frames_of(sample.residual):
        if not frame.time > 0:
            raise NotRunError(f"the exposure time of {frame.exposure or 'an exposure'} is not known")
        mean = summary_of(frame).estimate("MEANCLIP")
        estimates.append(scaled(mean, scale_of(sample, frame.unit) / frame.time))
    return combined(estimates)


def _noise_ratio(sample: Sample) -> Estimate:
    frames, residual = frames_of(sample.frames), frames_of(sample.residual)
    estimates = []
    for before, after in zip(frames, residual, strict=False):
        reference = summary_of(before).clipped.deviation
        if not reference > 0:
            raise NotRunError("the pixels do not scatter")
        estimates.append(Estimate(summary_of(after).clipped.deviation / reference))
    return combined(estimates)


def _photon_noise_ratio(sample: Sample) -> Estimate:
    read_noise = number_of(sample, "read_noise", "read noise")
    estimates = []
    for frame in frames_of(sample.residual):
        summary, scale = summary_of(frame), scale_of(sample, frame.unit)
        expected = summary.clipped.mean * scale + read_noise**2
        if not expected > 0:
            raise NotRunError("the exposure has no signal")
        estimates.append(scaled(summary.estimate("STDEVCLIP"), scale / math.sqrt(expected)))
    return combined(estimates)


def _nonuniformity(sample: Sample) -> Estimate:
    read_noise = number_of(sample, "read_noise", "read noise")
    estimates = []
    for frame in frames_of(sample.frames):
        summary, scale = summary_of(frame), scale_of(sample, frame.unit)
        mean, noise = summary.clipped.mean * scale, scaled(summary.estimate("STDEVCLIP"), scale)
        if not mean > 0:
            raise NotRunError("the exposure has no signal")
        pattern = noise.value**2 - mean - read_noise**2
        value = math.copysign(math.sqrt(abs(pattern)), pattern) / mean
        error = noise.value * noise.error / max(math.sqrt(abs(pattern)), noise.error) / mean
        estimates.append(Estimate(value, error))
    return combined(estimates)


def _mean_scatter(sample: Sample) -> Estimate:
    means = []
    for part in sample.parts.values():
        frames = frames_of(part.residual)
        scales = [scale_of(part, f.unit) if part.amplifier is not None else 1.0 for f in frames]
        means.append(
            mean_of([summary_of(f).clipped.mean * s for f, s in zip(frames, scales, strict=True)]).value
        )
    if len(means) < 2:
        raise NotRunError("it needs two amplifiers or detectors")
    # The parts are all that there are, and no sample of others.
    return Estimate(relative_scatter(means).value)


RESIDUAL_MEAN = Statistic(
    name="residual_mean",
    unit="electron",
    levels=AMPLIFIER,
    needs=("residual", "gain"),
    formula="MEAN of the residual times the gain",
    source=f"{CP_VERIFY}, verifyBias.py (MEAN)",
    compute=_mean,
    signed=True,
)
RESIDUAL_MEAN_IN_NOISE = Statistic(
    name="residual_mean_in_noise",
    unit="",
    levels=("amplifier", "detector"),
    needs=("residual",),
    formula="MEAN / STDEVCLIP of the residual, clipped at 5 sigma three times",
    source=f"{CP_VERIFY}, verifyBias.py (MEAN < NOISE)",
    compute=_mean_in_noise,
    signed=True,
)
RESIDUAL_NOISE = Statistic(
    name="residual_noise",
    unit="electron",
    levels=AMPLIFIER,
    needs=("residual", "gain"),
    formula="STDEVCLIP of the residual, clipped at 5 sigma three times, times the gain",
    source=f"{CP_VERIFY}, verifyBias.py (NOISE)",
    compute=_noise,
)
NOISE_EXCESS = Statistic(
    name="noise_excess",
    unit="",
    levels=AMPLIFIER,
    needs=("residual", "gain", "read_noise"),
    formula="residual_noise / read noise - 1",
    source=f"{CP_VERIFY}, verifyBias.py (NOISE)",
    compute=_noise_excess,
    signed=True,
)
CLEAN_NOISE = Statistic(
    name="clean_noise",
    unit="electron",
    levels=AMPLIFIER,
    needs=("residual", "gain"),
    formula="STDEV of the residual without cosmic rays, times the gain",
    source=f"{CP_VERIFY}, verifyBias.py (CR_NOISE); cosmic rays by van Dokkum 2001, PASP 113, 1420",
    compute=_clean_noise,
)
CLEAN_NOISE_EXCESS = Statistic(
    name="clean_noise_excess",
    unit="",
    levels=AMPLIFIER,
    needs=("residual",),
    formula="STDEVCLIP of the residual / STDEV without cosmic rays - 1",
    source=f"{CP_VERIFY}, verifyBias.py (CR_NOISE)",
    compute=_clean_noise_excess,
    signed=True,
)
COSMIC_RAY_FRACTION = Statistic(
    name="cosmic_ray_fraction",
    unit="",
    levels=AMPLIFIER,
    needs=("residual",),
    formula="part of the usable pixels that cosmic rays hit",
    source=f"{CP_VERIFY}, verifyBias.py (PROCESSING); van Dokkum 2001, PASP 113, 1420",
    compute=_hit_fraction,
)
CORNER_LEVEL = Statistic(
    name="corner_level",
    unit="",
    levels=AMPLIFIER,
    needs=("residual",),
    formula="(mean of 200 x 200 pixels at the readout corner - MEAN) / STDEVCLIP of the residual",
    source=f"{CP_VERIFY}, verifyBias.py (AMP_CORNER)",
    compute=_corner_level,
    signed=True,
)
RESIDUAL_RATE = Statistic(
    name="residual_rate",
    unit="electron/s",
    levels=AMPLIFIER,
    needs=("residual", "gain"),
    formula="MEANCLIP of the residual times the gain / exposure time",
    source=f"{DMTN_101}, dark",
    compute=_rate,
    signed=True,
)
NOISE_RATIO = Statistic(
    name="noise_ratio",
    unit="",
    levels=("amplifier", "detector"),
    needs=("residual", "frames"),
    formula="STDEVCLIP of the residual / STDEVCLIP of the exposure before the correction",
    source="this package",
    compute=_noise_ratio,
)
PHOTON_NOISE_RATIO = Statistic(
    name="photon_noise_ratio",
    unit="",
    levels=AMPLIFIER,
    needs=("residual", "gain", "read_noise"),
    formula="STDEVCLIP / sqrt(MEANCLIP + read noise**2) of the flat-fielded exposure in electrons",
    source=f"{CP_VERIFY}, verifyFlat.py (NOISE), with the read noise; Janesick 2001, section 2",
    compute=_photon_noise_ratio,
)
NONUNIFORMITY = Statistic(
    name="photoresponse_nonuniformity",
    unit="",
    levels=AMPLIFIER,
    needs=("frames", "gain", "read_noise"),
    formula="sqrt(STDEVCLIP**2 - MEANCLIP - read noise**2) / MEANCLIP before flat-fielding, negative where the root is",
    source="Janesick 2001, Scientific Charge-Coupled Devices, section 2",
    compute=_nonuniformity,
    signed=True,
)
MEAN_SCATTER = Statistic(
    name="mean_scatter",
    unit="",
    levels=("detector", "focal plane"),
    needs=("residual", "parts"),
    formula="standard deviation / mean of the MEANCLIP of amplifiers, or of detectors",
    source=f"{CP_VERIFY}, verifyFlat.py (SCATTER), relative at both levels",
    compute=_mean_scatter,
)

NOISE_STATISTICS = (
    RESIDUAL_MEAN,
    RESIDUAL_MEAN_IN_NOISE,
    RESIDUAL_NOISE,
    NOISE_EXCESS,
    CLEAN_NOISE,
    CLEAN_NOISE_EXCESS,
    COSMIC_RAY_FRACTION,
)
"""What exposures without light have after the correction."""
