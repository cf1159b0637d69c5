"""The request of an import: what to import, where to, and how."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from curated.core.diagnostic import CuratedError

if TYPE_CHECKING:
    # The command line needs requests before it needs bundles.
    from curated.bundle.verification import Progress
    from curated.core.ssh_signature import Trust

TRANSFERS = ("copy", "hardlink", "symlink", "direct", "move")
FORMATTERS = ("repository", "curated")


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """The request of an import.

    Parameters
    ----------
    bundle : `pathlib.Path`
        Directory of the bundle.
    repo : `str`
        Path, URI or alias of the repository, which is created if there is none.
    label : `str`, optional
        Release label to use instead of the bundle's.
    transfer : `str`, optional
        How files get into the repository, one of `TRANSFERS`.
    chain : `bool`, optional
        Whether to prepend the release to each instrument's chain ``<inst>/calib``.
    formatter : `str`, optional
        Whose formatter is recorded with each dataset, one of `FORMATTERS`, also with those that are there already; by
        default the repository's, and existing records of curated's are mended only where that can be imported.
    dry_run : `bool`, optional
        Whether to change nothing and only report.
    clean : `bool`, optional
        Whether to remove files that killed imports of this bundle have left.
    seed_config : `str`, optional
        Path or URI of a Butler configuration for a repository that does not exist yet.
    wait : `float`, optional
        How many seconds to wait for other programs that use the repository.
    allow_types : collection [`str`], optional
        Names of dataset types that the bundle may define although no calibration type declares them.
    trust : `Trust`, optional
        Trusted keys, by one of which the bundle must be signed; if not given, it need not be signed.
    progress : callable, optional
        Called with the stage, the number of items done and their total.

    Raises
    ------
    CuratedError
        If there is no such transfer mode or formatter.
    """

    bundle: Path
    repo: str
    label: str | None = None
    transfer: str = "copy"
    chain: bool = True
    formatter: str | None = None
    dry_run: bool = False
    clean: bool = False
    seed_config: str | None = None
    wait: float = 300.0
    allow_types: Collection[str] = ()
    trust: Trust | None = None
    progress: Progress | None = None

    def __post_init__(self) -> None:
        if self.transfer not in TRANSFERS:
            raise CuratedError(f"no transfer mode {self.transfer}", f"use one of {', '.join(TRANSFERS)}")
        if self.formatter is not None and self.formatter not in FORMATTERS:
            raise CuratedError(f"no formatter {self.formatter}", f"use one of {', '.join(FORMATTERS)}")
