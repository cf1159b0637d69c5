"""Calibrations taken out of use in a package, and back: what is written, and what the dates get instead."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from curated.check.file import read_and_check
from curated.check.instruments import read_instruments
from curated.check.package import select
from curated.check.report import ends_and_marks
from curated.core.diagnostic import CuratedError, Diagnostic, has_errors
from curated.core.keys import CalibFile, CalibKey
from curated.core.wholefile import write_whole
from curated.datasets.deprecation import Deprecation
from curated.history.effects import Segment, segments
from curated.package.files import Files
from curated.package.package import Package
from curated.package.validity import by_key, examine, folded, resolve
from curated.text.deprecation_mark import marked, unmarked


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one file.

    Parameters
    ----------
    file : `CalibFile`
        The file.
    data : `bytes`
        Its text then.
    changed : `bool`
        Whether that is another one than now.
    """

    file: CalibFile
    data: bytes
    changed: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a change of marks does.

    Parameters
    ----------
    changes : `tuple` [`Change`]
        The files that were named.
    effects : `tuple` [`tuple` [`CalibKey`, `Segment`]]
        The dates that get another calibration than before, or none.
    diagnostics : `tuple` [`Diagnostic`]
        What is found of the files that were named, and errors that the change brings about; with an error among
        them nothing is written.
    """

    changes: tuple[Change, ...]
    effects: tuple[tuple[CalibKey, Segment], ...]
    diagnostics: tuple[Diagnostic, ...]

    @property
    def failed(self) -> bool:
        """Whether it cannot be done."""
        return has_errors(self.diagnostics)


def plan_deprecation(package: Package, paths: Sequence[str], mark: Deprecation | None) -> Outcome:
    """Work out what it does to mark calibrations, or to remove their marks; nothing is written.

    Parameters
    ----------
    package : `Package`
        The package, of a work tree.
    paths : sequence [`str`]
        Files or directories relative to its root.
    mark : `Deprecation` or `None`
        The mark; `None` to remove it.

    Raises
    ------
    CuratedError
        If there is no calibration at a path, or its text cannot be edited.
    """
    chosen = _chosen(package, paths)
    changes = tuple(_changed(package, file, mark) for file in chosen)
    keys = {folded(file.key) for file in chosen}
    files = [file for file in package.layout.files if folded(file.key) in keys]
    now = _Edited(package.files, {change.file.path: change.data for change in changes})
    (old, was), (new, found) = _state(package, files, package.files), _state(package, files, now)
    effects = [
        (epochs[0].key, segment)
        for epochs in by_key(files).values()
        for segment in segments([(f, old[f.path]) for f in epochs], [(f, new[f.path]) for f in epochs])
        if segment.before != segment.now
    ]
    named = {file.path for file in chosen}
    known = {(d.file, d.code) for d in was}
    told = [d for d in found if d.file in named or (d.is_error and (d.file, d.code) not in known)]
    return Outcome(changes, tuple(effects), tuple(sorted(told)))


def write_deprecation(package: Package, outcome: Outcome) -> None:
    """Write the files that change, each whole or not at all."""
    for change in outcome.changes:
        if change.changed:
            write_whole(package.root / change.file.path, [change.data])


def _chosen(package: Package, paths: Sequence[str]) -> list[CalibFile]:
    """Return the calibrations that are named; whoever names an image means its text."""
    beside = set(package.layout.beside)
    chosen: dict[str, CalibFile] = {}
    for path in paths:
        found = select(package.layout.files, [path])
        if not found and path in beside:
            stem = os.path.splitext(path)[0]
            found = [f for f in package.layout.files if os.path.splitext(f.path)[0] == stem]
        if not found:
            raise CuratedError(
                f"there is no calibration at {path or '.'}", "name its file as it is in the package"
            )
        chosen |= {file.path: file for file in found}
    return list(chosen.values())


def _changed(package: Package, file: CalibFile, mark: Deprecation | None) -> Change:
    before = package.files.read(file.path)
    try:
        after = unmarked(before, file.form) if mark is None else marked(before, file.form, mark)
    except CuratedError as error:
        raise CuratedError(f"{file.path}: {error.message}", error.hint) from error
    return Change(file, after, after != before)


State = tuple[Mapping[str, Any], list[Diagnostic]]


def _state(package: Package, files: Iterable[CalibFile], contents: Files) -> State:
    """Return the ranges of files, and what is found of their validity."""
    listed = list(files)
    declared, _ = read_instruments(package)
    reports = {f.path: read_and_check(contents, f, declared, companion=False).report for f in listed}
    ends, marks = ends_and_marks(reports)
    ranges = resolve(listed, ends, marks)
    problems = examine(by_key(listed), ranges, ends, marks)
    found = [Diagnostic.from_problem(problem, path) for path, problem in problems]
    found += [d for r in reports.values() for d in r.diagnostics if d.code == "CAL440"]
    return ranges, found


@dataclass(frozen=True, slots=True)
class _Edited:
    """Files, some of which have another content."""

    files: Files
    contents: Mapping[str, bytes]

    def paths(self) -> Iterator[str]:
        """Yield all paths."""
        return self.files.paths()

    def read(self, path: str) -> bytes:
        """Return the content of a file."""
        return self.contents[path] if path in self.contents else self.files.read(path)

    def locate(self, path: str) -> str | None:
        """Return where a file is on disk."""
        return self.files.locate(path)

    def state(self, path: str) -> str:
        """Return what changes when a file on disk does."""
        return self.files.state(path)
