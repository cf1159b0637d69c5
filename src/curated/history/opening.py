"""Where the calibrations that Python asks for come from: a work tree, a commit, a repository elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

from curated.core.diagnostic import CuratedError
from curated.git.repository import clone, is_address, open_repository
from curated.history.calibrations import Calibrations
from curated.history.lookup import committed_package
from curated.package.package import open_package


def open_calibrations(path: str | os.PathLike[str], rev: str | None = None) -> Calibrations:
    """Open a package; see `curated.open`."""
    if is_address(os.fspath(path)):
        copy = clone(os.fspath(path))
        package, commit = committed_package(Path(copy.name), rev or "HEAD")
        return Calibrations(package, commit, copy.cleanup)
    try:
        package = open_package(path)
    except CuratedError as error:
        # A repository without a work tree, or one whose work tree has no package, may have it in a commit.
        if not _has_commits(Path(path), rev):
            raise error from None
        return Calibrations(*committed_package(Path(path), rev or "HEAD"))
    return Calibrations(package) if rev is None else Calibrations(*committed_package(package.root, rev))


def _has_commits(path: Path, rev: str | None) -> bool:
    try:
        repository = open_repository(path)
    except CuratedError:
        return False
    return rev is not None or repository.is_bare
