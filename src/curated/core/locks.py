"""Locks of temporary files and directories, by which processes tell what is in use from what a killed one left.

The lock (flock) is that of the operating system, which ends with the process however that ends. Process numbers would
not do: two containers that share a volume use the same ones.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from curated.core.diagnostic import CuratedError

PREFIX = ".curated-"
"""What precedes the sixteen random hexadecimal digits in the name of everything that is temporary."""

JOURNAL = "journal.json"
"""File of a staging directory whose content is being moved to several places; see `curated.core.transaction`."""

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
