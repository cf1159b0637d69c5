"""Frames, samples and statistics."""

from __future__ import annotations

import numpy as np

from curated.declare.statistic import Estimate, Frame, Sample, Statistic


def test_values_that_count() -> None:
    pixels = np.array([[1.0, np.nan], [3.0, np.inf]])
    assert Frame(pixels).values.tolist() == [1, 3]
    assert Frame(pixels, usable=np.array([[False, True], [True, True]])).values.tolist() == [3]


def test_a_statistic_of_a_sample() -> None:
    statistic = Statistic(
        name="largest",
        unit="adu",
        levels=("amplifier",),
        needs=("residual",),
        formula="largest pixel",
        source="this test",
        compute=lambda sample: Estimate(max(float(frame.values.max()) for frame in sample.residual)),
    )
    frames = tuple(Frame(np.full((2, 2), level)) for level in (3.0, 5.0))
    assert statistic.compute(Sample(residual=frames)) == (5.0, 0.0)
    assert statistic.of_each_exposure
