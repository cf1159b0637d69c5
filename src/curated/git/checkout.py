"""Write the files of a commit to a disk, as it has them: without filters, attributes or settings of the repository."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from curated.core.diagnostic import CuratedError
from curated.git.command import run_git
from curated.git.objects import Objects
from curated.git.repository import Repository

_LINK = "120000"
_LFS_POINTER = b"version https://git-lfs.github.com/spec/"


class _Entry(NamedTuple):
    """A file of a commit: its mode, its blob, and its path in the repository."""

    mode: str
    blob: str
    path: str


def check_out(repository: Repository, sha1: str, directory: Path) -> None:
    """Write the package's files of a commit below another directory; work tree and index are left alone.

    Parameters
    ----------
    directory : `~pathlib.Path`
        Stands for the top of the work tree.

    Raises
    ------
    CuratedError
        If git cannot read them, if a path cannot be one of a work tree, or if a file is kept elsewhere by git-lfs.
    """
    entries = _entries(repository, sha1)
    objects = Objects(repository)
    try:
        for entry in entries:
            (directory / entry.path).parent.mkdir(parents=True, exist_ok=True)
        # Links come last, so that nothing is written through one.
        for entry in sorted(entries, key=lambda entry: entry.mode == _LINK):
            content = objects.read(entry.blob)
            if entry.mode == _LINK:
                os.symlink(os.fsdecode(content), directory / entry.path)
            else:
                _refuse_pointer(entry.path, content, sha1)
                with (directory / entry.path).open("xb") as stream:
                    stream.write(content)
    except (OSError, ValueError) as error:
        raise CuratedError(
            f"commit {sha1[:12]} cannot be checked out: {error}", "see whether 'git checkout' of it works"
        ) from error


def _entries(repository: Repository, sha1: str) -> list[_Entry]:
    """Return the files and links of a commit."""
    options = ("-r", "-z", "--full-tree", "--end-of-options", sha1, "--", repository.pathspec())
    entries = []
    for line in run_git(repository.top, "ls-tree", *options).split("\0"):
        header, _, path = line.partition("\t")
        mode, kind, blob = [*header.split(), "", "", ""][:3]
        if kind != "blob":
            continue
        # Git makes no such path, but an object may hold anything.
        if any(part.lower() in ("", ".", "..", ".git") for part in path.split("/")):
            raise CuratedError(f"commit {sha1[:12]} cannot be checked out: it has a file {path!r}")
        entries.append(_Entry(mode, blob, path))
    return entries


def _refuse_pointer(path: str, content: bytes, sha1: str) -> None:
    """Refuse a file that is in the store of git-lfs; its program would be one that a repository names."""
    if content.startswith(_LFS_POINTER):
        raise CuratedError(
            f"{path} of commit {sha1[:12]} is kept by git-lfs, which curated does not run",
            f"check it out with 'git worktree add DIRECTORY {sha1[:12]}', and name that directory",
        )
