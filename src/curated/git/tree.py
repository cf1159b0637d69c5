"""The files of a commit, proved: each object is hashed, from the commit down to the names of the blobs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from curated.core.diagnostic import CuratedError
from curated.git.objects import MAX_FILES, Objects, damaged, read_objects
from curated.git.repository import Repository

DIRECTORY, LINK, SUBMODULE = "40000", "120000", "160000"
"""Modes of the entries of a tree that are no plain files."""

_SHA1_DIGITS = 40

_FEW = 100
"""Number of objects up to which asking for one after the other is quicker than to start another process."""


class TreeEntry(NamedTuple):
    """An entry of the tree of a commit; names that are not UTF-8 have surrogate escapes.

    Parameters
    ----------
    mode : `str`
        Its kind, such as `LINK`; plain files have ``100644`` or ``100755``.
    name : `str`
        Name of its object: of the blob of a file, of the commit of a submodule.
    path : `str`
        Path in the repository.
    """

    mode: str
    name: str
    path: str


def object_name(kind: str, data: bytes, digits: int = _SHA1_DIGITS) -> str:
    """Return the name that git gives to an object.

    Parameters
    ----------
    kind : `str`
        ``blob``, ``tree`` or ``commit``.
    digits : `int`, optional
        Length of names in the repository: 40 for SHA-1, 64 for SHA-256.
    """
    header = b"%s %d\0" % (kind.encode(), len(data))
    if digits == _SHA1_DIGITS:
        return hashlib.sha1(header + data, usedforsecurity=False).hexdigest()
    return hashlib.sha256(header + data).hexdigest()


def read_tree(repository: Repository, commit: str, paths: Iterable[str]) -> list[TreeEntry]:
    """Return the files of a commit at or below some paths, in the order of their paths.

    Every object on the way is hashed and compared with its name, so that neither damage nor replacements (``git
    replace``) nor grafts can put other files into the place of the commit's.

    Parameters
    ----------
    commit : `str`
        Name of the commit, complete.
    paths : iterable [`str`]
        Paths in the repository, without slashes at their ends; the empty path is everything.

    Raises
    ------
    CuratedError
        If an object is missing or is not what its name says.
    """
    objects = Objects(repository)
    content = _read_proved(objects, repository, commit, "commit", [commit])[commit]
    root = content.partition(b"\n")[0].removeprefix(b"tree ").decode("ascii", errors="replace")
    wanted_paths = tuple(paths)
    directories = [("", root)]
    entries: list[TreeEntry] = []
    while directories:
        if len(directories) + len(entries) > MAX_FILES:
            raise CuratedError(
                f"commit {commit[:12]} has more than {MAX_FILES} files", "name a repository of calibrations"
            )
        contents = _read_proved(objects, repository, commit, "tree", [name for _, name in directories])
        below = []
        for prefix, tree in directories:
            for entry in _parse_tree(contents[tree], prefix, len(commit) // 2):
                if not _concerns(entry.path, wanted_paths):
                    continue
                if entry.mode == DIRECTORY:
                    below.append((f"{entry.path}/", entry.name))
                else:
                    entries.append(entry)
        directories = below
    return sorted(entries, key=lambda entry: entry.path)


def _read_proved(
    objects: Objects, repository: Repository, commit: str, kind: str, names: Sequence[str]
) -> Mapping[str, bytes]:
    """Return the content of objects by name; each has the hash that its name says."""
    unique_names = list(dict.fromkeys(names))
    if len(unique_names) <= _FEW:
        contents = {name: _read_one(objects, name) for name in unique_names}
    else:
        contents = dict(zip(unique_names, read_objects(repository, unique_names), strict=True))
    for name, content in contents.items():
        if object_name(kind, content, len(name)) != name:
            raise damaged(
                repository, f"{kind} {name[:12]}, which commit {commit[:12]} consists of,", bool(content)
            )
    return contents


def _read_one(objects: Objects, name: str) -> bytes:
    try:
        return objects.read(name)
    except CuratedError:
        return b""


def _concerns(path: str, paths: Sequence[str]) -> bool:
    """Say whether a path is one of some paths, below one of them, or leads to one."""
    return any(
        not other or path == other or path.startswith(f"{other}/") or other.startswith(f"{path}/")
        for other in paths
    )


def _parse_tree(content: bytes, prefix: str, size: int) -> Iterator[TreeEntry]:
    """Yield the entries of a tree object, whose names of objects have ``size`` bytes."""
    position = 0
    while position < len(content):
        end = content.find(b"\0", position)
        mode, _, name = content[position:end].partition(b" ")
        position = end + 1 + size
        if end < 0 or position > len(content) or not mode.isdigit():
            raise CuratedError(
                f"a tree below {prefix or 'the top'} has no form that git knows", "see what 'git fsck' says"
            )
        path = prefix + name.decode("utf-8", errors="surrogateescape")
        yield TreeEntry(mode.decode("ascii"), content[end + 1 : position].hex(), path)
