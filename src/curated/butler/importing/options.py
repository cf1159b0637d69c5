"""How to import."""

from __future__ import annotations

from dataclasses import dataclass

from curated.bundle.verification import Progress

TRANSFERS = ("copy", "hardlink", "symlink", "direct", "move")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to import.

    Parameters
    ----------
    repo : `str`
        Path, URI or alias of the repository.
    label : `str`, optional
        Release label to use instead of the bundle's.
    transfer : `str`
        One of `TRANSFERS`.
    chain : `bool`
        Whether to prepend the collections to the chains of recommended ones.
    dry_run : `bool`
        Whether to change nothing.
    clean : `bool`
        Whether to remove what killed imports have left.
    seed_config : `str`, optional
        Configuration for a repository that does not exist yet.
    wait : `float`
        How many seconds to wait for other programs that use the repository.
    progress : callable, optional
        Told the stage, how much is done, and how much there is.
    """

    repo: str
    label: str | None = None
    transfer: str = "copy"
    chain: bool = True
    dry_run: bool = False
    clean: bool = False
    seed_config: str | None = None
    wait: float = 300.0
    progress: Progress | None = None
