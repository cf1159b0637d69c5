"""Write the files of a commit to a disk, as it has them: without filters, attributes or settings of the repository."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import BinaryIO, NamedTuple

from curated.core.diagnostic import CuratedError
from curated.git.command import run_git
from curated.git.forms import parse_pointer
from curated.git.objects import Objects
from curated.git.repository import Repository

_LINK = "120000"
_CHUNK = 1 << 20


class _Entry(NamedTuple):
    """A file of a commit: its mode, its blob, and its path in the repository."""

    mode: str
    blob: str
    path: str


def check_out(repository: Repository, sha1: str, directory: Path, *, keep_pointers: bool = False) -> None:
    """Write the package's files of a commit below another directory; work tree and index are left alone.

    Parameters
    ----------
    directory : `~pathlib.Path`
        Stands for the top of the work tree.
    keep_pointers : `bool`, optional
        Leave the pointer of git-lfs where the clone does not have the content. The check reports it (CAL342) if a
        calibration needs that file, and no other file that has not been fetched is in the way.

    Raises
    ------
    CuratedError
        If git cannot read them, if a path cannot be one of a work tree, or if git-lfs has not fetched one and pointers
        are not kept.
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
                with (directory / entry.path).open("xb") as stream:
                    _write(repository, sha1, entry.path, content, stream, keep_pointers=keep_pointers)
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


def _write(
    repository: Repository, sha1: str, path: str, content: bytes, stream: BinaryIO, *, keep_pointers: bool
) -> None:
    """Write a file; a pointer of git-lfs is replaced by the content in the store of the clone.

    The program of git-lfs would be one that the repository's settings name, and might fetch.
    """
    pointer = parse_pointer(content)
    if pointer is None:
        stream.write(content)
        return
    digest = hashlib.sha256()
    try:
        with open(_lfs_file(repository, pointer.sha256), "rb", opener=_open_at_once) as source:
            left = pointer.size + 1
            while block := source.read(min(_CHUNK, left)):
                left -= len(block)
                digest.update(block)
                stream.write(block)
    except FileNotFoundError:
        pass
    if digest.hexdigest() == pointer.sha256:
        return
    if keep_pointers:
        stream.seek(0)
        stream.truncate()
        stream.write(content)
    else:
        raise CuratedError(
            f"the content of {path} of commit {sha1[:12]}, which git-lfs keeps, is not in this clone",
            f"fetch it with 'git lfs fetch --all', or check the commit out with 'git worktree add DIRECTORY {sha1[:12]}'",
        )


def _lfs_file(repository: Repository, sha256: str) -> Path:
    """Return where git-lfs keeps a content, unless ``lfs.storage`` says otherwise."""
    common = run_git(repository.top, "rev-parse", "--git-common-dir").removesuffix("\n")
    return repository.top / common / "lfs/objects" / sha256[:2] / sha256[2:4] / sha256


def _open_at_once(path: str, flags: int) -> int:
    """Open a file without waiting for the other end of a pipe."""
    return os.open(path, flags | os.O_NONBLOCK)
