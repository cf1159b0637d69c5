"""A package as it would be after files were written and removed, and what that changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from curated.check.instruments import read_instruments
from curated.check.package import read_reports
from curated.check.report import FileReport, ends_and_marks
from curated.core.diagnostic import Diagnostic
from curated.core.keys import CalibFile, CalibKey
from curated.package.files import Files
from curated.package.package import Package
from curated.package.validity import Range, by_key, examine, folded, resolve


@dataclass(frozen=True, slots=True)
class PlannedFiles:
    """Files of a package of which some are new, changed or removed.

    Parameters
    ----------
    files : `Files`
        The files as they are.
    contents : `dict` [`str`, `bytes`]
        Content of the new and the changed files, by path.
    removed : collection [`str`]
        Paths of the files that are removed.
    places : `dict` [`str`, `str`]
        Path of a file with the same content, by path of each new file that is large.
    sources : `dict` [`str`, `str`]
        As of `curated.package.files.WorkTree`.
    """

    files: Files
    contents: Mapping[str, bytes]
    removed: frozenset[str] = frozenset()
    places: Mapping[str, str] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict, compare=False, repr=False)

    def paths(self) -> Iterator[str]:
        """Yield all paths."""
        yield from sorted({*self.files.paths(), *self.contents, *self.places} - self.removed)

    def read(self, path: str) -> bytes:
        """Return the content of a file."""
        path = self.sources.get(path, path)
        if path in self.contents:
            return self.contents[path]
        return self.files.read(self.places.get(path, path))

    def locate(self, path: str) -> str | None:
        """Return where a file is on disk, or one with its content."""
        return self.files.locate(self.places.get(path, path))

    def state(self, path: str) -> str:
        """Return a text that changes when a file on disk does."""
        return self.files.state(self.places.get(path, path))


@dataclass(frozen=True, slots=True)
class Outlook:
    """The calibrations of some types before and after a plan.

    Parameters
    ----------
    before, now : `dict` [`CalibKey`, `list`]
        Calibrations of each key, in the order of their starts.
    diagnostics : `tuple` [`Diagnostic`]
        Errors that the plan would bring about.
    """

    before: Mapping[CalibKey, list[tuple[CalibFile, Range]]]
    now: Mapping[CalibKey, list[tuple[CalibFile, Range]]]
    diagnostics: tuple[Diagnostic, ...]

    def changed_keys(self) -> list[CalibKey]:
        """Return the keys of which other dates have a calibration than before."""

        def dates(epochs: Iterable[tuple[CalibFile, Range]]) -> list[tuple[object, ...]]:
            return [(file.start, valid.start, valid.end) for file, valid in epochs]

        keys = sorted({*self.before, *self.now})
        return [key for key in keys if dates(self.before.get(key, ())) != dates(self.now.get(key, ()))]


def foresee(package: Package, planned: PlannedFiles, types: Iterable[tuple[str, str]]) -> Outlook:
    """Check the calibrations of some types before and after a plan.

    Parameters
    ----------
    types : iterable [`tuple` [`str`, `str`]]
        Instrument and type.
    """
    selected = {(instrument.lower(), name) for instrument, name in types}
    after = Package(package.root, planned, package.config, package.bare)
    old_epochs, old_findings = _resolve(package, selected)
    epochs, findings = _resolve(after, selected)
    old_codes = {(finding.code, finding.message) for finding in old_findings}
    errors = [f for f in findings if f.is_error and (f.code, f.message) not in old_codes]
    return Outlook(old_epochs, epochs, tuple(sorted(set(errors))))


def _resolve(
    package: Package, types: set[tuple[str, str]]
) -> tuple[dict[CalibKey, list[tuple[CalibFile, Range]]], list[Diagnostic]]:
    files = [f for f in package.layout.files if (f.key.instrument.lower(), f.key.type) in types]
    declared, _ = read_instruments(package)
    reports: dict[str, FileReport] = read_reports(package.files, files, declared, None)
    ends, marks = ends_and_marks(reports)
    ranges = resolve(files, ends, marks)
    epochs: dict[CalibKey, list[tuple[CalibFile, Range]]] = {}
    for file in sorted(files, key=lambda f: (f.start, f.path)):
        epochs.setdefault(folded(file.key), []).append((file, ranges[file.path]))
    findings = [finding for report in reports.values() for finding in report.diagnostics]
    problems = [*package.layout.problems, *examine(by_key(files), ranges, ends, marks)]
    sources = {file.path: file.source for file in files}
    findings += [Diagnostic.from_problem(problem, sources.get(path, path)) for path, problem in problems]
    return epochs, findings
