"""Ranges of TAI nanoseconds, ``[begin, end)``: what is left of one where others take precedence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

Span = tuple[int, int]


def overlaps(one: Span, other: Span) -> bool:
    """Say whether two ranges have a moment in common."""
    return one[0] < other[1] and other[0] < one[1]


def cut(span: Span, free: Iterable[Span]) -> Iterator[Span]:
    """Yield the parts of a range that are free."""
    for begin, end in free:
        part = max(begin, span[0]), min(end, span[1])
        if part[0] < part[1]:
            yield part


def without(span: Span, taken: Span) -> Iterator[Span]:
    """Yield the parts of a range that another one does not cover."""
    if not overlaps(span, taken):
        yield span
        return
    if span[0] < taken[0]:
        yield span[0], taken[0]
    if taken[1] < span[1]:
        yield taken[1], span[1]
