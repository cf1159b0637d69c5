"""Files that a command makes or changes in one go: all of them or none, and never another file by accident."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from curated.core.diagnostic import CuratedError
from curated.core.storage.disk import exclusive
from curated.core.storage.staging import replace_together

NEW, CHANGED, UNCHANGED, REMOVED = "new", "changed", "unchanged", "removed"

_MOST_NAMES = 5


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """A file of a set, and what became of it.

    Parameters
    ----------
    path : `str`
        Path relative to the directory of the set.
    state : `str`
        ``new``, ``changed`` (it took the place of another content), ``unchanged`` (it had this content before) or
        ``removed``.
    size : `int`
        Size in bytes; 0 where it was removed.
    """

    path: str
    state: str
    size: int

    def to_dict(self) -> dict[str, str | int]:
        """Return the outcome as plain data."""
        return {"path": self.path, "state": self.state, "size": self.size}


def write_file_set(
    root: Path,
    contents: Mapping[str, bytes],
    *,
    before: Mapping[str, bytes] | None = None,
    removed: Mapping[str, str] | None = None,
    force: bool = False,
    dry_run: bool = False,
) -> tuple[FileOutcome, ...]:
    """Write and remove files below a directory, all of them or none; after a failure or signal nothing is left.

    Parameters
    ----------
    root : `~pathlib.Path`
        The directory, such as the root of a package; it is made if need be.
    contents : `dict` [`str`, `bytes`]
        Content of each file, by path relative to the directory with forward slashes.
    before : `dict` [`str`, `bytes`], optional
        Content, as it was read, of the files that are meant to change; no others take the place of files that exist.
    removed : `dict` [`str`, `str`], optional
        SHA-256 of each file that is removed, as it was read, by path. Directories that are empty then go too.
    force : `bool`, optional
        Whether files that exist may be replaced.
    dry_run : `bool`, optional
        Whether to do all but write.

    Returns
    -------
    outcomes : `tuple` [`FileOutcome`]
        What became of each file, or would, in the order of the contents, and of those that were removed.

    Raises
    ------
    CuratedError
        If a path is not below the directory or leads through a link, if there is something else in its place, or if a
        file has changed since it was read; nothing was written.
    OSError
        If a file cannot be written; nothing is left.
    """
    root = root.absolute()
    base, prefix = _existing_part(root)
    with nullcontext() if dry_run or prefix else exclusive(base):
        outcomes = tuple(_outcome(root, path, content, before or {}) for path, content in contents.items())
        expected = before or {}
        in_the_way = [o.path for o in outcomes if o.state == CHANGED and o.path not in expected]
        if in_the_way and not force:
            raise CuratedError(
                f"{_names(in_the_way)} {'is' if len(in_the_way) == 1 else 'are'} there already, with another content",
                "nothing was written; --force replaces what is there",
            )
        written = {prefix + o.path: contents[o.path] for o in outcomes if o.state != UNCHANGED}
        only_new = all(o.state != CHANGED for o in outcomes)
        outcomes += tuple(_removal(root, path, sha256) for path, sha256 in (removed or {}).items())
        if (written or removed) and not dry_run:
            gone = [prefix + path for path in removed or ()]
            replace_together(base, written, only_new=only_new, removed=gone)
            _remove_empty_directories(base, gone)
    return outcomes


def _removal(root: Path, path: str, sha256: str) -> FileOutcome:
    """Return the outcome of a file that is removed, if it may be."""
    _require_place(root, path)
    full = root / path
    if not os.path.lexists(full):
        raise CuratedError(f"{path} was removed in the meantime", "run it again")
    if not stat.S_ISREG(os.lstat(full).st_mode):
        raise CuratedError(f"{path} is not a regular file, and is not removed", "move it away by hand")
    with open(full, "rb") as file:
        current = hashlib.file_digest(file, "sha256").hexdigest()
    if current != sha256:
        raise CuratedError(f"{path} has changed in the meantime", "run it again")
    return FileOutcome(path, REMOVED, 0)


def _remove_empty_directories(base: Path, paths: Sequence[str]) -> None:
    """Remove the directories of paths that are empty now, and those above them that become so."""
    for directory in sorted({os.path.dirname(path) for path in paths}):
        place = directory
        with suppress(OSError):
            while place:
                os.rmdir(base / place)
                place = os.path.dirname(place)


def _existing_part(root: Path) -> tuple[Path, str]:
    """Return the innermost directory that exists, and the rest of a path: a failure leaves no directory either."""
    base, prefix = root, ""
    while not os.path.lexists(base) and base.parent != base:
        base, prefix = base.parent, f"{base.name}/{prefix}"
    if not base.is_dir():
        raise CuratedError(f"{base} is not a directory", "name a directory, or one that does not exist yet")
    return base, prefix


def _names(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - _MOST_NAMES} more" if len(paths) > _MOST_NAMES else ""
    return ", ".join(paths[:_MOST_NAMES]) + more


def _outcome(root: Path, path: str, content: bytes, before: Mapping[str, bytes]) -> FileOutcome:
    """Return what becomes of a file, if it may be written."""
    _require_place(root, path)
    full = root / path
    try:
        status = os.lstat(full)
    except FileNotFoundError:
        if path in before:
            raise CuratedError(f"{path} was removed in the meantime", "run it again") from None
        return FileOutcome(path, NEW, len(content))
    if stat.S_ISLNK(status.st_mode):
        target = os.readlink(full)
        raise CuratedError(f"{path} is a link to {target}, and is not written through", "name that file")
    if not stat.S_ISREG(status.st_mode):
        kind = "a directory" if stat.S_ISDIR(status.st_mode) else "not a regular file"
        raise CuratedError(f"{path} is {kind}, and is not replaced", "choose another name, or move it away")
    with open(full, "rb") as file:
        current = file.read()
    if path in before and current != before[path]:
        raise CuratedError(f"{path} has changed in the meantime", "run it again")
    if current == content:
        return FileOutcome(path, UNCHANGED, len(content))
    if not status.st_mode & stat.S_IWUSR:
        raise CuratedError(f"{path} is read-only", "make it writable first, with 'chmod u+w'")
    return FileOutcome(path, CHANGED, len(content))


def _require_place(root: Path, path: str) -> None:
    """Raise an error if a path is not below the directory, or leads through a link or something else."""
    pure = PurePosixPath(path)
    if not path or pure.is_absolute() or ".." in pure.parts or "\0" in path or str(pure) != path:
        raise CuratedError(f"{path!r} is not a path of a file below {root}", "name a file below it")
    if ".git" in (part.lower() for part in pure.parts):
        raise CuratedError(f"{path} is one of git's own files, and is not written", "choose another name")
    for parent in reversed(pure.parents[:-1]):
        directory = root / parent
        if directory.is_symlink():
            raise CuratedError(
                f"{parent} is a link to {os.readlink(directory)}, through which nothing is written",
                "name the directory that it leads to, or make a directory in its place",
            )
        if os.path.lexists(directory) and not directory.is_dir():
            raise CuratedError(f"{parent} is a file, and {path} needs a directory", "move the file away")
