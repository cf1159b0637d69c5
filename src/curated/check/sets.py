"""Rules over the whole package: validity, and what files say about the same detector."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from curated.check.file import FileReport
from curated.diagnostic import Diagnostic, Problem
from curated.model import CalibFile
from curated.validity import Range, by_key, resolve


def check_set(
    files: list[CalibFile], reports: Mapping[str, FileReport]
) -> tuple[dict[str, Range], list[Diagnostic]]:
    """Check what only all files together show.

    Parameters
    ----------
    files : `list` [`CalibFile`]
        All calibrations of the package.
    reports : `dict` [`str`, `FileReport`]
        What is known of each, by path.

    Returns
    -------
    ranges : `dict` [`str`, `Range`]
        Validity of each file, by path.
    diagnostics : `list` [`Diagnostic`]
        All that is wrong.
    """
    ends = {path: datetime.fromisoformat(r.end) for path, r in reports.items() if r.end}
    ranges, problems = resolve(files, ends)
    problems += _numbers(files, reports)
    problems += _calibdates(files, reports)
    return ranges, [Diagnostic.from_problem(problem, path) for path, problem in problems]


def _numbers(files: Iterable[CalibFile], reports: Mapping[str, FileReport]) -> Iterator[tuple[str, Problem]]:
    """Compare DETECTOR with what most files of the same directory say, and directories of one number."""
    numbers: dict[tuple[str, str], Counter[Any]] = {}
    for file in files:
        report = reports.get(file.path)
        if report is not None and file.key.detector and "DETECTOR" in report.keywords:
            place = (file.key.instrument, file.key.detector)
            numbers.setdefault(place, Counter())[report.keywords["DETECTOR"]] += 1
    usual = {place: min(seen, key=lambda n: (-seen[n], str(n))) for place, seen in numbers.items()}
    owners: dict[tuple[str, Any], list[str]] = {}
    for (instrument, detector), number in sorted(usual.items()):
        owners.setdefault((instrument, number), []).append(detector)
    for file in files:
        place = (file.key.instrument, file.key.detector)
        report = reports.get(file.path)
        if report is None or place not in usual or "DETECTOR" not in report.keywords:
            continue
        number = report.keywords["DETECTOR"]
        sharing = owners[(file.key.instrument, usual[place])]
        if number != usual[place]:
            detail = f"DETECTOR is {number}, other files of {file.key.detector!r} say {usual[place]}"
            yield file.path, Problem("CAL116", ("metadata", "DETECTOR"), detail)
        elif len(sharing) > 1:
            detail = f"DETECTOR {number} is claimed by {', '.join(sharing)}"
            yield file.path, Problem("CAL116", ("metadata", "DETECTOR"), detail)


def _calibdates(
    files: Iterable[CalibFile], reports: Mapping[str, FileReport]
) -> Iterator[tuple[str, Problem]]:
    for epochs in by_key(files).values():
        seen: dict[str, str] = {}
        for file in epochs if len(epochs) > 1 else ():
            date = str(reports[file.path].keywords.get("CALIBDATE", "")) if file.path in reports else ""
            if date and date in seen:
                detail = f"CALIBDATE {date} is also that of {seen[date]}"
                yield file.path, Problem("CAL406", ("metadata", "CALIBDATE"), detail)
            seen.setdefault(date, file.path)
