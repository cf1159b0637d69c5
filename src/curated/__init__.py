"""Curated instrument calibrations in git: checked, converted, bundled, imported, found by time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from curated.core.version import __version__

if TYPE_CHECKING:
    import os

    from curated.history.calibrations import Calibrations

__all__ = ["__version__", "open"]


def open(path: str | os.PathLike[str] = ".", rev: str | None = None) -> Calibrations:  # noqa: A001
    """Open a package of calibrations, to find those in force at a time.

    Parameters
    ----------
    path : path-like, optional
        A directory of the package, a git repository, or the address of one (``https://``, ``ssh://``, ``file://``),
        which is fetched into a temporary directory.
    rev : `str`, optional
        A commit, branch, tag, or a date such as ``2024-05-01`` for the last commit before it on the line of first
        parents, read without a checkout. If not given, the work tree as it is; of a repository
        without one, and of an address, its HEAD.

    Returns
    -------
    calibrations : `~curated.history.calibrations.Calibrations`
        With ``get``, ``find``, ``all``, ``night``, ``epochs``, ``types`` and ``detector``.

    Raises
    ------
    CuratedError
        If there is no package, or no such commit.
    """
    # Imported here, so that `import curated` is quick.
    from curated.history.calibrations import open_calibrations

    return open_calibrations(path, rev)
