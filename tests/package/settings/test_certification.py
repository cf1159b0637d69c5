"""Which calibrations must be certified, and that a mistake never asks for less."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from curated.package.settings.certification import CertificationRule, parse_certification

START = datetime(2024, 1, 1)


@pytest.mark.parametrize(
    ("value", "needed"),
    [
        (None, False),
        ("required", True),
        ({}, True),
        ({"from": "2024-01-01"}, True),
        ({"from": "2024-01-01T00:00:01"}, False),
        ({"types": ["gains"]}, True),
        ({"types": ["bias"]}, False),
        ({"types": ["bias", "gains"], "from": "2023-01-01"}, True),
    ],
)
def test_what_is_needed(value: Any, needed: bool) -> None:
    rule, problems = parse_certification(value)
    assert not problems
    assert rule.is_for("gains", START) is needed


@pytest.mark.parametrize(
    "value",
    [
        "no",
        1,
        [],
        {"from": 2024},
        {"from": "soon"},
        {"types": "bias"},
        {"types": [1, "gain"]},
        {"since": "2024-01-01"},
    ],
)
def test_a_mistake_asks_for_all(value: Any) -> None:
    rule, problems = parse_certification(value)
    assert {problem.code for problem in problems} == {"CAL002"}
    assert rule == CertificationRule(True)


def test_aliases_of_types() -> None:
    rule, _ = parse_certification({"types": ["LINEARITY"]})
    assert rule.types == ("linearizer",)
