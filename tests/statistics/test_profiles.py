"""Shifts and bands of the overscan, deferred charge, and tearing, in synthetic amplifiers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from curated.statistics.filters import filter_both_ways, high_pass
from curated.statistics.profiles import (
    banding,
    bias_shifts,
    detector_banding,
    tearing,
    transfer_inefficiency,
)


def overscan(seed: int = 0, rows: int = 400, columns: int = 40, noise: float = 5.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(1000, noise, (rows, columns))


def test_no_shift_in_noise() -> None:
    noise, shifts = bias_shifts(overscan())
    assert shifts == []
    assert noise == pytest.approx(5 / math.sqrt(37), rel=0.15)


@pytest.mark.parametrize("size", [10.0, -10.0])
def test_a_shift(size: float) -> None:
    pixels = overscan(1)
    pixels[200:] += size
    shift = bias_shifts(pixels)[1][0]
    assert len(bias_shifts(pixels)[1]) == 1
    assert abs(shift.row - 200) <= 2
    assert shift.size == pytest.approx(size, rel=0.15)
    assert shift.begin <= shift.row < shift.end


def test_a_slope_and_first_columns_are_no_shift() -> None:
    pixels = overscan(2) + np.linspace(0, 200, 400)[:, None]
    assert bias_shifts(pixels)[1] == []
    pixels = overscan(3)
    pixels[200:, :3] += 1000
    assert bias_shifts(pixels)[1] == []


def test_shifts_are_those_of_the_stack() -> None:
    """Repeat the steps of the stack with scipy's functions."""
    signal = pytest.importorskip("scipy.signal")
    pixels = overscan(4)
    pixels[150:] += 8
    pixels[300:] -= 12
    profile = pixels[:, 3:].mean(axis=1)
    noise = np.std(signal.filtfilt(*signal.butter(5, 1 / 15, "high"), profile))
    kernel = np.concatenate([np.arange(30), np.arange(-29, 0)])
    convolved = np.pad(np.convolve(profile, kernel / kernel[:30].sum(), "valid"), (29, 30))
    ours, shifts = bias_shifts(pixels)
    assert ours == pytest.approx(noise, rel=1e-9)
    rows = [shift.row for shift in shifts]
    assert len(rows) == 2
    assert [shift.size for shift in shifts] == pytest.approx(convolved[rows].tolist(), rel=1e-9)
    assert all(abs(convolved[row]) / noise > 3 for row in rows)


def test_overscans_that_are_too_small() -> None:
    for shape in ((60, 40), (400, 3), (0, 0)):
        assert bias_shifts(np.zeros(shape))[1] == []
        assert math.isnan(bias_shifts(np.zeros(shape))[0])
    pixels = overscan()
    pixels[7] = np.nan
    assert bias_shifts(pixels)[1] == []
    near_end = overscan(5)
    near_end[-10:] += 500
    assert [s for s in bias_shifts(near_end)[1] if s.row > 390] == []
    assert len(filter_both_ways(*high_pass(5, 1 / 15), np.arange(61.0))) == 61


def test_banding() -> None:
    assert banding(overscan(6)) < 2.5
    wave = 10 * np.sin(2 * np.pi * np.arange(400) / 80)[:, None]
    assert banding(overscan(7, noise=0.1) + wave) == pytest.approx(2 * 10 * math.sin(0.4 * math.pi), rel=0.02)
    means = np.array([1.0, 4, 1, 4, 7, 7, 1, 1])
    smooth = np.convolve(means, np.full(3, 1 / 3), "valid")
    expected = np.quantile(smooth, 0.9) - np.quantile(smooth, 0.1)
    assert banding(np.repeat(means[:, None], 4, axis=1)) == pytest.approx(expected, rel=1e-14)
    assert math.isnan(banding(np.zeros((2, 5))))


def test_banding_of_a_detector() -> None:
    assert detector_banding([1, 2, 6, 90, 91, 92]) == 2
    assert detector_banding([1, math.nan, 6, 90, 91, 92]) == 3.5
    assert detector_banding([4]) == 4
    assert math.isnan(detector_banding([]))


@pytest.mark.parametrize("cti", [1e-6, 1e-5, 2e-4])
def test_transfer_inefficiency(cti: float) -> None:
    rng = np.random.default_rng(8)
    columns, signal = 512, 50000.0
    last = rng.normal(signal, 200, 2000)
    trail = rng.normal(0, 5, (2000, 10))
    trail[:, 0] += signal * cti * (columns + 1)
    value, error = transfer_inefficiency(last, trail, columns)
    assert value == pytest.approx(cti, abs=4 * error)
    assert error < 1e-7


def test_transfer_inefficiency_counts_three_columns() -> None:
    last, trail = np.full(100, 1000.0), np.tile([6.0, 3.0, 1.0, 50.0], (100, 1))
    trail[:, :3] = trail[:, :3].mean()
    assert transfer_inefficiency(last, trail, 99).value == pytest.approx(10 / 1000 / 100, rel=1e-12)
    assert math.isnan(transfer_inefficiency(last, trail[:, :0], 99).value)
    assert math.isnan(transfer_inefficiency(0 * last, trail, 99).value)


@pytest.mark.parametrize("is_read_at_top", [False, True])
def test_tearing(is_read_at_top: bool) -> None:
    flat = np.random.default_rng(9).normal(20000, 140, (400, 100)) * np.linspace(0.98, 1.02, 100)
    assert max(e.value for e in tearing(flat, is_read_at_top=is_read_at_top)) < 0.003
    near = slice(-210, None) if is_read_at_top else slice(0, 210)
    flat[near, 0] *= 1.02
    flat[near, -2] *= 0.99
    left, right = tearing(flat, is_read_at_top=is_read_at_top)
    assert left.value == pytest.approx(0.02, abs=5 * left.error)
    assert right.value == pytest.approx(0.01, abs=5 * right.error)
    assert max(e.value for e in tearing(flat, is_read_at_top=not is_read_at_top)) < 0.005


def test_tearing_of_small_or_dark_amplifiers() -> None:
    for flat in (np.ones((400, 40)), np.ones((5, 100)), np.zeros((400, 100)), np.full((400, 100), np.nan)):
        assert all(math.isnan(e.value) for e in tearing(flat))
