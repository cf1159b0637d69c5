"""Notes that name a change: edits that a calibration records, and trailers of commit messages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from curated.core.keys import CalibFile
from curated.difference.change import Change
from curated.git.changes import Message, read_messages
from curated.git.repository import open_repository, resolve_commit
from curated.history.changes import Changes
from curated.history.edits import find_notes
from curated.package.package import Package
from curated.registry import find_type

TRAILER = "Calibration-Change"
"""Trailer of a commit's message that names changes."""

_LINE = re.compile(rf"^[ \t]*{TRAILER}:[ \t]*(?P<value>\S.*)$", re.IGNORECASE | re.MULTILINE)
_WORD = re.compile(r"(?:(?P<type>\w+)\.)?(?P<name>\w+)")


@dataclass(frozen=True)
class Notes:
    """The notes of a change of a package.

    Parameters
    ----------
    changes : `Changes`
        The packages before and after.
    after : `str`
        SHA1 of the commit after the change; empty for a work tree, whose commits end at HEAD.
    """

    changes: Changes
    after: str = ""

    def name(self, change: Change, measure: str) -> bool:
        """Say whether a note names a measure of a change.

        Only notes count that the change brought: those in ``edits`` of the new calibration, or the reason for which
        the old one was deprecated, which neither of the two had before; and trailers of commits in between that
        changed one of the two files.
        """
        texts = (*self._file_notes(change), *self._trailers(change))
        return any(is_named(text, change.key.type, measure) for text in texts)

    def _file_notes(self, change: Change) -> Iterator[str]:
        paths = {path for path in (change.old, change.new) if path is not None}
        notes, earlier = (
            {note for path in paths if path in files for note in find_notes(package.files, files[path])}
            for package, files in (
                (self.changes.now, self._files_after),
                (self.changes.before, self._files_before),
            )
        )
        yield from (note.what for note in notes - earlier)

    @cached_property
    def _files_before(self) -> Mapping[str, CalibFile]:
        return _by_path(self.changes.before)

    @cached_property
    def _files_after(self) -> Mapping[str, CalibFile]:
        return _by_path(self.changes.now)

    def _trailers(self, change: Change) -> Iterator[str]:
        files = [self._files_before.get(change.old or ""), self._files_after.get(change.new or "")]
        paths = {path for file in files if file is not None for path in (file.path, *file.texts)}
        for prefix, message in self._messages:
            if not message.paths.isdisjoint(f"{prefix}{path}" for path in paths):
                yield from trailers_of(message.text, paths, prefix)

    @cached_property
    def _messages(self) -> Sequence[tuple[str, Message]]:
        """Messages with trailers, each with the path of the package in its repository."""
        repository = open_repository(self.changes.now.root)
        after = self.after or resolve_commit(repository)
        return [
            (repository.prefix, message)
            for message in read_messages(repository, self.changes.base, after)
            if _LINE.search(message.text)
        ]


def _by_path(package: Package) -> dict[str, CalibFile]:
    return {file.path: file for file in package.layout.files}


def trailers_of(message: str, paths: Iterable[str], prefix: str = "") -> Iterator[str]:
    """Yield the values of the trailers of a message that are about some paths.

    A trailer that names paths (words with a slash) is about what is there; any other is about all files of its commit.

    Parameters
    ----------
    paths : iterable [`str`]
        Paths in the package.
    prefix : `str`, optional
        Path of the package in its repository, with a slash at its end.
    """
    for match in _LINE.finditer(message):
        words = match["value"].split()
        places = [word.strip(",;:").removeprefix("./").rstrip("/") for word in words if "/" in word]
        if not places or any(
            f"{path}/".startswith(f"{place}/") or f"{prefix}{path}/".startswith(f"{place}/")
            for place in places
            for path in paths
        ):
            yield " ".join(word for word in words if "/" not in word)


def is_named(text: str, type_name: str, measure: str) -> bool:
    """Say whether a text names a measure of a type: as a word of its own, or after the type and a dot."""
    for match in _WORD.finditer(text):
        if match["name"].lower() != measure.lower():
            continue
        cls = find_type(match["type"]) if match["type"] else None
        if cls is None or cls.SPEC.name == type_name:
            return True
    return False
