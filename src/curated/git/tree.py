"""The files of one commit."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import PurePosixPath

from curated.git.repository import Repository


class CommitTree:
    """The files of one commit, read without a checkout.

    Parameters
    ----------
    repository : `Repository`
        The repository.
    sha1 : `str`
        The commit.
    top : `str`, optional
        Directory that `paths` is confined to.
    """

    def __init__(self, repository: Repository, sha1: str, top: str = "") -> None:
        self.repository, self.sha1, self.top = repository, sha1, top

    @cached_property
    def blobs(self) -> dict[str, str]:
        """Blob of each file, by path."""
        return self.repository.blobs(self.sha1)

    def paths(self) -> Iterator[str]:
        """Yield all paths below the calibration directory."""
        prefix = f"{self.top}/" if self.top else ""
        hidden = (p for p in sorted(self.blobs) if p.startswith(prefix))
        return (p for p in hidden if not any(part.startswith(".") for part in PurePosixPath(p).parts))

    def read(self, path: str) -> bytes:
        """Return the content of a file.

        Raises
        ------
        FileNotFoundError
            If the commit has no such file.
        """
        if path not in self.blobs:
            raise FileNotFoundError(os.strerror(2), path)
        return self.repository.read(self.blobs[path])

    def locate(self, path: str) -> str | None:
        """Return nothing: the files of a commit are not on disk.

        Raises
        ------
        FileNotFoundError
            If the commit has no such file.
        """
        if path not in self.blobs:
            raise FileNotFoundError(os.strerror(2), path)
        return None

    def state(self, path: str) -> str:
        """Return the blob of a file; empty where there is none."""
        return self.blobs.get(path, "")
