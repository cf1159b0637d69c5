"""Average run lengths agree with published tables and with simulations."""

import math

import numpy as np
import pytest

from curated.monitoring.run_lengths import (
    cusum_run_length,
    ewma_run_length,
    normal_cdf,
    shewhart_run_length,
)

SHIFTS = (0.0, 0.5, 1.0, 2.0, 3.0)


def test_run_lengths_of_shewhart_charts():
    lengths = [shewhart_run_length(3.0, shift) for shift in SHIFTS]
    assert lengths == pytest.approx([370.4, 155.2, 43.9, 6.3, 2.0], abs=0.06)


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (4.0, (167.7, 26.6, 8.4, 3.3, 2.2)),
        (4.77, (368.6, 35.2, 9.9, 3.9, 2.5)),
        (5.0, (465.4, 38.0, 10.4, 4.0, 2.6)),
    ],
)
def test_run_lengths_of_cusum_charts(width, expected):
    lengths = [cusum_run_length(0.5, width, shift) for shift in SHIFTS]
    assert lengths == pytest.approx(expected, abs=0.06)


@pytest.mark.parametrize(
    ("weight", "width", "expected"),
    [
        (0.2, 2.962, (499.7, 41.8, 10.5, 3.7, 2.4)),
        (0.2, 2.859, (370.0, 36.2, 9.8, 3.6, 2.3)),
        (0.1, 2.814, (499.5, 31.3, 10.3, 4.4, 2.9)),
    ],
)
def test_run_lengths_of_ewma_charts(weight, width, expected):
    lengths = [ewma_run_length(weight, width, shift) for shift in SHIFTS]
    assert lengths == pytest.approx(expected, abs=0.06)


def test_an_ewma_of_weight_one_is_a_shewhart_chart():
    assert ewma_run_length(1.0, 3.0, 0.7) == shewhart_run_length(3.0, 0.7)


def test_limits_that_widen_shorten_the_run_as_in_a_simulation():
    """Simulated run lengths of 20,000 charts, with limits that widen from the start, and a shift of 0.5."""
    weight, width, shift = 0.2, 2.0, 0.5
    values = np.random.default_rng(5).normal(shift, 1.0, (600, 20_000))
    state, runs = np.zeros(20_000), np.full(20_000, 600)
    for night, row in enumerate(values, start=1):
        state = weight * row + (1 - weight) * state
        limit = width * math.sqrt(weight / (2 - weight) * (1 - (1 - weight) ** (2 * night)))
        runs = np.where((np.abs(state) > limit) & (runs == 600), night, runs)
        if night > 200 and (runs < 600).all():
            break
    error = runs.std() / math.sqrt(runs.size)
    exact = ewma_run_length(weight, width, shift, from_start=True)
    assert abs(runs.mean() - exact) < 4 * error
    assert exact < ewma_run_length(weight, width, shift) - 10 * error


def test_shifts_of_either_sign_are_found_alike():
    assert cusum_run_length(0.5, 4.0, -1.0) == pytest.approx(cusum_run_length(0.5, 4.0, 1.0), rel=1e-12)
    assert ewma_run_length(0.2, 2.8, -1.0) == pytest.approx(ewma_run_length(0.2, 2.8, 1.0), rel=1e-9)


def test_far_tails_of_the_normal_distribution_keep_their_digits():
    tails = normal_cdf(np.array([[-8.0, 0.0], [-38.0, 8.0]]))
    # Abramowitz & Stegun, table 26.2: -log10 Q(8) = 15.20614.
    assert -math.log10(tails[0, 0]) == pytest.approx(15.20614, abs=1e-5)
    assert tails[0, 1] == 0.5
    assert 0.0 < tails[1, 0] < 1e-300


@pytest.mark.parametrize("width", [0.0, -1.0])
def test_a_chart_without_room_signals_at_once(width):
    assert ewma_run_length(0.2, width) == 1.0


def test_a_limit_that_nothing_reaches_is_never_reached():
    assert shewhart_run_length(60.0) == math.inf
