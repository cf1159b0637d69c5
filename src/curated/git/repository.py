"""Repositories: finding one, and resolving its revisions."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from curated.core.diagnostic import CuratedError
from curated.git.command import GitError, run_git
from curated.git.irregular import refuse_irregular_files
from curated.git.settings import is_bare, own_settings

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


class Repository(NamedTuple):
    """A git repository, and where a package is in it.

    Parameters
    ----------
    top : `~pathlib.Path`
        Top of the work tree, where git commands run; of a repository without one, its own directory.
    prefix : `str`
        Path of the package below the top, with a slash at its end; empty if it is the top.
    is_bare : `bool`
        Whether there is no work tree.
    """

    top: Path
    prefix: str = ""
    is_bare: bool = False

    def pathspec(self, path: str = "") -> str:
        """Return a path of the package as a git command takes it."""
        return f"{self.prefix}{path}" or "."


class NoCommitError(CuratedError):
    """Nothing is committed yet."""


def find_work_tree(path: Path) -> Path | None:
    """Return the nearest directory at or above a path that holds ``.git``; `None` outside of a repository."""
    return next((directory for directory in (path, *path.parents) if _holds_git(directory)), None)


def _holds_git(directory: Path) -> bool:
    entry = directory / ".git"
    # A file in a linked work tree and in a submodule. Like git, pass over a directory that is no repository.
    return entry.is_file() or os.path.lexists(entry / "HEAD")


def open_repository(root: Path) -> Repository:
    """Find the repository of a package.

    Parameters
    ----------
    root : `~pathlib.Path`
        The package's root, somewhere in a work tree; or a repository without a work tree, of which only commits
        can be read.

    Raises
    ------
    CuratedError
        If there is no repository.
    """
    root = root.resolve()
    directories = (root, *root.parents) if root.is_dir() else ()
    # Files of a work tree may have the shape of a repository without one, which is not theirs to say.
    top = find_work_tree(root) if directories else None
    if top is not None:
        _refuse_endless_files(top)
        prefix = root.relative_to(top).as_posix()
        return Repository(top, "" if prefix == "." else f"{prefix}/")
    for directory in directories:
        if is_bare(directory):
            if directory != root:
                raise CuratedError(f"{root} is in a git repository without a work tree")
            _refuse_endless_files(directory)
            return Repository(directory, is_bare=True)
    hint = "calibrations are stamped with their commit: run 'git init' and commit them"
    raise CuratedError(f"{root} is not in a git repository", hint)


def create_repository(directory: Path) -> None:
    """Make a directory a git repository with the branch ``main``, without commits and hooks.

    Raises
    ------
    CuratedError
        If git cannot be run, or does not do it.
    """
    run_git(directory, "init", "--quiet", "--template=", "--initial-branch=main", ".")


def _refuse_endless_files(directory: Path) -> None:
    """Refuse a repository for whose files git would wait for ever."""
    refuse_irregular_files(directory)
    if b"include" in own_settings(directory):
        # An included file may be anywhere, and git says soon whether it can read it.
        run_git(directory, "config", "--list", "--name-only")


def is_shallow(repository: Repository) -> bool:
    """Say whether history is cut off, so that the last change of a file cannot be known."""
    directory = repository.top / ".git"
    if directory.is_dir():
        return (directory / "shallow").exists()
    return run_git(repository.top, "rev-parse", "--is-shallow-repository").strip() == "true"


def resolve_commit(repository: Repository, revision: str = "HEAD") -> str:
    """Return the SHA1 of a revision's commit.

    Raises
    ------
    CuratedError
        If there is no such commit.
    """
    if revision.startswith(("-", "^")) or "\0" in revision:
        raise CuratedError(f"{revision!r} is not a revision")
    options = ("--verify", "--quiet", "--end-of-options")
    try:
        sha1 = run_git(repository.top, "rev-parse", *options, f"{revision}^{{commit}}").strip()
    except GitError as error:
        if error.stderr and revision == "HEAD" and not error.hint:
            raise CuratedError(
                f"HEAD is not a commit that can be read: {error.stderr.splitlines()[-1]}",
                "see what 'git status' and 'git fsck' say",
            ) from error
        if error.stderr:
            raise
        if revision == "HEAD":
            if _names_object(repository):
                raise CuratedError(
                    "the commit of HEAD is missing or damaged",
                    "see what 'git fsck' says, and clone the repository again",
                ) from error
            raise NoCommitError(
                "the git repository has no commit yet", "commit the calibrations first"
            ) from error
        raise CuratedError(f"{revision!r} is not a commit of this repository") from error
    if _COMMIT.fullmatch(sha1) is None:
        raise CuratedError(
            f"git calls {revision!r} {sha1[:80]!r}, which is no commit", "see which git is first on the PATH"
        )
    return sha1


def _names_object(repository: Repository) -> bool:
    """Say whether HEAD names an object, which need not be there."""
    try:
        return bool(run_git(repository.top, "rev-parse", "--verify", "--quiet", "HEAD"))
    except GitError:
        return False


def tags_at(repository: Repository, sha1: str) -> list[str]:
    """Return the tags of a commit, annotated or not: the highest version first, releases before candidates."""
    options = ("--points-at", sha1, "--sort=-version:refname", "--format=%(refname:strip=2)")
    return run_git(repository.top, "for-each-ref", *options, "refs/tags").split()


def all_tags(repository: Repository) -> dict[str, str]:
    """Return the commit of each tag, annotated or not."""
    form = "%(refname:strip=2)%00%(objecttype)%00%(objectname)%00%(*objecttype)%00%(*objectname)"
    commits = {}
    for line in run_git(repository.top, "for-each-ref", f"--format={form}", "refs/tags").split("\n"):
        name, *kinds = line.split("\0")
        for kind, sha1 in zip(kinds[::2], kinds[1::2], strict=False):
            if kind == "commit":
                commits[name] = sha1
    return commits


def all_commits(repository: Repository) -> list[str]:
    """Return all commits that a branch, a tag or HEAD reaches."""
    return run_git(repository.top, "rev-list", "--all", "HEAD").split()


def commit_date(repository: Repository, sha1: str) -> datetime:
    """Return the committer date of a commit, in UTC and without a time zone."""
    seconds = run_git(
        repository.top,
        "show",
        "-s",
        "--no-show-signature",
        "--no-notes",
        "--format=%ct",
        "--end-of-options",
        sha1,
    )
    try:
        return datetime.fromtimestamp(int(seconds), UTC).replace(tzinfo=None)
    except (ValueError, OverflowError, OSError) as error:
        raise CuratedError(
            f"commit {sha1[:12]} has a date that no calendar has", "name another commit"
        ) from error


def merge_base(repository: Repository, revision: str, other: str = "HEAD") -> str:
    """Return the commit at which another revision, HEAD if not given, left a revision.

    Raises
    ------
    CuratedError
        If there is no such revision, or if history does not tell.
    """
    head = resolve_commit(repository, other)
    shallow = is_shallow(repository)
    fetch = "fetch it with 'git fetch --unshallow' (in a workflow, fetch-depth: 0)" if shallow else ""
    try:
        sha1 = resolve_commit(repository, revision)
    except CuratedError as error:
        hint = fetch or error.hint or "see 'git branch --all' and 'git tag'"
        raise CuratedError(error.message, hint) from error
    try:
        base = run_git(repository.top, "merge-base", sha1, head).strip()
    except GitError:
        base = ""
    # Where history is cut off, what looks like the best common commit may be an older one, unless it is REV itself.
    if shallow and base != sha1:
        raise CuratedError(f"history is cut off: where {other} left {revision!r} is not known", fetch)
    if not base:
        raise CuratedError(
            f"{revision!r} and {other} have no common commit", f"name a commit that {other} was made of"
        )
    return base


def git_directory(repository: Repository) -> str:
    """Return the absolute path of the directory that holds the objects and references of a work tree."""
    return run_git(repository.top, "rev-parse", "--absolute-git-dir").removesuffix("\n")


def user_name(directory: Path) -> str:
    """Return git's ``user.name`` for a directory; empty if there is none, or if git cannot be asked.

    Parameters
    ----------
    directory : `~pathlib.Path`
        Within a repository its own settings count too, elsewhere the user's alone.
    """
    resolved = directory.resolve()
    try:
        place = open_repository(resolved).top if find_work_tree(resolved) is not None else resolved
        return run_git(place, "config", "--get", "user.name").strip()
    except CuratedError:
        return ""
