"""Time ranges: open ends, texts, and the parts that others do not cover, moment by moment."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curated.datasets.spans import ALWAYS, FIRST_NS, LAST_NS, Span, left_over, tai_text, utc_span_texts

SPANS = st.builds(Span, st.integers(0, 11), st.integers(1, 12)).filter(lambda span: span.begin < span.end)


def covered(spans: list[Span]) -> set[int]:
    return {moment for begin, end in spans for moment in range(begin, end)}


def test_times_that_a_repository_cannot_tell_apart_are_one_range() -> None:
    assert Span.of(0, 4102444800000000000) == Span.of(None, None) == Span.of(-1, LAST_NS + 1) == ALWAYS
    assert ALWAYS.bounds == (None, None)
    assert Span.of(1, 2) == Span(1, 2)
    assert Span(1, 2).bounds == (1, 2)


@given(SPANS, SPANS)
def test_ranges_overlap_where_they_share_a_moment(first: Span, second: Span) -> None:
    assert first.overlaps(second) is bool(covered([first]) & covered([second]))


@given(st.lists(SPANS), st.lists(SPANS))
def test_what_is_left_is_what_others_do_not_cover(spans: list[Span], covers: list[Span]) -> None:
    left = left_over(spans, covers)
    assert all(begin < end for begin, end in left)
    for span in spans:
        parts = left_over([span], covers)
        assert covered(parts) == set(range(*span)) - covered(covers)
        assert all(first.end < second.begin for first, second in itertools.pairwise(parts))
    assert sorted(left) == sorted(part for span in spans for part in left_over([span], covers))


@pytest.mark.parametrize(
    ("nanoseconds", "text", "exact"),
    [
        (1_577_836_837_000_000_000, "2020-01-01T00:00:37", "2020-01-01T00:00:37.000000000"),
        (1_577_836_837_120_000_000, "2020-01-01T00:00:37.12", "2020-01-01T00:00:37.120000000"),
        (1, "1970-01-01T00:00:00.000000001", "1970-01-01T00:00:00.000000001"),
    ],
)
def test_a_time_in_tai_has_the_decimals_that_it_needs(nanoseconds: int, text: str, exact: str) -> None:
    assert tai_text(nanoseconds) == text
    assert tai_text(nanoseconds, decimals=9) == exact


def test_ranges_are_printed_in_tai_and_in_utc() -> None:
    span = Span(1_577_836_837_000_000_000, LAST_NS)
    assert str(span) == "2020-01-01T00:00:37 to open TAI"
    assert str(Span(FIRST_NS, 1_577_836_837_000_000_000)) == "open to 2020-01-01T00:00:37 TAI"
    texts = utc_span_texts([span, ALWAYS])
    assert texts == {span: "2020-01-01T00:00:00 to open UTC", ALWAYS: "open to open UTC"}
