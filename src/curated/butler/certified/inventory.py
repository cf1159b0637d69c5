"""The calibrations in force in a repository, whoever filled it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
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
    key_of,
    storage_classes,
)
from curated.butler.repository.files import content_of
from curated.butler.repository.opening import opened
from curated.core.diagnostic import CuratedError, Diagnostic, Problem
from curated.core.parallel import Progress
from curated.datasets.foreign import ForeignType, count_foreign
from curated.datasets.inventory import Inventory
from curated.datasets.record import Dataset, key_text


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
    repo: str, collections: Sequence[str] = (), progress: Progress | None = None
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
        contents, diagnostics = _read_contents(butler, certified, progress)
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
    butler: Butler, certified: Sequence[Certified], progress: Progress | None
) -> tuple[dict[str, str], list[Diagnostic]]:
    """Return the content of each dataset by UUID, and findings about files that cannot be read."""
    refs = list({ref.id: ref for _, ref in certified}.values())
    if not refs:
        return {}, []
    locations = butler.get_many_uris(refs, allow_missing=True)
    uris = {ref.id: location.primaryURI for ref, location in locations.items()}
    contents: dict[str, str] = {}
    diagnostics = []
    with ThreadPoolExecutor(THREADS) as pool:
        results = pool.map(_read, (uris.get(ref.id) for ref in refs))
        for count, (ref, result) in enumerate(zip(refs, results, strict=True), start=1):
            if isinstance(result, Problem):
                diagnostics.append(
                    Diagnostic.from_problem(
                        result, str(uris.get(ref.id) or f"{ref.run}: {key_text(key_of(ref))}")
                    )
                )
            else:
                contents[str(ref.id)] = result
            if progress is not None:
                progress(count, len(refs))
    return contents, diagnostics


def _read(uri: ResourcePath | None) -> str | Problem:
    if uri is None:
        return Problem("CAL682", (), "the repository knows of no single file")
    try:
        return content_of(uri)
    except OSError as error:
        return Problem("CAL682", (), error.strerror or str(error))
