"""The calibrations in force in a repository, whoever filled it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
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
    storage_classes,
)
from curated.butler.repository.files import StoredLocation, content_of
from curated.butler.repository.opening import opened
from curated.core.diagnostic import CuratedError, Diagnostic, Problem
from curated.core.parallel import Progress, run_all
from curated.datasets.foreign import ForeignType, count_foreign
from curated.datasets.inventory import Inventory
from curated.datasets.record import Dataset, key_text
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
    """

    inventory: Inventory
    datasets: tuple[Dataset, ...]
    foreign: tuple[ForeignType, ...]
    diagnostics: tuple[Diagnostic, ...]

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
            names = list(collections) or default_collections(butler)
        except CuratedError as error:
            # Of two that are compared, the message says which.
            raise CuratedError(f"{repo}: {error.message}", error.hint) from error
        members = list(in_force(butler, names))
        certified = [item for item in members if declared_spec(item.dataset.dataset_type) is not None]
        contents, diagnostics = _read_contents(butler, certified, progress, by_bytes=by_bytes, jobs=jobs)
    datasets = tuple(
        replace(dataset, content=contents[dataset.uuid])
        for dataset, _ in certified
        if dataset.uuid in contents
    )
    others = [item for item in members if declared_spec(item.dataset.dataset_type) is None]
    foreign = count_foreign((dataset for dataset, _ in others), storage_classes(ref for _, ref in others))
    source = f"{repo}: {', '.join(names)}"
    return RepositoryInventory(Inventory.of(source, datasets), datasets, foreign, tuple(diagnostics))


def _read_contents(
    butler: Butler,
    certified: Sequence[Certified],
    progress: Progress | None,
    *,
    by_bytes: bool,
    jobs: int | None,
) -> tuple[dict[str, str], list[Diagnostic]]:
    """Return the content of each dataset by UUID, and findings about files that cannot be read."""
    refs = list({ref.id: ref for _, ref in certified}.values())
    if not refs:
        return {}, []
    locations = butler.get_many_uris(refs, allow_missing=True)
    uris = {ref.id: location.primaryURI for ref, location in locations.items()}
    contents: dict[str, str] = {}
    diagnostics = []
    datasets = {dataset.uuid: dataset for dataset, _ in certified}
    pairs = [(datasets[str(ref.id)], uris.get(ref.id)) for ref in refs]
    with ExitStack() as stack:
        results: Iterable[str | Problem]
        if by_bytes:
            pool = stack.enter_context(ThreadPoolExecutor(THREADS))
            results = _counted(pool.map(_read, (uri for _, uri in pairs)), len(refs), progress)
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
