"""Level and noise of residuals with known values."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from curated.declare.statistic import Frame, NotRunError, Sample, Statistic
from curated.types import _frame_statistics as s
from curated.types._sample_values import summary_of
from support.samples import AMPLIFIER, GAIN, READ_NOISE, before, pixels, residual, with_parts


def close(statistic: Statistic, sample: Sample, expected: float, sigma: float = 4.0) -> None:
    value, error = statistic.compute(sample)
    assert error > 0
    assert value == pytest.approx(expected, abs=sigma * error)


def test_level_and_noise() -> None:
    sample = residual(pixels(1) + 3.0)
    close(s.RESIDUAL_MEAN, sample, 3.0 * GAIN)
    close(s.RESIDUAL_MEAN_IN_NOISE, sample, 3.0 * GAIN / READ_NOISE)
    close(s.RESIDUAL_NOISE, sample, READ_NOISE)
    close(s.CLEAN_NOISE, sample, READ_NOISE)
    close(s.NOISE_EXCESS, residual(pixels(2, noise=1.1 * READ_NOISE)), 0.1)
    close(s.NOISE_EXCESS, residual(pixels(2, noise=0.9 * READ_NOISE)), -0.1)


def test_units() -> None:
    image = pixels(1)
    in_electrons = s.RESIDUAL_NOISE.compute(residual(Frame(image * np.float32(GAIN), unit="electron")))
    assert in_electrons == pytest.approx(s.RESIDUAL_NOISE.compute(residual(image)), rel=1e-6)
    with pytest.raises(NotRunError, match="no charge"):
        s.RESIDUAL_NOISE.compute(residual(Frame(image, unit="")))


def test_several_frames_have_a_smaller_error() -> None:
    first, second = pixels(1), pixels(2)
    alone, both = s.RESIDUAL_NOISE.compute(residual(first)), s.RESIDUAL_NOISE.compute(residual(first, second))
    assert both.error == pytest.approx(alone.error / math.sqrt(2), rel=0.05)


@pytest.mark.parametrize("field", ["gain", "read_noise"])
def test_what_is_not_known(field: str) -> None:
    for value in (math.nan, 0.0, -1.0):
        sample = replace(residual(pixels(1)), amplifier=replace(AMPLIFIER, **{field: value}))
        with pytest.raises(NotRunError, match="amplifier C00 is not known"):
            s.NOISE_EXCESS.compute(sample)


@pytest.mark.parametrize("statistic", s.NOISE_STATISTICS, ids=lambda x: x.name)
def test_no_frames_and_no_pixels(statistic: Statistic) -> None:
    with pytest.raises(NotRunError, match="no exposure"):
        statistic.compute(residual())
    with pytest.raises(NotRunError, match="no pixel of 0"):
        statistic.compute(residual(np.full((9, 9), np.nan)))
    with pytest.raises(NotRunError, match="no pixel of 0"):
        statistic.compute(residual(Frame(pixels(1), usable=np.zeros((260, 240), bool), exposure="0")))


def with_tracks(count: int) -> Any:
    image = pixels(3)
    rng = np.random.default_rng(4)
    for row, column in zip(rng.integers(0, 240, count), rng.integers(0, 230, count), strict=True):
        image[row : row + 4, column] += 400
    return image


def test_cosmic_rays() -> None:
    sample = residual(with_tracks(50))
    assert s.COSMIC_RAY_FRACTION.compute(sample).value == pytest.approx(200 / 62400, rel=0.2)
    close(s.CLEAN_NOISE, sample, READ_NOISE)
    assert abs(s.CLEAN_NOISE_EXCESS.compute(sample).value) < 0.01
    assert s.COSMIC_RAY_FRACTION.compute(residual(pixels(5))).value < 1e-4
    # The correction must not count pixels that are masked.
    usable = with_tracks(50) < 100
    assert s.COSMIC_RAY_FRACTION.compute(residual(Frame(with_tracks(50), usable))).value < 3e-4


def test_noise_that_clipping_does_not_see() -> None:
    image = pixels(6)
    image[::3, ::3] *= 2.2
    assert s.CLEAN_NOISE_EXCESS.compute(residual(image)).value == pytest.approx(0, abs=0.02)
    assert s.NOISE_EXCESS.compute(residual(image)).value > 0.15


@pytest.mark.parametrize("corner", ["LL", "LR", "UL", "UR"])
def test_corner(corner: str) -> None:
    image = pixels(7)
    image[:20] += 10 * (corner[0] == "L")
    image[-20:] += 10 * (corner[0] == "U")
    sample = replace(residual(image), amplifier=replace(AMPLIFIER, readout_corner=corner))
    opposite = replace(
        sample, amplifier=replace(AMPLIFIER, readout_corner=("U" if corner[0] == "L" else "L") + corner[1])
    )
    deviation = summary_of(sample.residual[0]).clipped.deviation
    assert s.CORNER_LEVEL.compute(sample).value == pytest.approx((1 - 20 / 26) / deviation, abs=0.03)
    assert s.CORNER_LEVEL.compute(opposite).value < 0


def test_rate() -> None:
    close(s.RESIDUAL_RATE, residual(Frame(pixels(8) + 3, time=30.0)), 3 * GAIN / 30)
    with pytest.raises(NotRunError, match="time of e1"):
        s.RESIDUAL_RATE.compute(residual(Frame(pixels(8), exposure="e1")))


def test_photon_noise() -> None:
    flat = pixels(9, signal=20_000)
    value, error = s.PHOTON_NOISE_RATIO.compute(residual(flat))
    assert value == pytest.approx(1, abs=4 * error)
    # cp_verify's limit, sqrt(mean), leaves the read noise out; the faint flat below cannot pass it.
    faint = residual(pixels(10, signal=100))
    noise = s.RESIDUAL_NOISE.compute(faint).value
    assert noise > math.sqrt(s.RESIDUAL_MEAN.compute(faint).value)
    assert s.PHOTON_NOISE_RATIO.compute(faint).value == pytest.approx(1, abs=0.02)
    with pytest.raises(NotRunError, match="no signal"):
        s.PHOTON_NOISE_RATIO.compute(residual(pixels(1) - 1000))


def test_nonuniformity() -> None:
    pattern = 1 + np.random.default_rng(11).normal(0, 0.01, (260, 240))
    close(s.NONUNIFORMITY, before(pixels(12, signal=50_000) * pattern), 0.01)
    value, error = s.NONUNIFORMITY.compute(before(pixels(13, signal=50_000)))
    assert abs(value) < 3e-3
    assert error > 0


def test_noise_ratio() -> None:
    fringes = 30 * np.sin(np.arange(240) / 7)
    sample = replace(residual(pixels(14)), frames=(Frame(pixels(14) + fringes),))
    assert s.NOISE_RATIO.compute(sample).value == pytest.approx(
        5 / math.hypot(5, 30 / math.sqrt(2)), rel=0.02
    )
    with pytest.raises(NotRunError, match="no exposure"):
        s.NOISE_RATIO.compute(residual(pixels(1)))


def test_scatter_of_amplifiers_is_relative() -> None:
    """An absolute scatter of means of 0.05 electrons, as of cp_verify, no flat of 20,000 electrons could have."""
    images = [pixels(n, signal=20_000 * factor) for n, factor in enumerate((0.98, 1.0, 1.02))]
    assert s.MEAN_SCATTER.compute(with_parts(*images)).value == pytest.approx(0.02, rel=0.02)
    bright = [pixels(n, signal=80_000 * factor) for n, factor in enumerate((0.98, 1.0, 1.02))]
    assert s.MEAN_SCATTER.compute(with_parts(*bright)).value == pytest.approx(0.02, rel=0.02)
    with pytest.raises(NotRunError, match="two amplifiers"):
        s.MEAN_SCATTER.compute(with_parts(images[0]))
