"""Impacts as text of 80 columns and as JSON."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import date, timedelta

from curated.core.keys import CalibKey
from curated.declare import Measure, Reading
from curated.difference.change import Change, Effect
from curated.exposures.impact import Counts, Impact, Largest, NightImpact, TypeImpact
from curated.report.impact.text import MOST_NIGHTS, impact_lines, impact_to_json

SHIFT = Measure(name="zero_point_shift", unit="mmag", doc="", compute=lambda *_: (), notable=5)
LARGEST = Largest(
    Effect(SHIFT, Reading(-409.25, of={"band": "u"})), Change(CalibKey("cam", "flat", "d00", "u"), "a", "b")
)
NUMBERS = Counts(any=1200, file=1200, content=900, effect=30, new=4, lost=0)


def make_impact(nights: int) -> Impact:
    types = (
        TypeImpact("flat", NUMBERS, NUMBERS, LARGEST),
        TypeImpact("transmission_filter_detector", NUMBERS, NUMBERS, None),
    )
    first = date(2024, 4, 1)
    entries = [NightImpact("cam", first + timedelta(days=i), 2000, NUMBERS, types) for i in range(nights)]
    return Impact("a" * 40, "work tree", 1_000_000, 0, 0, nights, NUMBERS, types, tuple(entries))


def test_lines_fit_a_terminal() -> None:
    assert list(impact_lines(make_impact(1))) == [
        "aaaaaaaaaaaa to work tree: 1,200 of 1,000,000 exposures in 1 night affected",
        "",
        "exposures by type                 file   content    effect       new      lost",
        "flat                             1,200       900        30         4         0",
        "  at most zero_point_shift (u) -409.2 mmag in d00/u",
        "transmission_filter_detector     1,200       900        30         4         0",
        "any of them                      1,200       900        30         4         0",
        "",
        "affected of exposures by night    file   content    effect       new      lost",
        "2024-04-01 1,200 of 2,000        1,200       900        30         4         0",
    ]
    assert all(len(line) <= 80 for line in impact_lines(make_impact(500)))


def test_many_nights_are_summed() -> None:
    lines = list(impact_lines(make_impact(MOST_NIGHTS + 1)))
    assert lines[-1] == "2 more until 2024-05-11          2,400     1,800        60         8         0"
    assert len(impact_to_json(make_impact(MOST_NIGHTS + 1))["nights"]) == MOST_NIGHTS + 1


def test_what_could_not_be_looked_at_is_said() -> None:
    impact = replace(make_impact(0), affected=Counts(), rejected=1, left_out=3)
    assert list(impact_lines(impact))[1:] == [
        "1 row could not be looked at",
        "3 rows of other instruments left out",
    ]


def test_json_has_no_infinity() -> None:
    impact = make_impact(1)
    effect = Effect(SHIFT, Reading(math.inf, of={"band": "u"}))
    types = (replace(impact.types[0], largest=LARGEST._replace(effect=effect)),)
    document = json.loads(json.dumps(impact_to_json(replace(impact, types=types)), allow_nan=False))
    (kind,) = document["types"]
    assert kind["exposures"] == {"any": 1200, "file": 1200, "content": 900, "effect": 30, "new": 4, "lost": 0}
    assert kind["largest"] == {
        "measure": "zero_point_shift",
        "of": {"band": "u"},
        "value": None,
        "unit": "mmag",
        "detector": "d00",
        "filter": "u",
        "old": "a",
        "new": "b",
    }
