"""Waivers: which results they cover, from when to when, and up to which value."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import pytest

from curated.core.keys import CalibKey
from curated.verification.verification_test import Operator, TestResult, VerificationTest
from curated.verification.waivers import Waiver, excess, judge, make_waiver

KEY = CalibKey("demo", "bias", "d0")
ENTRY = {
    "test": "BIAS-NOISE",
    "type": "bias",
    "detector": "D0",
    "amplifier": "A",
    "value": 0.07,
    "reason": "one warm night",
    "name": "Ada Astronomer",
    "ticket": "CAL-12",
    "date": "2026-01-01",
    "until": "2026-06-01",
}
TODAY = date(2026, 3, 1)


def row(operator: Operator = "within", *limits: float, required: bool = True) -> VerificationTest:
    return VerificationTest(
        id="BIAS-NOISE",
        level="amplifier",
        statistic="s",
        operator=operator,
        limits=limits or (-0.05, 0.05),
        required=required,
    )


def result(value: float = 0.07, amplifier: str = "A", verdict: str = "fail", **options: Any) -> TestResult:
    return TestResult(
        test=row(**options), detector="d0", amplifier=amplifier, value=value, error=0, verdict=verdict
    )  # type: ignore[arg-type]


def waiver(**values: Any) -> Waiver:
    return make_waiver({k: v for k, v in {**ENTRY, **values}.items() if v is not None})


@pytest.mark.parametrize("value", [0.07, 0.069, -0.06, -0.07])
def test_a_result_no_worse_is_waived(value: float) -> None:
    judgement = judge(KEY, [result(value)], [waiver()], TODAY)
    assert judgement.blocking == ()
    assert [w.name for _, w in judgement.waived] == ["Ada Astronomer"]


@pytest.mark.parametrize("value", [0.0701, -0.0701, math.inf])
def test_a_worse_result_is_not(value: float) -> None:
    judgement = judge(KEY, [result(value)], [waiver()], TODAY)
    assert len(judgement.blocking) == len(judgement.worse) == 1


@pytest.mark.parametrize(
    "other",
    [{"test": "BIAS-MEAN"}, {"type": "dark"}, {"detector": "d1"}, {"amplifier": "B"}, {"filter": "g"}],
)
def test_a_waiver_is_for_what_it_names(other: dict[str, str]) -> None:
    judgement = judge(KEY, [result()], [waiver(**other)], TODAY)
    assert len(judgement.blocking) == 1
    assert judgement.waived == judgement.worse == judgement.expired == ()


def test_names_that_are_left_out_stand_for_all() -> None:
    judgement = judge(KEY, [result(), result(amplifier="B")], [waiver(detector=None, amplifier=None)], TODAY)
    assert len(judgement.waived) == 2


@pytest.mark.parametrize(
    ("day", "blocking", "expired"),
    [
        (date(2025, 12, 31), 1, 0),
        (date(2026, 1, 1), 0, 0),
        (date(2026, 5, 31), 0, 0),
        (date(2026, 6, 1), 1, 1),
        (None, 0, 0),
    ],
)
def test_it_holds_from_its_date_to_the_day_before_until(
    day: date | None, blocking: int, expired: int
) -> None:
    judgement = judge(KEY, [result()], [waiver()], day)
    assert (len(judgement.blocking), len(judgement.expired)) == (blocking, expired)


def test_what_was_not_run_needs_a_waiver_without_a_value() -> None:
    missing = result(math.nan, verdict="not run")
    assert len(judge(KEY, [missing], [waiver()], TODAY).blocking) == 1
    assert judge(KEY, [missing], [waiver(value=None)], TODAY).blocking == ()
    assert len(judge(KEY, [result()], [waiver(value=None)], TODAY).blocking) == 1
    optional = result(math.nan, verdict="not run", required=False)
    assert judge(KEY, [optional, result(verdict="pass")], [], TODAY).blocking == ()


@pytest.mark.parametrize(
    "wrong",
    [{"until": "2026-01-01"}, {"until": "2025-01-01"}, {"date": "2026-02-30"}, {"until": "2026-13-01"}],
)
def test_days_that_are_none(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"day|month|ends on"):
        waiver(**wrong)


@pytest.mark.parametrize(
    ("operator", "limits", "value", "beyond"),
    [
        ("<", (2.0,), 2.5, 0.5),
        ("<=", (2.0,), 1.0, 0.0),
        (">", (2.0,), 1.5, 0.5),
        (">=", (2.0,), 3.0, 0.0),
        ("within", (-1.0, 2.0), -3.0, 2.0),
        ("within", (-1.0, 2.0), 5.0, 3.0),
        ("outside", (-1.0, 2.0), 0.0, 1.0),
        ("outside", (-1.0, 2.0), 3.0, 0.0),
        ("==", (2.0,), 1.0, 1.0),
        ("!=", (2.0,), 2.0, math.inf),
        ("<", (2.0,), math.nan, math.inf),
    ],
)
def test_how_far_a_value_is_beyond(
    operator: Operator, limits: tuple[float, ...], value: float, beyond: float
) -> None:
    assert excess(row(operator, *limits), value) == pytest.approx(beyond)
