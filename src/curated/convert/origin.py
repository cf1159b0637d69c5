"""The commit that is converted: what git knows of a package's files, and the stamp that each of them gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from curated.core.diagnostic import CuratedError
from curated.core.keys import CalibFile
from curated.core.stamp import Stamp
from curated.core.times import iso
from curated.core.version import __version__
from curated.git.changes import Commit, last_commits, read_status, start_status
from curated.git.objects import find_blobs
from curated.git.repository import is_shallow, open_repository, resolve_commit
from curated.package.config import CONFIG_FILE
from curated.package.package import Package


@dataclass(frozen=True, slots=True)
class Origin:
    """The commit that is converted, and what git knows of its files.

    Parameters
    ----------
    sha1 : `str`
        The commit.
    url : `str`
        The package's public address.
    dirty : `bool`
        Whether the work tree differs from the commit.
    blobs : `dict` [`str`, `str`]
        Blob of each committed calibration, and of each provenance file, by path in the package.
    changes : `dict` [`str`, `Commit`]
        Last commit that changed each, by path in the package.
    prefix : `str`
        Path of the package in its repository.
    """

    sha1: str
    url: str
    dirty: bool
    blobs: Mapping[str, str] = field(repr=False)
    changes: Mapping[str, Commit] = field(repr=False)
    prefix: str = ""

    def stamp(self, file: CalibFile, blob: str, end: str) -> Stamp:
        """Return the stamp of one file."""
        change = self.changes.get(file.path, Commit("", "", ""))
        return Stamp(
            sha1=self.sha1,
            url=self.url,
            path=f"{self.prefix}{file.path}",
            blob=blob,
            file_sha1=change.sha1,
            file_date=change.date,
            editor=change.author,
            dirty=self.dirty,
            version=__version__,
            valid_start=iso(file.start),
            valid_end=end,
        )


def find_origin(package: Package, *, allow_dirty: bool = False) -> Origin:
    """Ask git about the package's commit.

    Parameters
    ----------
    package : `Package`
        The package.
    allow_dirty : `bool`, optional
        Whether files may differ from the commit.

    Raises
    ------
    CuratedError
        If there is no git repository, no commit, a history that is cut off, or a change that is not
        committed.
    """
    repository = open_repository(package.root)
    sha1 = resolve_commit(repository)
    if is_shallow(repository):
        raise CuratedError(
            "the git history is cut off (shallow clone), so the last change of a file cannot be known",
            "run 'git fetch --unshallow'",
        )
    watched = [package.top] if package.bare else [package.top, CONFIG_FILE]
    with start_status(repository, watched) as status:
        blobs = find_blobs(repository, sha1, package.top)
        wanted = {f.path: blobs[f.path] for f in package.layout.files if f.path in blobs}
        beside = {f.side: blobs[f.side] for f in package.layout.files if f.side in blobs}
        changes = last_commits(repository, sha1, wanted, package.top)
        changed = read_status(repository, status)
    listed = [path for f in package.layout.files for path in (f.path, f.side) if path]
    changed += [path for path in listed if path not in blobs and path not in changed]
    if changed and not allow_dirty:
        named = ", ".join(changed[:5]) + (f" and {len(changed) - 5} more" if len(changed) > 5 else "")
        raise CuratedError(
            f"files differ from the commit: {named}",
            "commit them, or give --allow-dirty, which is stamped into every file",
        )
    return Origin(sha1, package.config.url, bool(changed), wanted | beside, changes, repository.prefix)
