"""Bundles and Butler repositories: the only room that imports ``lsst``, and only when it is asked to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curated.butler.importing.report import ImportReport, InstrumentReport
from curated.core.diagnostic import CuratedError

if TYPE_CHECKING:
    from lsst.daf.butler import Butler, DatasetRef

    from curated.butler.correcting.recertification import RecertificationReport
    from curated.butler.correcting.retraction import RetractionReport
    from curated.calib import Calib
    from curated.export.report import ExportReport
    from curated.package.package import Package

__all__ = [
    "ImportReport",
    "InstrumentReport",
    "export_package",
    "import_bundle",
    "is_alias",
    "open_repository",
    "read",
    "recertify_ranges",
    "retract_release",
]


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
    from curated.butler.importing.options import Options
    from curated.butler.importing.preparation import prepare

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
    from curated.butler.importing.importer import run_import

    return run_import(contents, options, report, missing)


def retract_release(
    repo: str,
    release: str,
    *,
    instruments: Sequence[str] = (),
    undo: bool = False,
    before: str | None = None,
    dry_run: bool = False,
) -> RetractionReport:
    """Take a release out of the chain ``<inst>/calib``, or put it back; nothing else changes.

    Parameters
    ----------
    repo : `str`
        Path, URI or alias of the repository.
    release : `str`
        Its label.
    instruments : sequence [`str`], optional
        Only these; all that have the release if empty.
    undo : `bool`, optional
        Whether to put it back.
    before : `str`, optional
        The release, or other member, that it is put before; the end of the chain if not given.
    dry_run : `bool`, optional
        Whether to change nothing and only report.
    """
    _require_butler()
    from curated.butler.correcting.retraction import run_retract

    return run_retract(repo, release, instruments=instruments, undo=undo, before=before, dry_run=dry_run)


def recertify_ranges(
    repo: str,
    package: Package,
    *,
    revision: str = "HEAD",
    paths: Sequence[str] = (),
    release: str | None = None,
    collection: str | None = None,
    retire: bool = False,
    dry_run: bool = False,
) -> RecertificationReport:
    """Change validity ranges in a collection to those that a package has at a commit: all of them, or none.

    Parameters
    ----------
    repo : `str`
        Path, URI or alias of the repository.
    package : `Package`
        A package of a work tree.
    revision : `str`, optional
        Commit of the package.
    paths : sequence [`str`], optional
        Files or directories of the package; only dataset types and data IDs of their calibrations change.
    release, collection : `str`, optional
        The release, or any calibration collection; by default the first release of each instrument's chain.
    retire : `bool`, optional
        Whether calibrations that the package no longer has in force lose their certification; their datasets stay.
    dry_run : `bool`, optional
        Whether to change nothing and only report.
    """
    _require_butler()
    from curated.butler.correcting.recertification import RecertificationRequest, run_recertify

    request = RecertificationRequest(
        repo=repo,
        revision=revision,
        paths=paths,
        release=release,
        collection=collection,
        retire=retire,
        dry_run=dry_run,
    )
    return run_recertify(request, package)


def export_package(
    repo: str,
    output: Path,
    *,
    collections: Sequence[str] = (),
    types: Sequence[str] = (),
    at: datetime | None = None,
    into: bool = False,
    jobs: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ExportReport:
    """Write the calibrations that are certified in a repository as a package of text files.

    What came from a package goes back to its path. What cannot be written is reported, and all the rest
    is written; the package exists whole or not at all.

    Parameters
    ----------
    repo : `str`
        Path, URI or alias of the repository, or a directory that ``Butler.export`` or `curated bundle`
        wrote, for which Butler itself is not needed.
    output : `pathlib.Path`
        The package's directory: new, empty, or with the very files that are to be written.
    collections : sequence [`str`], optional
        CALIBRATION collections and chains of them, in the order of lookups; ``<inst>/calib`` of each
        instrument if empty.
    types : sequence [`str`], optional
        Names of calibration types or dataset types; all of them if empty.
    at : `datetime.datetime`, optional
        A moment, UTC: only what is in force then.
    into : `bool`, optional
        Whether ``output`` is a package, to which what it lacks is added.
    jobs : `int`, optional
        Number of processes.
    progress : callable, optional
        Told how much is done, and how much there is.

    Raises
    ------
    CuratedError
        If the environment does not let it: no Butler, no such collection, something else in ``output``.
    """
    from curated.export.butler_export import is_export, read_export
    from curated.export.package import export_stock
    from curated.registry import find_type

    known = {name: find_type(name) for name in types}
    names = [name if cls is None else cls.SPEC.dataset for name, cls in known.items()]
    if is_export(repo):
        stock = read_export(repo, collections, names)
    else:
        _require_butler()
        from curated.butler.certified.exporter import stock_of

        stock = stock_of(repo, collections, names)
    return export_stock(stock, Path(output), types=names, at=at, into=into, jobs=jobs, progress=progress)


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
    from curated.butler.repository import opening as repository

    return repository.open_repository(repo, writeable=writeable, **kwargs)


def is_alias(name: str) -> bool:
    """Say whether the site's index of repositories has a name.

    Parameters
    ----------
    name : `str`
        Alias of a repository.
    """
    _require_butler()
    from lsst.daf.butler import Butler

    return name in Butler.get_known_repos()


def read(butler: Butler, ref: DatasetRef) -> Calib:
    """Read a calibration as one of our classes from any repository, whatever its configuration.

    Parameters
    ----------
    butler : `lsst.daf.butler.Butler`
        The repository.
    ref : `lsst.daf.butler.DatasetRef`
        What ``butler.find_dataset`` returned.
    """
    from curated.butler.repository import opening as repository

    return repository.read(butler, ref)


def _require_butler() -> None:
    try:
        import lsst.daf.butler  # noqa: F401
    except ModuleNotFoundError as error:
        raise CuratedError(
            f"this needs Butler: {error}", "pip install 'curated-calibs[butler]', or set up the LSST stack"
        ) from error
