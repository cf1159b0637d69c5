"""Who a user says to be in the settings of git."""

from __future__ import annotations

from pathlib import Path

from curated.core.diagnostic import CuratedError
from curated.git.command import run_git
from curated.git.repository import find_work_tree, open_repository


def user_name(directory: Path) -> str:
    """Return git's ``user.name`` for a directory; empty if there is none, or if git cannot be asked.

    Parameters
    ----------
    directory : `~pathlib.Path`
        Within a repository its own settings count, elsewhere the user's alone.
    """
    resolved = directory.resolve()
    try:
        place = open_repository(resolved).top if find_work_tree(resolved) is not None else resolved
        return run_git(place, "config", "--get", "user.name").strip()
    except CuratedError:
        return ""
