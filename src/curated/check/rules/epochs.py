"""Rules on the epochs of a calibration: their ranges, their CALIBDATEs, and how their starts are spelled."""

from __future__ import annotations

import os
from collections.abc import Iterator

from curated.check.report import ends_and_marks
from curated.check.rules.context import Context
from curated.core.diagnostic import Problem
from curated.core.times import has_offset, iso
from curated.package.config import STACK
from curated.package.validity import examine
from curated.registry import get_type


def validity(context: Context) -> Iterator[tuple[str, Problem]]:
    """Yield ranges that overlap, end before they start or leave a hole, and what replaces deprecated files."""
    yield from examine(context.epochs, context.ranges, *ends_and_marks(context.reports))


def ranges_of_the_stack(context: Context) -> Iterator[tuple[str, Problem]]:
    """Yield files of which the stack takes another range, in packages that it reads.

    ``writeCuratedCalibrations`` of obs_base knows the starts in the names of files and nothing else: every file is in
    force until the next one of its directory starts. It reads neither VALIDEND nor marks of deprecation.
    """
    if STACK not in context.config.readers:
        return
    ends, marks = ends_and_marks(context.reports)
    for epochs in context.epochs.values():
        if not get_type(epochs[0].key.type).SPEC.is_read_by_stack:
            continue
        for file in epochs:
            following = next((other for other in epochs if other.start > file.start), None)
            until = (
                f"until {iso(following.start)}, when {following.path} starts" if following else "without end"
            )
            end = ends.get(file.path)
            if file.path in marks:
                detail = f"the stack does not know the mark: to it, this is in force from {iso(file.start)} {until}"
                yield (
                    file.path,
                    Problem("CAL359", ("metadata", next(iter(marks[file.path].keywords()))), detail),
                )
            elif end is not None and end > file.start and (following is None or end < following.start):
                detail = f"the stack ignores VALIDEND {iso(end)}: to it, this is in force {until}"
                yield file.path, Problem("CAL358", ("metadata", "VALIDEND"), detail)


def repeated_calibdates(context: Context) -> Iterator[tuple[str, Problem]]:
    """Yield a CALIBDATE that an earlier file of the same key has."""
    for epochs in context.epochs.values():
        first_paths: dict[str, str] = {}
        for file in epochs if len(epochs) > 1 else ():
            report = context.reports[file.path]
            if report.deprecation is not None:
                continue  # a deprecated calibration gets no run collection
            date = str(report.keywords.get("CALIBDATE", ""))
            if date and date in first_paths:
                detail = f"CALIBDATE {date} is also that of {first_paths[date]}"
                yield file.path, Problem("CAL406", ("metadata", "CALIBDATE"), detail)
            first_paths.setdefault(date, file.path)


def mixed_offsets(context: Context) -> Iterator[tuple[str, Problem]]:
    """Yield directories, or else instruments, in which some starts have an offset from UTC and others none."""
    spellings: dict[str, tuple[list[str], list[str]]] = {}
    for file in context.files:
        offset = has_offset(os.path.splitext(os.path.basename(file.path))[0])
        spellings.setdefault(file.key.instrument, ([], []))[offset].append(file.path)
    for naive, aware in spellings.values():
        if not naive or not aware:
            continue
        directories = {os.path.dirname(path): path for path in reversed(naive)}
        mixed = {
            os.path.dirname(path): path for path in reversed(aware) if os.path.dirname(path) in directories
        }
        for directory, path in mixed.items():
            other = os.path.basename(directories[directory])
            yield path, Problem("CAL408", (), f"the name has an offset from UTC, that of {other} has none")
        if not mixed:
            detail = (
                f"names with an offset from UTC: {len(aware)}, without one: {len(naive)}, such as {naive[0]}"
            )
            yield aware[0], Problem("CAL409", (), detail)
