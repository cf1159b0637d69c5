"""What is left of ranges, moment by moment."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from curated.datasets.spans import Span, in_precedence, left_over

MOMENTS = range(12)
SPANS = st.tuples(st.integers(0, 11), st.integers(1, 12)).filter(lambda span: span[0] < span[1])


def covered(spans: list[Span]) -> set[int]:
    return {moment for begin, end in spans for moment in range(begin, end)}


@given(st.lists(SPANS), st.lists(SPANS))
def test_what_is_left_is_what_others_do_not_cover(spans: list[Span], taken: list[Span]) -> None:
    left = left_over(spans, taken)
    assert all(begin < end for begin, end in left)
    for begin, end in spans:
        parts = left_over([(begin, end)], taken)
        assert covered(parts) == set(range(begin, end)) - covered(taken)
        assert all(one[1] < other[0] for one, other in itertools.pairwise(parts))
    assert sorted(left) == sorted(part for span in spans for part in left_over([span], taken))


@given(st.lists(st.lists(st.tuples(st.sampled_from("ab"), SPANS), max_size=5), max_size=4))
def test_the_first_collection_that_covers_a_moment_counts(collections: list[list[tuple[str, Span]]]) -> None:
    found = list(in_precedence(collections, lambda one: one[0], lambda one: one[1]))
    assert len(found) == len(collections)
    for of in "ab":
        for moment in MOMENTS:
            holders = [
                [one for one in members if one[0] == of and one[1][0] <= moment < one[1][1]]
                for members in collections
            ]
            wanted = next((listed for listed in holders if listed), [])
            where = holders.index(wanted) if wanted else None
            for n, listed in enumerate(found):
                here = [one for one, span in listed if one[0] == of and span[0] <= moment < span[1]]
                assert here == (wanted if n == where else [])
