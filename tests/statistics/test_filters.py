"""The Butterworth filter, and the rejection of cosmic rays."""

from __future__ import annotations

import numpy as np
import pytest

from curated.statistics.filters import cosmic_rays, filter_both_ways, high_pass


@pytest.mark.parametrize(("order", "cutoff"), [(5, 1 / 15), (1, 0.5), (2, 0.1), (4, 0.8)])
def test_coefficients_are_those_of_scipy(order: int, cutoff: float) -> None:
    signal = pytest.importorskip("scipy.signal")
    for ours, theirs in zip(high_pass(order, cutoff), signal.butter(order, cutoff, "high"), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10)


@pytest.mark.parametrize("size", [30, 61, 500])
def test_filtered_values_are_those_of_scipy(size: int) -> None:
    signal = pytest.importorskip("scipy.signal")
    values = np.random.default_rng(1).normal(1000, 3, size) + np.linspace(0, 50, size)
    coefficients = high_pass(5, 1 / 15)
    np.testing.assert_allclose(
        filter_both_ways(*coefficients, values), signal.filtfilt(*coefficients, values), atol=1e-8
    )


def test_what_the_filter_passes() -> None:
    rows = np.arange(2000)
    slow, fast = np.sin(2 * np.pi * rows / 300), np.sin(2 * np.pi * rows / 6)
    filtered = filter_both_ways(*high_pass(5, 1 / 15), 500 + slow + fast)
    assert np.abs(filtered - fast)[200:-200].max() < 0.01


def test_single_pixel_has_its_own_significance() -> None:
    image = np.zeros((9, 9))
    image[4, 4] = 51
    assert np.argwhere(cosmic_rays(image, 10.0)).tolist() == [[4, 4]]
    image[4, 4] = 49
    assert not cosmic_rays(image, 10.0).any()


def test_tracks_and_their_edges() -> None:
    rng = np.random.default_rng(2)
    image = rng.normal(100, 5, (200, 200))
    track = [(20 + i, 30 + i // 2) for i in range(25)]
    for row, column in track:
        image[row, column] += 400
    hit = cosmic_rays(image, 5.0)
    assert sum(hit[row, column] for row, column in track) >= 23
    assert hit.sum() < len(track) + 40


def test_noise_is_not_hit() -> None:
    image = np.random.default_rng(3).normal(0, 5, (400, 400))
    assert cosmic_rays(image, 5.0).mean() < 1e-4


def test_pixels_that_are_not_finite() -> None:
    image = np.zeros((5, 5))
    image[1, 1], image[1, 2], image[3, 3] = np.nan, 100, np.inf
    assert np.argwhere(cosmic_rays(image, 1.0)).tolist() == [[1, 2]]
    assert not cosmic_rays(image, 0.0).any()
    assert not cosmic_rays(np.full((3, 3), np.nan), 1.0).any()
