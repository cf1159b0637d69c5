"""Content that appears whole or not at all: staging directories, and moves of several files out of them.

A staging directory is made for one process, locked while it runs, and removed by the next one if it was killed. Files
that belong together wait in it, with a link to each file that they replace and a journal of the moves. Once these are on
the disk, the files are renamed, one after the other; no system renames several at once. A process that is killed in
between leaves the journal, by which the next one undoes the moves.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from curated.core.diagnostic import CuratedError
from curated.core.storage.disk import (
    JOURNAL,
    NO_LOCKS,
    PREFIX,
    flush,
    flush_tree,
    leftovers,
    take_lock,
    temporary_name,
)
from curated.core.storage.undoing import REMOVING_VERSION, VERSION, take_back, time_of, undo


@contextmanager
def staging_directory(
    parent: str | os.PathLike[str], prefix: str = PREFIX, *, private: bool = False
) -> Iterator[Path]:
    """Yield a new directory for content that is renamed into its place when it is complete.

    What is still in the directory at the end is removed, and so are directories that killed processes left beside it;
    but not a journal of moves that could not be undone, which is for the next one.

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
    # Signals wait while the directory is made and removed: in between they would leave it.
    with _signals_wait() as waiting:
        staging, lock = _make(parent, prefix, 0o700 if private else 0o777)
        try:
            with _signals_arrive(waiting):
                yield staging
        finally:
            if not os.path.lexists(staging / JOURNAL):
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


def replace_together(
    root: Path, contents: Mapping[str, bytes], *, only_new: bool = False, removed: Collection[str] = ()
) -> None:
    """Write and remove several files below a directory, all of them or none.

    Parameters
    ----------
    contents : `dict` [`str`, `bytes`]
        Content of each file by path relative to the directory. A link stays a link: the file that it leads to is
        written, which must be below the directory too.
    only_new : `bool`, optional
        Whether none of the files may exist.
    removed : collection [`str`], optional
        Paths of files that are removed, relative to the directory.

    Raises
    ------
    OSError
        If a file cannot be written or removed, or exists though it must not; then all files are as they were.
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
        move_together(staging, root, moves, only_new=only_new, removed=removed)


def _resolved(root: Path, path: str) -> str:
    """Return the path of a file with links followed, relative to the directory as before."""
    full = os.path.join(os.path.realpath(root / os.path.dirname(path)), os.path.basename(path))
    return os.path.relpath(os.path.realpath(full), os.path.realpath(root))


_OLD = "old"


def move_together(
    staging: Path,
    root: Path,
    moves: Mapping[str, str],
    *,
    only_new: bool = False,
    removed: Collection[str] = (),
) -> None:
    """Move files or directories to their places, and remove others, all of them or none.

    Parameters
    ----------
    staging : `~pathlib.Path`
        A staging directory in ``root``, with the new files.
    root : `~pathlib.Path`
        The directory that the places are in.
    moves : `dict` [`str`, `str`]
        Place of each file or directory, relative to ``root``, by its path relative to ``staging``. A directory
        takes no place of another.
    only_new : `bool`, optional
        Whether no file may take the place of another.
    removed : collection [`str`], optional
        Files that are removed, relative to ``root``.

    Raises
    ------
    OSError
        If one cannot be moved or removed; then all places are as they were.
    """
    flush_tree(staging)
    version = REMOVING_VERSION if removed else VERSION
    journal: dict[str, Any] = {"version": version, "directories": _new_directories(root, moves.values())}
    (staging / _OLD).mkdir()
    journal["moves"] = [_prepare(staging, root, *move, only_new=only_new) for move in moves.items()]
    journal["moves"] += [_keep(staging, root, path, number) for number, path in enumerate(removed)]
    with open(staging / f"{JOURNAL}.part", "x", encoding="utf-8") as file:
        json.dump(journal, file)
    flush([str(staging / f"{JOURNAL}.part"), str(staging / _OLD)])
    with _signals_wait():
        os.rename(staging / f"{JOURNAL}.part", staging / JOURNAL)
        flush([str(staging)])
        try:
            for directory in journal["directories"]:
                os.mkdir(root / directory)
            for move in journal["moves"]:
                if not move["source"]:
                    os.unlink(root / move["place"])
                elif only_new:
                    # Unlike a renaming, a link never takes another file's place.
                    os.link(staging / move["source"], root / move["place"])
                else:
                    os.rename(staging / move["source"], root / move["place"])
            places = (*moves.values(), *removed, *journal["directories"])
            parents = {os.path.dirname(root / path) for path in places}
            flush(sorted(parents, key=len, reverse=True))
        except BaseException:
            try:
                take_back(staging, root, journal)
                os.unlink(staging / JOURNAL)
            except OSError:
                # With the links to the files that were replaced, and the journal, the directory is still of use.
                _say(
                    f"a change of {len(moves)} files below {str(root)!r} could neither be completed nor undone; "
                    "the next command that writes there undoes it"
                )
            raise
        os.unlink(staging / JOURNAL)


def _new_directories(root: Path, places: Any) -> list[str]:
    """Return the directories of places that do not exist yet, the outer ones first."""
    directories: set[str] = set()
    for place in places:
        parent = os.path.dirname(place)
        while parent and parent not in directories and not os.path.lexists(root / parent):
            directories.add(parent)
            parent = os.path.dirname(parent)
    return sorted(directories)


def _prepare(staging: Path, root: Path, source: str, place: str, *, only_new: bool) -> dict[str, Any]:
    """Keep a link to the file that is replaced, and return the journal's entry of a move."""
    status = os.lstat(staging / source)
    old = f"{_OLD}/{source.replace('/', '-')}" if os.path.lexists(root / place) else ""
    if old and only_new:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(root / place))
    if old:
        _link(root / place, staging / old)
    return {"source": source, "place": place, "old": old, "inode": status.st_ino, "mtime": time_of(status)}


def _keep(staging: Path, root: Path, place: str, number: int) -> dict[str, Any]:
    """Keep a link to a file that is removed, and return the journal's entry, in which nothing takes its place."""
    old = f"{_OLD}/removed-{number}"
    _link(root / place, staging / old)
    status = os.lstat(staging / old)
    return {"source": "", "place": place, "old": old, "inode": status.st_ino, "mtime": time_of(status)}


def _link(path: Path, link: Path) -> None:
    try:
        os.link(path, link, follow_symlinks=False)
    except OSError:  # a file system without links, or a system that forbids this one
        import shutil

        shutil.copy2(path, link, follow_symlinks=False)


@contextmanager
def _signals_wait() -> Iterator[set[int]]:
    """Let signals that end a process wait, and yield those that did not wait before; the block takes a moment."""
    if threading.current_thread() is not threading.main_thread():
        yield set()
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        yield set(_ENDING - before)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _signals_arrive(waiting: set[int]) -> Iterator[None]:
    """Let signals that wait arrive."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, waiting)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_BLOCK, waiting)


_ENDING = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
