"""Verdicts of tests: operators, sampling errors and values that do not exist."""

from __future__ import annotations

import math

import pytest

from curated.declare.statistic import Estimate
from curated.verification.verification_test import Operator, VerificationTest


def row(operator: Operator, *limits: float, sigma: float = 3.0) -> VerificationTest:
    return VerificationTest(
        id="T", level="amplifier", statistic="mean", operator=operator, limits=limits, sigma=sigma
    )


@pytest.mark.parametrize(
    ("operator", "limits", "passing", "failing"),
    [
        ("<", (2,), (1.9, -math.inf), (2, 2.1, math.inf)),
        ("<=", (2,), (1.9, 2), (2.0001, math.inf)),
        (">", (2,), (2.1, math.inf), (2, 1.9, -math.inf)),
        (">=", (2,), (2, 2.1), (1.9999, -math.inf)),
        ("==", (2,), (2,), (1.9999, 2.0001, math.inf)),
        ("!=", (2,), (1.9, 2.1), (2,)),
        ("within", (-1, 2), (-1, 0, 2), (-1.01, 2.01, math.inf, -math.inf)),
        ("outside", (-1, 2), (-1.01, 2.01), (-1, 0, 2)),
    ],
)
def test_values_without_error(
    operator: Operator, limits: tuple[float, ...], passing: tuple[float, ...], failing: tuple[float, ...]
) -> None:
    test = row(operator, *limits)
    assert [test.verdict(Estimate(v)) for v in passing] == ["pass"] * len(passing)
    assert [test.verdict(Estimate(v)) for v in failing] == ["fail"] * len(failing)


@pytest.mark.parametrize(
    ("operator", "limits", "passing", "failing"),
    [
        ("<", (2,), (2.2, 2.29), (2.31, 2.4)),
        ("<=", (2,), (2.29,), (2.31,)),
        (">=", (2,), (1.71,), (1.69,)),
        ("==", (2,), (1.71, 2.29), (1.69, 2.31)),
        ("within", (-1, 2), (-1.29, 2.29), (-1.31, 2.31)),
        ("outside", (-1, 2), (-0.71, 1.71), (-0.69, 1.69, 0)),
    ],
)
def test_a_limit_may_be_exceeded_by_the_sampling_error(
    operator: Operator, limits: tuple[float, ...], passing: tuple[float, ...], failing: tuple[float, ...]
) -> None:
    test = row(operator, *limits)
    assert [test.verdict(Estimate(v, 0.1)) for v in passing] == ["pass"] * len(passing)
    assert [test.verdict(Estimate(v, 0.1)) for v in failing] == ["fail"] * len(failing)
    assert row(operator, *limits, sigma=0).verdict(Estimate(passing[0], 0.1)) == "fail"


def test_values_that_do_not_exist() -> None:
    test = row("<", 2)
    assert test.verdict(None) == test.verdict(Estimate(math.nan)) == "not run"
    assert test.verdict(Estimate(5, math.inf)) == "not run"
    assert test.verdict(Estimate(5, math.nan)) == "fail"
    assert test.verdict(Estimate(1, math.nan)) == "pass"
