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
        Whether to put the release into each instrument's chain ``<inst>/calib``.
    formatter : `str`, optional
        Whose formatter is recorded with each dataset, one of `FORMATTERS`, also with those that are there already; by
        default the repository's, and existing records of curated's are mended only where that can be imported.
    chain_names : collection [`str`], optional
        Chains to put it into instead, one for each instrument, whose name it begins with.
    before, after : `str`, optional
        Member of a chain that the release is put in front of or behind; in chains of other instruments, and if not
        given, it goes behind the members that are no releases and in front of earlier releases.
    front : `bool`, optional
        Whether to put the release in front of all members of its chains.
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
    camera : `str`, optional
        The stack's camera file to import with the bundle; see `~curated.bundle.camera.add_camera`.
    trust : `Trust`, optional
        Trusted keys, by one of which the bundle must be signed; if not given, it need not be signed.
    instruments : collection [`str`], optional
        Choices ``NAME=REPOSITORY'S NAME`` for instruments that are not certain; see
        `curated.butler.instruments.settlement.parse_choices`.
    progress : callable, optional
        Called with the stage, the number of items done and their total.

    Raises
    ------
    CuratedError
        If there is no such transfer mode or formatter, or options contradict each other.
    """

    bundle: Path
    repo: str
    label: str | None = None
    transfer: str = "copy"
    chain: bool = True
    formatter: str | None = None
    chain_names: Collection[str] = ()
    before: str | None = None
    after: str | None = None
    front: bool = False
    dry_run: bool = False
    clean: bool = False
    seed_config: str | None = None
    wait: float = 300.0
    allow_types: Collection[str] = ()
    camera: str | None = None
    trust: Trust | None = None
    instruments: Collection[str] = ()
    progress: Progress | None = None

    def __post_init__(self) -> None:
        if self.transfer not in TRANSFERS:
            raise CuratedError(f"no transfer mode {self.transfer}", f"use one of {', '.join(TRANSFERS)}")
        if self.formatter is not None and self.formatter not in FORMATTERS:
            raise CuratedError(f"no formatter {self.formatter}", f"use one of {', '.join(FORMATTERS)}")
        if self.camera is not None and self.transfer not in ("copy", "hardlink"):
            hint = "use --transfer copy, or keep the camera file in the package"
            raise CuratedError(f"--camera cannot be combined with --transfer {self.transfer}", hint)
        check_placement(
            chain=self.chain,
            chain_names=self.chain_names,
            before=self.before,
            after=self.after,
            front=self.front,
        )

    @property
    def placement(self) -> list[str]:
        """Where in which chains the release is to be put, as text."""
        place = [f"before {self.before}"] * bool(self.before) + [f"after {self.after}"] * bool(self.after)
        return [*place, *["front"] * self.front, *sorted(self.chain_names)]


def check_placement(
    *,
    chain: bool,
    chain_names: Collection[str] = (),
    before: str | None = None,
    after: str | None = None,
    front: bool = False,
) -> None:
    """Check that options for the place of a release in its chains do not contradict each other.

    Raises
    ------
    CuratedError
        If they do.
    """
    options = {"--before": before is not None, "--after": after is not None, "--front": front}
    used = [option for option, is_used in options.items() if is_used]
    if len(used) > 1:
        raise CuratedError(f"{' and '.join(used)} contradict each other", "leave out all but one of them")
    used += ["--chain-name"] * bool(chain_names)
    if used and not chain:
        raise CuratedError(f"{used[0]} contradicts --no-chain", "leave out one of them")
