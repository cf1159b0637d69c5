"""Starts, ends and holes to validity ranges."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curated.core.diagnostic import Problem
from curated.core.keys import CalibFile, CalibKey
from curated.package.validity import Ends, Range, by_key, examine, resolve
from support.texts import examples

KEY = CalibKey("cam", "defects", "d00")
DAY = datetime(2024, 1, 1)


def day(number: float) -> datetime:
    return DAY + timedelta(days=number)


def files(*starts: float, key: CalibKey = KEY) -> list[CalibFile]:
    return [CalibFile(f"{key}/{number}.ecsv", key, day(number), "ecsv") for number in starts]


def path(number: float) -> str:
    return f"{KEY}/{number}.ecsv"


def resolved(files: list[CalibFile], ends: Ends) -> tuple[dict[str, Range], list[tuple[str, Problem]]]:
    ranges = resolve(files, ends)
    return ranges, list(examine(by_key(files), ranges, ends, {}))


def test_each_ends_where_the_next_starts() -> None:
    ranges, problems = resolved(files(2, 0, 1), {})
    assert problems == []
    assert ranges == {
        path(0): Range(day(0), day(1)),
        path(1): Range(day(1), day(2)),
        path(2): Range(day(2), None),
    }


def test_an_explicit_end() -> None:
    ranges, problems = resolved(files(0), {path(0): day(3)})
    assert problems == []
    assert ranges == {path(0): Range(day(0), day(3))}


def test_an_end_at_the_next_start_is_no_hole() -> None:
    ranges, problems = resolved(files(0, 1), {path(0): day(1)})
    assert problems == []
    assert ranges[path(0)] == Range(day(0), day(1))


@pytest.mark.parametrize(
    ("end", "code"),
    [(0.5, "CAL404"), (0, "CAL402"), (-1, "CAL402"), (1.5, "CAL403"), (1 + 1e-9, "CAL403"), (5, "CAL403")],
)
def test_ends_that_do_not_fit(end: float, code: str) -> None:
    moment = day(end) if end != 1 + 1e-9 else day(1) + timedelta(microseconds=1)
    ranges, problems = resolved(files(0, 1), {path(0): moment})
    assert [(where, p.code, p.pointer) for where, p in problems] == [
        (path(0), code, ("metadata", "VALIDEND"))
    ]
    assert ranges[path(0)] == Range(day(0), moment)


def test_equal_starts() -> None:
    twins = [CalibFile(name, KEY, DAY, "ecsv") for name in ("b.ecsv", "a.ecsv", "c.ecsv")]
    ranges, problems = resolved([*twins, *files(1)], {})
    assert [(where, p.code) for where, p in problems] == [("b.ecsv", "CAL401"), ("c.ecsv", "CAL401")]
    # A twin is not the end of the other: both reach to the next start.
    assert {ranges[name].end for name in ("a.ecsv", "b.ecsv", "c.ecsv")} == {day(1)}


def test_keys_do_not_meet() -> None:
    others = [
        CalibKey("cam", "defects", "d01"),
        CalibKey("cam", "crosstalk", "d00"),
        CalibKey("lab", "defects", "d00"),
    ]
    ranges, problems = resolved([f for key in [KEY, *others] for f in files(0, key=key)], {})
    assert problems == []
    assert {r.end for r in ranges.values()} == {None}


def test_instruments_that_differ_in_case_only_are_one() -> None:
    _, problems = resolved([*files(0), *files(0, key=CalibKey("CAM", "defects", "d00"))], {})
    assert [p.code for _, p in problems] == ["CAL401"]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (datetime(1970, 1, 1), None, []),
        (datetime(1969, 12, 31, 23, 59, 59), None, ["CAL405"]),
        (datetime(2099, 12, 31), datetime(2100, 1, 1), []),
        (datetime(2099, 12, 31), datetime(2100, 1, 1, 0, 0, 1), ["CAL405"]),
        (datetime(2100, 1, 1), None, ["CAL405"]),
        (datetime(1, 1, 1), datetime(9999, 12, 31), ["CAL405", "CAL405"]),
    ],
)
def test_what_a_repository_can_hold(start: datetime, end: datetime | None, expected: list[str]) -> None:
    file = CalibFile("a.ecsv", KEY, start, "ecsv")
    _, problems = resolved([file], {"a.ecsv": end} if end else {})
    assert [p.code for _, p in problems] == expected


def test_a_boundary_belongs_to_the_later_one() -> None:
    ranges, _ = resolved(files(0, 1), {})
    assert day(1) not in ranges[path(0)]
    assert day(1) in ranges[path(1)]
    assert day(0) in ranges[path(0)]
    assert day(-1) not in ranges[path(0)]
    assert datetime(9999, 12, 31) in ranges[path(1)]


def test_ranges_as_text() -> None:
    assert str(Range(day(0), day(1))) == "2024-01-01T00:00:00 to 2024-01-02T00:00:00"
    assert str(Range(day(0), None)) == "2024-01-01T00:00:00 to open"


@examples(200)
@given(st.lists(st.integers(0, 50), unique=True, max_size=12), st.dictionaries(st.integers(0, 50), st.integers(-5, 60)), st.randoms(use_true_random=False))  # fmt: skip
def test_ranges_do_not_depend_on_order_and_do_not_overlap(
    starts: list[int], ends: dict[int, int], random: object
) -> None:
    listed = files(*starts)
    given_ends = {path(start): day(end) for start, end in ends.items() if start in starts}
    ranges, problems = resolved(listed, given_ends)
    random.shuffle(listed)  # type: ignore[attr-defined]
    assert resolved(listed, given_ends) == (ranges, problems)
    codes = {p.code for _, p in problems}
    ordered = [ranges[path(start)] for start in sorted(starts)]
    if not codes & {"CAL402", "CAL403"}:
        for one, other in pairwise(ordered):
            assert one.end is not None
            assert one.start < one.end <= other.start
            assert (one.end < other.start) == any(
                p.code == "CAL404" and where == path((one.start - DAY).days) for where, p in problems
            )
    # At each moment, what is in force is the latest start whose range holds it.
    for number in range(60):
        holding = [r for r in ordered if day(number) in r]
        assert len(holding) <= 1 or codes & {"CAL403"}


def test_by_key_sorts_by_start_then_path() -> None:
    keyed = by_key([*files(2, 1), CalibFile("a.ecsv", KEY, day(1), "ecsv")])
    assert [file.path for file in keyed[KEY]] == ["a.ecsv", path(1), path(2)]
