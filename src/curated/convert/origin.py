"""The commit that is converted: its files in git, and the stamp of each FITS file."""

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
    """A commit of a package, from which its FITS files are made.

    Parameters
    ----------
    sha1 : `str`
        SHA1 of the commit, 40 hexadecimal digits.
    url : `str`
        Public address of the package; empty where ``curated.yaml`` has none.
    dirty : `bool`
        Whether the work tree differs from the commit.
    blobs : `dict` [`str`, `str`]
        Git blobs of the calibrations and their provenance files in the commit, by path in the package.
    last_commits : `dict` [`str`, `Commit`]
        The last commit that changed each calibration, by path in the package.
    prefix : `str`
        Path of the package in its repository; empty, or with a slash at its end.
    """

    sha1: str
    url: str
    dirty: bool
    blobs: Mapping[str, str] = field(repr=False)
    last_commits: Mapping[str, Commit] = field(repr=False)
    prefix: str = ""

    def stamp(self, file: CalibFile, blob: str, end: str) -> Stamp:
        """Return the stamp of a file.

        Parameters
        ----------
        blob : `str`
            Git blob of its content, which is not the commit's where the work tree differs.
        end : `str`
            End of validity, UTC, ISO 8601; empty when open.
        """
        last_commit = self.last_commits.get(file.path, Commit("", "", ""))
        return Stamp(
            sha1=self.sha1,
            url=self.url,
            path=f"{self.prefix}{file.path}",
            blob=blob,
            file_sha1=last_commit.sha1,
            file_date=last_commit.date,
            editor=last_commit.author,
            dirty=self.dirty,
            version=__version__,
            valid_start=iso(file.start),
            valid_end=end,
        )


def find_origin(package: Package, *, allow_dirty: bool = False) -> Origin:
    """Ask git for the commit of a package, and for its files in that commit.

    Parameters
    ----------
    package : `Package`
        A package in a work tree.
    allow_dirty : `bool`, optional
        Whether files may differ from the commit.

    Raises
    ------
    CuratedError
        If there is no git repository or no commit, if the history is cut off (shallow clone), or if files differ from
        the commit and may not.
    """
    repository = open_repository(package.root)
    sha1 = resolve_commit(repository)
    if is_shallow(repository):
        raise CuratedError(
            "the git history is cut off (shallow clone), so the last change of a file cannot be known",
            "run 'git fetch --unshallow'",
        )
    files = package.layout.files
    relevant = [package.top] if package.bare else [package.top, CONFIG_FILE]
    with start_status(repository, relevant) as status:
        blobs = find_blobs(repository, sha1, package.top)
        text_blobs = {file.path: blobs[file.path] for file in files if file.path in blobs}
        side_blobs = {file.side: blobs[file.side] for file in files if file.side in blobs}
        commits = last_commits(repository, sha1, text_blobs, package.top)
        differing = read_status(repository, status)
    paths = [path for file in files for path in (file.path, file.side) if path]
    differing += [path for path in paths if path not in blobs and path not in differing]
    if differing and not allow_dirty:
        more = f" and {len(differing) - 5} more" if len(differing) > 5 else ""
        raise CuratedError(
            f"files differ from the commit: {', '.join(differing[:5])}{more}",
            "commit them, or give --allow-dirty, which is stamped into every file",
        )
    url, is_dirty = package.config.url, bool(differing)
    return Origin(sha1, url, is_dirty, text_blobs | side_blobs, commits, repository.prefix)
