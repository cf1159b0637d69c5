"""What is on the disk: files are flushed to it, and read again, before success is reported."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Mapping
from contextlib import suppress

from curated.core.diagnostic import CuratedError

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
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
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
    root : path-like
        The directory.
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

    common = sorted(files.keys() & paths)
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


def size_and_hash_of(path: str | os.PathLike[str]) -> tuple[int, str]:
    """Return the size in bytes and the SHA-256 of a regular file, without following a link to it."""
    import hashlib

    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return -1, ""
        digest = hashlib.file_digest(file, "sha256")
        return os.fstat(descriptor).st_size, digest.hexdigest()
