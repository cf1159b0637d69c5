"""Access to the files of a package."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from curated.core.diagnostic import Problem
from curated.core.storage.limits import raise_exhausted
from curated.package.layout import is_inside, walk
from curated.text.reader import MAX_BYTES


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
