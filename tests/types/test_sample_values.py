"""What statistics take from a sample."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from curated.declare.statistic import Estimate, Frame, NotRunError, Sample
from curated.types._sample_values import (
    amplifier_of,
    excess,
    frames_of,
    number_of,
    scale_of,
    scaled,
    summary_of,
)
from support.samples import AMPLIFIER, GAIN, pixels, residual


def test_numbers_of_the_amplifier() -> None:
    sample = residual()
    assert number_of(sample, "gain", "gain") == GAIN
    for value in (math.nan, math.inf, 0.0):
        with pytest.raises(NotRunError, match="the gain of amplifier C00 is not known"):
            number_of(replace(sample, amplifier=replace(AMPLIFIER, gain=value)), "gain", "gain")
    with pytest.raises(NotRunError, match="there is none"):
        amplifier_of(Sample())


def test_units_of_charge() -> None:
    sample = residual()
    assert scale_of(sample, "adu") == scale_of(sample, "adu/s") == GAIN
    assert scale_of(Sample(), "electron") == scale_of(Sample(), "electron/s") == 1
    with pytest.raises(NotRunError, match="pixels in K are no charge"):
        scale_of(sample, "K")


def test_frames() -> None:
    frame = Frame(pixels(1), exposure="e7")
    assert frames_of([frame]) == [frame]
    assert summary_of(frame).moments.number == pixels(1).size
    with pytest.raises(NotRunError, match="it needs 2 exposures, and there are 1"):
        frames_of([frame], 2)
    with pytest.raises(NotRunError, match="no pixel of e7 can be used"):
        summary_of(replace(frame, pixels=pixels(1) * math.nan))


def test_estimates() -> None:
    assert scaled(Estimate(2, 0.5), 3) == (6, 1.5)
    assert excess(Estimate(6, 0.5), 5) == pytest.approx((0.2, 0.1))
