"""Bundles and Butler repositories: the only room that imports ``lsst``, and only when it is asked to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curated.butler.report import ImportReport, InstrumentReport
from curated.diagnostic import CuratedError

if TYPE_CHECKING:
    from lsst.daf.butler import Butler, DatasetRef

    from curated.calib import Calib

__all__ = ["ImportReport", "InstrumentReport", "import_bundle", "open_repository", "read"]


def import_bundle(
    bundle: Path,
    repo: str,
    *,
    label: str | None = None,
    transfer: str = "copy",
    chain: bool = True,
    dry_run: bool = False,
    clean: bool = False,
    wait: float = 300.0,
    progress: Callable[[str, int, int], None] | None = None,
    seed_config: str | None = None,
) -> ImportReport:
    """Verify a bundle and bring it into a Butler repository, which is created where there is none.

    It can be repeated: what the repository has already is left alone. Readers see all of it or
    nothing. Findings are in the report; with an error among them nothing was changed.

    Parameters
    ----------
    bundle : `pathlib.Path`
        The bundle's directory.
    repo : `str`
        Path, URI or alias of the repository.
    label : `str`, optional
        Release label to use instead of the bundle's.
    transfer : `str`, optional
        ``copy``, ``hardlink``, ``symlink``, ``direct`` or ``move``.
    chain : `bool`, optional
        Whether to prepend the collections to the chains of recommended ones.
    dry_run : `bool`, optional
        Whether to change nothing and only report.
    clean : `bool`, optional
        Whether to remove files that killed imports of this bundle have left.
    wait : `float`, optional
        How many seconds to wait for other programs that use the repository.
    progress : callable, optional
        Told the stage, how much is done, and how much there is.
    seed_config : `str`, optional
        Configuration for a repository that does not exist yet.

    Raises
    ------
    CuratedError
        If the environment does not let it: no Butler, no bundle, no permission, a lock.
    """
    from curated.butler.entrance import prepare
    from curated.butler.options import Options

    options = Options(
        repo=repo,
        label=label,
        transfer=transfer,
        chain=chain,
        dry_run=dry_run,
        clean=clean,
        wait=wait,
        progress=progress,
        seed_config=seed_config,
    )
    report, contents, missing = prepare(Path(bundle), options)
    if contents is None:
        return report
    _require_butler()
    from curated.butler.importer import run_import

    return run_import(contents, options, report, missing)


def open_repository(repo: str, *, writeable: bool = False, **kwargs: Any) -> Butler:
    """Open a repository so that calibrations are read as our classes where there is no LSST stack.

    Parameters
    ----------
    repo : `str`
        Path, URI or alias of the repository.
    writeable : `bool`, optional
        Whether to open it for writing.
    **kwargs
        Passed on to ``Butler.from_config``, such as ``collections``.
    """
    _require_butler()
    from curated.butler import repository

    return repository.open_repository(repo, writeable=writeable, **kwargs)


def read(butler: Butler, ref: DatasetRef) -> Calib:
    """Read a calibration as one of our classes from any repository, whatever its configuration.

    Parameters
    ----------
    butler : `lsst.daf.butler.Butler`
        The repository.
    ref : `lsst.daf.butler.DatasetRef`
        What ``butler.find_dataset`` returned.
    """
    from curated.butler import repository

    return repository.read(butler, ref)


def _require_butler() -> None:
    try:
        import lsst.daf.butler  # noqa: F401
    except ModuleNotFoundError as error:
        raise CuratedError(
            f"this needs Butler: {error}", "pip install 'curated-calibs[butler]', or set up the LSST stack"
        ) from error
