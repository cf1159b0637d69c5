"""The calibrations in force in a repository, whoever filled it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace

from lsst.daf.butler import Butler
from lsst.resources import ResourcePath

from curated.bundle.base import Base
from curated.bundle.checks.consistency import declared_spec
from curated.bundle.contents import Entry
from curated.bundle.verification import THREADS
from curated.butler.certified.lookup import (
    Certified,
    default_collections,
    in_force,
    releases_beside,
    storage_classes,
)
from curated.butler.repository.files import StoredLocation, content_of
from curated.butler.repository.opening import opened
from curated.core.diagnostic import CuratedError, Diagnostic, Problem
from curated.core.parallel import Progress, run_all
from curated.datasets.foreign import ForeignType, count_foreign
from curated.datasets.inventory import Inventory
from curated.datasets.record import Dataset, key_text
from curated.export.differences import Holdings, StoredFile
from curated.export.values import ContentReader


@dataclass(frozen=True, slots=True)
class RepositoryInventory:
    """The calibrations in force in a repository.

    Parameters
    ----------
    inventory : `Inventory`
        Calibrations with joined ranges.
    datasets : `tuple` [`Dataset`]
        The same with UUID, run, collection and content.
    foreign : `tuple` [`ForeignType`]
        Dataset types that no calibration type declares; their datasets are not in the inventory.
    diagnostics : `tuple` [`Diagnostic`]
        Files that cannot be read; their datasets are left out.
    holdings : `Holdings`
        The inventory with the files of its datasets.
    """

    inventory: Inventory
    datasets: tuple[Dataset, ...]
    foreign: tuple[ForeignType, ...]
    diagnostics: tuple[Diagnostic, ...]
    holdings: Holdings

    def base(self) -> Base:
        """Return the datasets as the base of a bundle."""
        return Base.of(self.inventory.source, map(Entry.of, self.datasets))


def read_repository(
    repo: str,
    collections: Sequence[str] = (),
    progress: Progress | None = None,
    *,
    by_bytes: bool = True,
    jobs: int | None = None,
) -> RepositoryInventory:
    """Return the calibrations in force in a repository.

    In a chain, as in lookups, the first collection that covers a moment counts; a RUN covers all.

    Parameters
    ----------
    repo : `str`
        Path, URI or alias of the repository.
    collections : sequence [`str`], optional
        Collections in the order of lookups; the chain of each instrument if empty.
    progress : `~collections.abc.Callable`, optional
        Called with the number of files read and their total.
    by_bytes : `bool`, optional
        Whether the content of a file is the hash of its bytes without origin and validity, or that of its values,
        which does not depend on who wrote it.
    jobs : `int`, optional
        Number of processes that read values; as many as processors if not given.

    Raises
    ------
    CuratedError
        If there is no repository, or no such collection.
    """
    with opened(repo) as butler:
        try:
            searched = list(collections) or default_collections(butler)
        except CuratedError as error:
            # Of two that are compared, the message says which.
            raise CuratedError(f"{repo}: {error.message}", error.hint) from error
        beside = [] if collections else list(releases_beside(butler, searched))
        members = list(in_force(butler, searched))
        certified = [item for item in members if declared_spec(item.dataset.dataset_type) is not None]
        uris = _locate(butler, certified)
        contents, diagnostics = _read_contents(uris, certified, progress, by_bytes=by_bytes, jobs=jobs)
        names = _detector_names(butler) if certified else {}
    datasets = tuple(
        replace(dataset, content=contents[dataset.uuid])
        for dataset, _ in certified
        if dataset.uuid in contents
    )
    others = [item for item in members if declared_spec(item.dataset.dataset_type) is None]
    foreign = count_foreign((dataset for dataset, _ in others), storage_classes(ref for _, ref in others))
    inventory = Inventory.of(f"{repo}: {', '.join(searched)}", datasets)
    files = {
        (dataset.key, dataset.span.begin): StoredFile(str(uri), StoredLocation(uri))
        for dataset in datasets
        if (uri := uris[dataset.uuid]) is not None
    }
    holdings = Holdings(inventory, files, detector_names=names)
    diagnostics += (Diagnostic.from_problem(problem, repo) for problem in beside)
    return RepositoryInventory(inventory, datasets, foreign, tuple(diagnostics), holdings)


def _detector_names(butler: Butler) -> dict[tuple[str, int], str]:
    """Return the names of detectors by name of the instrument and number."""
    with butler.query() as query:
        return {(r.instrument, r.id): r.full_name for r in query.dimension_records("detector")}


def _locate(butler: Butler, certified: Sequence[Certified]) -> dict[str, ResourcePath | None]:
    """Return the file of each dataset, by UUID; `None` where there is no single one."""
    refs = list({ref.id: ref for _, ref in certified}.values())
    locations = butler.get_many_uris(refs, allow_missing=True) if refs else {}
    uris = {str(ref.id): location.primaryURI for ref, location in locations.items()}
    return {str(ref.id): uris.get(str(ref.id)) for ref in refs}


def _read_contents(
    uris: Mapping[str, ResourcePath | None],
    certified: Sequence[Certified],
    progress: Progress | None,
    *,
    by_bytes: bool,
    jobs: int | None,
) -> tuple[dict[str, str], list[Diagnostic]]:
    """Return the content of each dataset by UUID, and findings about files that cannot be read."""
    if not uris:
        return {}, []
    contents: dict[str, str] = {}
    diagnostics = []
    datasets = {dataset.uuid: dataset for dataset, _ in certified}
    pairs = [(datasets[uuid], uri) for uuid, uri in uris.items()]
    with ExitStack() as stack:
        results: Iterable[str | Problem]
        if by_bytes:
            pool = stack.enter_context(ThreadPoolExecutor(THREADS))
            results = _counted(pool.map(_read, (uri for _, uri in pairs)), len(uris), progress)
        else:
            located = [(dataset, uri and StoredLocation(uri)) for dataset, uri in pairs]
            results = run_all(ContentReader(), located, jobs, progress)
        for (dataset, uri), result in zip(pairs, results, strict=True):
            if isinstance(result, Problem):
                place = str(uri or f"{dataset.run}: {key_text(dataset.key)}")
                diagnostics.append(Diagnostic.from_problem(result, place))
            else:
                contents[dataset.uuid] = result
    return contents, diagnostics


def _counted(
    results: Iterable[str | Problem], total: int, progress: Progress | None
) -> Iterator[str | Problem]:
    for count, result in enumerate(results, start=1):
        yield result
        if progress is not None:
            progress(count, total)


def _read(uri: ResourcePath | None) -> str | Problem:
    if uri is None:
        return Problem("CAL682", (), "the repository knows of no single file")
    try:
        return content_of(uri)
    except OSError as error:
        return Problem("CAL682", (), error.strerror or str(error))
