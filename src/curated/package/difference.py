"""How the files of a work tree differ from a commit: the kinds of differences, their reasons and the ways out."""

from __future__ import annotations

import os
import posixpath
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from typing import NamedTuple

from curated.git.command import GitError
from curated.git.index import IndexEntry, ignoring_rules, is_sparse, read_index, start_index
from curated.git.repository import Repository


class Kind(Enum):
    """How a file differs from the commit, and the way out."""

    EDITED = ("edited", "commit the change")
    MISSING = ("missing", "restore it with 'git restore', or commit that it is removed")
    SPARSE = (
        "not checked out, since the checkout is sparse",
        "run 'git sparse-checkout disable', or add its directory with 'git sparse-checkout add'",
    )
    SKIPPED = (
        "missing, but marked skip-worktree, so that 'git status' does not say so",
        "run 'git update-index --no-skip-worktree FILE' and 'git restore FILE'",
    )
    UNWATCHED = (
        "edited or removed, but marked assume-unchanged or skip-worktree, so that 'git status' does not say so",
        "run 'git update-index --no-assume-unchanged FILE' and 'git update-index --no-skip-worktree FILE', "
        "then commit or restore it",
    )
    UNMERGED = (
        "in conflict, of a merge that is not finished",
        "finish the merge, or run 'git merge --abort'",
    )
    NEW = ("not in the commit", "commit it")
    IGNORED = ("not in the commit, since git ignores it", "add it with 'git add --force', or remove it")
    SUBMODULE = (
        "a submodule, whose files are not in this commit",
        "keep the package and its calibrations in one repository, and release it from there",
    )
    NESTED = (
        "in a git repository of its own inside of this one",
        "keep the package and its calibrations in one repository, and release it from there",
    )
    LFS = ("not the content that its pointer of git-lfs names", "run 'git lfs pull', or commit the content")
    ANNEX = (
        "kept by git-annex, so that its content is not in the commit",
        "commit the content itself, or keep it in git-lfs",
    )
    LINK = ("a link to what is not in the commit", "commit the file itself instead of a link")
    FILTERED = (
        "changed by a filter of .gitattributes, which is not run here",
        "keep calibrations free of filters other than that of git-lfs",
    )
    IMAGE = (
        "an image whose line ends git has converted",
        "write '*.fits -text' into .gitattributes, and check it out again",
    )
    RENAMED = (
        "named in another Unicode normal form than in the commit",
        "rename it as in the commit; see 'git config core.precomposeUnicode'",
    )
    BEHIND_LINK = (
        "behind a link to a directory, which is not followed",
        "put the directory in place of the link",
    )

    def __init__(self, text: str, way_out: str) -> None:
        self.text, self.way_out = text, way_out


class Difference(NamedTuple):
    """A file that is not what a commit says; ``detail`` is more about the reason.

    Parameters
    ----------
    path : `str`
        Path in the package.
    """

    path: str
    kind: Kind
    detail: str = ""


def explain(
    repository: Repository, root: str, paths: Sequence[str], differences: Sequence[Difference]
) -> Iterator[Difference]:
    """Yield differences with their true reasons, as far as the index below some paths and git's rules tell them."""
    prefix = repository.prefix
    entries = _index_entries(repository, paths)
    rules: Mapping[str, str] = {}
    if any(difference.kind is Kind.NEW for difference in differences):
        new_paths = [f"{prefix}{d.path}" for d in differences if d.kind is Kind.NEW]
        rules = ignoring_rules(repository, [path for path in new_paths if path not in entries])
    forms = {unicodedata.normalize("NFC", d.path) for d in differences if d.kind is Kind.MISSING}
    sparse = is_sparse(repository) if any(entry.is_skipped for entry in entries.values()) else False
    for difference in differences:
        path, kind, _ = difference
        name = posixpath.normpath(f"{prefix}{path}")
        if kind is not Kind.NEW:
            yield difference._replace(kind=_reason_in_index(kind, entries.get(name), sparse=sparse))
        elif unicodedata.normalize("NFC", path) in forms:
            yield difference._replace(kind=Kind.RENAMED)
        elif _is_nested(root, path):
            yield difference._replace(kind=Kind.NESTED)
        elif name in rules:
            yield Difference(path, Kind.IGNORED, f", {rules[name]}")
        else:
            yield difference


def _reason_in_index(kind: Kind, entry: IndexEntry | None, *, sparse: bool) -> Kind:
    """Return the reason of a difference that the index tells; the kind itself where it tells none."""
    if entry is None:
        return kind
    if entry.is_unmerged:
        return Kind.UNMERGED
    if kind is Kind.MISSING and entry.is_skipped:
        return Kind.SPARSE if sparse else Kind.SKIPPED
    if kind in (Kind.EDITED, Kind.MISSING) and entry.is_unwatched:
        return Kind.UNWATCHED
    return kind


def _index_entries(repository: Repository, paths: Iterable[str]) -> dict[str, IndexEntry]:
    """Return the entries of the index at some paths, by path in the repository; none if there is no sound index."""
    try:
        return {entry.path: entry for entry in read_index(start_index(repository, paths))}
    except GitError:
        return {}


def _is_nested(root: str, path: str) -> bool:
    """Say whether a file is in a repository inside of the package."""
    parts = path.split("/")
    return any(os.path.lexists(os.path.join(root, *parts[:i], ".git")) for i in range(1, len(parts)))
