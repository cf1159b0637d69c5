"""The files of a source: names that nobody vouches for, of which none leads out of it."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from curated.core.diagnostic import CuratedError, brief

HEAD = 1 << 16
"""Bytes at the start of a file by which it is recognised."""

_MOST_FILES = 500_000


@dataclass(frozen=True)
class SourceTree:
    """A directory with calibrations of another system; or one file, beside which its files are.

    Parameters
    ----------
    root : `str`
        Absolute path of the directory, without links.
    single : `str`
        Name of the file that alone is the index, if the source was a file.
    """

    root: str
    single: str = ""

    @cached_property
    def files(self) -> tuple[str, ...]:
        """Paths of all regular files relative to the source, in order; links to directories are not followed."""
        return tuple(sorted(self._walk()))

    def _walk(self) -> Iterator[str]:
        count = 0
        for directory, names, files in os.walk(self.root):
            names[:] = [name for name in names if name != ".git"]
            for name in files:
                count += 1
                if count > _MOST_FILES:
                    raise CuratedError(
                        f"{self.root} has more than {_MOST_FILES} files", "name a directory of calibrations"
                    )
                relative = os.path.relpath(os.path.join(directory, name), self.root)
                if not self.fault(relative):
                    yield relative

    def find(self, path: str, index: str) -> str:
        """Return the file that a path in an index means; empty if there is none.

        The path may start at the source, at a directory above the index, or at one outside of the source: then as many
        of its leading directories are left out as it takes to find a file, but its last directory stays.

        Parameters
        ----------
        index : `str`
            Path of the index that has the path.
        """
        parts = [part for part in path.split("/") if part not in ("", ".")]
        if not parts or ".." in parts or "\0" in path:
            return ""
        above = index.split("/")[:-1]
        for dropped in range(max(len(parts) - 1, 1)):
            rest = "/".join(parts[dropped:])
            for depth in range(len(above), -1, -1):
                candidate = "/".join([*above[:depth], rest])
                if candidate in self._names:
                    return candidate
        return ""

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(self.files)

    def fault(self, path: str) -> str:
        """Return why there is no file of a path in the source; empty if there is one."""
        parts = path.split("/")
        if not path or path.startswith("/") or ".." in parts or "\0" in path:
            return f"{brief(path)} is no path within the source"
        full = os.path.join(self.root, path)
        try:
            target = os.path.realpath(full)
        except (OSError, ValueError):
            return f"{brief(path)} cannot be read"
        if os.path.commonpath((self.root, target)) != self.root:
            return f"{brief(path)} is a link that leads out of the source"
        if not os.path.isfile(target):
            what = "is not a regular file" if os.path.lexists(full) else "is not there"
            return f"{brief(path)} {what}"
        return "" if os.access(target, os.R_OK) else f"{brief(path)} cannot be read"

    def locate(self, path: str) -> str:
        """Return the path on disk of a file without a `fault`."""
        return os.path.join(self.root, path)

    def size(self, path: str) -> int:
        """Return the size of a file without a `fault` in bytes."""
        return os.stat(self.locate(path)).st_size

    def head(self, path: str) -> bytes:
        """Return the start of a file; empty if it cannot be read."""
        try:
            with open(self.locate(path), "rb") as stream:
                return stream.read(HEAD)
        except OSError:
            return b""

    def read(self, path: str, most: int) -> bytes:
        """Return the content of a file.

        Raises
        ------
        CuratedError
            If it is larger than what is read, or cannot be read.
        """
        try:
            with open(self.locate(path), "rb") as stream:
                data = stream.read(most + 1)
        except OSError as error:
            raise CuratedError(f"{brief(path)} cannot be read: {error.strerror}") from error
        if len(data) > most:
            raise CuratedError(f"{brief(path)} is larger than {most} bytes")
        return data


def open_source(path: str | os.PathLike[str]) -> SourceTree:
    """Open a directory, or a file of one.

    Raises
    ------
    CuratedError
        If there is nothing of that name.
    """
    name = os.path.realpath(os.fspath(path))
    if os.path.isdir(name):
        return SourceTree(name)
    if os.path.isfile(name):
        return SourceTree(os.path.dirname(name), posixpath.basename(name))
    raise CuratedError(
        f"{os.fspath(path)} is not there" if not os.path.lexists(path) else f"{os.fspath(path)} is no file",
        "name the directory of a calibration repository, or its index file",
    )
