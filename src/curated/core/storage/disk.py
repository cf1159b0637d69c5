"""Temporary names and their locks, by which processes tell what is in use from what a killed one left; and the disk.

The lock (flock) is that of the operating system, which ends with the process however that ends. Process numbers would
not do: two containers that share a volume use the same ones. Files are flushed to the disk, and read again, before
success is reported.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress

from curated.core.diagnostic import CuratedError

PREFIX = ".curated-"
"""What precedes the sixteen random hexadecimal digits in the name of everything that is temporary."""

JOURNAL = "journal.json"
"""File of a staging directory whose content is being moved to several places; see `curated.core.storage.staging`."""

_NAME = re.compile(r"\.(?:.*\.)?curated-[0-9a-f]{16}\Z", re.DOTALL)

_MAX_NAME = 200

NO_LOCKS = frozenset({errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF, errno.EINVAL})
"""Errors of file systems without locks, such as some network file systems."""


def prefix_of(name: str) -> str:
    """Return the start of the name of a directory that is to be renamed to a name."""
    short = os.fsdecode(os.fsencode(name)[:_MAX_NAME])
    return f".{short}{PREFIX}"


def temporary_name(prefix: str = PREFIX) -> str:
    """Return a name that no other process uses."""
    return f"{prefix}{os.urandom(8).hex()}"


def take_lock(path: str | os.PathLike[str]) -> int | None:
    """Lock a file or directory without waiting.

    Returns
    -------
    descriptor : `int` or `None`
        It holds the lock until it is closed; `None` if another process has the lock, or if nothing of this name is
        left.

    Raises
    ------
    OSError
        If it cannot be opened, or the file system has no locks.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), os.lstat(path)):
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


@contextmanager
def exclusive(directory: str | os.PathLike[str]) -> Iterator[None]:
    """Keep other processes from writing to a directory at the same time.

    Raises
    ------
    CuratedError
        If another process is writing to it.
    """
    try:
        lock = take_lock(os.path.realpath(directory))
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise
        yield  # where there are no locks, writing is as safe as renaming one file is
        return
    if lock is None:
        raise CuratedError(
            f"another process is writing to {directory}", "wait until it has ended, then run this again"
        )
    try:
        yield
    finally:
        os.close(lock)


def leftovers(directory: str | os.PathLike[str]) -> list[str]:
    """Return the paths of temporary files and directories of this user, in use or not, in a directory."""
    paths = []
    with suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            if not _NAME.match(entry.name):
                continue
            status = entry.stat(follow_symlinks=False)
            if status.st_uid == os.geteuid() and (
                stat.S_ISDIR(status.st_mode) or stat.S_ISREG(status.st_mode)
            ):
                paths.append(entry.path)
    return sorted(paths)


def remove_unused(directory: str | os.PathLike[str]) -> None:
    """Remove the temporary files, not the directories, that killed processes left in a directory."""
    for path in leftovers(directory):
        with suppress(OSError):
            lock = None if os.path.isdir(path) else take_lock(path)
            if lock is not None:
                try:
                    os.unlink(path)
                finally:
                    os.close(lock)


def interrupted_changes(root: str | os.PathLike[str]) -> list[str]:
    """Return the names of staging directories in a directory whose moves a killed process did not finish."""
    names = []
    for path in leftovers(root):
        if os.path.lexists(os.path.join(path, JOURNAL)):
            lock = None
            with suppress(OSError):
                lock = take_lock(path)
            if lock is not None:
                os.close(lock)
                names.append(os.path.basename(path))
    return names


# -- the disk ---------------------------------------------------------------------------------------------

_THREADS = 16
"""Files that are flushed at the same time: the disk writes its log once for all of them."""

_FEW = 4


def flush_tree(root: str | os.PathLike[str]) -> None:
    """Wait until all files and directories below a directory, and itself, are on the disk."""
    paths = [os.fspath(root)]
    for directory, directories, files in os.walk(root):
        paths += [os.path.join(directory, name) for name in (*files, *directories)]
    flush(reversed(paths))


def flush(paths: Iterable[str]) -> None:
    """Wait until files and directories are on the disk.

    Raises
    ------
    OSError
        If one could not be written.
    """
    paths = list(paths)
    if len(paths) > _FEW:
        from concurrent.futures import ThreadPoolExecutor

        # Where no thread can be started, this one does the rest.
        with suppress(RuntimeError), ThreadPoolExecutor(_THREADS) as pool:
            list(pool.map(_flush, paths))
            return
    for path in paths:
        _flush(path)


def _flush(path: str) -> None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        if error.errno == errno.ELOOP:
            return  # a link is a part of its directory
        raise
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some file systems have nothing to flush for a directory.
        if error.errno not in (errno.EINVAL, errno.EROFS, errno.EBADF) or not os.path.isdir(path):
            error.filename = path
            raise
    finally:
        os.close(descriptor)


def verify_tree(root: str | os.PathLike[str], files: Mapping[str, tuple[int, str]]) -> None:
    """Check that a directory holds exactly some files.

    Parameters
    ----------
    files : `dict` [`str`, `tuple` [`int`, `str`]]
        Size in bytes and SHA-256 of each file, by path relative to the directory.

    Raises
    ------
    CuratedError
        If one is missing, differs or is too many: something else writes to this directory.
    """
    from concurrent.futures import ThreadPoolExecutor

    paths = set()
    for directory, _, names in os.walk(root):
        paths |= {os.path.relpath(os.path.join(directory, name), root) for name in names}
    problems = [f"{path} is missing" for path in files.keys() - paths]
    problems += [f"{path} is not one of its files" for path in paths - files.keys()]

    def differs(path: str) -> bool:
        try:
            return size_and_hash_of(os.path.join(root, path)) != files[path]
        except OSError:
            return True

    common = _without_links(root, sorted(files.keys() & paths), files)
    try:
        with ThreadPoolExecutor(4) as pool:
            results = list(pool.map(differs, common))
    except RuntimeError:  # no thread can be started
        results = list(map(differs, common))
    problems += [
        f"{path} is not what was written" for path, result in zip(common, results, strict=True) if result
    ]
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise CuratedError(
            f"another program changed files while they were written: {min(problems)}{more}",
            "write to a directory that nothing else writes to, and run it again",
        )


def _without_links(
    root: str | os.PathLike[str], paths: Iterable[str], files: Mapping[str, tuple[int, str]]
) -> list[str]:
    """Return paths without further names of the same file of which the same is expected."""
    names: dict[tuple[int, int, tuple[int, str]], str] = {}
    for path in paths:
        status = os.lstat(os.path.join(root, path))
        names.setdefault((status.st_dev, status.st_ino, files[path]), path)
    return list(names.values())


def size_and_hash_of(path: str | os.PathLike[str]) -> tuple[int, str]:
    """Return the size in bytes and the SHA-256 of a regular file, without following a link to it."""
    import hashlib

    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return -1, ""
        digest = hashlib.file_digest(file, "sha256")
        return os.fstat(descriptor).st_size, digest.hexdigest()


def read_own(path: str | os.PathLike[str], most: int) -> bytes:
    """Return the content of a file that only this user can have written.

    Parameters
    ----------
    most : `int`
        Size in bytes from which it is another file.

    Raises
    ------
    OSError
        If it is no regular file, is too large, or if others own it or may write to it.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        is_own = status.st_uid == os.geteuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        if not (stat.S_ISREG(status.st_mode) and is_own and status.st_size <= most):
            raise OSError(errno.EPERM, os.strerror(errno.EPERM), str(path))
        return file.read(most + 1)
