"""Statistics of single charts agree with published examples."""

import math

import numpy as np
import pytest

from curated.monitoring.single_charts import cusum, ewma, ewma_limit, normal_scores, student_quantiles

VALUES = "52.0 47.0 53.0 49.3 50.1 47.0 51.0 50.1 51.2 50.5 49.6 47.6 49.9 51.3 47.8 51.2 52.6 52.4 53.6 52.1"
AVERAGES = (
    "50.60 49.52 50.56 50.18 50.16 49.21 49.75 49.85 50.26 50.33 50.11 49.36 49.52 50.05 49.38 49.92 50.73 51.23 51.94"
    " 51.99"
)


def numbers(text):
    return np.array(text.split(), dtype=float)


def test_the_published_example_of_an_ewma():
    """NIST/SEMATECH e-Handbook of Statistical Methods, section 6.3.2.4."""
    averages = ewma(numbers(VALUES), 50.0, 0.3)
    assert np.round(averages, 2).tolist() == numbers(AVERAGES).tolist()
    limit = 2.0539 * ewma_limit(np.array([1e6]), 0.3, 3.0)[0]
    assert (round(50 - limit, 4), round(50 + limit, 4)) == (47.4116, 52.5884)


def test_limits_of_an_ewma_widen_with_the_variance_of_the_average():
    weight, counts = 0.3, np.arange(1, 8)
    variance = np.cumsum((weight * (1 - weight) ** np.arange(7)) ** 2)
    assert ewma_limit(counts, weight, 2.5) == pytest.approx(2.5 * np.sqrt(variance), rel=1e-12)


def test_cumulative_sums_by_hand():
    values = np.array([1.0, 2.0, math.nan, 0.0, -3.0])
    upper, lower = cusum(values, 0.0, 0.5)
    assert upper.tolist() == [0.5, 2.0, 2.0, 1.5, 0.0]
    assert lower.tolist() == [0.0, 0.0, 0.0, 0.0, 2.5]


@pytest.mark.parametrize(
    # Student's t at the two-sided probabilities of normal scores 1.959964, 3.290527 and 4.891638 (5 %, 0.1 %, 1e-6).
    ("t", "degrees", "score", "error"),
    [
        (2.262157, 9, 1.959964, 1e-5),
        (4.780913, 9, 3.290527, 1e-5),
        (3.883406, 19, 3.290527, 1e-5),
        (2.0, 1e9, 2.0, 1e-6),
        (-2.262157, 9, -1.959964, 1e-5),
    ],
)
def test_scores_have_the_probability_of_students_t(t, degrees, score, error):
    assert normal_scores(np.array([t]), np.array([degrees], dtype=float))[0] == pytest.approx(
        score, abs=error
    )


def test_scores_far_out_agree_with_the_exact_distribution():
    """Student's distribution of four degrees of freedom has a closed form."""
    for t in (3.0, 10.0, 40.0):
        u = t / math.sqrt(4 + t * t)
        tail = 0.5 - 0.75 * (u - u**3 / 3)
        score = normal_scores(np.array([t]), np.array([4.0]))[0]
        assert 0.5 * math.erfc(score / math.sqrt(2)) == pytest.approx(tail, rel=0.01)


@pytest.mark.parametrize("degrees", [19, 50, 365])
@pytest.mark.parametrize("score", [2.0, 3.0, 4.6, -4.6])
def test_quantiles_of_students_t_are_the_inverse_of_scores(score, degrees):
    t = student_quantiles(score, np.array([float(degrees)]))
    assert normal_scores(t, np.array([float(degrees)]))[0] == pytest.approx(score, rel=2e-3)
