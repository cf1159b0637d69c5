"""Refuse pipes and devices where git expects files: it would wait for them, or read from them, for ever."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from curated.core.diagnostic import CuratedError
from curated.git.settings import find_common_directory, find_git_directory, read_regular

_UNREAD_DIRECTORIES = frozenset({"annex", "hooks", "lfs", "modules", "rr-cache"})
"""Directories of a repository that git does not read for us, with many files or with pipes of other programs."""

_RULES = (".gitattributes", ".gitignore")
_MAX_ALTERNATES = 100


def refuse_irregular_files(directory: Path) -> None:
    """Refuse a repository in which a pipe or a device stands for a file: settings, index, reference, object.

    Parameters
    ----------
    directory : `~pathlib.Path`
        Top of a work tree, or a repository without one.

    Raises
    ------
    CuratedError
        If there is one.
    """
    for name in (*_RULES, ".gitmodules"):
        _refuse(f"{directory}/{name}")
    git_directory = find_git_directory(directory)
    common = find_common_directory(git_directory)
    tops = dict.fromkeys((git_directory, common, *_alternates(common / "objects")))
    for path in _entries(map(str, tops)):
        _refuse(path)


def refuse_irregular_rules(directory: Path, paths: Iterable[str]) -> None:
    """Refuse pipes and devices in place of the attributes and ignore rules that git reads for some paths.

    Parameters
    ----------
    directory : `~pathlib.Path`
        Top of a work tree.
    paths : iterable [`str`]
        Paths in the repository; of directories, everything below them counts.

    Raises
    ------
    CuratedError
        If there is one.
    """
    parents: set[str] = set()
    for path in paths:
        if os.path.isdir(f"{directory}/{path}"):
            parents.update(_directories(os.path.normpath(f"{directory}/{path}")))
        parent = path
        while parent:
            parent = os.path.dirname(parent)
            if f"{directory}/{parent}" in parents:
                break
            parents.add(f"{directory}/{parent}")
    for parent in sorted(parents):
        for name in _RULES:
            _refuse(f"{parent}/{name}")


def _refuse(path: str) -> None:
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return
    # A socket cannot be opened; git's own daemon has one.
    if stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
        raise CuratedError(f"{path} is not a regular file", "see where this repository comes from")


def _entries(tops: Iterable[str]) -> Iterator[str]:
    """Yield all that is neither a directory nor a plain file at or below some directories; links are followed."""
    waiting, visited = list(tops), set[tuple[int, int]]()
    while waiting:
        directory = waiting.pop()
        try:
            status = os.stat(directory)
            if (status.st_dev, status.st_ino) in visited:
                continue
            visited.add((status.st_dev, status.st_ino))
            with os.scandir(directory) as entries:
                for entry in entries:
                    if entry.is_dir():
                        if entry.name not in _UNREAD_DIRECTORIES:
                            waiting.append(entry.path)
                    elif not entry.is_file():
                        yield entry.path
        except (OSError, ValueError):
            continue


def _directories(directory: str) -> Iterator[str]:
    """Yield a directory and those below it, but for repositories; links are not followed."""
    waiting = [directory]
    while waiting:
        directory = waiting.pop()
        yield directory
        try:
            with os.scandir(directory) as entries:
                waiting += [
                    entry.path
                    for entry in entries
                    if entry.is_dir(follow_symlinks=False) and entry.name != ".git"
                ]
        except OSError:
            continue


def _alternates(objects: Path) -> Iterator[Path]:
    """Yield the directories of objects that a repository shares with others, and those that these share."""
    waiting, directories = [objects], dict[Path, None]()
    while waiting and len(directories) < _MAX_ALTERNATES:
        objects = waiting.pop()
        for line in read_regular(objects / "info/alternates").splitlines():
            path = objects / os.fsdecode(line.strip())
            if line.strip() and not line.startswith(b"#") and path not in directories:
                directories[path] = None
                waiting.append(path)
    yield from directories
