"""The two states of a package that revisions name, and what differs between them."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from curated.check.instruments import read_instruments
from curated.core.diagnostic import CuratedError, Diagnostic
from curated.core.parallel import Progress
from curated.declare import Conditions
from curated.difference.change import Difference
from curated.difference.companions import with_companions
from curated.difference.measuring import changed_keys, is_selected, measure_changes
from curated.git.repository import Repository, merge_base, open_repository
from curated.git.revisions import find_revision
from curated.history.changes import Changes, changes_between, changes_since, sources_of
from curated.history.checkout import find_hidden_differences
from curated.history.edits import EditSearch
from curated.history.lookup import package_at
from curated.package.instrument import Instrument
from curated.package.package import Package

WORK_TREE = "work tree"
HIDING = frozenset({"CAL020", "CAL021", "CAL023"})
"""Codes of files whose changes git does not report."""

_WAY_OUT = "name one or two revisions, or A..B, or A...B for the change of B since it left A"


class States(NamedTuple):
    """Two states of a package.

    Parameters
    ----------
    before, after : `str`
        Their names: the SHA1 of a commit, or `WORK_TREE`.
    changes : `Changes`
        The packages, and the files that differ.
    """

    before: str
    after: str
    changes: Changes


def open_states(package: Package, revisions: Sequence[str]) -> States:
    """Open the two states that revisions name, as ``git diff`` understands them.

    Without a revision these are HEAD and the work tree; with one, that commit and the work tree; with two, or with
    ``A..B``, two commits; with ``A...B``, the merge base of the two and B.

    Parameters
    ----------
    package : `Package`
        The package, of a work tree.
    revisions : sequence [`str`]
        At most two revisions.

    Raises
    ------
    CuratedError
        If there is no repository or no such commit, or if these are no revisions.
    """
    repository = open_repository(package.root)
    names, from_merge_base = _split(revisions)
    if len(names) > 2:
        raise CuratedError(f"{len(names)} revisions are too many", _WAY_OUT)
    if from_merge_base:
        after = find_revision(repository, names[1]).sha1
        before = merge_base(repository, find_revision(repository, names[0]).sha1, after)
    else:
        before = find_revision(repository, names[0] if names else "HEAD").sha1
        after = find_revision(repository, names[1]).sha1 if len(names) == 2 else ""
    if not after:
        return States(before, WORK_TREE, with_companions(changes_since(package, before)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # find_revision has warned of the same names
        old, new = (package_at(package.root, sha1)[0] for sha1 in (before, after))
    return States(before, after, with_companions(changes_between(old, new, before)))


def _split(revisions: Sequence[str]) -> tuple[list[str], bool]:
    """Return the revisions of ``A..B`` and ``A...B``, where an empty one is HEAD, and whether it was the latter."""
    if len(revisions) != 1 or ".." not in revisions[0]:
        return list(revisions), False
    dots = "..." if "..." in revisions[0] else ".."
    names = [name or "HEAD" for name in revisions[0].split(dots)]
    return names, dots == "..."


def hidden_findings(states: States) -> list[Diagnostic]:
    """Return findings about files of the work tree that git hides or ignores; nothing where two commits are compared.

    With one of `HIDING` among them, changes may be missing from the difference.
    """
    if states.after != WORK_TREE:
        return []
    package = states.changes.now
    return find_hidden_differences(EditSearch(package, open_repository(package.root)))


def split_arguments(
    package: Package, directory: str, arguments: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Split the arguments of a command into revisions and the paths that follow them.

    A name that is a file is a path, unless it may be a revision as well; ``./NAME`` is always a path.

    Parameters
    ----------
    package : `Package`
        The package, of a work tree.
    directory : `str`
        Directory of the option ``-C``.

    Raises
    ------
    CuratedError
        If an argument is neither, or may be both.
    """
    repository = open_repository(package.root)
    revisions: list[str] = []
    paths: list[str] = []
    for argument in arguments:
        places = (argument, os.path.join(directory, argument), os.path.join(package.root, argument))
        is_path = any(os.path.lexists(place) for place in places)
        is_revision = not paths and _is_revision(repository, argument)
        if is_path and is_revision:
            raise CuratedError(f"{argument} is a revision and a path", f"write ./{argument} for the path")
        if not is_path and not is_revision and not _was_path(package, argument):
            raise CuratedError(f"{argument} is neither a revision nor a path", _WAY_OUT)
        (revisions if is_revision else paths).append(argument)
    return revisions, paths


def _is_revision(repository: Repository, text: str) -> bool:
    try:
        for name in _split([text])[0]:
            find_revision(repository, name)
    except CuratedError:
        return False
    return True


def _was_path(package: Package, argument: str) -> bool:
    """Say whether HEAD has a file or directory of a name, which the work tree lacks."""
    before, _ = package_at(package.root, "HEAD")
    path = argument.removeprefix("./").rstrip("/")
    return any(is_selected(file.path, [path]) for file in before.layout.files)


def find_difference(
    states: States,
    paths: Sequence[str] = (),
    conditions: Conditions | None = None,
    *,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Difference:
    """Measure what differs between two states of a package.

    Parameters
    ----------
    states : `States`
        The two states; see `open_states`.
    paths : sequence [`str`], optional
        Files and directories in the package; only changes in them are returned.
    conditions : `Conditions`, optional
        Under which conditions measures are taken.
    jobs, progress
        As for `~curated.core.parallel.run_all`.
    """
    changes = states.changes
    keys = changed_keys(changes, paths)
    conditions = conditions or Conditions()
    declared: Mapping[str, Instrument] = (
        read_instruments(changes.now)[0] or read_instruments(changes.before)[0]
    )
    measured = measure_changes(changes, keys, conditions, declared, jobs=jobs, progress=progress)
    difference = Difference.of(states.before, states.after, measured, conditions.source)
    old_shared, new_shared = sources_of(changes.before), sources_of(changes.now)
    if not old_shared and not new_shared:
        return difference
    return replace(difference, old_shared=old_shared, new_shared=new_shared)
