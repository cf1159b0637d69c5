"""The options and the output of commands that write files into a package: ``--force``, ``--dry-run``, and what became."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from curated.core.storage.file_set import CHANGED, NEW, REMOVED, UNCHANGED

if TYPE_CHECKING:
    from curated.core.storage.file_set import FileOutcome

dry_run_option = click.option("--dry-run", is_flag=True, help="Only say what would be written.")

force_option = click.option("--force", is_flag=True, help="Replace files that exist.")

_DONE = {NEW: "written", CHANGED: "changed", UNCHANGED: "unchanged", REMOVED: "removed"}
_PLANNED = {
    NEW: "would be written",
    CHANGED: "would be changed",
    UNCHANGED: "unchanged",
    REMOVED: "would be removed",
}


def file_lines(outcomes: Sequence[FileOutcome], *, dry_run: bool) -> list[str]:
    """Return a line for each file of a set, and what became of it."""
    from curated.report.text import printable

    states = _PLANNED if dry_run else _DONE
    return [f"{printable(outcome.path)}: {states[outcome.state]}" for outcome in outcomes]


def files_to_json(outcomes: Sequence[FileOutcome]) -> list[dict[str, Any]]:
    """Return the files of a set as plain data: path, state (``new``, ``changed``, ``unchanged``, ``removed``) and size."""
    return [dict(outcome.to_dict()) for outcome in outcomes]


def ignored_lines(root: Path, outcomes: Sequence[FileOutcome]) -> list[str]:
    """Return a line for each new file that a rule of git hides: a commit would not have it."""
    from curated.core.diagnostic import CuratedError
    from curated.git.index import ignoring_rules
    from curated.git.repository import find_work_tree, open_repository
    from curated.report.text import printable

    paths = [outcome.path for outcome in outcomes if outcome.state == NEW]
    if not paths or not os.path.isdir(root) or find_work_tree(root.resolve()) is None:
        return []
    try:
        repository = open_repository(root)
        rules = ignoring_rules(repository, [repository.pathspec(path) for path in paths])
    except CuratedError:
        return []  # where git does not work, 'curated check' says so
    return [
        f"{printable(path.removeprefix(repository.prefix))} is ignored by git ({printable(rule)}): 'git add -f' commits it all the same"
        for path, rule in rules.items()
    ]
