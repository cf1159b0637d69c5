"""A package that was made beside, and comes into its place: as a whole, or into one that is there."""

from __future__ import annotations

import filecmp
import os
from collections.abc import Iterable
from pathlib import Path

from curated.core.diagnostic import CuratedError


def occupy(package: Path, output: Path) -> bool:
    """Move a package to its place.

    Parameters
    ----------
    package : `pathlib.Path`
        Where it was made, on the same file system.
    output : `pathlib.Path`
        Its place: nothing, an empty directory, or one that holds the same files already.

    Returns
    -------
    changed : `bool`
        Whether it was not there already.

    Raises
    ------
    CuratedError
        If something else is there.
    """
    if not os.path.lexists(output):
        os.rename(package, output)
        return True
    if output.is_dir() and not any(output.iterdir()):
        # On POSIX an empty directory gives way; a link to one does not, and is followed.
        os.rename(package, os.path.realpath(output))
        return True
    for path in _files(package):
        reason = _difference(package / path, output / path)
        if reason:
            raise CuratedError(
                f"{output} exists, and {path} {reason} there",
                "name a new directory; --into adds to a package, and changes nothing that is there",
            )
    return False


def put(package: Path, output: Path, settings: Iterable[str]) -> bool:
    """Add a package's files to a package that is there; files of the same content stay.

    Parameters
    ----------
    package : `pathlib.Path`
        Where the files were made, on the same file system.
    output : `pathlib.Path`
        The package.
    settings : iterable [`str`]
        Paths of settings files; where the package has one of its own, that one stays.

    Returns
    -------
    changed : `bool`
        Whether anything was added.

    Raises
    ------
    CuratedError
        If there is no package, or it has another file at the place of one; then nothing was added.
    OSError
        If a file cannot be written; what was added is taken away.
    """
    if not (output / "curated.yaml").is_file():
        raise CuratedError(f"{output} is no package: there is no curated.yaml", "leave out --into")
    kept = set(settings)
    new = []
    for path in _files(package):
        reason = _difference(package / path, output / path)
        if reason == "is not":
            new.append(path)
        elif reason and path not in kept:
            raise CuratedError(f"{path} {reason} in {output}", "move it away, or export to a new directory")
    added: list[Path] = []
    try:
        for path in new:
            place = output / path
            place.parent.mkdir(parents=True, exist_ok=True)
            # Unlike a renaming, a link never takes another file's place.
            os.link(package / path, place)
            added.append(place)
    except BaseException:
        for place in added:
            place.unlink()
        raise
    return bool(new)


def _files(package: Path) -> list[str]:
    return sorted(str(path.relative_to(package)) for path in package.rglob("*") if path.is_file())


def _difference(ours: Path, theirs: Path) -> str:
    """Return how a file differs from the one that is to be there; empty where it does not."""
    if not os.path.lexists(theirs):
        return "is not"
    same = theirs.is_file() and filecmp.cmp(ours, theirs, shallow=False)
    return "" if same else "is another"
