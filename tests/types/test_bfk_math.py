"""The correction of the brighter-fatter effect, against a sum that is written out."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curated.core.geometry import Box
from curated.types._bfk_math import correct
from support.demo import demo_calib
from support.kernels import bfk, kernel_of, star
from support.readings import all_readings
from support.texts import examples


def divergence(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Sum over the sides of each pixel, potentials by the sum that defines the convolution."""
    height, width = image.shape
    half = len(kernel) // 2

    def pixel(y: int, x: int) -> float:
        return image[min(max(y, 0), height - 1), min(max(x, 0), width - 1)]

    def potential(y: int, x: int) -> float:
        lags = range(-half, half + 1)
        return sum(kernel[half + dy, half + dx] * pixel(y - dy, x - dx) for dy in lags for dx in lags)

    phi = [[potential(y, x) for x in range(width)] for y in range(height)]
    corrected = np.zeros(image.shape)
    for y, x in np.ndindex(image.shape):
        for j, i in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
            if 0 <= j < height and 0 <= i < width:
                corrected[y, x] += (image[y, x] + image[j, i]) / 2 * (phi[j][i] - phi[y][x])
    return corrected


def second_moment(image: np.ndarray) -> float:
    y, x = np.mgrid[: image.shape[0], : image.shape[1]] - image.shape[0] // 2
    return float((image * (x**2 + y**2)).sum() / image.sum())


def blurred(true: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """What is read when ``true`` falls in: the equation of the correction, solved for the other image."""
    once = correct(true, [(kernel, Box(0, 0, true.shape[1], true.shape[0]))], np.inf, 1)
    return true - (once - true)


def test_correction_is_the_sum() -> None:
    kernel = kernel_of(5) * np.add.outer(np.arange(5), np.linspace(1, 2, 5))
    image = np.random.default_rng(8).uniform(0, 50000, (9, 11))
    corrected = bfk(kernel).apply(image, threshold=np.inf, max_iter=1)
    expected = image + 0.5 * divergence(image, kernel)
    assert np.abs(expected - image).max() > 10
    assert np.allclose(corrected, expected, rtol=0, atol=1e-7)
    twice = bfk(kernel).apply(image, threshold=1e9, max_iter=9)
    assert np.array_equal(corrected, twice)


def test_a_second_iteration_uses_the_first() -> None:
    kernel, image = kernel_of(5), np.random.default_rng(9).uniform(0, 50000, (9, 11))
    with pytest.warns(RuntimeWarning, match="still changed by .* electrons after 2 iterations"):
        corrected = bfk(kernel).apply(image, threshold=0.0, max_iter=2)
    once = image + 0.5 * divergence(image, kernel)
    assert np.allclose(corrected, image + 0.5 * divergence(once, kernel), rtol=0, atol=1e-7)


@pytest.mark.parametrize("dx", [0.0, 0.4])
def test_a_star_gets_its_width_back(dx: float) -> None:
    kernel, true = kernel_of(), star(1.8, 1.5e6, dx=dx) + 200.0
    observed = blurred(true, kernel)
    assert second_moment(observed - 200) > second_moment(true - 200) * 1.003
    corrected = bfk(kernel).apply(observed, threshold=1e-3, max_iter=50)
    assert np.abs(corrected - true).max() < 1e-3
    assert np.abs(observed - true).max() > 100
    assert second_moment(corrected - 200) == pytest.approx(second_moment(true - 200), rel=1e-7)
    assert corrected.sum() == pytest.approx(observed.sum(), rel=1e-12)


@examples(30)
@given(st.integers(0, 2**32), st.integers(5, 40), st.integers(5, 40))
def test_charge_is_conserved(seed: int, height: int, width: int) -> None:
    image = np.random.default_rng(seed).uniform(0, 60000, (height, width))
    corrected = bfk(kernel_of()).apply(image, threshold=np.inf)
    assert corrected.sum() == pytest.approx(image.sum(), rel=1e-12)


def test_flat_light_stays_as_it_is() -> None:
    image = np.full((40, 50), 30000.0)
    assert np.allclose(bfk(kernel_of()).apply(image), image, rtol=1e-11)


@pytest.mark.parametrize("shape", [(1, 1), (7, 11), (13, 17), (23, 29)])
def test_images_of_any_size(shape: tuple[int, int]) -> None:
    """Transforms are of a longer length than images with sides of large primes."""
    image, kernel = np.random.default_rng(3).uniform(0, 50000, shape), kernel_of(5)
    corrected = correct(image, [(kernel, Box(0, 0, shape[1], shape[0]))], np.inf, 1)
    assert np.allclose(corrected, image + 0.5 * divergence(image, kernel), rtol=0, atol=1e-7)


def test_the_side_between_two_amplifiers_has_the_mean_of_both() -> None:
    image, kernel = np.random.default_rng(4).uniform(0, 50000, (9, 12)), kernel_of(5)
    left, right = Box(0, 0, 6, 9), Box(6, 0, 6, 9)

    def changes(first: float, second: float) -> np.ndarray:
        return correct(image, [(first * kernel, left), (second * kernel, right)], np.inf, 1) - image

    single = 0.5 * divergence(image, kernel)
    np.testing.assert_allclose(changes(1, 1), single, rtol=0, atol=1e-7)
    # The correction is linear in the kernels, and one kernel reaches one column beyond its own amplifier.
    np.testing.assert_allclose(changes(1, 0) + changes(0, 1), single, rtol=0, atol=1e-7)
    assert np.abs(changes(1, 0)[:, 7:]).max() < 1e-7
    assert np.abs(changes(1, 0)[:, 6]).max() > 1
    np.testing.assert_allclose(changes(1, 0)[:, :5], single[:, :5], rtol=0, atol=1e-7)


def test_changes_of_kernels() -> None:
    old = demo_calib("bfk")
    name = next(iter(old.kernels))
    kernel = old.kernels[name].copy()
    row, column = (side // 2 for side in kernel.shape)
    kernel[row, column] *= 1.1
    field = "detKernels" if old.level == "DETECTOR" else "ampKernels"
    values = all_readings(old, dataclasses.replace(old, **{field: {**old.kernels, name: kernel}}))
    assert [r.value for r in values["central_value_change"]] == [pytest.approx(10)]
    area = 1e5 * abs(0.1 * old.kernels[name][row, column])
    assert [r.value for r in values["area_change_at_100ke"]] == [pytest.approx(area)]
    padded = dataclasses.replace(old, **{field: {k: np.pad(v, 2) for k, v in old.kernels.items()}})
    assert all_readings(old, padded) == {}


def test_kernels_that_are_no_longer_valid() -> None:
    old = demo_calib("bfk")
    name = next(iter(old.kernels))
    new = dataclasses.replace(old, valid={**old.valid, name: False})
    assert all_readings(old, new) == {"amplifiers_lost": [(1, 1, 0, {"amplifier": name})]}
