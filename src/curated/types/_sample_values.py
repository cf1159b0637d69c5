"""What statistics take from a sample: its amplifier, numbers of it, frames and their pixels in electrons."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from curated.core.geometry import Amplifier
from curated.declare.statistic import Estimate, Frame, Level, Need, NotRunError, Sample, Statistic
from curated.statistics.summary import Summary, summarize

AMPLIFIER: tuple[Level, ...] = ("amplifier",)
DETECTOR: tuple[Level, ...] = ("detector",)
ALL_LEVELS: tuple[Level, ...] = ("amplifier", "detector", "focal plane")

CP_VERIFY = "lsst/cp_verify"
DMTN_101 = "DMTN-101"
HERE = "this package"

SIGMA = 5.0
"""Standard deviations at which cp_verify clips."""


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


def of_product(
    name: str,
    unit: str,
    levels: tuple[Level, ...],
    formula: str,
    source: str,
    compute: Callable[[Sample], Estimate],
    *needs: Need,
    signed: bool = False,
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
        signed=signed,
    )
