"""Access to the files of a package."""

from __future__ import annotations

import errno
import operator
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from curated.core.diagnostic import Problem
from curated.core.storage.limits import raise_exhausted
from curated.text.reader import MAX_BYTES

INSTRUMENT_FILE = "instrument.yaml"

MAX_DEPTH = 64
"""Most levels of directories that are searched; a calibration needs four below the calibration directory."""

NOT_FOLLOWED, LEADS_OUT, UNREADABLE = "/", "//", "///"
"""Ends of the paths of directories that are not searched: links and deep ones, links out of the package, unreadable."""


def walk(root: str, top: str) -> Iterator[str]:
    """Return the files below ``root/top`` as sorted paths relative to the root, without hidden files.

    Links are listed but never followed, so that no walk leaves the root or goes round in a loop. Directories that are
    not searched have slashes at their end: one (`NOT_FOLLOWED`), two (`LEADS_OUT`) or three (`UNREADABLE`).
    """
    paths: list[str] = []
    _walk(os.path.join(root, top) if top else root, f"{top}/" if top else "", paths, root)
    return iter(paths)


def _walk(directory: str, prefix: str, paths: list[str], root: str) -> None:
    """Add the paths below a directory to a list."""
    try:
        with os.scandir(directory) as entries:
            visible = sorted([entry for entry in entries if entry.name[0] != "."], key=_name)
    except OSError as error:
        raise_exhausted(error)
        if not paths and not prefix:
            raise
        paths.append(prefix.rstrip("/") + UNREADABLE)
        return
    for entry in visible:
        path = prefix + entry.name
        # scandir knows the kind of an entry; only links need a call of the system.
        if entry.is_dir(follow_symlinks=False):
            if path.count("/") < MAX_DEPTH and entry.name != INSTRUMENT_FILE:
                _walk(entry.path, f"{path}/", paths, root)
            else:
                paths.append(path + NOT_FOLLOWED)
        elif entry.is_symlink() and os.path.isdir(entry.path):
            paths.append(path + (NOT_FOLLOWED if is_inside(root, entry.path) else LEADS_OUT))
        else:
            paths.append(path)


def is_inside(root: str, path: str) -> bool:
    """Say whether a path is below a directory after all links are followed, and not in git's own files.

    A clone's ``.git/config`` may hold the password with which it was fetched.
    """
    parent = os.path.join(os.path.realpath(root), "")
    target = os.path.realpath(path)
    return target.startswith(parent) and ".git" not in target[len(parent) :].lower().split(os.sep)


_name = operator.attrgetter("name")


class Files(Protocol):
    """Access to the files of a package, in a work tree or in a commit."""

    def paths(self) -> Iterator[str]:
        """Yield all paths, relative to the root, with forward slashes."""

    def read(self, path: str) -> bytes:
        """Return the content of a file.

        Raises
        ------
        LeadsOutError
            If the file is a link that leads out of the package.
        """

    def locate(self, path: str) -> str | None:
        """Return the path on disk of a file that is too large to be read at once; `None` if files are not on disk.

        Raises
        ------
        LeadsOutError
            If the file is a link that leads out of the package.
        OSError
            If there is no regular file.
        """

    def state(self, path: str) -> str:
        """Return a text that changes when the file on disk does; empty if there is none."""


class LeadsOutError(OSError):
    """A link that leads out of the package; the message says where to."""


@dataclass(frozen=True, slots=True)
class WorkTree:
    """Files as they are on disk now.

    Parameters
    ----------
    sources : `dict` [`str`, `str`]
        Path of the file that stands for copies that are not there, by path of the copy; see
        `curated.package.sharing`.
    """

    root: Path
    top: str = ""
    sources: dict[str, str] = field(default_factory=dict, compare=False, repr=False)

    def paths(self) -> Iterator[str]:
        """Yield all paths below the calibration directory."""
        return walk(str(self.root), self.top)

    def read(self, path: str) -> bytes:
        """Return the content of a file."""
        full = f"{self.root}/{self.sources.get(path, path)}"
        # O_NONBLOCK, since opening a named pipe would wait for ever.
        flags = os.O_RDONLY | os.O_NONBLOCK
        try:
            handle = os.open(full, flags | os.O_NOFOLLOW)
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise
            handle = os.open(self._inside(full), flags)
        try:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                raise OSError(errno.EINVAL, "Not a regular file")
            size = min(status.st_size, MAX_BYTES + 1)
            data = os.read(handle, size + 1)
            while len(data) < size and (more := os.read(handle, size - len(data))):
                data += more
            return data
        finally:
            os.close(handle)

    def locate(self, path: str) -> str:
        """Return the path of a file, with links followed."""
        full = f"{self.root}/{path}"
        if stat.S_ISLNK(os.lstat(full).st_mode):
            full = self._inside(full)
        if not stat.S_ISREG(os.stat(full).st_mode):
            raise OSError(errno.EINVAL, "Not a regular file")
        return full

    def state(self, path: str) -> str:
        """Return inode, size and times of a file; empty if there is none."""
        try:
            from curated.image.planes import file_state  # few files have another beside them

            return "-".join(map(str, file_state(f"{self.root}/{path}")))
        except OSError as error:
            raise_exhausted(error)
            return ""

    def _inside(self, link: str) -> str:
        """Return the target of a link."""
        if not is_inside(str(self.root), link):
            raise LeadsOutError(errno.EXDEV, f"links to {os.readlink(link)}")
        target = os.path.realpath(link)
        if not os.path.lexists(target):
            raise FileNotFoundError(errno.ENOENT, f"links to {os.readlink(link)}, which is not there")
        return target


def read_file(files: Files, path: str) -> bytes | Problem:
    """Return a file's content; a `Problem` where it cannot be read or is a link that leads out of the package."""
    try:
        return files.read(path)
    except LeadsOutError as error:
        return Problem("CAL106", (), error.strerror or "")
    except OSError as error:
        raise_exhausted(error)
        return Problem("CAL201", (), f"{error.strerror or error}")
