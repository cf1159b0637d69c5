"""Time ranges ``[begin, end)`` in TAI nanoseconds, as a Butler repository holds them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple

from curated.core.times import utc_texts

FIRST_NS = 0
LAST_NS = 4_102_444_800_000_000_000
"""The first and the last time that a Butler database can hold; a range that reaches one of them is open there."""

_SECOND_NS = 1_000_000_000
# No time zone: TAI is no civil time, and this is integer arithmetic on its calendar.
_EPOCH = datetime(1970, 1, 1)


class Span(NamedTuple):
    """A time range, ``[begin, end)``.

    Parameters
    ----------
    begin, end : `int`
        Nanoseconds since 1970-01-01 TAI; `FIRST_NS` and `LAST_NS` are open ends.
    """

    begin: int = FIRST_NS
    end: int = LAST_NS

    @classmethod
    def of(cls, begin: int | None, end: int | None) -> Span:
        """Return the range that a repository holds for two ends; `None` is open, and times that it cannot hold are too.

        Parameters
        ----------
        begin, end : `int` or `None`
            Nanoseconds since 1970-01-01 TAI.
        """
        return cls(
            FIRST_NS if begin is None or begin < FIRST_NS else begin,
            LAST_NS if end is None or end > LAST_NS else end,
        )

    @property
    def bounds(self) -> tuple[int | None, int | None]:
        """Begin and end, `None` where the range is open."""
        return None if self.begin == FIRST_NS else self.begin, None if self.end == LAST_NS else self.end

    def overlaps(self, other: Span) -> bool:
        """Return whether two ranges have a moment in common."""
        return self.begin < other.end and other.begin < self.end

    def __str__(self) -> str:
        begin, end = ("open" if ns is None else tai_text(ns) for ns in self.bounds)
        return f"{begin} to {end} TAI"


ALWAYS = Span()


def tai_text(nanoseconds: int, decimals: int | None = None) -> str:
    """Return a TAI time in ISO 8601.

    Parameters
    ----------
    nanoseconds : `int`
        Time since 1970-01-01 TAI.
    decimals : `int`, optional
        Number of decimals of the second, up to 9; as many as it needs if not given.
    """
    seconds, fraction = divmod(nanoseconds, _SECOND_NS)
    digits = f"{fraction:09d}"
    digits = digits.rstrip("0") if decimals is None else digits[:decimals]
    text = f"{_EPOCH + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}"
    return f"{text}.{digits}" if digits else text


def utc_span_texts(spans: Iterable[Span]) -> dict[Span, str]:
    """Return ranges in UTC, such as ``2020-01-01T00:00:00 to open UTC``; faster for many at once."""
    unique = set(spans)
    times = utc_texts({ns for span in unique for ns in span.bounds if ns is not None})
    return {
        span: " to ".join("open" if ns is None else times[ns] for ns in span.bounds) + " UTC"
        for span in unique
    }


def cut(span: Span, free: Iterable[Span]) -> Iterator[Span]:
    """Yield the parts of a range that are within others."""
    for begin, end in free:
        part = Span(max(begin, span.begin), min(end, span.end))
        if part.begin < part.end:
            yield part


def left_over(spans: Iterable[Span], covers: Iterable[Span]) -> list[Span]:
    """Return the parts of ranges that others do not cover, in the order of the ranges."""
    covered = united(covers)
    ends = [end for _, end in covered]
    parts = []
    for begin, end in sorted(spans):
        start = begin
        for first, last in islice(covered, bisect_right(ends, begin), None):
            if first >= end:
                break
            if first > start:
                parts.append(Span(start, first))
            start = last
        if start < end:
            parts.append(Span(start, end))
    return parts


def united(spans: Iterable[Span]) -> list[Span]:
    """Return the moments of ranges as few ranges, in order."""
    union: list[Span] = []
    for span in sorted(spans):
        if union and span.begin <= union[-1].end:
            union[-1] = Span(union[-1].begin, max(union[-1].end, span.end))
        else:
            union.append(span)
    return union
