"""Files of exposures: those of a directory, of a list, or named one by one."""

from __future__ import annotations

import os
from collections.abc import Iterable

from curated.core.diagnostic import CuratedError

_ENDINGS = (".fits", ".fit", ".fts", ".fits.gz", ".fit.gz", ".fts.gz", ".fits.fz")
_MOST_FILES = 1_000_000
_LONGEST_LINE = 4096


def find_exposure_files(sources: Iterable[str]) -> list[str]:
    """Return the FITS files that sources name, each once.

    Parameters
    ----------
    sources : iterable [`str`]
        FITS files; directories, of which all FITS files below count, in the order of their names; or lists, which are text
        files with a path in each line, relative to the list. Lines that start with ``#`` are comments.

    Raises
    ------
    CuratedError
        If something is not there or names no FITS file.
    """
    paths: dict[str, None] = {}
    for source in sources:
        if os.path.isdir(source):
            members = _below(source)
            if not members:
                raise CuratedError(
                    f"there is no FITS file in {source}", f"their names end in {', '.join(_ENDINGS)}"
                )
        elif source.lower().endswith(_ENDINGS):
            members = [source]
        else:
            members = _listed(source)
        for path in members:
            if not os.path.isfile(path):
                where = "" if path == source else f", which {source} names"
                raise CuratedError(
                    f"there is no file {path}{where}", "name FITS files, a directory or a list of them"
                )
            paths[path] = None
    return list(paths)


def _below(directory: str) -> list[str]:
    members: list[str] = []
    for root, directories, names in os.walk(directory):
        directories.sort()
        members += [os.path.join(root, name) for name in sorted(names) if name.lower().endswith(_ENDINGS)]
        if len(members) > _MOST_FILES:
            raise CuratedError(
                f"{directory} has more than {_MOST_FILES} FITS files", "name a smaller directory"
            )
    return members


def _listed(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8") as stream:
            lines = [line.strip() for line in stream]
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise CuratedError(
            f"{path} cannot be read: {reason}",
            "name FITS files, a directory, or a text file with a path in each line",
        ) from error
    names = [line for line in lines if line and not line.startswith("#")]
    if not names:
        raise CuratedError(f"{path} names no file", "it is to have the path of a FITS file in each line")
    if any(len(name) > _LONGEST_LINE or not name.isprintable() for name in names):
        raise CuratedError(
            f"{path} is no list of paths", "it is to have the path of a FITS file in each line"
        )
    return [os.path.join(os.path.dirname(path), name) for name in names]
