"""Rules on the epochs of a calibration: their ranges, their CALIBDATEs, and how their starts are spelled."""

from __future__ import annotations

import os
from collections.abc import Iterator

from curated.check.report import ends_and_marks
from curated.check.rules.context import Context
from curated.core.diagnostic import Problem
from curated.core.times import has_offset
from curated.package.validity import examine


def validity(context: Context) -> Iterator[tuple[str, Problem]]:
    """Yield ranges that overlap, end before they start or leave a hole, and what replaces deprecated files."""
    yield from examine(context.epochs, context.ranges, *ends_and_marks(context.reports))


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
