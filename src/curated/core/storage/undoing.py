"""Changes of several files that were interrupted: the journal of their moves, by which they are undone."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from curated.core.storage.disk import JOURNAL

VERSION = 1
REMOVING_VERSION = 2
"""Version of journals that also remove files, which earlier versions of the program do not undo."""


def time_of(status: os.stat_result) -> int:
    """Return the time of a file; that of a directory may change as it is moved."""
    return status.st_mtime_ns if stat.S_ISREG(status.st_mode) else 0


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
    is_known = journal.get("version") in (VERSION, REMOVING_VERSION)
    if not is_known or not all(map(_is_inside, (*paths, *directories))):
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
    take_back(staging, root, {"moves": moves, "directories": directories})
    return f"undid an interrupted change of {len(moves)} files, and ", ""


_ENTRY = {"source": str, "place": str, "old": str, "inode": int, "mtime": int}


def _is_inside(path: str) -> bool:
    return not os.path.isabs(path) and "\0" not in path and ".." not in path.split("/")


def _state(staging: Path, root: Path, move: Mapping[str, Any]) -> str:
    """Return whether a file was ``moved`` to its place, ``waits``, or the place has an ``other`` one."""
    source_name = move["source"]
    place, source = root / move["place"], staging / source_name
    if not Path(os.path.realpath(place.parent)).is_relative_to(os.path.realpath(root)):
        return "other"
    if not source_name:
        return _removal_state(staging, place, move)
    with suppress(OSError):
        status = os.lstat(place)
        if (status.st_ino, time_of(status)) == (move["inode"], move["mtime"]):
            return "moved"
    # A renamed file is no longer in the staging directory.
    return "waits" if os.path.lexists(source) else "other"


def _removal_state(staging: Path, place: Path, move: Mapping[str, Any]) -> str:
    """Return the state of a file that is removed, as `_state` does; only the very file that was there comes back."""
    try:
        status = os.lstat(place)
    except FileNotFoundError:
        with suppress(OSError):
            old = os.lstat(staging / move["old"])
            if move["old"] and (old.st_ino, time_of(old)) == (move["inode"], move["mtime"]):
                return "moved"
        return "other"
    except OSError:
        return "other"
    return "waits" if time_of(status) == move["mtime"] else "other"


def take_back(staging: Path, root: Path, journal: Mapping[str, Any]) -> None:
    """Take the moves of a journal back that were made, and remove the directories that were made for them."""
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
