"""Statistics of overscans and edges with known values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from curated.declare.statistic import Frame, NotRunError, Sample
from curated.types import _readout_statistics as s
from support.samples import AMPLIFIER, GAIN, READ_NOISE, before, overscan, pixels, residual


def frame(scan: Any, image: Any = None, **more: Any) -> Frame:
    return Frame(pixels(1) if image is None else image, overscan=scan, **more)


@pytest.mark.parametrize("factor", [0.9, 1.0, 1.2])
def test_noise_of_the_overscan(factor: float) -> None:
    drift = 20 * np.sin(np.arange(260) / 40)[:, None]
    value, error = s.OVERSCAN_NOISE_EXCESS.compute(
        before(frame(overscan(2, noise=factor * READ_NOISE) + drift))
    )
    assert value == pytest.approx(factor - 1, abs=4 * error)


def test_exposures_without_overscan() -> None:
    for statistic in (s.OVERSCAN_NOISE_EXCESS, s.BIAS_SHIFT_COUNT, s.BANDING, s.SERIAL_INEFFICIENCY):
        with pytest.raises(NotRunError, match="no exposure has an overscan"):
            statistic.compute(before(pixels(1)))
        with pytest.raises(NotRunError, match="overscan"):
            statistic.compute(before(frame(overscan(2, rows=2, columns=2))))
    with pytest.raises(NotRunError, match="parallel overscan"):
        s.PARALLEL_INEFFICIENCY.compute(before(frame(overscan(2))))


def test_bias_shifts() -> None:
    scan = overscan(3)
    assert s.BIAS_SHIFT_COUNT.compute(before(frame(scan))).value == 0
    scan[130:] += 30
    assert s.BIAS_SHIFT_COUNT.compute(before(frame(scan))).value == 1
    # The worst exposure counts.
    assert s.BIAS_SHIFT_COUNT.compute(before(frame(overscan(3)), frame(scan))).value == 1


def test_banding() -> None:
    wave = 10 * np.sin(2 * np.pi * np.arange(260) / 65)[:, None]
    value = s.BANDING.compute(before(frame(overscan(4, noise=0.1) + wave))).value
    assert value == pytest.approx(2 * 10 * np.sin(0.4 * np.pi) * GAIN, rel=0.03)
    parts = {
        str(n): Sample(amplifier=AMPLIFIER, frames=(frame(overscan(4, noise=0.1) + factor * wave),))
        for n, factor in enumerate((1, 3, 3, 9, 9, 9))
    }
    assert s.BANDING.compute(Sample(parts=parts)).value == pytest.approx(3 * value, rel=0.03)
    with pytest.raises(NotRunError, match="amplifiers of the detector"):
        s.BANDING.compute(Sample())


@pytest.mark.parametrize("corner", ["LL", "LR", "UL", "UR"])
@pytest.mark.parametrize("cti", [1e-6, 5e-5])
def test_deferred_charge(corner: str, cti: float) -> None:
    signal = 30_000.0
    image = pixels(5, signal=signal)
    serial, parallel = overscan(6), overscan(7, rows=40, columns=240)
    serial[:, 0] += signal / GAIN * cti * 241
    parallel[0] += signal / GAIN * cti * 261
    # Edges on the side of the readout see no charge; the formula must not look there.
    image[:, -1 if "R" in corner else 0] = image[-1 if "U" in corner else 0] = 0
    sample = replace(
        before(frame(serial, image, parallel_overscan=parallel)),
        amplifier=replace(AMPLIFIER, readout_corner=corner),
    )
    for statistic in (s.SERIAL_INEFFICIENCY, s.PARALLEL_INEFFICIENCY):
        value, error = statistic.compute(sample)
        assert value == pytest.approx(cti, abs=4 * error)
        assert error < 5e-7


@pytest.mark.parametrize("corner", ["LL", "UR"])
def test_tearing(corner: str) -> None:
    flat = pixels(8, signal=50_000)
    sample = replace(before(flat), amplifier=replace(AMPLIFIER, readout_corner=corner))
    assert s.TEARING.compute(sample).value < 0.002
    flat[:, -1] *= 1.03
    assert s.TEARING.compute(sample).value == pytest.approx(0.03, abs=0.002)
    with pytest.raises(NotRunError, match="too small"):
        s.TEARING.compute(residual(pixels(8, shape=(50, 40))))
