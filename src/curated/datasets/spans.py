"""Ranges of TAI nanoseconds, ``[begin, end)``: what is left of one where others take precedence."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, TypeVar

# The times that a Butler database can hold, in nanoseconds since 1970-01-01 TAI: open at either end.
FIRST_NS = 0
LAST_NS = 4102444800000000000

_SECOND_NS = 1_000_000_000
# No time zone: TAI is no civil time, and this is integer arithmetic on its calendar.
_EPOCH = datetime(1970, 1, 1)

Span = tuple[int, int]
Range = tuple[int | None, int | None]

T = TypeVar("T")


def canonical_range(validity: Mapping[str, Any]) -> Range:
    """Return a dataset's range in TAI nanoseconds, as the repository will hold it.

    The ends of the times that a repository can hold are the same as no end at all, so that two
    datasets whose ranges differ only in that spelling share one range.
    """
    begin, end = validity["begin_tai_ns"], validity["end_tai_ns"]
    if begin is not None and begin <= FIRST_NS:
        begin = None
    if end is not None and end >= LAST_NS:
        end = None
    return begin, end


def tai_text(nanoseconds: int) -> str:
    """Return nanoseconds since 1970-01-01 TAI as the text of a Butler time tag."""
    seconds, fraction = divmod(nanoseconds, _SECOND_NS)
    return f"{_EPOCH + timedelta(seconds=seconds):%Y-%m-%d %H:%M:%S}.{fraction:09d}"


def overlaps(one: Span, other: Span) -> bool:
    """Say whether two ranges have a moment in common."""
    return one[0] < other[1] and other[0] < one[1]


def cut(span: Span, free: Iterable[Span]) -> Iterator[Span]:
    """Yield the parts of a range that are free."""
    for begin, end in free:
        part = max(begin, span[0]), min(end, span[1])
        if part[0] < part[1]:
            yield part


def left_over(spans: Iterable[Span], taken: Iterable[Span]) -> list[Span]:
    """Return the parts of ranges that others do not cover, range by range."""
    covered = _joined(taken)
    ends = [end for _, end in covered]
    left = []
    for begin, end in sorted(spans):
        start = begin
        for first, last in islice(covered, bisect_right(ends, begin), None):
            if first >= end:
                break
            if first > start:
                left.append((start, first))
            start = last
        if start < end:
            left.append((start, end))
    return left


def _joined(spans: Iterable[Span]) -> list[Span]:
    joined: list[Span] = []
    for begin, end in sorted(spans):
        if joined and begin <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((begin, end))
    return joined


def in_precedence(
    collections: Iterable[Iterable[T]], key: Callable[[T], Hashable], span: Callable[[T], Span]
) -> Iterator[list[tuple[T, Span]]]:
    """Yield what lookups find in each collection, and when: the first one that covers a moment counts.

    Members of one collection that overlap are found both.

    Parameters
    ----------
    collections : iterable
        What each collection has, in the order of lookups.
    key : callable
        What one of them is of.
    span : callable
        The range that it is certified for.
    """
    free: dict[Hashable, list[Span]] = {}
    whole = [(FIRST_NS, LAST_NS)]
    for members in collections:
        listed = list(members)
        yield [(one, part) for one in listed for part in cut(span(one), free.get(key(one), whole))]
        taken: dict[Hashable, list[Span]] = {}
        for one in listed:
            taken.setdefault(key(one), []).append(span(one))
        for of, spans in taken.items():
            free[of] = left_over(free.get(of, whole), spans)
