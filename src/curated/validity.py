"""Starts, explicit ends and holes to validity ranges, ``[start, end)`` in UTC."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from curated.diagnostic import Problem
from curated.model import CalibFile, CalibKey
from curated.times import EARLIEST, LATEST, WHOLE_SECONDS, iso


@dataclass(frozen=True, slots=True)
class Range:
    """When a file is in force.

    Parameters
    ----------
    start : `datetime.datetime`
        First moment, UTC.
    end : `datetime.datetime` or `None`
        First moment after it, UTC; `None` while nothing ends it.
    """

    start: datetime
    end: datetime | None

    def __contains__(self, time: datetime) -> bool:
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


def resolve(
    files: Iterable[CalibFile], ends: Mapping[str, datetime]
) -> tuple[dict[str, Range], list[tuple[str, Problem]]]:
    """Resolve the validity of all files.

    A file is in force from its start until its explicit end, or else the next start of the same key, or
    else without end (ARCHITECTURE.md of the design, Package).

    Parameters
    ----------
    files : iterable [`CalibFile`]
        All files of the package: ranges depend on the neighbours.
    ends : `dict` [`str`, `datetime.datetime`]
        VALIDEND of the files that have one, by path.

    Returns
    -------
    ranges : `dict` [`str`, `Range`]
        By path.
    problems : `list` [`tuple` [`str`, `Problem`]]
        Path and problem: equal starts, ends before starts, overlaps, holes, times that no repository holds.
    """
    ranges: dict[str, Range] = {}
    problems: list[tuple[str, Problem]] = []
    for epochs in by_key(files).values():
        for index, file in enumerate(epochs):
            following = next((f for f in epochs[index + 1 :] if f.start > file.start), None)
            end = ends.get(file.path)
            problems += [(file.path, problem) for problem in _examine(file, end, following, index, epochs)]
            if end is None and following is not None:
                end = following.start
            ranges[file.path] = Range(file.start, end)
    return ranges, problems


def _examine(
    file: CalibFile, end: datetime | None, following: CalibFile | None, index: int, epochs: list[CalibFile]
) -> Iterable[Problem]:
    if index and epochs[index - 1].start == file.start:
        yield Problem("CAL401", (), f"starts at {iso(file.start)}, as does {epochs[index - 1].path}")
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
