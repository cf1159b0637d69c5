"""Import, export, correct and read Butler repositories; the only package that imports ``lsst``, when it is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curated.butler.importing import ImportReport, ImportRequest, InstrumentReport, run_import
from curated.butler.repository import require_butler

if TYPE_CHECKING:
    from lsst.daf.butler import Butler, DatasetRef

    from curated.butler.correcting.recertification import RecertificationReport
    from curated.butler.correcting.retraction import RetractionReport
    from curated.butler.instruments.adoption import RegisteredInstruments
    from curated.butler.scrubbing.scrubber import ScrubReport
    from curated.calib import Calib
    from curated.core.diagnostic import Diagnostic
    from curated.export.report import ExportReport
    from curated.exposures.batch import Batch
    from curated.fits.camera_archive import CameraArchive
    from curated.package.instrument import Instrument
    from curated.package.package import Package

__all__ = [
    "ImportReport",
    "ImportRequest",
    "InstrumentReport",
    "export_package",
    "import_bundle",
    "is_alias",
    "open_repository",
    "read",
    "read_registered_instrument",
    "read_registered_instruments",
    "read_repository_exposures",
    "recertify_ranges",
    "retract_release",
    "run_import",
    "scrub_repository",
]


def import_bundle(bundle: Path, repo: str, **options: Any) -> ImportReport:
    """Verify a bundle and import it into a Butler repository, which is created if there is none.

    It can be repeated: what the repository has already is left alone. Readers see all of it or
    nothing. Findings are in the report; with an error among them nothing was changed.

    Parameters
    ----------
    bundle : `pathlib.Path`
        Directory of the bundle.
    repo : `str`
        Path, URI or alias of the repository.
    **options
        Options of `ImportRequest`, such as ``transfer`` and ``dry_run``.

    Raises
    ------
    CuratedError
        If the environment does not allow it: no Butler, no bundle, no permission, a lock.
    """
    return run_import(ImportRequest(Path(bundle), repo, **options))


def retract_release(
    repo: str,
    release: str,
    *,
    instruments: Sequence[str] = (),
    undo: bool = False,
    before: str | None = None,
    chain_names: Sequence[str] = (),
    dry_run: bool = False,
) -> RetractionReport:
    """Take a release out of the chain ``<inst>/calib``, or put it back; nothing else changes.

    Parameters
    ----------
    repo : `str`
        Path, URI or alias of the repository.
    release : `str`
        Label of the release.
    instruments : sequence [`str`], optional
        Instruments whose chains are changed; all that have the release if empty.
    undo : `bool`, optional
        Whether to put the release back.
    before : `str`, optional
        Label of the release, or name of the member, to put it before; at the end of the chain if not given.
    chain_names : sequence [`str`], optional
        Chains that are changed instead, one for each instrument, whose name it begins with.
    dry_run : `bool`, optional
        Whether to change nothing and only report.
    """
    require_butler()
    from curated.butler.correcting.retraction import run_retract

    return run_retract(
        repo,
        release,
        instruments=instruments,
        undo=undo,
        before=before,
        chain_names=chain_names,
        dry_run=dry_run,
    )


def recertify_ranges(
    repo: str,
    package: Package,
    *,
    revision: str = "HEAD",
    paths: Sequence[str] = (),
    release: str | None = None,
    collection: str | None = None,
    retire: bool = False,
    choices: Sequence[str] = (),
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
    choices : sequence [`str`], optional
        Choices ``NAME=REPOSITORY'S NAME`` for instruments whose name in the repository is not certain.
    dry_run : `bool`, optional
        Whether to change nothing and only report.
    """
    require_butler()
    from curated.butler.correcting.recertification import RecertificationRequest, run_recertify

    request = RecertificationRequest(
        repo=repo,
        revision=revision,
        paths=paths,
        release=release,
        collection=collection,
        retire=retire,
        choices=choices,
        dry_run=dry_run,
    )
    return run_recertify(request, package)


def scrub_repository(repo: str, **options: Any) -> ScrubReport:
    """Compare what a repository holds with what was imported; nothing is changed.

    Parameters
    ----------
    repo : `str`
        Path, URI or alias of the repository.
    **options
        Options of `curated.butler.scrubbing.scrubber.ScrubRequest`, such as ``bundles`` and ``sample``.

    Raises
    ------
    CuratedError
        If there is no repository, no such collection or bundle, or the database cannot be read.
    """
    require_butler()
    from curated.butler.scrubbing.scrubber import ScrubRequest, scrub

    return scrub(ScrubRequest(repo, **options))


def read_registered_instrument(
    repo: str, name: str, directory: str
) -> tuple[Instrument, CameraArchive | None, tuple[Diagnostic, ...]]:
    """Return one instrument of a repository; see `curated.butler.instruments.adoption.read_registered_instrument`."""
    require_butler()
    from curated.butler.instruments.adoption import read_registered_instrument as read_instrument

    return read_instrument(repo, name, directory)


def read_registered_instruments(
    repo: str, instruments: Iterable[Instrument], choices: Iterable[str] = ()
) -> RegisteredInstruments:
    """Return the instruments of a repository that those of a package are, with their detectors and filters.

    Parameters
    ----------
    repo : `str`
        Path, URI or alias of the repository.
    instruments : iterable [`~curated.package.instrument.Instrument`]
        Those of the package, declared or inferred.
    choices : iterable [`str`], optional
        Choices ``NAME=REPOSITORY'S NAME``, for instruments that are not unique.

    Raises
    ------
    CuratedError
        If there is no repository, or a choice has another form.
    """
    require_butler()
    from curated.butler.instruments.adoption import read_registered_instruments

    return read_registered_instruments(repo, instruments, choices)


def read_repository_exposures(
    repo: str, instruments: Iterable[Instrument], choices: Iterable[str] = ()
) -> Iterator[Batch]:
    """Yield the exposure records of a repository, in pages; see `curated.butler.exposures`.

    Parameters
    ----------
    repo : `str`
        Path, URI or alias of the repository.
    instruments : iterable [`~curated.package.instrument.Instrument`]
        Those of the package, declared or inferred.
    choices : iterable [`str`], optional
        Choices ``NAME=REPOSITORY'S NAME``, for instruments that are not unique.
    """
    require_butler()
    from curated.butler.exposures import read_repository_exposures

    return read_repository_exposures(repo, instruments, choices)


def export_package(
    repo: str,
    output: Path,
    *,
    collections: Sequence[str] = (),
    types: Sequence[str] = (),
    at: datetime | None = None,
    into: bool = False,
    share: bool = False,
    jobs: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ExportReport:
    """Write the calibrations that are certified in a repository as a package of text files.

    A calibration that came from a package goes back to its path. What cannot be written is reported, and all the rest
    is written; the package exists whole or not at all. For a directory that ``Butler.export`` or `curated bundle`
    wrote, there is `curated.export.butler_export.export_directory`.

    Parameters
    ----------
    repo : `str`
        Path, URI or alias of the repository.
    output : `pathlib.Path`
        The package's directory: new, empty, or with exactly the files that are to be written.
    collections : sequence [`str`], optional
        CALIBRATION collections and chains of them, in the order of lookups; ``<inst>/calib`` of each
        instrument if empty.
    types : sequence [`str`], optional
        Names of calibration types or dataset types; all of them if empty.
    at : `datetime.datetime`, optional
        A time in UTC: only calibrations in force then are written.
    into : `bool`, optional
        Whether ``output`` is a package, to which the calibrations that it lacks are added.
    share : `bool`, optional
        Whether equal calibrations of several detectors or filters are one file; not together with ``into``.
    jobs : `int`, optional
        Number of processes.
    progress : callable, optional
        Called with the number of calibrations done and their total.

    Raises
    ------
    CuratedError
        If the environment does not allow it: no Butler, no such collection, other files in ``output``.
    """
    require_butler()
    from curated.butler.certified.holdings import read_holdings
    from curated.export.package import dataset_type_names, export_holdings

    names = dataset_type_names(types)
    holdings = read_holdings(repo, collections, names)
    return export_holdings(
        holdings, Path(output), types=names, at=at, into=into, share=share, jobs=jobs, progress=progress
    )


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
    require_butler()
    from curated.butler.repository import opening

    return opening.open_repository(repo, writeable=writeable, **kwargs)


def is_alias(name: str) -> bool:
    """Return whether the site's index of repositories has a name."""
    require_butler()
    from lsst.daf.butler import Butler

    from curated.butler.repository.failures import repository_failures

    with repository_failures(name):
        return name in Butler.get_known_repos()


def read(butler: Butler, ref: DatasetRef) -> Calib:
    """Read a calibration as one of our classes from any repository, whatever its configuration.

    Parameters
    ----------
    butler : `lsst.daf.butler.Butler`
        The repository, opened in any way.
    ref : `lsst.daf.butler.DatasetRef`
        The dataset, such as ``butler.find_dataset`` returns.
    """
    from curated.butler.repository import opening

    return opening.read(butler, ref)
