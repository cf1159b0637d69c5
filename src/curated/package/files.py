"""Where a package's files come from."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from curated.package.layout import walk
from curated.text.reader import MAX_BYTES


class Files(Protocol):
    """Where a package's files come from: a work tree or a commit."""

    def paths(self) -> Iterator[str]:
        """Yield all paths, relative to the root, with forward slashes."""

    def read(self, path: str) -> bytes:
        """Return the content of a file.

        Raises
        ------
        LeadsOutError
            If it is a link that leads out of the package.
        """

    def locate(self, path: str) -> str | None:
        """Return where a file too large to be read at once is on disk; `None` where files are not on disk.

        Raises
        ------
        LeadsOutError
            If it is a link that leads out of the package.
        OSError
            If it is no regular file, or not there.
        """

    def state(self, path: str) -> str:
        """Return what changes when a file on disk does; empty where there is none."""


class LeadsOutError(OSError):
    """A link that leads out of the package; its message says where to."""


@dataclass(frozen=True, slots=True)
class WorkTree:
    """Files as they are on disk now."""

    root: Path
    top: str = ""

    def paths(self) -> Iterator[str]:
        """Yield all paths below the calibration directory."""
        return walk(str(self.root), self.top)

    def read(self, path: str) -> bytes:
        """Return the content of a file."""
        full = f"{self.root}/{path}"
        # Without waiting: a named pipe would never answer.
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
        """Return where a file is, links followed."""
        full = f"{self.root}/{path}"
        status = os.lstat(full)
        if stat.S_ISLNK(status.st_mode):
            full = self._inside(full)
            status = os.stat(full)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "Not a regular file")
        return full

    def state(self, path: str) -> str:
        """Return number, size and times of a file; empty where there is none."""
        try:
            from curated.image.planes import file_state  # few files have another beside them

            return "-".join(map(str, file_state(f"{self.root}/{path}")))
        except OSError:
            return ""

    def _inside(self, link: str) -> str:
        """Return the file that a link leads to."""
        target, root = os.path.realpath(link), os.path.realpath(self.root)
        if not target.startswith(f"{root}{os.sep}"):
            raise LeadsOutError(errno.EXDEV, f"links to {os.readlink(link)}")
        return target
