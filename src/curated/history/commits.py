"""Check a package at its commits, without a checkout and each version of a file once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from curated.check.cache import instrument_hash
from curated.check.file import read_and_check
from curated.check.instruments import complete_instruments, read_instruments
from curated.check.package import judge
from curated.check.report import FileReport, Report
from curated.core.keys import CalibFile
from curated.git.changes import commits_changing
from curated.git.objects import CommitTree
from curated.git.repository import open_repository
from curated.history.lookup import package_at
from curated.package.files import Files
from curated.package.instrument import Instrument
from curated.package.package import Package

_NEARBY = 12
"""Most commits that `CommitChecker.commits_near` starts from."""


@dataclass(frozen=True, slots=True)
class CheckedCommit:
    """A package at a commit, checked.

    Parameters
    ----------
    commit : `str`
        SHA1 of the commit.
    package : `Package`
        The package as the commit has it.
    report : `Report`
        Result of the check; files beside texts, such as images, are not read.
    instruments : `dict` [`str`, `Instrument`]
        Declared and inferred instruments, by directory.
    """

    commit: str
    package: Package
    report: Report
    instruments: Mapping[str, Instrument]


@dataclass(frozen=True, slots=True)
class CommitChecker:
    """Checks a package at its commits, and remembers what it has checked.

    Parameters
    ----------
    package : `Package`
        The package of a work tree.
    """

    package: Package
    _reports: dict[tuple[str, str, str, str], FileReport] = field(default_factory=dict, repr=False)
    _commits: dict[str, CheckedCommit] = field(default_factory=dict, repr=False)

    def check(self, revision: str) -> CheckedCommit:
        """Return the package at a commit, checked.

        Raises
        ------
        CuratedError
            If there is no repository, or no such commit.
        """
        package, commit = package_at(self.package.root, revision)
        if commit not in self._commits:
            declared, findings = read_instruments(package)
            reports = self._read(package.files, package.layout.files, declared)
            report = judge(package, (), declared, reports, findings)
            instruments = complete_instruments(package, reports, declared)
            self._commits[commit] = CheckedCommit(commit, package, report, instruments)
        return self._commits[commit]

    def _read(
        self, files: Files, calib_files: Sequence[CalibFile], declared: Mapping[str, Instrument]
    ) -> dict[str, FileReport]:
        blobs = files.blobs if isinstance(files, CommitTree) else {}
        reports = {}
        for file in calib_files:
            instrument = declared.get(file.key.instrument)
            declaration = instrument_hash(instrument) if instrument else ""
            version = (file.path, blobs.get(file.source, ""), blobs.get(file.side, ""), declaration)
            if version not in self._reports:
                self._reports[version] = read_and_check(files, file, declared, companion=False).report
            reports[file.path] = self._reports[version]
        return reports

    def commits_near(self, paths: Sequence[str]) -> list[str]:
        """Return the last commits that changed some paths of the package, each with its parents, newest first."""
        return commits_changing(open_repository(self.package.root), paths, _NEARBY)
