"""Lines of what is in force: joined, hashed, compared, and cut where one collection hides another."""

from __future__ import annotations

import hashlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curated.core.times import utc_texts
from curated.datasets.inventory import Inventory, Line, compare, of_manifest

KEY = (("detector", 0), ("instrument", "Lab"))


def line(begin: int | None, end: int | None, content: str = "c", detector: int = 0) -> Line:
    return Line("defects", (("detector", detector), ("instrument", "Lab")), begin, end, content)


def of(*lines: Line) -> Inventory:
    return Inventory.of("here", lines)


def test_ranges_that_follow_each_other_with_the_same_content_are_one() -> None:
    assert of(line(5, 9), line(None, 5), line(9, None)).lines == (line(None, None),)
    assert of(line(1, 5), line(6, 9)).lines == (line(1, 5), line(6, 9))
    assert len(of(line(1, 5), line(5, 9, "d")).lines) == 2
    assert len(of(line(1, 5), line(5, 9, detector=1)).lines) == 2
    # An open end is no moment at which something else begins.
    assert len(of(line(1, None), line(None, 1)).lines) == 1


@given(st.lists(st.integers(1, 10**6), min_size=2, unique=True), st.data())
def test_cutting_a_range_changes_nothing(times: list[int], data: st.DataObject) -> None:
    times.sort()
    kept = [times[0], *(t for t in times[1:-1] if data.draw(st.booleans())), times[-1]]
    fine, coarse = (of(*(line(a, b) for a, b in pairwise(cuts))) for cuts in (times, kept))
    assert fine.lines == coarse.lines
    assert fine.fingerprint == coarse.fingerprint


def test_the_fingerprint_is_the_hash_of_the_lines() -> None:
    inventory = of(line(37_000_000_001, None, "b"), line(None, 37_000_000_001, "a"))
    texts = [
        "defects detector=0 instrument=Lab 1970-01-01T00:00:37.000000001 open b",
        "defects detector=0 instrument=Lab open 1970-01-01T00:00:37.000000001 a",
    ]
    assert sorted(map(str, inventory.lines)) == texts
    assert inventory.fingerprint == hashlib.sha256("".join(f"{t}\n" for t in texts).encode()).hexdigest()


def test_names_with_blanks_cannot_be_taken_for_others() -> None:
    odd = Line("flat", (("instrument", "Lab"), ("physical_filter", 'a b="c"')), None, None, "x")
    assert str(odd) == 'flat instrument=Lab physical_filter="a b=\\"c\\"" open open x'
    number = Line("flat", (("instrument", "1"),), None, None, "x")
    assert of(number, Line("flat", (("instrument", 1),), 1, 2, "x")).lines[0].data_id[0][1] == 1


def test_the_spelling_of_open_ends_does_not_count() -> None:
    def dataset(begin: int | None, end: int | None) -> dict[str, object]:
        validity = {"begin_tai_ns": begin, "end_tai_ns": end}
        return {"dataset_type": "d", "data_id": {"instrument": "L"}, "validity": validity, "content": "c"}

    assert of_manifest("", [dataset(0, 4102444800000000000)]).lines[0][2:4] == (None, None)
    assert (
        of_manifest("", [dataset(None, None)]).fingerprint == of_manifest("", [dataset(0, None)]).fingerprint
    )


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        ([line(1, 5)], [line(1, 6)], "validity"),
        ([line(1, 5)], [line(1, 5, "d")], "content"),
        ([line(1, 5)], [], "missing"),
        ([], [line(1, 5)], "added"),
        ([line(1, 5), line(5, 9, "d")], [line(1, 5, "d"), line(5, 9)], "validity"),
        ([line(1, 5), line(5, 9, "d")], [line(1, 5)], "content"),
    ],
)
def test_what_differs_has_a_kind(one: list[Line], other: list[Line], kind: str) -> None:
    (found,) = compare(of(*one), of(*other))
    assert found.kind == kind
    assert set(found.first) == set(one) - set(other)
    assert set(found.second) == set(other) - set(one)
    assert compare(of(*one), of(*one)) == []


def test_times_for_people_know_leap_seconds() -> None:
    leap = 1483228836 * 10**9  # 2016-12-31T23:59:60 UTC, IERS Bulletin C 52
    assert utc_texts([leap - 10**9, leap, leap + 10**9, leap + 1]) == {
        leap - 10**9: "2016-12-31T23:59:59",
        leap: "2016-12-31T23:59:60",
        leap + 10**9: "2017-01-01T00:00:00",
        leap + 1: "2016-12-31T23:59:60.000000001",
    }
    assert utc_texts([]) == {}
