"""Where the files of one product are in a repository, also in commits that had its directories elsewhere."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from curated.core.diagnostic import CuratedError
from curated.core.keys import CalibFile, CalibKey
from curated.core.times import parse_time
from curated.declare import Spec
from curated.git.changes import Commit, LogEntry
from curated.package.layout import directory_name
from curated.package.lookalikes import FORMS

Place = tuple[str, tuple[str, ...]]
"""The directory that holds an instrument, and the names of the instrument, the detector and the filter, folded."""

_MAX_PLACES = 64
"""Directories that a product may have had."""


@dataclass(frozen=True, slots=True)
class FileStep:
    """What one commit did to one file.

    Parameters
    ----------
    before, after : `str`
        Path in the repository; empty where the file was not there, or is not any more.
    old_blob, new_blob : `str`
        Its content; empty where there is no file.
    """

    before: str
    after: str
    old_blob: str
    new_blob: str


@dataclass(frozen=True, slots=True)
class Step:
    """A commit that changed files of a product."""

    commit: Commit
    subject: str
    files: tuple[FileStep, ...]
    is_cut: bool


@dataclass(frozen=True, slots=True)
class Locator:
    """Recognises the files of a type by the end of their paths.

    Parameters
    ----------
    spec : `Spec`
        Declaration of its type.
    """

    key: CalibKey
    spec: Spec

    def place(self, path: str) -> Place | None:
        """Return the place of a path; `None` if it is no file of the type."""
        levels = self.spec.has_detector + self.spec.has_filter
        parts = path.split("/")
        if len(parts) < levels + 3 or not self._is_type(parts[-2 - levels]):
            return None
        if self.file(path) is None:
            return None
        names = (parts[-3 - levels].lower(), *map(directory_name, parts[len(parts) - 1 - levels : -1]))
        return "/".join(parts[: -3 - levels]), names

    def _is_type(self, name: str) -> bool:
        spellings = (self.spec.name, *self.spec.aliases)
        return name.lower() in {spelling.lower() for spelling in spellings}

    def file(self, path: str) -> CalibFile | None:
        """Return a file of the product by its path; `None` if its name is no start of validity."""
        stem, ending = posixpath.splitext(posixpath.basename(path))
        form = FORMS.get(ending)
        if form is None or form not in self.spec.forms:
            return None
        try:
            return CalibFile(path, self.key, parse_time(stem), form)
        except ValueError:
            return None

    def current_place(self, top: str) -> Place:
        """Return where the product is now, below a directory of the repository."""
        names = (self.key.detector, self.key.filter)
        return top, (self.key.instrument.lower(), *filter(None, names))


def follow(entries: Iterable[LogEntry], locator: Locator, place: Place) -> list[Step]:
    """Return the commits that changed files of a product, the oldest first.

    A file that was renamed brings the place that it had before into the history, so that renamed directories of
    instruments, types, detectors and whole packages are followed.

    Parameters
    ----------
    entries : iterable [`LogEntry`]
        Commits of the first parents, the newest first; see `curated.git.changes.read_history`.
    place : `Place`
        Where the product is in the newest of them.
    """
    places = {place}
    steps: list[Step] = []
    for entry in entries:
        files = list(_file_steps(entry, locator, places))
        if files:
            steps.append(Step(entry.commit, entry.subject, tuple(files), not entry.parents))
        earlier = {locator.place(step.before) for step in files if step.before and step.after}
        places |= {old for old in earlier if old is not None}
        if len(places) > _MAX_PLACES:
            raise CuratedError(
                f"{locator.key} was in more than {_MAX_PLACES} directories", "name a revision with --as-of"
            )
    return steps[::-1]


def _file_steps(entry: LogEntry, locator: Locator, places: set[Place]) -> Iterator[FileStep]:
    for change in entry.files:
        old_path = change.old_path or change.path
        new = locator.place(change.path) in places
        if change.status == "R":
            old = locator.place(old_path) in places
            if new and not old and locator.place(old_path) is not None:
                old = True  # the product was there before
        else:
            old = new
        before = old_path if old and change.status not in "AC" else ""
        after = change.path if new and change.status != "D" else ""
        if before or after:
            yield FileStep(before, after, change.old_blob if before else "", change.new_blob if after else "")


def apply_steps(state: dict[str, str], files: Sequence[FileStep]) -> dict[str, str]:
    """Return the blobs of a product's files, by path, after a commit."""
    state = dict(state)
    for step in files:
        state.pop(step.before, None)
    for step in files:
        if step.after:
            state[step.after] = step.new_blob
    return state
