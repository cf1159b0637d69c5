"""Differences as text and JSON."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import datetime

import pytest

from curated.core.keys import CalibKey
from curated.declare import Measure, Reading
from curated.difference.change import Change, Difference, Effect
from curated.package.validity import Range
from curated.report.difference_text import difference_lines, difference_to_json, number_text

SHIFT = Measure(name="zero_point_shift", unit="mmag", doc="Shift.", compute=lambda *_: (), notable=5)
PATH = "cam/kind/d00/20200101T000000.ecsv"
RANGES = (Range(datetime(2020, 1, 1), datetime(2021, 1, 1)), Range(datetime(2022, 1, 1), None))


def make_difference(count: int = 1, effects: int = 1) -> Difference:
    readings = [Reading(-409.25 - i, 1.0, math.nan, {"band": f"b{i}"}) for i in range(effects)]
    change = Change(
        CalibKey("cam", "kind", "d00", ""), None, PATH, RANGES, tuple(Effect(SHIFT, r) for r in readings)
    )
    return Difference("A", "B", (change,) * count, ())


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (153229, "+153,229"),
        (-26.0, "-26"),
        (-409.2539, "-409.3"),
        (1.5e-7, "+1.5e-07"),
        (64050.25, "+64,050"),
        (-999.96, "-1000"),
        (math.nan, "not a number"),
        (math.inf, "+inf"),
        (1e300, "+1e+300"),
    ],
)
def test_numbers_have_four_digits(value: float, text: str) -> None:
    assert number_text(value, signed=value != 0) == text


def test_totals_of_long_names_are_wrapped() -> None:
    difference = make_difference()
    effect = Effect(
        SHIFT,
        Reading(1.0, of={"feature": "a glow of the amplifier that is next to the edge of the detector"}),
    )
    changes = (replace(difference.changes[0], effects=(effect,)),)
    lines = list(difference_lines(replace(difference, changes=changes)))
    assert max(map(len, lines)) <= 80
    assert lines[-2:] == [
        "  kind zero_point_shift                        +1 mmag at most (a glow of the",
        "    amplifier that is next to the edge of the detector)",
    ]


def test_lines_say_what_takes_whose_place_and_when() -> None:
    assert list(difference_lines(make_difference())) == [
        "cam/kind/d00",
        "  - nothing in force",
        f"  + {PATH}",
        "    from 2020-01-01T00:00:00 to 2021-01-01T00:00:00 UTC",
        "    from 2022-01-01T00:00:00 UTC on",
        "    zero_point_shift (b0) -409.2 mmag",
        "1 calibration changed: 1 kind",
        "  kind zero_point_shift                        -409.2 mmag at most (b0)",
    ]


def test_what_is_left_out_is_said() -> None:
    lines = list(difference_lines(make_difference(count=5, effects=9), most=2))
    assert lines[4:8] == [
        "    from 2022-01-01T00:00:00 UTC on",
        "    zero_point_shift (b0) -409.2, (b1) -410.2, (b2) -411.2, (b3) -412.2,",
        "      (b4) -413.2, (b5) -414.2 mmag, and 3 smaller",
        "cam/kind/d00",
    ]
    assert "and 3 smaller ones" in lines
    assert max(map(len, lines)) <= 80


def test_a_file_that_was_edited_is_named_once() -> None:
    (change,) = make_difference().changes
    lines = list(difference_lines(Difference("A", "B", (replace(change, old=PATH),), ())))
    assert lines[1] == f"  ~ {PATH}"
    assert sum(PATH in line for line in lines) == 1


def test_nothing_is_said_as_such() -> None:
    assert list(difference_lines(Difference("A", "B", (), ()))) == ["no calibration changed"]


def test_names_cannot_control_the_terminal() -> None:
    change = Change(
        CalibKey("c\x1bm", "kind", "", ""), "a\nb", None, unreadable=("a\nb",), fields=("x\u202e",)
    )
    lines = list(difference_lines(Difference("A", "B", (change,), ())))
    assert all(line.isprintable() for line in lines)


def test_json_is_strict_and_has_both_values() -> None:
    document = json.loads(json.dumps(difference_to_json(make_difference()), allow_nan=False))
    (change,) = document["changes"]
    assert change["measures"] == [
        {
            "name": "zero_point_shift",
            "of": {"band": "b0"},
            "value": -409.25,
            "unit": "mmag",
            "old": 1.0,
            "new": None,
            "worse": "either",
        }
    ]
    assert change["ranges"][1] == {"begin": "2022-01-01T00:00:00Z", "end": None}
    assert (change["old"], change["new"], change["detector"], change["filter"]) == (None, PATH, "d00", None)
    assert document["unchanged"] == 0


def test_names_of_values_fit_and_clocks_do_not_count() -> None:
    names = tuple(f"quantityOfALongName{i}" for i in range(9))
    change = Change(
        CalibKey("cam", "kind", "", ""), PATH, PATH, fields=names, keywords=("DATE", "CALIB_CREATION_TIME")
    )
    lines = list(difference_lines(Difference("A", "B", (change,), ())))
    assert max(map(len, lines)) <= 80
    text = " ".join(line.strip() for line in lines)
    assert f"differs in {', '.join(names[:6])} and 3 more" in text
