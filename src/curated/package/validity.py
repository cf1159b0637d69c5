"""Validity ranges ``[start, end)`` in UTC, from the starts, explicit ends and deprecations of files.

This module alone decides when a calibration is in force, and what a deprecation does to that.
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
"""Deprecations of the files that have one, by path."""


@dataclass(frozen=True, slots=True)
class Range:
    """When a file is in force.

    Parameters
    ----------
    start : `datetime.datetime`
        First moment, UTC.
    end : `datetime.datetime` or `None`
        First moment after the range, UTC; `None` if it is open.
    deprecation : `Deprecation`, optional
        Why the file is out of use. The range is then the one that it would have, and contains no moment.
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
    """Return a key for comparisons: the case of the instrument's directory does not matter."""
    return CalibKey(key.instrument.lower(), key.type, key.detector, key.filter)


def by_key(files: Iterable[CalibFile]) -> dict[CalibKey, list[CalibFile]]:
    """Return the files of each key in the order of their starts."""
    files_by_key: dict[CalibKey, list[CalibFile]] = {}
    for file in files:
        files_by_key.setdefault(folded(file.key), []).append(file)
    for epochs in files_by_key.values():
        epochs.sort(key=lambda file: (file.start, file.path))
    return files_by_key


def natural_ends(files: Iterable[CalibFile], ends: Ends, marks: Marks) -> dict[str, datetime]:
    """Return the ends of files that follow from other files, by path; an open end is left out.

    A file ends when the next file of its key starts. A deprecated file does not start anything. With the cover
    ``hole``, the file before it ends at its start. With ``previous``, the file before it goes on until the next start,
    but not beyond the VALIDEND of the deprecated file.

    Parameters
    ----------
    files : iterable [`CalibFile`]
        All files of the keys.
    ends : `dict` [`str`, `datetime.datetime`]
        VALIDEND by path; that of a file in use does not matter.
    marks : `dict` [`str`, `Deprecation`]
        Deprecations of the files that have one, by path.
    """
    natural = {}
    for epochs in by_key(files).values():
        starts = [file.start for file in epochs]
        stops = sorted(_stops(epochs, ends, marks)) if marks else starts
        for file in epochs:
            # A deprecated file ends where it would end if it were in use.
            moments = starts if file.path in marks else stops
            following = bisect_right(moments, file.start)
            if following < len(moments):
                natural[file.path] = moments[following]
    return natural


def _stops(epochs: Sequence[CalibFile], ends: Ends, marks: Marks) -> Iterator[datetime]:
    """Yield the moments at which the file in force before ends."""
    starts = [file.start for file in epochs]
    used = {file.start for file in epochs if file.path not in marks}
    for file in epochs:
        end = ends.get(file.path)
        if file.path not in marks or (marks[file.path].cover == HOLE and file.start not in used):
            yield file.start
            continue
        # If another file starts before the end, or at the same start, that file decides.
        is_last = end is not None and bisect_left(starts, end) == bisect_right(starts, file.start)
        if end is not None and is_last and file.start < end and file.start not in used:
            yield end


def _holes(epochs: Sequence[CalibFile], marks: Marks) -> list[CalibFile]:
    """Return the deprecated files that leave a hole, and were not replaced at the same start."""
    used = {file.start for file in epochs if file.path not in marks}
    return [
        file
        for file in epochs
        if file.path in marks and marks[file.path].cover == HOLE and file.start not in used
    ]


def resolve(files: Iterable[CalibFile], ends: Ends, marks: Marks | None = None) -> dict[str, Range]:
    """Resolve the validity of all files.

    A file is in force from its start until its explicit end, or else until the next start of the same key, or else
    without end. A deprecated file is never in force; see `natural_ends`.

    Parameters
    ----------
    files : iterable [`CalibFile`]
        All files of the package: ranges depend on the neighbours.
    ends : `dict` [`str`, `datetime.datetime`]
        VALIDEND of the files that have one, by path.
    marks : `dict` [`str`, `Deprecation`], optional
        Deprecations of the files that have one, by path.

    Returns
    -------
    ranges : `dict` [`str`, `Range`]
        Ranges of all files, by path.
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
    """Yield path and problem of wrong ranges.

    These are equal starts, ends before starts, overlaps, holes, times that no repository holds, and what covers the
    dates of deprecated files.

    Parameters
    ----------
    epochs_by_key : `dict` [`CalibKey`, `list` [`CalibFile`]]
        Files of each key in the order of their starts; see `by_key`.
    ranges : `dict` [`str`, `Range`]
        Ranges of all files; see `resolve`.
    ends, marks : `dict`
        As for `resolve`.
    """
    for epochs in epochs_by_key.values():
        used = [file for file in epochs if file.path not in marks] if marks else epochs
        yield from _epoch_problems(used, ends)
        if len(used) < len(epochs):
            yield from _deprecation_problems(epochs, used, ranges, ends, _holes(epochs, marks))


def _epoch_problems(used: Sequence[CalibFile], ends: Ends) -> Iterator[tuple[str, Problem]]:
    for index, file in enumerate(used):
        following = next((f for f in used[index + 1 :] if f.start > file.start), None)
        previous = used[index - 1] if index else None
        for problem in _file_problems(file, ends.get(file.path), following, previous):
            yield file.path, problem


def _deprecation_problems(
    epochs: Sequence[CalibFile],
    used: Sequence[CalibFile],
    ranges: Mapping[str, Range],
    ends: Ends,
    holes: Sequence[CalibFile],
) -> Iterator[tuple[str, Problem]]:
    """Yield the problems of a key that has deprecated calibrations."""
    for file in used:
        for problem in _end_problems(file, ranges, ends.get(file.path), used, holes):
            yield file.path, problem
    for file in epochs:
        for problem in _cover_problems(file, ranges, used, ends):
            yield file.path, problem


def _file_problems(
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


def _end_problems(
    file: CalibFile,
    ranges: Mapping[str, Range],
    end: datetime | None,
    used: Sequence[CalibFile],
    holes: Sequence[CalibFile],
) -> Iterator[Problem]:
    """Yield the problems that deprecated calibrations make at the end of one in use."""
    following = next((f for f in used if f.start > file.start), None)
    next_holes = [
        hole
        for hole in holes
        if hole.start > file.start and (following is None or hole.start < following.start)
    ]
    last = ranges[file.path].end
    if end is not None and next_holes and end > next_holes[0].start:
        detail = f"VALIDEND {iso(end)} is in the hole that {next_holes[0].path} leaves, which is deprecated"
        yield Problem("CAL403", ("metadata", "VALIDEND"), detail)
    elif end is None and not next_holes and following and last is not None and last < following.start:
        yield Problem("CAL404", (), f"nothing is in force from {iso(last)} until {following.path} starts")


def _cover_problems(
    file: CalibFile, ranges: Mapping[str, Range], used: Sequence[CalibFile], ends: Ends
) -> Iterator[Problem]:
    """Yield what covers the dates of a deprecated file, and that nothing does though something should."""
    valid = ranges[file.path]
    mark = valid.deprecation
    if mark is None or (valid.end is not None and valid.end <= valid.start):
        return
    parts = covering(valid, [(f.path, ranges[f.path]) for f in used])
    cover = "; ".join(f"{path or 'nothing'} is in force from {part}" for part, path in parts)
    place = ("metadata", next(iter(mark.keywords())))
    yield Problem("CAL441", place, f"{mark}; {cover} UTC instead")
    holes = [part for part, path in parts if not path]
    if mark.cover == PREVIOUS and holes:
        before = next((f for f in reversed(used) if f.start < file.start), None)
        reason = "no earlier calibration is in force"
        if before is not None and before.path in ends:
            reason = f"{before.path} has VALIDEND {iso(ends[before.path])}"
        elif before is not None:
            reason = f"the hole after {before.path} goes on"
        detail = (
            f"'previous' is to cover it, but {reason}: nothing from {' and from '.join(map(str, holes))} UTC"
        )
        yield Problem("CAL442", ("metadata", [*mark.keywords()][-1]), detail)


def covering(valid: Range, others: Iterable[tuple[str, Range]]) -> list[tuple[Range, str]]:
    """Split a range by what is in force in it.

    Parameters
    ----------
    valid : `Range`
        The range to split.
    others : iterable [`tuple` [`str`, `Range`]]
        Name and range of what may be in force.

    Returns
    -------
    parts : `list` [`tuple` [`Range`, `str`]]
        Parts in order, and the name of what is in force in each; an empty name for nothing.
    """
    candidates = list(others)
    times = {t for _, r in candidates for t in (r.start, r.end) if t is not None and t > valid.start}
    inside = sorted(t for t in times if valid.end is None or t < valid.end)
    parts: list[tuple[Range, str]] = []
    for start, end in zip([valid.start, *inside], [*inside, valid.end], strict=True):
        name = next((name for name, other in reversed(candidates) if start in other), "")
        if parts and parts[-1][1] == name:
            parts[-1] = Range(parts[-1][0].start, end), name
        else:
            parts.append((Range(start, end), name))
    return parts
