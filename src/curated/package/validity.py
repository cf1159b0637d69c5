"""Starts, explicit ends, holes and marks to validity ranges, ``[start, end)`` in UTC.

The only place that decides when a calibration is in force, and so the only one that knows what it means that one is
out of use.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from curated.core.diagnostic import Problem
from curated.core.keys import CalibFile, CalibKey
from curated.core.times import EARLIEST, LATEST, WHOLE_SECONDS, iso
from curated.datasets.deprecation import HOLE, PREVIOUS, Deprecation

Ends = Mapping[str, datetime]
"""VALIDEND of the files that have one, by path."""

Marks = Mapping[str, Deprecation]
"""Marks of the files that are out of use, by path."""


@dataclass(frozen=True, slots=True)
class Range:
    """When a file is in force.

    Parameters
    ----------
    start : `datetime.datetime`
        First moment, UTC.
    end : `datetime.datetime` or `None`
        First moment after it, UTC; `None` while nothing ends it.
    deprecation : `Deprecation`, optional
        Why the file is out of use: the range would be its own, and no moment is in it.
    """

    start: datetime
    end: datetime | None
    deprecation: Deprecation | None = None

    def __contains__(self, time: datetime) -> bool:
        if self.deprecation is not None:
            return False
        return self.start <= time and (self.end is None or time < self.end)

    def __str__(self) -> str:
        return f"{iso(self.start)} to {iso(self.end) if self.end else 'open'}"


def folded(key: CalibKey) -> CalibKey:
    """Return a key as it compares: directories are the same without regard to case."""
    return CalibKey(key.instrument.lower(), key.type, key.detector, key.filter)


def by_key(files: Iterable[CalibFile]) -> dict[CalibKey, list[CalibFile]]:
    """Return the files of each key in the order of their starts."""
    keyed: dict[CalibKey, list[CalibFile]] = {}
    for file in files:
        keyed.setdefault(folded(file.key), []).append(file)
    for epochs in keyed.values():
        epochs.sort(key=lambda file: (file.start, file.path))
    return keyed


def natural_ends(files: Iterable[CalibFile], ends: Ends, marks: Marks) -> dict[str, datetime]:
    """Return when each file ends that has no VALIDEND and does not last, by path.

    It ends when the next file of its key starts. One that is out of use starts nothing: where its dates are to be a
    hole, what was in force before ends there; where what was in force before covers them, that goes on until the
    next start, but not beyond the VALIDEND of the dates that it covers.

    Parameters
    ----------
    files : iterable [`CalibFile`]
        All files of the keys.
    ends : `dict` [`str`, `datetime.datetime`]
        VALIDEND by path; of files that are not out of use it makes no difference.
    marks : `dict` [`str`, `Deprecation`]
        Marks of the files that are out of use, by path.
    """
    found = {}
    for epochs in by_key(files).values():
        starts = [file.start for file in epochs]
        stops = sorted(_stops(epochs, ends, marks)) if marks else starts
        for file in epochs:
            # Of one that is out of use, what it would be if it alone were in use.
            moments = starts if file.path in marks else stops
            following = bisect_right(moments, file.start)
            if following < len(moments):
                found[file.path] = moments[following]
    return found


def _stops(epochs: Sequence[CalibFile], ends: Ends, marks: Marks) -> Iterator[datetime]:
    """Yield the moments at which what was in force before ends."""
    starts = [file.start for file in epochs]
    used = {file.start for file in epochs if file.path not in marks}
    for file in epochs:
        end = ends.get(file.path)
        if file.path not in marks or (marks[file.path].cover == HOLE and file.start not in used):
            yield file.start
            continue
        # Where another one starts before its end, or took its place, that is what counts.
        is_last = end is not None and bisect_left(starts, end) == bisect_right(starts, file.start)
        if end is not None and is_last and file.start < end and file.start not in used:
            yield end


def _holes(epochs: Sequence[CalibFile], marks: Marks) -> list[CalibFile]:
    """Return the files that are out of use and whose dates are to be a hole; not those that were replaced."""
    used = {file.start for file in epochs if file.path not in marks}
    return [
        file
        for file in epochs
        if file.path in marks and marks[file.path].cover == HOLE and file.start not in used
    ]


def resolve(files: Iterable[CalibFile], ends: Ends, marks: Marks | None = None) -> dict[str, Range]:
    """Resolve the validity of all files.

    A file is in force from its start until its explicit end, or else the next start of the same key, or
    else without end. One that is out of use never is; see `natural_ends`.

    Parameters
    ----------
    files : iterable [`CalibFile`]
        All files of the package: ranges depend on the neighbours.
    ends : `dict` [`str`, `datetime.datetime`]
        VALIDEND of the files that have one, by path.
    marks : `dict` [`str`, `Deprecation`], optional
        Marks of the files that are out of use, by path.

    Returns
    -------
    ranges : `dict` [`str`, `Range`]
        By path.
    """
    files, marks = list(files), marks or {}
    natural = natural_ends(files, ends, marks)
    return {
        file.path: Range(file.start, ends.get(file.path) or natural.get(file.path), marks.get(file.path))
        for file in files
    }


def examine(
    epochs_by_key: Mapping[CalibKey, Sequence[CalibFile]],
    ranges: Mapping[str, Range],
    ends: Ends,
    marks: Marks,
) -> Iterator[tuple[str, Problem]]:
    """Yield path and problem of ranges that are wrong.

    These are equal starts, ends before starts, overlaps, holes, and times that no repository holds; and what
    covers the dates of files that are out of use.

    Parameters
    ----------
    epochs_by_key : `dict` [`CalibKey`, `list` [`CalibFile`]]
        Files of each key in the order of their starts; see `by_key`.
    ranges : `dict` [`str`, `Range`]
        Their validity; see `resolve`.
    ends, marks : `dict`
        As for `resolve`.
    """
    for epochs in epochs_by_key.values():
        used = [file for file in epochs if file.path not in marks] if marks else epochs
        yield from _examined(used, ends)
        if len(used) < len(epochs):
            yield from _marked(epochs, used, ranges, ends, _holes(epochs, marks))


def _examined(used: Sequence[CalibFile], ends: Ends) -> Iterator[tuple[str, Problem]]:
    for index, file in enumerate(used):
        following = next((f for f in used[index + 1 :] if f.start > file.start), None)
        previous = used[index - 1] if index else None
        for problem in _examine(file, ends.get(file.path), following, previous):
            yield file.path, problem


def _marked(
    epochs: Sequence[CalibFile],
    used: Sequence[CalibFile],
    ranges: Mapping[str, Range],
    ends: Ends,
    holes: Sequence[CalibFile],
) -> Iterator[tuple[str, Problem]]:
    """Yield what is found of a key some of whose calibrations are out of use."""
    for file in used:
        for problem in _beside_marks(file, ranges, ends.get(file.path), used, holes):
            yield file.path, problem
    for file in epochs:
        for problem in _covered(file, ranges, used, ends):
            yield file.path, problem


def _examine(
    file: CalibFile,
    end: datetime | None,
    following: CalibFile | None,
    previous: CalibFile | None,
) -> Iterator[Problem]:
    if previous is not None and previous.start == file.start:
        yield Problem("CAL401", (), f"starts at {iso(file.start)}, as does {previous.path}")
    if not EARLIEST <= file.start < LATEST:
        yield Problem("CAL405", (), f"starts at {iso(file.start)}")
    elif EARLIEST < file.start < WHOLE_SECONDS:
        yield Problem("CAL412", (), f"starts at {iso(file.start)}")
    if end is None:
        return
    place = ("metadata", "VALIDEND")
    if end <= file.start:
        yield Problem("CAL402", place, f"VALIDEND {iso(end)} is not after the start {iso(file.start)}")
    elif following is not None and end > following.start:
        yield Problem("CAL403", place, f"VALIDEND {iso(end)} is after the start of {following.path}")
    elif following is not None and end < following.start:
        yield Problem("CAL404", place, f"nothing is in force from {iso(end)} until {following.path} starts")
    if end > LATEST:
        yield Problem("CAL405", place, f"ends at {iso(end)}")


def _beside_marks(
    file: CalibFile,
    ranges: Mapping[str, Range],
    end: datetime | None,
    used: Sequence[CalibFile],
    holes: Sequence[CalibFile],
) -> Iterator[Problem]:
    """Yield what calibrations that are out of use do to the end of one of the same key that is in use."""
    following = next((f for f in used if f.start > file.start), None)
    before = [hole for hole in holes if hole.start > file.start]
    before = [hole for hole in before if following is None or hole.start < following.start]
    last = ranges[file.path].end
    if end is not None and before and end > before[0].start:
        detail = f"VALIDEND {iso(end)} is in the hole that {before[0].path} leaves, which is deprecated"
        yield Problem("CAL403", ("metadata", "VALIDEND"), detail)
    elif end is None and not before and following is not None and last is not None and last < following.start:
        yield Problem("CAL404", (), f"nothing is in force from {iso(last)} until {following.path} starts")


def _covered(
    file: CalibFile, ranges: Mapping[str, Range], used: Sequence[CalibFile], ends: Ends
) -> Iterator[Problem]:
    """Yield what covers the dates of a file that is out of use."""
    valid = ranges[file.path]
    mark = valid.deprecation
    if mark is None or (valid.end is not None and valid.end <= valid.start):
        return
    parts = covering(valid, [(f.path, ranges[f.path]) for f in used])
    said = "; ".join(f"{path or 'nothing'} is in force from {part}" for part, path in parts)
    place = ("metadata", next(iter(mark.keywords())))
    yield Problem("CAL441", place, f"{mark}; {said} UTC instead")
    holes = [part for part, path in parts if not path]
    if mark.cover == PREVIOUS and holes:
        before = next((f for f in reversed(used) if f.start < file.start), None)
        why = "no earlier calibration is in force"
        if before is not None and before.path in ends:
            why = f"{before.path} has VALIDEND {iso(ends[before.path])}"
        elif before is not None:
            why = f"the hole after {before.path} goes on"
        detail = (
            f"'previous' is to cover it, but {why}: nothing from {' and from '.join(map(str, holes))} UTC"
        )
        yield Problem("CAL442", ("metadata", [*mark.keywords()][-1]), detail)


def covering(valid: Range, others: Iterable[tuple[str, Range]]) -> list[tuple[Range, str]]:
    """Return the parts of a range, and what is in force in each; an empty name where nothing is.

    Parameters
    ----------
    valid : `Range`
        The range.
    others : iterable [`tuple` [`str`, `Range`]]
        Name and range of what may be in force there.
    """
    listed = list(others)
    times = {t for _, r in listed for t in (r.start, r.end) if t is not None and t > valid.start}
    inside = sorted(t for t in times if valid.end is None or t < valid.end)
    parts: list[tuple[Range, str]] = []
    for start, end in zip([valid.start, *inside], [*inside, valid.end], strict=True):
        name = next((name for name, other in reversed(listed) if start in other), "")
        if parts and parts[-1][1] == name:
            parts[-1] = Range(parts[-1][0].start, end), name
        else:
            parts.append((Range(start, end), name))
    return parts
