"""Files that exist whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path


def write_whole(filename: str | os.PathLike[str], parts: Iterable[bytes]) -> str:
    """Write a file beside its place and rename it into it: a reader sees the old file or the new one.

    Parameters
    ----------
    filename : path-like
        Where.
    parts : iterable [`bytes`]
        Its content; what is there may be read until the last of them.

    Returns
    -------
    filename : `str`
        Its name.

    Raises
    ------
    OSError
        If it cannot be written; what was there is as it was.
    """
    path = Path(filename)
    # A link stays a link: what it leads to is written.
    place = Path(os.path.realpath(path))
    temporary = _write_beside(place, parts)
    try:
        os.chmod(temporary, _mode(place))
        os.replace(temporary, place)
    except BaseException:
        os.unlink(temporary)
        raise
    return str(filename)


def write_new(filename: str | os.PathLike[str], parts: Iterable[bytes]) -> None:
    """Write a file whole or not at all, where there is none.

    Parameters
    ----------
    filename : path-like
        Where.
    parts : iterable [`bytes`]
        Its content.

    Raises
    ------
    OSError
        If it cannot be written, or if there is anything of that name.
    """
    place = Path(filename)
    temporary = _write_beside(place, parts)
    try:
        os.chmod(temporary, _mode(place))
        # Unlike a renaming, a link never takes another file's place.
        os.link(temporary, place)
    finally:
        os.unlink(temporary)


def _write_beside(place: Path, parts: Iterable[bytes]) -> str:
    """Write a temporary file beside a place, and return its name."""
    import tempfile  # only whoever writes pays for it

    handle, temporary = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        os.unlink(temporary)
        raise
    return temporary


def _mode(place: Path) -> int:
    """Return the permissions of the file that is there, or those that a new one has."""
    try:
        return place.stat().st_mode & 0o7777
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask
