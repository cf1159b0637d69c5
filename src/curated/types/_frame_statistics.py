"""Statistics of the pixels of single exposures: level and noise of residuals."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from curated.core.geometry import Amplifier
from curated.declare.statistic import Estimate, Frame, Level, Need, NotRunError, Sample, Statistic
from curated.statistics.filters import cosmic_rays
from curated.statistics.relations import combined, mean_of, ratio, relative_scatter
from curated.statistics.summary import Summary, summarize

AMPLIFIER: tuple[Level, ...] = ("amplifier",)
DETECTOR: tuple[Level, ...] = ("detector",)
ALL_LEVELS: tuple[Level, ...] = ("amplifier", "detector", "focal plane")

CP_VERIFY = "lsst/cp_verify"
DMTN_101 = "DMTN-101"
HERE = "this package"

SIGMA = 5.0
"""Standard deviations at which cp_verify clips."""

_CORNER = 200
"""Side (pix) of the box at the readout corner."""


# -- what a sample has ----------------------------------------------------------------------------------


def amplifier_of(sample: Sample) -> Amplifier:
    """Return the amplifier of a sample.

    Raises
    ------
    NotRunError
        If it is of no single one.
    """
    if sample.amplifier is None:
        raise NotRunError("it is computed for each amplifier, and there is none")
    return sample.amplifier


def number_of(sample: Sample, name: str, label: str) -> float:
    """Return a number of the sample's amplifier.

    Raises
    ------
    NotRunError
        If it is not known or not positive.
    """
    amplifier = amplifier_of(sample)
    value = float(getattr(amplifier, name))
    if not value > 0 or math.isinf(value):
        raise NotRunError(f"the {label} of amplifier {amplifier.name} is not known")
    return value


def scale_of(sample: Sample, unit: str) -> float:
    """Return the factor from a unit to electrons, per second where the unit is.

    Raises
    ------
    NotRunError
        If it is not a unit of charge, or there is no gain.
    """
    base = unit.removesuffix("/s")
    if base == "electron":
        return 1.0
    if base != "adu":
        raise NotRunError(f"pixels in {unit or 'no unit'} are no charge")
    return number_of(sample, "gain", "gain")


def frames_of(frames: Sequence[Frame], count: int = 1) -> Sequence[Frame]:
    """Return frames if there are enough.

    Raises
    ------
    NotRunError
        If there are not.
    """
    if len(frames) < count:
        raise NotRunError(
            f"it needs {count} exposures, and there are {len(frames)}" if count > 1 else "no exposure"
        )
    return frames


def summary_of(frame: Frame) -> Summary:
    """Return the statistics of the pixels of a frame that count, clipped as cp_verify does.

    Raises
    ------
    NotRunError
        If no pixel counts.
    """
    summary = summarize(frame.pixels, frame.usable, sigma=SIGMA)
    if not summary.moments.number:
        raise NotRunError(f"no pixel{f' of {frame.exposure}' if frame.exposure else ''} can be used")
    return summary


def scaled(estimate: Estimate, factor: float) -> Estimate:
    """Return an estimate in another unit."""
    return Estimate(estimate.value * factor, estimate.error * factor)


def excess(estimate: Estimate, reference: float) -> Estimate:
    """Return by which part of a reference an estimate is above it."""
    return Estimate(estimate.value / reference - 1, estimate.error / reference)


def noise_of(sample: Sample, frame: Frame) -> Estimate:
    return scaled(summary_of(frame).estimate("STDEVCLIP"), scale_of(sample, frame.unit))


def of_product(
    name: str,
    unit: str,
    levels: tuple[Level, ...],
    formula: str,
    source: str,
    compute: Callable[[Sample], Estimate],
    *needs: Need,
) -> Statistic:
    """Return a statistic of the product alone, which may need values of the amplifier."""
    return Statistic(
        name=name,
        unit=unit,
        levels=levels,
        needs=("product", *needs),
        formula=formula,
        source=source,
        compute=compute,
    )


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
)
RESIDUAL_MEAN_IN_NOISE = Statistic(
    name="residual_mean_in_noise",
    unit="",
    levels=("amplifier", "detector"),
    needs=("residual",),
    formula="MEAN / STDEVCLIP of the residual, clipped at 5 sigma three times",
    source=f"{CP_VERIFY}, verifyBias.py (MEAN < NOISE)",
    compute=_mean_in_noise,
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
)
RESIDUAL_RATE = Statistic(
    name="residual_rate",
    unit="electron/s",
    levels=AMPLIFIER,
    needs=("residual", "gain"),
    formula="MEANCLIP of the residual times the gain / exposure time",
    source=f"{DMTN_101}, dark",
    compute=_rate,
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
