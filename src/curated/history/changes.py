"""Which files of a package changed since a commit, and the versions before and now of what is affected."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from curated.calib import Calib
from curated.calib.agreement import has_same_value, is_close
from curated.calib.keywords import content_keywords
from curated.check.cache import Cache
from curated.check.file import read_and_check
from curated.check.instruments import read_instruments
from curated.check.package import judge, read_reports
from curated.check.report import FileReport, Report
from curated.core.diagnostic import CuratedError
from curated.core.keys import CalibFile
from curated.core.metadata import is_same
from curated.core.parallel import Progress
from curated.datasets.deprecation import MARK
from curated.git.changes import WorkTreeChanges, work_tree_changes
from curated.git.objects import CommitTree, blob_sha1
from curated.git.repository import find_work_tree, merge_base, open_repository
from curated.git.revisions import refuse_uncertain
from curated.history.lookup import package_at
from curated.package.config import CONFIG_FILE
from curated.package.files import WorkTree, read_file
from curated.package.instrument import Instrument
from curated.package.layout import Layout
from curated.package.package import Package

_VALIDITY_KEYWORDS = frozenset({"CALIBDATE", "CALIB_ID", *MARK.keys})
"""Keywords that state the start, or that a calibration is out of use: changes of validity are reported as such."""


@dataclass(frozen=True, slots=True)
class Changes:
    """A package before a change and now.

    Parameters
    ----------
    before, now : `Package`
        The package of the merge base, and that of the work tree.
    base : `str`
        SHA1 of the merge base.
    observed_until : `datetime.datetime` or `None`
        End of the past, UTC: a calibration that starts before it may have been used. `None` if any may.
    paths : `frozenset` [`str`]
        Files that are new, gone, or have another content.
    renames : `dict` [`str`, `str`]
        Old path by new path, of files that git takes for the same.
    """

    before: Package
    now: Package
    base: str
    observed_until: datetime | None
    paths: frozenset[str]
    renames: dict[str, str]

    @property
    def affect_all(self) -> bool:
        """Whether all files may be affected, since ``curated.yaml`` changed."""
        return CONFIG_FILE in self.paths

    @property
    def instruments(self) -> set[str]:
        """Instruments whose declaration changed, in lower case."""
        declarations = (*self.before.layout.instruments.items(), *self.now.layout.instruments.items())
        return {directory.lower() for directory, path in declarations if path in self.paths}

    def is_past(self, time: datetime) -> bool:
        """Say whether data of a time may exist."""
        return self.observed_until is None or time < self.observed_until

    def include(self, file: CalibFile) -> bool:
        """Say whether a calibration or its provenance file changed."""
        return any(path in self.paths for path in (file.path, file.side, file.record))


def find_changes(package: Package, revision: str, observed_until: datetime | None = None) -> Changes:
    """Compare a work tree with the merge base of a revision and HEAD.

    Parameters
    ----------
    package : `Package`
        The package, of a work tree.
    revision : `str`
        A commit, a branch or a tag.
    observed_until : `datetime.datetime`, optional
        End of the past, UTC; if it is not given, every date may have been observed.

    Raises
    ------
    CuratedError
        If the package is not in a git repository, or git knows no such commit; the hint is how to mend it.
    """
    if find_work_tree(package.root) is None:
        raise CuratedError(
            f"{package.root} is not in a git repository, so that nothing is known of changes",
            "leave --since out, or run 'git init' and commit the calibrations",
        )
    repository = open_repository(package.root)
    refuse_uncertain(repository, revision)
    return changes_since(package, merge_base(repository, revision), observed_until)


def changes_since(package: Package, base: str, observed_until: datetime | None = None) -> Changes:
    """Compare a work tree with a commit.

    Parameters
    ----------
    package : `Package`
        The package, of a work tree.
    base : `str`
        SHA1 of the commit.
    observed_until : `datetime.datetime`, optional
        As for `find_changes`.

    Raises
    ------
    CuratedError
        If git cannot compare them.
    """
    difference = work_tree_changes(open_repository(package.root), base)
    before, _ = package_at(package.root, base)
    blobs = blobs_of(before)
    new_paths, old_paths = set(_paths(package.layout)), set(_paths(before.layout))
    # A file that is absent and that git does not miss was left out of a sparse checkout.
    old_sources, new_sources = sources_of(before), sources_of(package)
    present = difference.paths | new_paths | set(new_sources.values())
    absent = {path for path in old_paths - new_paths if old_sources.get(path, path) not in present}
    before = _with_files(before, old_paths - absent)
    candidates = _candidates(package, difference, new_paths & blobs.keys(), old_sources)
    paths = {path for path in candidates if _differs(package, path, blobs[path])}
    paths |= (new_paths - blobs.keys()) | (old_paths - new_paths - absent)
    if CONFIG_FILE in difference.paths or before.bare is not package.bare:
        paths.add(CONFIG_FILE)
    return Changes(before, package, base, observed_until, frozenset(paths), difference.renames)


def changes_between(before: Package, now: Package, base: str) -> Changes:
    """Compare the packages of two commits.

    Parameters
    ----------
    before, now : `Package`
        The packages; see `~curated.history.lookup.package_at`.
    base : `str`
        SHA1 of the commit before.
    """
    old_blobs, new_blobs = blobs_of(before), blobs_of(now)
    paths = {*_paths(before.layout), *_paths(now.layout), CONFIG_FILE}
    changed = {path for path in paths if old_blobs.get(path) != new_blobs.get(path)}
    if before.bare is not now.bare:
        changed.add(CONFIG_FILE)
    return Changes(before, now, base, None, frozenset(changed), {})


def blobs_of(package: Package) -> dict[str, str]:
    """Return the blob of each file of a package that comes from a commit; nothing for a work tree."""
    if not isinstance(package.files, CommitTree):
        return {}
    blobs = package.files.blobs
    copies = {path: blobs[source] for path, source in sources_of(package).items() if source in blobs}
    return {**blobs, **copies} if copies else blobs


def sources_of(package: Package) -> dict[str, str]:
    """Return the file that stands for each copy that is not there, by path of the copy; see `curated.package.sharing`."""
    return {file.path: file.shared for file in package.layout.files if file.shared}


def _paths(layout: Layout) -> Iterator[str]:
    yield from (file.path for file in layout.files)
    yield from filter(None, layout.instruments.values())
    yield from _other_paths(layout)


def _other_paths(layout: Layout) -> Iterator[str]:
    """Yield the paths of a layout that are neither calibrations nor declarations."""
    yield from (*layout.sides, *layout.records, *layout.beside)
    yield from (path for path, _ in layout.problems)


def _candidates(
    package: Package, difference: WorkTreeChanges, paths: Iterable[str], old_sources: Mapping[str, str]
) -> Iterator[str]:
    """Yield the paths of both states whose content may differ; of a link, git compares only where it leads."""
    root = package.root if isinstance(package.files, WorkTree) else None
    sources = sources_of(package)
    for path in paths:
        source, old_source = sources.get(path, path), old_sources.get(path, path)
        is_different = source != old_source or source in difference.paths
        if is_different or (root is not None and os.path.islink(f"{root}/{source}")):
            yield path


def _differs(package: Package, path: str, blob: str) -> bool:
    """Say whether the content differs; a file that git no longer tracks may still be there, and be the same."""
    data = read_file(package.files, path)
    return not isinstance(data, bytes) or blob_sha1(data) != blob


def _with_files(package: Package, paths: Collection[str]) -> Package:
    """Return a package with those of its files that are at some paths; its declarations stay."""
    layout = package.layout
    part = replace(package)
    part.layout = replace(
        layout,
        files=[file for file in layout.files if file.path in paths],
        sides=[path for path in layout.sides if path in paths],
        records=[path for path in layout.records if path in paths],
        beside=[path for path in layout.beside if path in paths],
        problems=[(path, problem) for path, problem in layout.problems if path in paths],
    )
    return part


# -- both versions ----------------------------------------------------------------------------------------


@dataclass(slots=True)
class Versions:
    """The versions before and now of the files of a package, each of them read once.

    A file that did not change is only read as it is now.

    Parameters
    ----------
    cache : `Cache` or `None`
        Reports of earlier checks, for the files as they are now.
    jobs : `int`, optional
        Number of processes; see `~curated.core.parallel.run_all`.
    progress : `~collections.abc.Callable`, optional
        Called with how many files are read and how many there are.
    """

    changes: Changes
    cache: Cache | None
    jobs: int | None = None
    progress: Progress | None = None
    _reports_before: dict[str, FileReport] = field(default_factory=dict)
    _reports_now: dict[str, FileReport] = field(default_factory=dict)
    _calibs: dict[tuple[bool, str], Calib | None] = field(default_factory=dict)

    def check(self, files: Iterable[CalibFile]) -> tuple[Report, Report]:
        """Check both versions of some files, with the rules over the whole package; nothing is silenced.

        Returns
        -------
        before, now : `Report`
            Results of the two checks.
        """
        paths = {file.path for file in files}
        before, now = (self._part(package, paths) for package in (self.changes.before, self.changes.now))
        declared, findings = read_instruments(now)
        report = judge(now, (), declared, self._read_now(now, declared), findings)
        declared, findings = read_instruments(before)
        return judge(before, (), declared, self._read_before(before, declared), findings), report

    def _part(self, package: Package, paths: set[str]) -> Package:
        """Return a package with some of its calibrations, and with the other files in their directories."""
        calib_paths = {file.path for file in package.layout.files}
        directories = {os.path.dirname(path) for path in (*self.changes.paths, *(paths & calib_paths))}
        others = {path for path in _other_paths(package.layout) if os.path.dirname(path) in directories}
        part = _with_files(package, paths | (others - calib_paths))
        part.config = replace(package.config, silence=())
        return part

    def _read_now(self, package: Package, declared: Mapping[str, Instrument]) -> dict[str, FileReport]:
        files = package.layout.files
        unread = [file for file in files if file.path not in self._reports_now]
        self._reports_now |= read_reports(
            package.files, unread, declared, self.cache, self.jobs, self.progress, complete=False
        )
        return {file.path: self._reports_now[file.path] for file in files}

    def _read_before(self, package: Package, declared: Mapping[str, Instrument]) -> dict[str, FileReport]:
        files = package.layout.files
        for file in files:
            if file.path not in self._reports_before:
                report = None if self.changes.include(file) else self._reports_now.get(file.path)
                report = report or read_and_check(package.files, file, declared).report
                self._reports_before[file.path] = report
        return {file.path: self._reports_before[file.path] for file in files}

    def find_differences(self, old: CalibFile, new: CalibFile) -> list[str]:
        """Name the fields and keywords in which a calibration before and one now differ.

        There are none if one of the two cannot be read.
        """
        if old.path == new.path and not self.changes.include(new):
            return []
        before, now = self.calibration(old, now=False), self.calibration(new, now=True)
        return find_differences(before, now) if before is not None and now is not None else []

    def give_same_results(self, old: CalibFile, new: CalibFile) -> bool:
        """Say whether a calibration before and one now can be read and do not differ."""
        is_readable = (
            self.calibration(old, now=False) is not None and self.calibration(new, now=True) is not None
        )
        return is_readable and not self.find_differences(old, new)

    def calibration(self, file: CalibFile, *, now: bool) -> Calib | None:
        """Return a calibration as it was before, or as it is now; `None` if it cannot be read."""
        if (now, file.path) not in self._calibs:
            files = self.changes.now.files if now else self.changes.before.files
            # The text has the hash of its companion, whose pixels need not be read.
            self._calibs[now, file.path] = read_and_check(files, file, {}, companion=False).calib
        return self._calibs[now, file.path]


def find_differences(old: Calib, new: Calib) -> list[str]:
    """Name the fields and keywords whose values are not the same.

    Comments, order, spelling of numbers and the form of the text make no difference, nor do notes of edits and
    other provenance, nor when a calibration is in force.
    """
    if type(old) is not type(new):
        return ["the type"]
    if old == new and old.units == new.units:
        return []
    return [*different_fields(old, new), *different_keywords(old, new)]


def different_fields(old: Calib, new: Calib) -> Iterator[str]:
    """Yield the fields whose values are not the same, in whatever units; see `has_same_value`."""
    companions = [calib.companion() for calib in (old, new)]
    file_names = tuple(companion.file if companion else None for companion in companions)
    for column in old.FIELDS:
        values = getattr(old, column.name), getattr(new, column.name)
        if file_names[0] is not None and values == file_names:
            continue  # the name of the companion; its hash tells whether it is the same
        if not has_same_value(old, new, column):
            yield column.key


def different_keywords(old: Calib, new: Calib) -> Iterator[str]:
    """Yield the keywords whose values are not the same, those of validity apart."""
    old_keywords, new_keywords = (content_keywords(calib.SPEC, calib.metadata) for calib in (old, new))
    for key in {**old_keywords, **new_keywords}:
        values = old_keywords.get(key), new_keywords.get(key)
        if key not in _VALIDITY_KEYWORDS and not (is_same(*values) or is_close(*values)):
            yield key
