"""Where the files of one product are in a repository, also in commits that had its directories elsewhere."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from curated.core.diagnostic import CuratedError
from curated.core.keys import CalibFile, CalibKey
from curated.core.times import parse_time
from curated.declare import Spec
from curated.git.changes import Commit, LogEntry
from curated.package.layout import directory_name
from curated.package.lookalikes import FORMS
from curated.package.sharing import is_listed, is_shared_directory
from curated.text.reader import read

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
    has_shared_files : `bool`
        Whether the package may have files for several detectors or filters; a bare one has none.
    """

    key: CalibKey
    spec: Spec
    has_shared_files: bool = False

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

    def is_shared(self, path: str) -> bool:
        """Return whether a file of the type may be for several detectors or filters, by its path."""
        levels = [self.key.detector] * self.spec.has_detector + [self.key.filter] * self.spec.has_filter
        names = map(directory_name, path.split("/")[-1 - len(levels) : -1])
        pairs = zip(names, levels, strict=False)
        return self.has_shared_files and any(is_shared_directory(n) and n != own for n, own in pairs)

    def may_be_for(self, path: str, places: Iterable[Place]) -> bool:
        """Return whether a shared file may be for the product, which was in some places."""
        place = self.place(path) if self.is_shared(path) else None
        if place is None:
            return False
        top, (instrument, *names) = place
        return any(
            (top, instrument) == (other_top, other)
            and all(
                name == own or is_shared_directory(name) for name, own in zip(names, own_names, strict=True)
            )
            for other_top, (other, *own_names) in places
        )

    def is_for(self, path: str, content: bytes) -> bool:
        """Return whether a file is for the product, by the lists of a shared one."""
        file = self.file(path)
        if file is None or not self.is_shared(path):
            return file is not None
        source, _ = read(content, file.form)
        if source is None:
            return False
        levels = [("DETECTORS", self.key.detector)] * self.spec.has_detector
        levels += [("FILTERS", self.key.filter)] * self.spec.has_filter
        names = map(directory_name, path.split("/")[-1 - len(levels) : -1])
        return all(
            name == own or is_listed(source.metadata, keyword, own)
            for name, (keyword, own) in zip(names, levels, strict=True)
        )

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
        renamed = [s.before for s in files if s.before and s.after and not locator.is_shared(s.before)]
        earlier = {locator.place(path) for path in renamed}
        places |= {old for old in earlier if old is not None}
        if len(places) > _MAX_PLACES:
            raise CuratedError(
                f"{locator.key} was in more than {_MAX_PLACES} directories", "name a revision with --as-of"
            )
    return steps[::-1]


def _file_steps(entry: LogEntry, locator: Locator, places: set[Place]) -> Iterator[FileStep]:
    for change in entry.files:
        old_path = change.old_path or change.path
        is_shared = locator.may_be_for(change.path, places)
        new = is_shared or locator.place(change.path) in places
        if change.status == "R":
            old = locator.place(old_path) in places or locator.may_be_for(old_path, places)
            # Git takes one of the copies for the origin of a shared file: whose, says nothing.
            if (
                new
                and not old
                and not is_shared
                and not locator.is_shared(old_path)
                and locator.place(old_path) is not None
            ):
                old = True  # the product was there before
        else:
            old = new
        before = old_path if old and change.status not in "AC" else ""
        after = change.path if new and change.status != "D" else ""
        if before or after:
            yield FileStep(before, after, change.old_blob if before else "", change.new_blob if after else "")


def without_other_files(steps: Iterable[Step], locator: Locator, contents: Mapping[str, bytes]) -> list[Step]:
    """Return steps without shared files that were for other detectors or filters, as their texts say.

    A file of the product's own that is gone, and a shared one of the same start that is new, are one that was renamed.

    Parameters
    ----------
    contents : `dict` [`str`, `bytes`]
        Text of each version, by blob.
    """
    results: dict[tuple[str, str], bool] = {}

    def is_for(path: str, blob: str) -> bool:
        if not locator.is_shared(path):
            return bool(path)
        if (path, blob) not in results:
            results[path, blob] = locator.is_for(path, contents.get(blob, b""))
        return results[path, blob]

    remaining = []
    for step in steps:
        files = []
        for file in step.files:
            before = file.before if is_for(file.before, file.old_blob) else ""
            after = file.after if is_for(file.after, file.new_blob) else ""
            if before or after:
                blobs = file.old_blob if before else "", file.new_blob if after else ""
                files.append(FileStep(before, after, *blobs))
        if files:
            remaining.append(replace(step, files=tuple(_with_renames(files, locator))))
    return remaining


def _with_renames(files: Sequence[FileStep], locator: Locator) -> list[FileStep]:
    """Return what a commit did to files, in which a removal and an addition of one start are a renaming."""
    if not any(locator.is_shared(file.before) or locator.is_shared(file.after) for file in files):
        return list(files)
    removed = {}
    for file in files:
        calibration = locator.file(file.before) if not file.after else None
        if calibration is not None:
            removed[calibration.start] = file
    renamed = []
    for file in files:
        calibration = locator.file(file.after) if not file.before else None
        old = removed.get(calibration.start) if calibration is not None else None
        if (
            calibration is not None
            and old is not None
            and (locator.is_shared(old.before) or locator.is_shared(file.after))
        ):
            renamed.append(FileStep(old.before, file.after, old.old_blob, file.new_blob))
            del removed[calibration.start]
        elif file.after:
            renamed.append(file)
    return [*removed.values(), *renamed]


def apply_steps(state: dict[str, str], files: Sequence[FileStep]) -> dict[str, str]:
    """Return the blobs of a product's files, by path, after a commit."""
    state = dict(state)
    for step in files:
        state.pop(step.before, None)
    for step in files:
        if step.after:
            state[step.after] = step.new_blob
    return state
