"""What was believed about a product, commit by commit: its files, when they applied, and what each commit changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from curated.check.file import check_file
from curated.check.report import FileReport, resolve_ranges
from curated.core.diagnostic import CuratedError
from curated.core.keys import CalibFile, CalibKey
from curated.git.changes import Commit, read_history
from curated.git.objects import damaged, read_objects
from curated.git.repository import Repository, is_shallow
from curated.git.tree import object_name
from curated.history.beliefs.places import FileStep, Locator, Step, apply_steps, follow, without_other_files
from curated.history.effects import find_segments
from curated.history.products import says_validity
from curated.package.package import Package
from curated.package.validity import Range
from curated.registry import get_type

Kind = Literal["added", "edited", "renamed", "removed", "deprecated", "in use again", "range changed"]
"""What a commit did to a file; a renamed one may be edited as well."""


class Version(NamedTuple):
    """A file as a commit has it: its blob, and when it was believed to be in force."""

    file: CalibFile
    blob: str
    range: Range


@dataclass(frozen=True, slots=True)
class FileEvent:
    """What a commit did to one file of the product; see `Kind`.

    Parameters
    ----------
    before, after : `Version` or `None`
        The file before and after; `None` where it was not there, or is not any more.
    """

    kinds: tuple[Kind, ...]
    before: Version | None
    after: Version | None


@dataclass(frozen=True, slots=True)
class AnswerChange:
    """A range over which lookups find another file, or another content of it, since a commit."""

    range: Range
    before: Version | None
    after: Version | None


@dataclass(frozen=True, slots=True)
class Belief:
    """What was believed since a commit.

    Parameters
    ----------
    subject : `str`
        First line of its message.
    versions : `tuple` [`Version`]
        All files of the product after it, in the order of their starts.
    events : `tuple` [`FileEvent`]
        What it did to each file.
    changes : `tuple` [`AnswerChange`]
        Where lookups find something else than before.
    is_cut : `bool`
        Whether history is cut off here (shallow clone), so that what it says may be older.
    """

    commit: Commit
    subject: str
    versions: tuple[Version, ...]
    events: tuple[FileEvent, ...]
    changes: tuple[AnswerChange, ...]
    is_cut: bool = False

    def in_force(self, time: datetime) -> Version | None:
        """Return what was believed to be in force at a time; `None` for nothing."""
        return next((version for version in reversed(self.versions) if time in version.range), None)


@dataclass(frozen=True, slots=True)
class History:
    """The history of a product.

    Parameters
    ----------
    beliefs : `tuple` [`Belief`]
        What was believed, the oldest first; there is one for each commit that changed a file of the product.
    contents : `dict` [`str`, `bytes`]
        Text of each version of a file, by blob.
    """

    key: CalibKey
    beliefs: tuple[Belief, ...]
    contents: Mapping[str, bytes]


class Period(NamedTuple):
    """A time over which the same was believed about one moment.

    Parameters
    ----------
    since, until : `Commit` or `None`
        The first commit that believed it, and the first that did not any more; `None` where there is none.
    version : `Version` or `None`
        What was believed to be in force; `None` for nothing.
    """

    since: Commit | None
    until: Commit | None
    version: Version | None


def read_product_history(package: Package, repository: Repository, sha1: str, key: CalibKey) -> History:
    """Read the history of a product from the commits of the first parents.

    Git is asked twice: for the whole log, and for all versions of the files.

    Parameters
    ----------
    package : `Package`
        The package as the commit has it.
    key : `CalibKey`
        The product, with all levels that its type has.

    Raises
    ------
    CuratedError
        If git cannot read history, or if no commit has a file of the product.
    """
    locator = Locator(key, get_type(key.type).SPEC, not package.bare)
    place = locator.current_place(f"{repository.prefix}{package.top}".rstrip("/"))
    steps = follow(read_history(repository, sha1), locator, place)
    if not steps:
        raise _absent(key)
    blobs = sorted(
        {blob for step in steps for file in step.files for blob in (file.old_blob, file.new_blob) if blob}
    )
    contents = dict(zip(blobs, read_objects(repository, blobs), strict=True))
    for blob, content in contents.items():
        if object_name("blob", content, len(blob)) != blob:
            raise damaged(repository, f"blob {blob[:12]}, a version of {key},", bool(content))
    steps = without_other_files(steps, locator, contents)
    if not steps:
        raise _absent(key)
    reader = _Reader(locator, contents, is_shallow(repository), {})
    return History(key, tuple(reader.beliefs(steps, repository.prefix)), contents)


def _absent(key: CalibKey) -> CuratedError:
    hint = "commit it first, or see 'curated lookup' for those that there are"
    return CuratedError(f"no commit has a calibration {key}", hint)


@dataclass(slots=True)
class _Reader:
    """Turns steps into beliefs; reports of texts are made once."""

    locator: Locator
    contents: Mapping[str, bytes]
    is_shallow: bool
    reports: dict[tuple[str, str], FileReport]

    def beliefs(self, steps: Sequence[Step], prefix: str) -> list[Belief]:
        state: dict[str, str] = {}
        versions: tuple[Version, ...] = ()
        beliefs = []
        for step in steps:
            state = apply_steps(state, step.files)
            before, versions = versions, self._versions(state, prefix)
            events = _events(step.files, before, versions, prefix)
            changes = tuple(_changes(before, versions))
            is_cut = step.is_cut and self.is_shallow
            beliefs.append(Belief(step.commit, step.subject, versions, events, changes, is_cut))
        return beliefs

    def _versions(self, state: Mapping[str, str], prefix: str) -> tuple[Version, ...]:
        files = {path: file for path in state if (file := self.locator.file(path)) is not None}
        reports = {path: self._report(file, state[path]) for path, file in files.items()}
        ranges = resolve_ranges(files.values(), reports)
        versions = [
            Version(_in_package(file, prefix), state[path], ranges[path]) for path, file in files.items()
        ]
        return tuple(sorted(versions, key=lambda version: (version.file.start, version.file.path)))

    def _report(self, file: CalibFile, blob: str) -> FileReport:
        """Return end of validity and deprecation of a version; only a text that has one is parsed."""
        place = file.path, blob
        if place not in self.reports:
            text = self.contents.get(blob, b"")
            key = file.key
            report = FileReport(file.path, key.detector, key.filter)
            self.reports[place] = check_file(file, text)[1] if says_validity(text) else report
        return self.reports[place]


def _in_package(file: CalibFile, prefix: str) -> CalibFile:
    return CalibFile(file.path.removeprefix(prefix), file.key, file.start, file.form)


def _events(
    steps: Sequence[FileStep], before: Sequence[Version], after: Sequence[Version], prefix: str
) -> tuple[FileEvent, ...]:
    """Return what happened to each file, and to the ranges of files that were left alone."""
    olds = {version.file.path: version for version in before}
    news = {version.file.path: version for version in after}
    events = []
    touched = set()
    for step in steps:
        old, new = olds.get(step.before.removeprefix(prefix)), news.get(step.after.removeprefix(prefix))
        touched |= {version.file.path for version in (old, new) if version is not None}
        kinds = _kinds(old, new)
        if kinds:
            events.append(FileEvent(kinds, old, new))
    for path, new in news.items():
        if path in olds and path not in touched and new.range != olds[path].range:
            events.append(FileEvent(("range changed",), olds[path], new))
    return tuple(sorted(events, key=_order))


def _order(event: FileEvent) -> tuple[datetime, str]:
    version = event.after or event.before
    return (version.file.start, version.file.path) if version is not None else (datetime(1, 1, 1), "")


def _kinds(old: Version | None, new: Version | None) -> tuple[Kind, ...]:
    if old is None or new is None:
        return () if old is new else (("added",) if old is None else ("removed",))
    kinds: list[Kind] = []
    if old.file.path != new.file.path:
        kinds.append("renamed")
    marks = old.range.deprecation, new.range.deprecation
    if marks[0] is None and marks[1] is not None:
        kinds.append("deprecated")
    elif marks[0] is not None and marks[1] is None:
        kinds.append("in use again")
    elif old.blob != new.blob:
        kinds.append("edited")
    if (old.range.start, old.range.end) != (new.range.start, new.range.end):
        kinds.append("range changed")
    return tuple(kinds)


def _changes(before: Sequence[Version], after: Sequence[Version]) -> list[AnswerChange]:
    """Return the ranges over which lookups find something else, adjacent ones with the same versions as one."""
    olds = {version.file: version for version in before}
    news = {version.file: version for version in after}
    segments = find_segments([(v.file, v.range) for v in before], [(v.file, v.range) for v in after])
    changes = []
    for segment in segments:
        old = olds.get(segment.before) if segment.before is not None else None
        new = news.get(segment.now) if segment.now is not None else None
        if (old and (old.file.path, old.blob)) != (new and (new.file.path, new.blob)):
            changes.append(AnswerChange(segment.range, old, new))
    return changes


def periods(history: History, time: datetime) -> list[Period]:
    """Return what was believed about one moment over time, the newest first.

    Parameters
    ----------
    time : `datetime.datetime`
        The moment, UTC.
    """
    consecutive: list[Period] = []
    for belief in history.beliefs:
        version = belief.in_force(time)
        last = consecutive[-1].version if consecutive else None
        if (version and (version.file.path, version.blob)) == (last and (last.file.path, last.blob)):
            if consecutive and version is not None:
                consecutive[-1] = consecutive[-1]._replace(version=version)
            continue
        if consecutive:
            consecutive[-1] = consecutive[-1]._replace(until=belief.commit)
        else:
            consecutive.append(Period(None, belief.commit, None))
        consecutive.append(Period(belief.commit, None, version))
    return (consecutive or [Period(None, None, None)])[::-1]
