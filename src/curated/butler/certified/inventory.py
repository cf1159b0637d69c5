"""What is in force in a repository, whoever filled it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from lsst.daf.butler import Butler
from lsst.resources import ResourcePath

from curated.bundle.base import Base
from curated.bundle.verification import THREADS, Progress, tracked
from curated.butler.certified.lookup import Certified, default_collections, in_force
from curated.butler.repository.files import content_of
from curated.butler.repository.opening import find_config
from curated.core.diagnostic import CuratedError, Diagnostic, Problem
from curated.datasets.inventory import Inventory


@dataclass(frozen=True, slots=True)
class RepositoryInventory:
    """What is in force in a repository.

    Parameters
    ----------
    inventory : `Inventory`
        The calibrations in force.
    collections : `tuple` [`str`]
        The collections that were asked, in the order of lookups.
    certified : `tuple` [`Certified`]
        The datasets behind it.
    contents : `dict` [`str`, `str`]
        Content of each dataset, by UUID.
    diagnostics : `tuple` [`Diagnostic`]
        Files that cannot be read.
    """

    inventory: Inventory
    collections: tuple[str, ...]
    certified: tuple[Certified, ...]
    contents: dict[str, str]
    diagnostics: tuple[Diagnostic, ...]

    def base(self) -> Base:
        """Return what a bundle can refer to."""
        return Base.of(self.inventory.source, (self._dataset(one) for one in self.certified))

    def _dataset(self, one: Certified) -> dict[str, object]:
        begin, end = one.dataset.span
        return {
            "uuid": one.dataset.uuid,
            "run": one.dataset.run,
            "dataset_type": one.dataset.dataset_type,
            "data_id": dict(one.dataset.data_id),
            "content": self.contents[one.dataset.uuid],
            "validity": {"begin_tai_ns": begin, "end_tai_ns": end},
        }


def take_inventory(
    repo: str, collections: Sequence[str] = (), progress: Progress | None = None
) -> RepositoryInventory:
    """Find out what is in force in a repository.

    In a chain, as in lookups, the first collection that covers a moment counts; a RUN covers all.

    Parameters
    ----------
    repo : `str`
        Path, URI or alias of the repository.
    collections : sequence [`str`], optional
        Collections to ask, in this order; the chain of each instrument if empty.
    progress : callable, optional
        Told the stage, how many files are read, and how many there are.

    Raises
    ------
    CuratedError
        If there is no repository, or no such collection.
    """
    config = find_config(repo)
    if config is None:
        raise CuratedError(f"{repo} is no Butler repository", "'curated import' creates one")
    butler = Butler.from_config(config)
    chosen = list(collections) or default_collections(butler)
    certified = tuple(in_force(butler, chosen))
    contents, diagnostics = _contents(butler, certified, progress)
    datasets = (
        replace(one.dataset, content=contents[one.dataset.uuid])
        for one in certified
        if one.dataset.uuid in contents
    )
    named = f"{repo}: {', '.join(chosen)}"
    return RepositoryInventory(
        Inventory.of(named, datasets), tuple(chosen), certified, contents, tuple(diagnostics)
    )


def _contents(
    butler: Butler, certified: Sequence[Certified], progress: Progress | None
) -> tuple[dict[str, str], list[Diagnostic]]:
    refs = list({one.ref.id: one.ref for one in certified}.values())
    if not refs:
        return {}, []
    uris = butler.get_many_uris(refs, allow_missing=True)
    places = {ref.id: uri.primaryURI for ref, uri in uris.items()}
    contents: dict[str, str] = {}
    diagnostics = []
    with ThreadPoolExecutor(THREADS) as pool:
        results = pool.map(_read, (places.get(ref.id) for ref in refs))
        for ref, found in tracked("read", len(refs), progress, zip(refs, results, strict=True)):
            if isinstance(found, Problem):
                where = str(places.get(ref.id) or ref)
                diagnostics.append(Diagnostic.from_problem(found, where))
            else:
                contents[str(ref.id)] = found
    return contents, diagnostics


def _read(uri: ResourcePath | None) -> str | Problem:
    if uri is None:
        return Problem("CAL682", (), "the repository knows of no single file")
    try:
        return content_of(uri)
    except OSError as error:
        return Problem("CAL682", (), error.strerror or str(error))
