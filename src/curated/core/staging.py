"""Staging directories: made for one process, locked while it runs, and removed by the next one if it was killed."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from curated.core.diagnostic import CuratedError
from curated.core.disk import flush
from curated.core.locks import JOURNAL, NO_LOCKS, PREFIX, leftovers, take_lock, temporary_name
from curated.core.transaction import move_together, undo


@contextmanager
def staging_directory(
    parent: str | os.PathLike[str], prefix: str = PREFIX, *, private: bool = False
) -> Iterator[Path]:
    """Yield a new directory for content that is renamed into its place when it is complete.

    What is still in the directory at the end is removed, and so are directories that killed processes left beside it.

    Parameters
    ----------
    parent : path-like
        A directory on the file system of that place; it is made if need be.
    prefix : `str`, optional
        Start of the directory's name; sixteen random hexadecimal digits follow.
    private : `bool`, optional
        Whether only this user may enter it, whatever the umask; for directories that all users share.

    Raises
    ------
    CuratedError
        If this process's umask keeps it from using its own files.
    """
    os.makedirs(parent, exist_ok=True)
    remove_leftovers(parent)
    staging, lock = _make(parent, prefix, 0o700 if private else 0o777)
    try:
        yield staging
    finally:
        remove_tree(staging)
        if lock is not None:
            os.close(lock)


def _make(parent: str | os.PathLike[str], prefix: str, mode: int) -> tuple[Path, int | None]:
    """Make a directory and lock it; there is no lock where the file system has none."""
    while True:
        path = Path(parent, temporary_name(prefix))
        os.mkdir(path, mode)
        if os.lstat(path).st_mode & 0o700 != 0o700:
            os.rmdir(path)
            raise CuratedError(
                "the umask of this process keeps it from reading its own files", "set another one: umask 022"
            )
        try:
            lock = take_lock(path)
        except OSError as error:
            if error.errno in NO_LOCKS:
                return path, None
            raise
        if lock is not None:
            return path, lock
        # Between the two calls another process took it for a leftover.


def remove_leftovers(directory: str | os.PathLike[str]) -> None:
    """Remove what killed processes left in a directory, and say so; what others use is not touched.

    A change of several files that was interrupted in the middle is undone first.
    """
    for path in leftovers(directory):
        try:
            lock = take_lock(path)
        except OSError:
            continue  # without locks nobody can know whether it is in use
        if lock is None:
            continue
        try:
            result = ""
            if os.path.lexists(os.path.join(path, JOURNAL)):
                result, problem = undo(Path(path), Path(directory))
                if problem:
                    _say(f"{path!r} is left of an interrupted run, and stays: {problem}")
                    continue
            remove_tree(path)
            _say(f"{result}removed {path!r}, which an interrupted run had left")
        finally:
            os.close(lock)


def remove_tree(path: str | os.PathLike[str]) -> None:
    """Remove a file or a directory with its content, as far as possible."""
    import shutil  # with the compression modules that it imports, only for whoever stages

    try:
        os.unlink(path)
    except FileNotFoundError:
        return
    except OSError:
        shutil.rmtree(path, ignore_errors=True)


def _say(message: str) -> None:
    import logging

    logging.getLogger("curated").warning("curated: %s", message)


def rename_new(source: str | os.PathLike[str], target: str | os.PathLike[str]) -> bool:
    """Rename a directory to a new name, and wait until that is on the disk.

    Returns
    -------
    renamed : `bool`
        `False` if another process has put something there; an empty directory gives way.
    """
    try:
        os.rename(source, target)
    except OSError as error:
        if error.errno in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
            return False
        raise
    flush([os.path.dirname(os.path.abspath(target))])
    return True


# -- several files ------------------------------------------------------------------------------------------


def replace_together(root: Path, contents: Mapping[str, bytes], *, only_new: bool = False) -> None:
    """Write several files below a directory, all of them or none.

    Parameters
    ----------
    root : `~pathlib.Path`
        The directory.
    contents : `dict` [`str`, `bytes`]
        Content of each file by path relative to the directory. A link stays a link: the file that it leads to is
        written, which must be below the directory too.
    only_new : `bool`, optional
        Whether none of the files may exist.

    Raises
    ------
    OSError
        If a file cannot be written, or exists though it must not; then all files are as they were.
    """
    with staging_directory(root) as staging:
        (staging / "new").mkdir()
        moves = {}
        for number, (path, content) in enumerate(contents.items()):
            target = _resolved(root, path)
            source = f"new/{number}"
            with open(staging / source, "xb") as file:
                file.write(content)
            with suppress(FileNotFoundError):
                os.chmod(staging / source, os.stat(root / target).st_mode & 0o7777)
            moves[source] = target
        move_together(staging, root, moves, only_new=only_new)


def _resolved(root: Path, path: str) -> str:
    """Return the path of a file with links followed, relative to the directory as before."""
    full = os.path.join(os.path.realpath(root / os.path.dirname(path)), os.path.basename(path))
    return os.path.relpath(os.path.realpath(full), os.path.realpath(root))
