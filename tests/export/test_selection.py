"""Which certifications are in force, and the moments in UTC that ranges in TAI become."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from curated.core.times import EARLIEST, WHOLE_SECONDS, tai_nanoseconds, utc_times
from curated.datasets.record import Dataset
from curated.datasets.spans import FIRST_NS, LAST_NS, Span
from curated.export.selection import in_force

KEYS = ((("detector", 0), ("instrument", "Lab")), (("detector", 1), ("instrument", "Lab")))


def one(uuid: str, begin: int, end: int, collection: str = "a", detector: int = 0) -> Dataset:
    span = Span(begin, end)
    return Dataset("defects", KEYS[detector], span, uuid=uuid, run=f"run-{uuid}", collection=collection)


def spans(collections: list[list[Dataset]]) -> list[tuple[str, int, int]]:
    return [(c.uuid, *c.span) for c in in_force(collections)[0]]


def test_the_first_collection_that_covers_a_moment_counts() -> None:
    newer = [one("n1", 10, 20), one("n2", 40, 50)]
    older = [one("o1", 0, 15, "b"), one("o2", 15, 100, "b")]
    expected = [("o1", 0, 10), ("n1", 10, 20), ("o2", 20, 40), ("n2", 40, 50), ("o2", 50, 100)]
    assert spans([newer, older]) == expected


def test_a_dataset_that_several_collections_share_is_not_cut() -> None:
    assert spans([[one("x", 0, 10)], [one("x", 0, 20, "b"), one("y", 20, 30, "b")]]) == [
        ("x", 0, 20),
        ("y", 20, 30),
    ]


def test_ranges_of_one_collection_that_meet_stay_as_they_were_certified() -> None:
    assert spans([[one("x", 0, 10), one("x", 10, 20)]]) == [("x", 0, 10), ("x", 10, 20)]


def test_what_overlaps_in_one_collection_is_left_out() -> None:
    datasets, ambiguous = in_force(
        [[one("x", 0, 20), one("y", 10, 30), one("z", 30, 40), one("w", 15, 16, detector=1)]]
    )
    assert [c.uuid for c in datasets] == ["z", "w"]
    assert [(a.uuid, b.uuid) for a, b in ambiguous] == [("x", "y"), ("y", "x")]


def test_an_overlap_that_a_newer_collection_hides_is_none() -> None:
    newer = [one("n", 0, 20)]
    older = [one("x", 0, 20, "b"), one("y", 10, 30, "b")]
    datasets, ambiguous = in_force([newer, older])
    assert [(c.uuid, *c.span) for c in datasets] == [("n", 0, 20), ("y", 20, 30)]
    assert not ambiguous


Parts = st.lists(
    st.tuples(st.sampled_from("uvwxyz"), st.integers(0, 9), st.integers(1, 9), st.integers(0, 1)),
    max_size=6,
)


@given(collections=st.lists(Parts, max_size=3))
def test_each_moment_has_what_a_lookup_finds(collections: list[list[tuple[str, int, int, int]]]) -> None:
    certified = [
        [
            one(f"{uuid}{detector}", begin, begin + length, str(n), detector)
            for uuid, begin, length, detector in parts
        ]
        for n, parts in enumerate(collections)
    ]
    datasets, ambiguous = in_force(certified)
    refused = {(a.uuid, a.collection) for a, _ in ambiguous}
    for key in KEYS:
        for moment in range(19):
            expected: set[str] = set()
            for members in certified:
                expected = {
                    c.uuid for c in members if c.data_id == key and c.span.begin <= moment < c.span.end
                }
                if expected:
                    collection = members[0].collection
                    break
            found = {c.uuid for c in datasets if c.data_id == key and c.span.begin <= moment < c.span.end}
            if len(expected) > 1:
                assert not found
                assert {(uuid, collection) for uuid in expected} <= refused
            else:
                assert found == expected or (not found and (*expected, collection) in refused)


@given(
    st.datetimes(EARLIEST, datetime(2099, 12, 30)).map(
        lambda t: t if t >= WHOLE_SECONDS else t.replace(microsecond=0)
    )
)
def test_utc_comes_back_from_tai(time: datetime) -> None:
    nanoseconds = tai_nanoseconds([time])[time]
    assert utc_times([nanoseconds]) == {nanoseconds: time}


def test_times_that_text_cannot_say_are_the_nearest_that_it_can() -> None:
    start = datetime(2020, 1, 1)
    known = tai_nanoseconds([start, datetime(2017, 1, 1)])
    exact, after_leap = known[start], known[datetime(2017, 1, 1)]
    found = utc_times([exact + 400, exact + 600, after_leap - 500_000_000, FIRST_NS + 5])
    assert found[exact + 400] == start
    assert found[exact + 600] == start + timedelta(microseconds=1)
    assert found[after_leap - 500_000_000] == datetime(2017, 1, 1)
    assert found[FIRST_NS + 5] == EARLIEST
    assert utc_times([LAST_NS])[LAST_NS] == datetime(2099, 12, 31, 23, 59, 23)
