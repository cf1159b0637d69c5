"""The images that a command will compare, unpacked by git while this process is still imported."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from curated.core.diagnostic import CuratedError
from curated.git.command import run_git
from curated.git.objects import Copy, offer_copies
from curated.git.repository import Repository, open_repository

_ENDING = ".fits"
_MOST_CHARACTERS = 1 << 16
_NOTHING = "0" * 40


@contextmanager
def early_copies(directory: str, arguments: Sequence[str]) -> Iterator[None]:
    """Let git unpack the image that differs between two revisions, where it is the only one that does.

    It is a guess: what is never asked for is thrown away, and whatever fails here is told by those who need it.

    Parameters
    ----------
    directory : `str`
        Directory of the option ``-C``.
    arguments : sequence [`str`]
        Revisions, and paths behind them, as the command has them.
    """
    try:
        repository = open_repository(Path(directory))
        copies = [Copy(repository, blob) for blob in _blobs(repository, _revisions(directory, arguments))]
    except (CuratedError, OSError):
        copies = []
    with offer_copies(copies):
        yield


def _revisions(directory: str, arguments: Sequence[str]) -> list[str]:
    """Return the arguments in front of the first path."""
    paths = [os.path.lexists(os.path.join(directory, argument)) for argument in arguments]
    names = list(arguments[: paths.index(True)] if True in paths else arguments)
    if len(names) == 1 and ".." in names[0] and "..." not in names[0]:
        names = [name or "HEAD" for name in names[0].split("..", 1)]
    return names or ["HEAD"]


def _blobs(repository: Repository, revisions: Sequence[str]) -> list[str]:
    """Return the blobs of the image before and now; nothing if there is none, or more than one."""
    if len(revisions) > 2 or any(name.startswith("-") or "..." in name for name in revisions):
        return []
    command = ["diff-tree", "-r"] if len(revisions) == 2 else ["diff-index"]
    listing = run_git(
        repository.top, *command, "--raw", "-z", "--no-abbrev", "--no-renames", *revisions, "--"
    )
    if len(listing) > _MOST_CHARACTERS:
        return []
    fields = listing.split("\0")
    headers = [
        header for header, path in zip(fields[::2], fields[1::2], strict=False) if path.endswith(_ENDING)
    ]
    if len(headers) != 1:
        return []
    return [blob for blob in headers[0].split()[2:4] if not _NOTHING.startswith(blob[:40])]
