"""Several files that take their places together: all of them or none, whenever the process is killed.

New files wait in a staging directory below the directory that they belong to, with a link to each file that they
replace and a journal of the moves. Once these are on the disk, the files are renamed, one after the other; no system
renames several at once. A process that is killed in between leaves the journal, by which the next one undoes the moves.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import stat
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from curated.core.disk import flush, flush_tree
from curated.core.locks import JOURNAL

_VERSION = 1
_OLD = "old"


def move_together(staging: Path, root: Path, moves: Mapping[str, str], *, only_new: bool = False) -> None:
    """Move files or directories to their places, all of them or none.

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

    Raises
    ------
    OSError
        If one cannot be moved; then all places are as they were.
    """
    flush_tree(staging)
    journal: dict[str, Any] = {"version": _VERSION, "directories": _new_directories(root, moves.values())}
    (staging / _OLD).mkdir()
    journal["moves"] = [_prepare(staging, root, *move, only_new=only_new) for move in moves.items()]
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
                if only_new:
                    # Unlike a renaming, a link never takes another file's place.
                    os.link(staging / move["source"], root / move["place"])
                else:
                    os.rename(staging / move["source"], root / move["place"])
            parents = {os.path.dirname(root / path) for path in (*moves.values(), *journal["directories"])}
            flush(sorted(parents, key=len, reverse=True))
        except BaseException:
            _undo(staging, root, journal)
            os.unlink(staging / JOURNAL)
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
        try:
            os.link(root / place, staging / old, follow_symlinks=False)
        except OSError:  # a file system without links, or a system that forbids this one
            import shutil

            shutil.copy2(root / place, staging / old, follow_symlinks=False)
    return {"source": source, "place": place, "old": old, "inode": status.st_ino, "mtime": _mtime(status)}


def _mtime(status: os.stat_result) -> int:
    """Return the time of a file; that of a directory may change as it is moved."""
    return status.st_mtime_ns if stat.S_ISREG(status.st_mode) else 0


@contextmanager
def _signals_wait() -> Iterator[None]:
    """Let signals that end a process wait; the block takes a moment."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


# -- after a kill -----------------------------------------------------------------------------------------


def undo(staging: Path, root: Path) -> tuple[str, str]:
    """Undo moves that a killed process did not finish.

    Nothing is done if all were made. What a journal says is not trusted: a file is only touched if it is the very
    file that came from the staging directory, by its inode and time.

    Returns
    -------
    result : `str`
        What was done, as the start of a sentence; empty if there was nothing to do.
    problem : `str`
        Why it cannot be undone; empty if it is.
    """
    try:
        journal = json.loads((staging / JOURNAL).read_bytes())
        moves = [{key: kind(move[key]) for key, kind in _ENTRY.items()} for move in journal["moves"]]
        directories = [str(path) for path in journal["directories"]]
        paths = [path for move in moves for path in (move["source"], move["place"], move["old"])]
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        return "", f"its journal cannot be read ({type(error).__name__})"
    if journal.get("version") != _VERSION or not all(map(_is_inside, (*paths, *directories))):
        return "", "its journal is not one of this program"
    states = [_state(staging, root, move) for move in moves]
    if "other" in states and "moved" in states:
        place = next(m["place"] for m, state in zip(moves, states, strict=True) if state == "other")
        return (
            "",
            f"{place!r} has changed since; compare the files with the commit, then remove that directory",
        )
    if "moved" not in states or set(states) == {"moved"}:
        return "", ""
    _undo(staging, root, {"moves": moves, "directories": directories})
    return f"undid an interrupted change of {len(moves)} files, and ", ""


_ENTRY = {"source": str, "place": str, "old": str, "inode": int, "mtime": int}


def _is_inside(path: str) -> bool:
    return not os.path.isabs(path) and "\0" not in path and ".." not in path.split("/")


def _state(staging: Path, root: Path, move: Mapping[str, Any]) -> str:
    """Return whether a file was ``moved`` to its place, ``waits``, or the place has an ``other`` one."""
    place, source = root / move["place"], staging / move["source"]
    if not Path(os.path.realpath(place.parent)).is_relative_to(os.path.realpath(root)):
        return "other"
    with suppress(OSError):
        status = os.lstat(place)
        if (status.st_ino, _mtime(status)) == (move["inode"], move["mtime"]):
            return "moved"
    # A renamed file is no longer in the staging directory.
    return "waits" if os.path.lexists(source) else "other"


def _undo(staging: Path, root: Path, journal: Mapping[str, Any]) -> None:
    for move in reversed(journal["moves"]):
        if _state(staging, root, move) != "moved":
            continue
        if move["old"]:
            os.rename(staging / move["old"], root / move["place"])
        elif not os.path.lexists(staging / move["source"]):
            os.rename(root / move["place"], staging / move["source"])
        else:
            os.unlink(root / move["place"])
    for directory in reversed(journal["directories"]):
        with suppress(OSError):
            os.rmdir(root / directory)
