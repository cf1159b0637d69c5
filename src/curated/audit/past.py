"""The files that a package had, and since which commit a calibration is no longer the one in force."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from curated.audit.state import Memory, in_force_of
from curated.calib import Calib
from curated.check.file import check_file
from curated.check.report import FileReport
from curated.core.diagnostic import CuratedError
from curated.core.keys import CalibFile, CalibKey
from curated.git.changes import Commit, FileChange, read_log, start_log
from curated.git.objects import Objects, find_blobs
from curated.git.repository import Repository
from curated.package.layout import discover
from curated.package.validity import folded

NOT_COMMITTED = Commit("", "", "")
"""Stands for a change of the work tree that no commit has yet."""


IsSame = Callable[[CalibFile, str], bool]


class _Step(NamedTuple):
    """A commit, and what it changed in one product."""

    commit: Commit
    files: list[FileChange]


class Past:
    """The history of a package along the first parents of a commit, read once.

    Parameters
    ----------
    repository : `Repository` or `None`
        Where the package is; without it there is no history.
    commit : `str`
        SHA1 of the commit from which to look back.
    top : `str`
        Directory of the package that holds its calibrations.
    memory : `Memory`
        Reports of files.
    """

    def __init__(self, repository: Repository | None, commit: str, top: str, memory: Memory) -> None:
        self._repository, self._commit, self._top, self._memory = repository, commit, top, memory

    @cached_property
    def _objects(self) -> Objects:
        if self._repository is None:
            raise CuratedError("the package is not in a git repository")
        return Objects(self._repository)

    @cached_property
    def _blobs(self) -> dict[str, str]:
        return find_blobs(self._repository, self._commit, self._top) if self._repository else {}

    @cached_property
    def _steps(self) -> list[_Step]:
        """The commits that changed calibrations, the newest first, with paths in the package."""
        if self._repository is None:
            return []
        prefix = self._repository.prefix
        process = start_log(self._repository, self._top, self._commit)
        return [
            _Step(
                entry.commit,
                [change._replace(path=change.path.removeprefix(prefix)) for change in entry.files],
            )
            for entry in read_log(process)
        ]

    @cached_property
    def _files(self) -> dict[str, CalibFile]:
        """Every calibration that the package ever had, by path."""
        paths = {*self._blobs, *(change.path for step in self._steps for change in step.files)}
        layout = discover(sorted(paths), self._top)
        return {file.path: file for file in layout.files}

    @cached_property
    def _paths_by_key(self) -> dict[CalibKey, set[str]]:
        paths: dict[CalibKey, set[str]] = {}
        for path, file in self._files.items():
            paths.setdefault(folded(file.key), set()).add(path)
        return paths

    @cached_property
    def _steps_by_key(self) -> dict[CalibKey, list[_Step]]:
        by_key: dict[CalibKey, list[_Step]] = {}
        for step in self._steps:
            changes: dict[CalibKey, list[FileChange]] = {}
            for change in step.files:
                file = self._files.get(change.path)
                if file is not None:
                    changes.setdefault(folded(file.key), []).append(change)
            for key, files in changes.items():
                by_key.setdefault(key, []).append(_Step(step.commit, files))
        return by_key

    def superseding_commit(self, key: CalibKey, is_same: IsSame, time: datetime) -> Commit | None:
        """Return the commit since which a calibration is no longer in force at a time; `None` if history does not tell.

        It is `NOT_COMMITTED` if the calibration is in force in the last commit.

        Parameters
        ----------
        is_same : callable
            Says of a file and its blob whether that has the values of the calibration.
        time : `datetime.datetime`
            A time for which it was in force, UTC.
        """
        for commit, blobs in self._states(key):
            file = self._in_force(blobs, time)
            if file is not None and is_same(file, blobs[file.path]):
                return commit or NOT_COMMITTED
        return None

    def _states(self, key: CalibKey) -> Iterator[tuple[Commit | None, dict[str, str]]]:
        """Yield the blobs of a product by path, now and before each commit that changed them, with that commit."""
        blobs = {
            path: self._blobs[path] for path in self._paths_by_key.get(folded(key), ()) if path in self._blobs
        }
        yield None, blobs
        for commit, changes in self._steps_by_key.get(folded(key), ()):
            blobs = dict(blobs)
            for change in changes:
                if change.old_blob.strip("0"):
                    blobs[change.path] = change.old_blob
                else:
                    blobs.pop(change.path, None)
            yield commit, blobs

    def all_versions(self, key: CalibKey) -> Iterator[tuple[CalibFile, FileReport]]:
        """Yield every content that a file of a product ever had, with what the check says of it."""
        versions = {item for _, blobs in self._states(key) for item in blobs.items()}
        for path, blob in sorted(versions):
            yield self._files[path], self._report(path, blob)

    def _in_force(self, blobs: dict[str, str], time: datetime) -> CalibFile | None:
        reports = {path: self._report(path, content) for path, content in blobs.items()}
        return in_force_of([self._files[path] for path in blobs], reports, time)

    def calib(self, file: CalibFile, blob: str) -> Calib | None:
        """Return a calibration without its pixels; `None` if it cannot be read."""
        try:
            return check_file(file, self._objects.read(blob))[0]
        except CuratedError:
            return None

    def _report(self, path: str, blob: str) -> FileReport:
        file = self._files[path]
        try:
            text = self._objects.read(blob) if (path, blob) not in self._memory.reports else b""
        except CuratedError:
            text = b""  # as a file that cannot be read
        return self._memory.report(file, blob, text)
