"""Rules over the whole package: validity, how starts are spelled, and what files say about the same detector."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping

from curated.check.deprecations import ends_and_marks
from curated.check.file import FileReport
from curated.check.rules.agreement import check_agreement
from curated.check.rules.cameras import Cameras, check_detectors
from curated.core.diagnostic import Diagnostic, Problem
from curated.core.keys import CalibFile
from curated.core.times import has_offset
from curated.package.instrument import Instrument
from curated.package.validity import Range, by_key, resolve


def check_set(
    files: list[CalibFile], reports: Mapping[str, FileReport], declared: Mapping[str, Instrument]
) -> tuple[dict[str, Range], list[Diagnostic]]:
    """Check what only all files together show.

    Parameters
    ----------
    files : `list` [`CalibFile`]
        All calibrations of the package.
    reports : `dict` [`str`, `FileReport`]
        What is known of each, by path.
    declared : `dict` [`str`, `Instrument`]
        The declared instruments, by directory.

    Returns
    -------
    ranges : `dict` [`str`, `Range`]
        Validity of each file, by path.
    diagnostics : `list` [`Diagnostic`]
        All that is wrong.
    """
    ranges, problems = resolve_reported(files, reports)
    cameras = Cameras(files, reports)
    problems += check_agreement(files, reports, declared, cameras)
    problems += check_detectors(files, reports, declared, cameras)
    problems += _calibdates(files, reports)
    problems += _offsets(files)
    return ranges, [Diagnostic.from_problem(problem, path) for path, problem in problems]


def resolve_reported(
    files: Iterable[CalibFile], reports: Mapping[str, FileReport]
) -> tuple[dict[str, Range], list[tuple[str, Problem]]]:
    """Resolve the validity of files by what their reports say; see `~curated.package.validity.resolve`."""
    return resolve(files, *ends_and_marks(reports))


def _calibdates(
    files: Iterable[CalibFile], reports: Mapping[str, FileReport]
) -> Iterator[tuple[str, Problem]]:
    for epochs in by_key(files).values():
        seen: dict[str, str] = {}
        for file in epochs if len(epochs) > 1 else ():
            if file.path in reports and reports[file.path].deprecation is not None:
                continue  # it gets no run collection
            date = str(reports[file.path].keywords.get("CALIBDATE", "")) if file.path in reports else ""
            if date and date in seen:
                detail = f"CALIBDATE {date} is also that of {seen[date]}"
                yield file.path, Problem("CAL406", ("metadata", "CALIBDATE"), detail)
            seen.setdefault(date, file.path)


def _offsets(files: Iterable[CalibFile]) -> Iterator[tuple[str, Problem]]:
    """Yield directories, and else instruments, whose starts are spelled with and without an offset from UTC."""
    spelled: dict[str, tuple[list[str], list[str]]] = {}
    for file in files:
        offset = has_offset(os.path.splitext(os.path.basename(file.path))[0])
        spelled.setdefault(file.key.instrument, ([], []))[offset].append(file.path)
    for naive, aware in spelled.values():
        if not naive or not aware:
            continue
        places = {os.path.dirname(path): path for path in reversed(naive)}
        mixed = {os.path.dirname(path): path for path in reversed(aware) if os.path.dirname(path) in places}
        for place, path in mixed.items():
            other = os.path.basename(places[place])
            yield path, Problem("CAL408", (), f"the name has an offset from UTC, that of {other} has none")
        if not mixed:
            detail = (
                f"names with an offset from UTC: {len(aware)}, without one: {len(naive)}, such as {naive[0]}"
            )
            yield aware[0], Problem("CAL409", (), detail)
