"""The commit that is converted: its files in git, and the stamp of each FITS file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from curated.convert.signature import CommitSignature, require_signature
from curated.core.diagnostic import CuratedError
from curated.core.keys import CalibFile
from curated.core.stamp import Stamp
from curated.core.times import iso
from curated.core.version import __version__
from curated.git.changes import Commit, last_commits
from curated.git.objects import find_blobs
from curated.git.repository import (
    Repository,
    find_work_tree,
    is_shallow,
    open_repository,
    resolve_commit,
)
from curated.package.committed import CommittedFiles, Comparison, compare_with_commit, settings_changed
from curated.package.config import CONFIG_FILE
from curated.package.package import Package

_DIGITS = 40
"""Digits of the name of a commit in stamps, manifests and labels."""


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
    comparison : `Comparison`, optional
        How the work tree compares with the commit.
    signature : `CommitSignature`, optional
        Who signed it, where ``curated.yaml`` requires that.
    """

    sha1: str
    url: str
    dirty: bool
    blobs: Mapping[str, str] = field(repr=False)
    last_commits: Mapping[str, Commit] = field(repr=False)
    prefix: str = ""
    comparison: Comparison | None = field(default=None, repr=False)
    signature: CommitSignature | None = None

    @property
    def remark(self) -> str:
        """What is not of the commit, for people; empty where nothing is."""
        if self.comparison is None or not self.comparison.differences:
            return ""
        return f"not of the commit {self.sha1[:12]}, and stamped as REPODIRT: {self.comparison.text()}"

    def stamp(self, file: CalibFile, blob: str, end: str) -> Stamp:
        """Return the stamp of a file.

        Parameters
        ----------
        blob : `str`
            Git blob of its content, which is not the commit's where the work tree differs.
        end : `str`
            End of validity, UTC, ISO 8601; empty when open.
        """
        last_commit = self.last_commits.get(file.source, Commit("", "", ""))
        return Stamp(
            sha1=self.sha1,
            url=self.url,
            path=f"{self.prefix}{file.source}",
            blob=blob,
            file_sha1=last_commit.sha1,
            file_date=last_commit.date,
            editor=last_commit.author,
            dirty=self.dirty,
            version=__version__,
            valid_start=iso(file.start),
            valid_end=end,
            signer=self.signature.signer if self.signature is not None else "",
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
        If there is no git repository or no commit, if the history is cut off (shallow clone) or damaged, or if files
        differ from the commit and may not, or if a signature is required and absent.
    """
    _refuse_repository_below(package)
    repository = open_repository(package.root)
    sha1 = resolve_commit(repository)
    if len(sha1) != _DIGITS:
        raise CuratedError(
            "the git repository names its objects by SHA-256, and stamps have room for the 40 digits of SHA-1 only",
            "keep the package in a repository made by 'git init --object-format=sha1'",
        )
    if is_shallow(repository):
        raise CuratedError(
            "the git history is cut off (shallow clone), so the last change of a file cannot be known",
            "run 'git fetch --unshallow'",
        )
    comparison = compare_with_commit(package, repository, sha1)
    is_dirty = bool(comparison.differences)
    if is_dirty and not allow_dirty:
        raise CuratedError(
            f"files differ from the commit {sha1[:12]}: {comparison.text()}",
            f"{comparison.way_out()}; or give --allow-dirty, which is stamped into every file",
        )
    files, blobs = package.layout.files, comparison.blobs
    text_blobs = {file.source: blobs[file.source] for file in files if file.source in blobs}
    side_blobs = {file.side: blobs[file.side] for file in files if file.side in blobs}
    commits = last_commits(repository, sha1, text_blobs, package.top)
    undated = next((commit for commit in commits.values() if not commit.date), None)
    if undated is not None:
        raise CuratedError(
            f"commit {undated.sha1[:12]} has a date that no calendar has, so that FILEDATE cannot be stamped",
            "see 'git cat-file commit' of it; a new commit of the files concerned gives them a date",
        )
    url = package.config.url
    kind = package.config.signatures
    signature = require_signature(repository, sha1, kind) if kind else None
    blobs = text_blobs | side_blobs
    return Origin(sha1, url, is_dirty, blobs, commits, repository.prefix, comparison, signature)


def origin_of_commit(package: Package, repository: Repository, sha1: str) -> Origin:
    """Return the origin of a package as a commit has it, whose files were checked out and nothing else.

    Parameters
    ----------
    package : `Package`
        The files of the commit.
    repository : `Repository`
        The repository that has it.

    Raises
    ------
    CuratedError
        If the history is cut off (shallow clone) or damaged.
    """
    if len(sha1) != _DIGITS or is_shallow(repository):
        raise CuratedError(
            "the last change of a file cannot be known: the git history is cut off (shallow clone), or has no SHA-1",
            "run 'git fetch --unshallow'",
        )
    blobs = find_blobs(repository, sha1, package.top)
    text_blobs = {f.source: blobs[f.source] for f in package.layout.files if f.source in blobs}
    side_blobs = {file.side: blobs[file.side] for file in package.layout.files if file.side in blobs}
    commits = last_commits(repository, sha1, text_blobs, package.top)
    return Origin(sha1, package.config.url, False, text_blobs | side_blobs, commits, repository.prefix)


def _refuse_repository_below(package: Package) -> None:
    """Raise an error if the repository begins only below the settings."""
    if package.top and find_work_tree(package.root) is None and find_work_tree(package.root / package.top):
        raise CuratedError(
            f"{package.top} is a git repository, but {CONFIG_FILE} stands above it and so is in no commit",
            f"move {CONFIG_FILE} into it, with 'calibs: .'",
        )


def committed_package(package: Package, origin: Origin) -> Package:
    """Return a package whose files are verified to be those of the origin's commit whenever they are read.

    Where files may differ from the commit, it is the package as it is.

    Raises
    ------
    CuratedError
        If the settings are no longer those of the commit.
    """
    if origin.dirty or origin.comparison is None:
        return package
    files = CommittedFiles(package.files, origin.comparison)
    if settings_changed(package, files):
        raise CuratedError(f"{CONFIG_FILE} has changed since it was read", "run it again")
    return Package(package.root, files, package.config, bare=package.bare)
