"""What a package says at its commits: checked without a checkout, each version of a file once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from curated.check.cache import instrument_hash
from curated.check.file import read_and_check
from curated.check.instruments import read_instruments
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

_MOST = 12
"""Most commits that are looked at for an earlier state."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a package says at a commit.

    Parameters
    ----------
    commit : `str`
        Its SHA1.
    package : `Package`
        The package of the commit.
    report : `Report`
        What the check found; files beside texts, such as images, are not looked at.
    """

    commit: str
    package: Package
    report: Report


@dataclass(slots=True)
class Commits:
    """The commits of a package.

    Parameters
    ----------
    package : `Package`
        The package, of a work tree.
    """

    package: Package
    known: dict[tuple[str, str, str, str], FileReport] = field(default_factory=dict, repr=False)
    said: dict[str, Said] = field(default_factory=dict, repr=False)

    def at(self, revision: str) -> Said:
        """Return what the package says at a commit.

        Raises
        ------
        CuratedError
            If there is no repository, or no such commit.
        """
        package, commit = package_at(self.package.root, revision)
        if commit not in self.said:
            declared, findings = read_instruments(package)
            reports = self._reports(package.files, package.layout.files, declared)
            self.said[commit] = Said(commit, package, judge(package, (), declared, reports, findings))
        return self.said[commit]

    def _reports(
        self, files: Files, listed: Sequence[CalibFile], declared: Mapping[str, Instrument]
    ) -> dict[str, FileReport]:
        blobs = files.blobs if isinstance(files, CommitTree) else {}
        reports = {}
        for file in listed:
            instrument = declared.get(file.key.instrument)
            declaration = instrument_hash(instrument) if instrument else ""
            name = (file.path, blobs.get(file.path, ""), blobs.get(file.side, ""), declaration)
            if name not in self.known:
                self.known[name] = read_and_check(files, file, declared, companion=False).report
            reports[file.path] = self.known[name]
        return reports

    def around(self, paths: Sequence[str]) -> list[str]:
        """Return the last commits that changed some files, and those before them, the newest first."""
        return commits_changing(open_repository(self.package.root), paths, _MOST)
