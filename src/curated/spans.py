"""Ranges of TAI nanoseconds, ``[begin, end)``: what is left of one where others take precedence."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

from curated.bundle.export import FIRST_NS, LAST_NS

Span = tuple[int, int]

T = TypeVar("T")


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
