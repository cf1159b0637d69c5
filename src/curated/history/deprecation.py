"""Calibrations of a package taken out of use, and back: the marks to write, and what the dates get instead."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from curated.check.file import read_and_check
from curated.check.instruments import read_instruments
from curated.check.package import select
from curated.check.report import ends_and_marks
from curated.core.diagnostic import CuratedError, Diagnostic, has_errors
from curated.core.keys import CalibFile, CalibKey
from curated.core.storage.staging import replace_together
from curated.datasets.deprecation import Deprecation
from curated.history.effects import Segment, find_segments
from curated.package.files import Files
from curated.package.package import Package
from curated.package.validity import Range, by_key, examine, folded, resolve
from curated.text.deprecation_mark import add_mark, remove_mark


@dataclass(frozen=True, slots=True)
class FileEdit:
    """A calibration that was selected, and its new text.

    Parameters
    ----------
    before : `bytes`
        Content of its file now.
    text : `bytes`
        Content of its file with the mark, or without it.
    """

    file: CalibFile
    before: bytes
    text: bytes

    @property
    def changed(self) -> bool:
        """Whether the content changes."""
        return self.text != self.before


@dataclass(frozen=True, slots=True)
class DeprecationPlan:
    """A change of marks, and what it does.

    Parameters
    ----------
    effects : `tuple` [`tuple` [`CalibKey`, `Segment`]]
        The dates that get another calibration than before, or none.
    diagnostics : `tuple` [`Diagnostic`]
        Findings in the selected files, and errors that the change brings about; with an error among them the plan
        is not to be carried out.
    """

    edits: tuple[FileEdit, ...]
    effects: tuple[tuple[CalibKey, Segment], ...]
    diagnostics: tuple[Diagnostic, ...]

    @property
    def failed(self) -> bool:
        """Whether any finding is an error."""
        return has_errors(self.diagnostics)


def plan_deprecation(package: Package, paths: Sequence[str], mark: Deprecation | None) -> DeprecationPlan:
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
    selected = _select(package, paths)
    edits = tuple(_edit(package, file, mark) for file in selected)
    keys = {folded(file.key) for file in selected}
    files = [file for file in package.layout.files if folded(file.key) in keys]
    edited_files = EditedFiles(package.files, {edit.file.source: edit.text for edit in edits})
    old_ranges, old_findings = resolve_contents(package, files, package.files)
    ranges, findings = resolve_contents(package, files, edited_files)
    effects = [
        (epochs[0].key, segment)
        for epochs in by_key(files).values()
        for segment in find_segments(
            [(file, old_ranges[file.path]) for file in epochs],
            [(file, ranges[file.path]) for file in epochs],
        )
        if segment.before != segment.now
    ]
    selected_paths = {path for file in selected for path in (file.path, file.source)}
    old_problems = {(d.file, d.code) for d in old_findings}
    diagnostics = [
        d
        for d in findings
        if d.file in selected_paths or (d.is_error and (d.file, d.code) not in old_problems)
    ]
    return DeprecationPlan(edits, tuple(effects), tuple(sorted(diagnostics)))


def write_deprecation(package: Package, plan: DeprecationPlan) -> None:
    """Write the files that change, all of them or none.

    Raises
    ------
    CuratedError
        If one of them is no longer what the plan was made of.
    """
    changed = [edit for edit in plan.edits if edit.changed]
    for edit in plan.edits:
        if package.files.read(edit.file.path) != edit.before:
            raise CuratedError(f"{edit.file.source} has changed in the meantime", "run it again")
    if changed:
        replace_together(package.root, {edit.file.source: edit.text for edit in changed})


def _select(package: Package, paths: Sequence[str]) -> list[CalibFile]:
    """Return the calibrations at some paths; a path to an image selects the text that describes it."""
    companions = set(package.layout.beside)
    selected: dict[str, CalibFile] = {}
    for path in paths:
        files = select(package.layout.files, [path])
        if not files and path in companions:
            stem = os.path.splitext(path)[0]
            files = [file for file in package.layout.files if os.path.splitext(file.source)[0] == stem]
        if not files:
            raise CuratedError(
                f"there is no calibration at {path or '.'}", "name its file as it is in the package"
            )
        selected |= {file.path: file for file in files}
    return list(selected.values())


def _edit(package: Package, file: CalibFile, mark: Deprecation | None) -> FileEdit:
    before = package.files.read(file.path)
    try:
        after = remove_mark(before, file.form) if mark is None else add_mark(before, file.form, mark)
    except CuratedError as error:
        raise CuratedError(f"{file.source}: {error.message}", error.hint) from error
    return FileEdit(file, before, after)


def resolve_contents(
    package: Package, calib_files: Sequence[CalibFile], files: Files
) -> tuple[Mapping[str, Range], list[Diagnostic]]:
    """Return the ranges of calibrations with the contents of ``files``, and the findings about their validity."""
    declared, _ = read_instruments(package)
    reports = {f.path: read_and_check(files, f, declared, companion=False).report for f in calib_files}
    ends, marks = ends_and_marks(reports)
    ranges = resolve(calib_files, ends, marks)
    problems = examine(by_key(calib_files), ranges, ends, marks)
    findings = [Diagnostic.from_problem(problem, path) for path, problem in problems]
    findings += [d for report in reports.values() for d in report.diagnostics if d.code == "CAL440"]
    return ranges, findings


@dataclass(frozen=True, slots=True)
class EditedFiles:
    """Files of a package, some of which have a new content."""

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
        """Return a text that changes when a file on disk does."""
        return self.files.state(path)
