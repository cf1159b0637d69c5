"""What was verified is what is stored: a bundle's files are the same ones, unchanged, when they are transferred."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from curated.bundle.contents import Contents, Entry
from curated.core.diagnostic import CuratedError


class FileState(NamedTuple):
    """Identity and times of a file, which change when it is replaced or written to."""

    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> FileState:
        """Return the state of a file."""
        return cls(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)

    def is_same_content(self, other: FileState) -> bool:
        """Return whether a file has not been written to; the time of a change of its links does not count."""
        return self[:4] == other[:4]


FileStates = Mapping[str, FileState]
"""States of a bundle's files before they were verified, by path in the bundle."""


def file_states(contents: Contents) -> dict[str, FileState]:
    """Return the states of a bundle's files; those that are missing have none."""
    root = os.fspath(contents.root)
    states = {}
    for entry in contents.entries:
        if entry.is_reference:
            continue
        try:
            states[entry.path] = FileState.of(os.lstat(os.path.join(root, entry.path)))
        except OSError:
            continue  # found by the verification
    return states


def require_unchanged(
    root: str, entries: Iterable[Entry], states: FileStates, *, linked: bool = False
) -> None:
    """Raise an error if a bundle's file is not in the state in which it was verified.

    Parameters
    ----------
    root : `str`
        Directory of the bundle.
    linked : `bool`, optional
        Whether hard links to the files were made since, which change their ctime.

    Raises
    ------
    CuratedError
        If one was changed or replaced.
    """
    for entry in entries:
        try:
            state = FileState.of(os.lstat(os.path.join(root, entry.path)))
        except OSError as error:
            raise changed_file(entry.path) from error
        verified = states.get(entry.path)
        if verified is None or not (state == verified or (linked and state.is_same_content(verified))):
            raise changed_file(entry.path)


def changed_file(path: str) -> CuratedError:
    """Return the error that a file is not the one that was verified."""
    return CuratedError(
        f"{path} of the bundle was changed or replaced while it was imported: it is not the file that was verified",
        "find out what writes to the bundle, then import it again; nothing that readers see was changed",
    )
