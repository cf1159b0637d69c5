"""Checks of tests against the statistics that exist."""

from __future__ import annotations

from typing import Any

import pytest

from curated.registry import find_statistic, get_type
from curated.verification.row_checks import limits_in, statistic_problems
from curated.verification.verification_test import VerificationTest


def row(statistic: str, **more: Any) -> VerificationTest:
    values = {
        "id": "T",
        "level": "amplifier",
        "operator": "within",
        "limits": (-1.0, 1.0),
        "source": "S",
        **more,
    }
    return VerificationTest(statistic=statistic, **values)


def problems(type_name: str, *rows: VerificationTest) -> list[tuple[str, Any, str, str]]:
    return [(p.code, p.pointer, p.detail, p.hint) for p in statistic_problems(rows, get_type(type_name))]


def test_sound_rows() -> None:
    assert problems("bias", row("noise_excess"), row("banding", level="detector", unit="electron")) == []
    assert problems("dark", row("residual_rate", unit="electron/h")) == []
    assert problems("bias", row("noise_excess", unit="%")) == []


@pytest.mark.parametrize("name", ["noise_exces", "Noise-Excess", "noiseexcess"])
def test_misspelled_statistics(name: str) -> None:
    assert problems("bias", row("banding", unit="electron"), row(name)) == [
        (
            "CAL800",
            ("tests", 1, "statistic"),
            f"there is no statistic '{name}'",
            "did you mean 'noise_excess'?",
        )
    ]


def test_unknown_statistics_list_those_of_the_type() -> None:
    ((code, _, _, hint),) = problems("linearizer", row("bogus"))
    assert code == "CAL800"
    assert hint == "statistics of linearizer: largest_correction, residual_nonlinearity"
    assert "statistics of events: none" in problems("events", row("bogus"))[0][3]


@pytest.mark.parametrize(
    ("test", "code", "key", "detail"),
    [
        (
            row("banding", level="focal plane", unit="electron"),
            "CAL801",
            "level",
            "for the level amplifier or detector, not focal plane",
        ),
        (row("banding"), "CAL802", "unit", "banding is in electron, the limit has no unit"),
        (row("banding", unit="adu"), "CAL802", "unit", "the limit has 'adu'"),
        (row("banding", unit="no such unit"), "CAL802", "unit", "the limit has 'no such unit'"),
        (row("banding", unit="9" * 64), "CAL802", "unit", "banding is in electron"),
        (row("noise_excess", unit="electron"), "CAL802", "unit", "a number without unit"),
        (row("noise_excess", operator="==", limits=(0.0,)), "CAL803", "operator", "sampled from exposures"),
        (
            row("noise_excess", operator="<=", limits=(0.05,)),
            "CAL804",
            "operator",
            "every value below the limit",
        ),
        (
            row("noise_excess", operator=">", limits=(0.05,)),
            "CAL804",
            "operator",
            "every value above the limit",
        ),
        (
            row("turnoff_charge", unit="electron"),
            "CAL805",
            "statistic",
            "bias has no statistic turnoff_charge",
        ),
    ],
)
def test_rows_that_do_not_fit(test: VerificationTest, code: str, key: str, detail: str) -> None:
    ((problem_code, pointer, text, _),) = problems("bias", test)
    assert (problem_code, pointer) == (code, ("tests", 0, key))
    assert detail in text


def test_values_that_are_not_sampled_may_be_equal() -> None:
    assert problems("crosstalk", row("own_coefficient", level="detector", operator="==", limits=(0.0,))) == []


def test_all_problems_of_a_row_are_reported() -> None:
    test = row("pair_gain_excess", level="detector", unit="s", operator="<", limits=(1.0,))
    assert [code for code, *_ in problems("bias", test)] == ["CAL801", "CAL802", "CAL804", "CAL805"]


def test_limits_in_the_unit_of_the_statistic() -> None:
    rate = find_statistic("residual_rate")
    assert rate is not None
    test = row("residual_rate", unit="electron/h", limits=(-3600.0, 7200.0))
    assert limits_in(test, rate) == pytest.approx((-1, 2))
    with pytest.raises(ValueError, match="does not convert"):
        limits_in(row("residual_rate", unit="nm"), rate)
