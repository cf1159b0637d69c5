"""Moments, clipping and errors, against a reference in plain Python and against scatter of many samples."""

from __future__ import annotations

import math
import tracemalloc
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest

from curated.statistics.summary import WORDS, Moments, clipped_moments, summarize

VECTORS = {
    "even": [3.0, 1.0, 4.0, 1.5, 5.25, 9.0, 2.5, 6.0],
    "odd": [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0],
    "outlier": [10.0, 10.1, 9.9, 10.05, 9.95, 10.02, 9.98, 500.0],
    "large": [60000.0 + d for d in (0.25, -0.5, 0.125, 1.0, -0.75, 0.5, 30.0)],
    "negative": [-5.0, -1.0, -3.5, 0.0, -2.25, 7.0, -4.0, -40.0],
    "holes": [1.0, math.nan, 2.0, math.inf, 3.0, -math.inf, 5.0, 90.0, 2.5],
    "pair": [1.0, 2.0],
    "equal": [7.5, 7.5, 7.5, 7.5, 7.5, 8.0],
    # Clipped by the interquartile range, 3.2 comes back by the standard deviation of the others.
    "returning": [3.27, 0.28, -0.89, -6.31, -3.36, 0.12, -0.25, -0.74, 0.4, 2.27, 0.02, 0.49, -0.24, 2.53],
}


def reference(values: Sequence[float], sigma: float, iterations: int) -> dict[str, float]:
    """Return statistics as afw's sources have them, in exact arithmetic as far as there are no roots."""
    finite = sorted(Fraction(value) for value in values if math.isfinite(value))
    count = len(finite)

    def quantile(numerator: int) -> Fraction:
        position = Fraction(numerator, 4) * (count - 1)
        low = int(position)
        high = min(low + 1, count - 1)
        return finite[low] + (position - low) * (finite[high] - finite[low])

    def moments(kept: list[Fraction]) -> tuple[Fraction, Fraction]:
        mean = sum(kept, Fraction()) / len(kept)
        return mean, sum(((value - mean) ** 2 for value in kept), Fraction()) / (len(kept) - 1)

    mean, variance = moments(finite)
    spread = quantile(3) - quantile(1)
    kept, center, limit = finite, quantile(2), sigma * 0.741301109252802 * float(spread)
    for _ in range(iterations):
        kept = [value for value in finite if abs(float(value - center)) <= limit]
        center, clipped = moments(kept)
        limit = sigma * math.sqrt(clipped)
    return {
        "NPOINT": count,
        "SUM": float(sum(finite, Fraction())),
        "MEAN": float(mean),
        "STDEV": math.sqrt(variance),
        "VARIANCE": float(variance),
        "MEANSQUARE": float(sum((value**2 for value in finite), Fraction()) / count),
        "MIN": float(finite[0]),
        "MAX": float(finite[-1]),
        "MEDIAN": float(quantile(2)),
        "IQRANGE": float(spread),
        "MEANCLIP": float(center),
        "STDEVCLIP": math.sqrt(clipped),
        "VARIANCECLIP": float(clipped),
        "NCLIPPED": count - len(kept),
    }


@pytest.mark.parametrize("sigma", [2.0, 3.0, 5.0])
@pytest.mark.parametrize("iterations", [1, 2, 3])
@pytest.mark.parametrize("name", VECTORS)
def test_words_are_those_of_the_reference(name: str, iterations: int, sigma: float) -> None:
    summary = summarize(np.array(VECTORS[name]), sigma=sigma, iterations=iterations)
    expected = reference(VECTORS[name], sigma, iterations)
    assert expected.keys() == WORDS.keys()
    for word, value in expected.items():
        assert summary.estimate(word).value == pytest.approx(value, rel=1e-12, abs=1e-12), word


def test_a_value_comes_back_in_a_later_pass() -> None:
    values = np.array(VECTORS["returning"])
    counts = [clipped_moments(values, sigma=3.0, iterations=n).number for n in (1, 2, 3)]
    assert counts == [10, 11, 12]
    assert all(
        reference(VECTORS["returning"], 3.0, n + 1)["NCLIPPED"] == 14 - c for n, c in enumerate(counts)
    )


def test_passes_clip_further() -> None:
    values = np.array([*np.linspace(-1, 1, 101), *np.linspace(1, 6, 15), 9.0, 30.0])
    numbers = [clipped_moments(values, sigma=3.0, iterations=n).number for n in (1, 2, 3)]
    assert numbers == [106, 105, 104]


@pytest.mark.parametrize("dtype", [">f4", "f4", "f8", ">f8", "u2", "i2", "i4", "i8", "u1", "bool"])
def test_types_and_shapes(dtype: str) -> None:
    values = np.arange(24).reshape(2, 3, 4) % 7
    array = values.astype(dtype)
    assert summarize(array) == summarize(array.astype("f8").ravel())


def test_unusable_pixels_do_not_count() -> None:
    values = np.random.default_rng(3).normal(5, 2, (40, 50))
    usable = np.random.default_rng(4).random((40, 50)) < 0.6
    some, same = summarize(values, usable), summarize(values[usable])
    assert some[1:6] == same[1:6]
    for moments, expected in ((some.moments, same.moments), (some.clipped, same.clipped)):
        assert moments == pytest.approx(expected, rel=1e-12)
    column = usable[:1]
    assert summarize(values, column) == summarize(values[:, column[0]])


def test_nothing_and_little() -> None:
    for values in (np.empty(0), np.full(3, np.nan), np.empty((0, 5))):
        summary = summarize(values)
        assert summary.estimate("NPOINT").value == 0
        assert all(math.isnan(summary.estimate(w).value) for w in WORDS if w not in ("NPOINT", "NCLIPPED"))
    single = summarize(np.array([4.0]))
    assert single.estimate("MEAN").value == single.estimate("MEDIAN").value == single.maximum == 4
    assert math.isnan(single.estimate("STDEV").value)


def test_large_images_give_what_small_ones_do() -> None:
    rng = np.random.default_rng(5)
    image = rng.normal(1000, 30, (600, 700)).astype("f4")
    image[rng.random(image.shape) < 0.01] = np.nan
    summary = summarize(image, sigma=5)
    finite = image[np.isfinite(image)].astype("f8")
    assert summary.moments == pytest.approx((finite.size, finite.mean(), finite.var(ddof=1)), rel=1e-12)
    quartiles = np.quantile(finite, [0.5, 0.25, 0.75])
    assert summary[3:6] == pytest.approx(quartiles, rel=1e-14)


def test_memory_is_below_that_of_the_image() -> None:
    image = np.random.default_rng(6).normal(0, 1, (2048, 2048)).astype("f4")
    tracemalloc.start()
    summarize(image)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < image.nbytes


@pytest.mark.parametrize("word", [w for w in WORDS if w not in ("NPOINT", "NCLIPPED", "MIN", "MAX")])
def test_errors_are_the_scatter_of_many_samples(word: str) -> None:
    samples = np.random.default_rng(7).normal(3, 2, (400, 200))
    estimates = [summarize(sample, sigma=5).estimate(word) for sample in samples]
    scatter = np.std([e.value for e in estimates], ddof=1)
    # The scatter of 400 samples is known to 3.5 %.
    assert np.mean([e.error for e in estimates]) == pytest.approx(scatter, rel=0.12)


def test_errors_of_extremes_are_of_the_right_order() -> None:
    samples = np.random.default_rng(8).normal(0, 1, (300, 2000))
    scatter = np.std(samples.max(axis=1))
    assert summarize(samples[0]).estimate("MAX").error == pytest.approx(scatter, rel=0.25)


def test_deviation_is_the_root_of_the_variance() -> None:
    assert Moments(5, 1.0, 9.0).deviation == 3
