"""Lines of what is in force: joined, hashed, compared, and cut where one collection hides another."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curated.datasets.inventory import Inventory, compare
from curated.datasets.record import Dataset, data_id_of
from curated.datasets.spans import Span


def dataset(begin: int | None, end: int | None, content: str = "c", detector: int = 0) -> Dataset:
    data_id = data_id_of({"instrument": "Lab", "detector": detector})
    return Dataset("defects", data_id, Span.of(begin, end), content=content)


def of(*datasets: Dataset) -> Inventory:
    return Inventory.of("here", datasets)


def test_ranges_that_follow_each_other_with_the_same_content_are_one() -> None:
    assert of(dataset(5, 9), dataset(None, 5), dataset(9, None)).datasets == (dataset(None, None),)
    assert of(dataset(1, 5), dataset(6, 9)).datasets == (dataset(1, 5), dataset(6, 9))
    assert len(of(dataset(1, 5), dataset(5, 9, "d")).datasets) == 2
    assert len(of(dataset(1, 5), dataset(5, 9, detector=1)).datasets) == 2
    # An open end is no moment at which something else begins.
    assert len(of(dataset(1, None), dataset(None, 1)).datasets) == 1


@given(st.lists(st.integers(1, 10**6), min_size=2, unique=True), st.data())
def test_cutting_a_range_changes_nothing(times: list[int], data: st.DataObject) -> None:
    times.sort()
    cuts_left = [times[0], *(t for t in times[1:-1] if data.draw(st.booleans())), times[-1]]
    fine, coarse = (of(*(dataset(a, b) for a, b in pairwise(cuts))) for cuts in (times, cuts_left))
    assert fine.datasets == coarse.datasets
    assert fine.fingerprint == coarse.fingerprint


def test_the_fingerprint_is_the_hash_of_the_lines() -> None:
    inventory = of(dataset(37_000_000_001, None, "b"), dataset(None, 37_000_000_001, "a"))
    texts = [
        "defects detector=0 instrument=Lab 1970-01-01T00:00:37.000000001 open b",
        "defects detector=0 instrument=Lab open 1970-01-01T00:00:37.000000001 a",
    ]
    assert inventory.lines() == texts
    assert inventory.fingerprint == hashlib.sha256("".join(f"{t}\n" for t in texts).encode()).hexdigest()


def test_names_with_blanks_cannot_be_taken_for_others() -> None:
    odd = Dataset("flat", (("instrument", "Lab"), ("physical_filter", 'a b="c"')), content="x")
    assert of(odd).lines() == ['flat instrument=Lab physical_filter="a b=\\"c\\"" open open x']
    text = Dataset("flat", (("instrument", "1"),), content="x")
    number = Dataset("flat", (("instrument", 1),), Span(1, 2), content="x")
    assert of(text, number).datasets == (number, text)


def test_the_spelling_of_open_ends_does_not_count() -> None:
    assert of(dataset(0, 4102444800000000000)).datasets[0].span.bounds == (None, None)
    assert of(dataset(None, None)).fingerprint == of(dataset(0, None)).fingerprint


def test_where_a_dataset_is_kept_does_not_count() -> None:
    in_repository = replace(dataset(1, 5), uuid="u", run="Lab/calib/v1/curated", collection="Lab/calib/v1")
    assert of(in_repository).datasets == (dataset(1, 5),)


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ([dataset(1, 5)], [dataset(1, 6)], "validity"),
        ([dataset(1, 5)], [dataset(1, 5, "d")], "content"),
        ([dataset(1, 5)], [], "missing"),
        ([], [dataset(1, 5)], "added"),
        ([dataset(1, 5), dataset(5, 9, "d")], [dataset(1, 5, "d"), dataset(5, 9)], "validity"),
        ([dataset(1, 5), dataset(5, 9, "d")], [dataset(1, 5)], "content"),
    ],
)
def test_what_differs_has_a_kind(before: list[Dataset], after: list[Dataset], kind: str) -> None:
    (difference,) = compare(of(*before), of(*after))
    assert difference.kind == kind
    assert set(difference.first) == set(before) - set(after)
    assert set(difference.second) == set(after) - set(before)
    assert compare(of(*before), of(*before)) == []
