"""Files from outside: opened only if they are regular files of a directory, and never through a link."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from functools import lru_cache
from threading import Lock
from types import TracebackType
from typing import Self

# Opening neither waits for a writer (FIFO) nor takes a terminal; regular files are read as without these flags.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
# Where the system has it, a directory that may be passed through need not be readable.
_DIRECTORY = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_BLOCK = 1 << 20
_LARGE = 1 << 28

_KINDS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a directory",
}


class UnsafeFileError(OSError):
    """What is no regular file of a directory; ``strerror`` says what it is, such as ``is a symbolic link``."""

    def __init__(self, reason: str, path: str) -> None:
        super().__init__(errno.EINVAL, reason, path)


def path_parts(path: str) -> list[str]:
    """Return the parts of a path relative to a directory.

    Raises
    ------
    UnsafeFileError
        If it is absolute, or has an empty part, ``.``, ``..`` or a NUL character: it may lead out of the directory.
    """
    parts = path.split("/")
    if "\0" in path or not {"", ".", ".."}.isdisjoint(parts):
        raise UnsafeFileError("leads out of its directory", path)
    return parts


class FileTree:
    """A directory whose files are opened without following links, neither of files nor of directories.

    A link that replaces a directory after the tree was opened changes nothing. Threads may share a tree.

    Parameters
    ----------
    root : path-like
        The directory; it is named by the user, and may be a link itself.

    Raises
    ------
    OSError
        If there is no such directory.
    """

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self._root = os.open(root, _DIRECTORY & ~os.O_NOFOLLOW)
        self._lock = Lock()
        # Files come by directories, so that the last one is mostly the next one.
        self._directory, self._handle = "", self._root

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the directory; files that were opened stay open."""
        for handle in {self._root, self._handle}:
            os.close(handle)

    def open(self, path: str) -> int:
        """Open a regular file for reading.

        Parameters
        ----------
        path : `str`
            Path relative to the root, with forward slashes.

        Returns
        -------
        handle : `int`
            File descriptor, to be closed by the caller.

        Raises
        ------
        UnsafeFileError
            If it is no regular file, if a link leads to it, or if the path leads out of the directory.
        OSError
            If there is no such file, or it cannot be opened.
        """
        *directories, name = path_parts(path)
        with self._lock:
            parent = self._enter("/".join(directories), path)
            try:
                _require_regular(os.stat(name, dir_fd=parent, follow_symlinks=False), path)
                handle = os.open(name, _FILE, dir_fd=parent)
            except UnsafeFileError:
                raise
            except OSError as error:
                raise _explained(error, parent, name, path) from None
        try:
            _require_regular(os.fstat(handle), path)
        except BaseException:
            os.close(handle)
            raise
        return handle

    def read(self, path: str, largest: int) -> bytes:
        """Return the content of a regular file.

        Parameters
        ----------
        path : `str`
            Path relative to the root.
        largest : `int`
            Most bytes that it may have.

        Raises
        ------
        UnsafeFileError
            If it is larger, or no regular file; see `open`.
        """
        handle = self.open(path)
        try:
            if os.fstat(handle).st_size > largest:
                raise UnsafeFileError(f"has more than {largest} bytes", path)
            content = b"".join(blocks(handle, largest + 1))
        finally:
            os.close(handle)
        if len(content) > largest:
            raise UnsafeFileError(f"has more than {largest} bytes", path)
        return content

    def _enter(self, directory: str, path: str) -> int:
        """Return the descriptor of a directory of the tree."""
        if directory == self._directory:
            return self._handle
        handle = self._root
        for name in directory.split("/") if directory else ():
            try:
                following = os.open(name, _DIRECTORY, dir_fd=handle)
            except OSError as error:
                raise _explained(error, handle, name, path) from None
            finally:
                if handle != self._root:
                    os.close(handle)
            handle = following
        previous, self._directory, self._handle = self._handle, directory, handle
        if previous != self._root:
            os.close(previous)
        return handle


def blocks(handle: int, most: int) -> Iterator[bytes]:
    """Yield the content of an open file in blocks, up to a number of bytes."""
    while most > 0 and (block := os.read(handle, min(_BLOCK, most))):
        most -= len(block)
        yield block


def is_sparse(handle: int) -> bool:
    """Return whether a file of more than 256 MB is almost only a hole, which takes no room and long to read."""
    status = os.fstat(handle)
    if status.st_size < _LARGE or status.st_blocks * 512 * 100 > status.st_size:
        return False
    # Some remote file systems count no blocks at all; they say that there is no hole before the end.
    try:
        return os.lseek(handle, 0, getattr(os, "SEEK_HOLE", os.SEEK_END)) < status.st_size
    except OSError:
        return True
    finally:
        os.lseek(handle, 0, os.SEEK_SET)


def _require_regular(status: os.stat_result, path: str) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), "no regular file")
        raise UnsafeFileError(f"is {kind}", path)


def _explained(error: OSError, parent: int, name: str, path: str) -> OSError:
    """Return the error of a name in a directory, with the whole path; for a link, one that says so."""
    if error.errno in (errno.ELOOP, errno.ENOTDIR):
        try:
            is_link = stat.S_ISLNK(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode)
        except OSError:
            is_link = False
        if is_link:
            return UnsafeFileError("is reached through a symbolic link", path)
    return OSError(error.errno, error.strerror, path)


def find_program(name: str) -> str:
    """Return the file of a program on the search path (``PATH``), but for places that are relative.

    With ``.`` on the path a repository or bundle could bring its own program.

    Raises
    ------
    FileNotFoundError
        If there is none.
    """
    return _find(name, os.environ.get("PATH", os.defpath))


@lru_cache
def _find(name: str, search_path: str) -> str:
    for directory in search_path.split(os.pathsep):
        program = os.path.join(directory, name)
        if os.path.isabs(directory) and os.path.isfile(program) and os.access(program, os.X_OK):
            return program
    raise FileNotFoundError(f"{name} is not on the search path")
