"""The certifications in force: what a lookup finds at each moment."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from curated.datasets.record import Dataset
from curated.datasets.spans import Span
from curated.export.selection import in_force

KEYS = ((("detector", 0), ("instrument", "Lab")), (("detector", 1), ("instrument", "Lab")))


def dataset(uuid: str, begin: int, end: int, collection: str = "a", detector: int = 0) -> Dataset:
    span = Span(begin, end)
    return Dataset("defects", KEYS[detector], span, uuid=uuid, run=f"run-{uuid}", collection=collection)


def spans(collections: list[list[Dataset]]) -> list[tuple[str, int, int]]:
    return [(c.uuid, *c.span) for c in in_force(collections)[0]]


def test_the_first_collection_that_covers_a_moment_counts() -> None:
    newer = [dataset("n1", 10, 20), dataset("n2", 40, 50)]
    older = [dataset("o1", 0, 15, "b"), dataset("o2", 15, 100, "b")]
    expected = [("o1", 0, 10), ("n1", 10, 20), ("o2", 20, 40), ("n2", 40, 50), ("o2", 50, 100)]
    assert spans([newer, older]) == expected


def test_a_dataset_that_several_collections_share_is_not_cut() -> None:
    assert spans([[dataset("x", 0, 10)], [dataset("x", 0, 20, "b"), dataset("y", 20, 30, "b")]]) == [
        ("x", 0, 20),
        ("y", 20, 30),
    ]


def test_ranges_of_one_collection_that_meet_stay_as_they_were_certified() -> None:
    assert spans([[dataset("x", 0, 10), dataset("x", 10, 20)]]) == [("x", 0, 10), ("x", 10, 20)]


def test_what_overlaps_in_one_collection_is_left_out() -> None:
    datasets, ambiguous = in_force(
        [[dataset("x", 0, 20), dataset("y", 10, 30), dataset("z", 30, 40), dataset("w", 15, 16, detector=1)]]
    )
    assert [c.uuid for c in datasets] == ["z", "w"]
    assert [(a.uuid, b.uuid) for a, b in ambiguous] == [("x", "y"), ("y", "x")]


def test_an_overlap_that_a_newer_collection_hides_is_none() -> None:
    newer = [dataset("n", 0, 20)]
    older = [dataset("x", 0, 20, "b"), dataset("y", 10, 30, "b")]
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
            dataset(f"{uuid}{detector}", begin, begin + length, str(n), detector)
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
            uuids = {c.uuid for c in datasets if c.data_id == key and c.span.begin <= moment < c.span.end}
            if len(expected) > 1:
                assert not uuids
                assert {(uuid, collection) for uuid in expected} <= refused
            else:
                assert uuids == expected or (not uuids and (*expected, collection) in refused)
