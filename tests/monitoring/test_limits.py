"""Limits have the rate of false alarms that they were made for."""

import pytest

from curated.core.diagnostic import CuratedError
from curated.monitoring.limits import KINDS, describe_limits, family_limits, solve_limits
from curated.monitoring.run_lengths import cusum_run_length, ewma_run_length, shewhart_run_length

LENGTHS = {
    "shewhart": shewhart_run_length,
    "ewma": lambda width: ewma_run_length(0.2, width, from_start=True),
    "cusum": lambda width: cusum_run_length(0.5, width),
}


@pytest.mark.parametrize("run_length", [2.0, 370.4, 90_720.0, 1e10])
@pytest.mark.parametrize("kind", KINDS)
def test_limits_are_the_roots_of_run_lengths(kind, run_length):
    limits = solve_limits(kind, run_length)
    assert LENGTHS[kind](limits.width) == pytest.approx(run_length, rel=1e-5)


def test_one_false_alarm_in_thirty_nights_of_the_whole_camera():
    limits = family_limits("shewhart", 3024, 30)
    assert limits.run_length == 90_720
    assert limits.width == pytest.approx(4.396, abs=5e-4)
    assert describe_limits(limits) == "Shewhart k 4.396"


def test_textbook_limits():
    assert solve_limits("shewhart", 370.398).width == pytest.approx(3.0, abs=1e-5)
    # Montgomery, Introduction to Statistical Quality Control, table 9.3: h = 4.77 with k = 0.5 has about 370.
    assert solve_limits("cusum", 370.0).width == pytest.approx(4.77, abs=0.01)


def test_limits_grow_with_the_family_and_are_solved_once():
    widths = [[family_limits(kind, charts, 30).width for charts in (1, 100, 100_000)] for kind in KINDS]
    assert all(row == sorted(set(row)) for row in widths)
    assert family_limits("ewma", 100, 30) is family_limits("ewma", 100, 30)


@pytest.mark.parametrize(
    ("charts", "nights"), [(1, 1.0), (1, 0.0), (1, -30.0), (10**9, 365.0), (1, float("nan"))]
)
def test_rates_that_nobody_can_promise_are_refused(charts, nights):
    with pytest.raises(CuratedError, match="no limits give one false alarm"):
        family_limits("ewma", charts, nights)


def test_other_settings():
    assert solve_limits("cusum", 500.0, slack=0.25).width > solve_limits("cusum", 500.0).width
    assert solve_limits("ewma", 500.0, weight=1.0).width == pytest.approx(
        solve_limits("shewhart", 500.0).width, rel=1e-6
    )


def test_steps_are_found_as_soon_as_the_page_says():
    limits = {kind: family_limits(kind, 3024, 30).width for kind in ("ewma", "cusum")}
    assert [round(cusum_run_length(0.5, limits["cusum"], shift)) for shift in (1.0, 2.0)] == [21, 8]
    assert [round(ewma_run_length(0.2, limits["ewma"], shift, from_start=True)) for shift in (1.0, 2.0)] == [
        38,
        6,
    ]
