"""What lookups find in the collections of a repository, and when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from lsst.daf.butler import Butler, CollectionType, DatasetRef, DatasetType, MissingCollectionError

from curated.butler.repository.opening import collection_info
from curated.core.diagnostic import CuratedError
from curated.datasets.inventory import Key
from curated.datasets.spans import FIRST_NS, LAST_NS, Span, in_precedence


class Certified(NamedTuple):
    """A dataset and a range in which a lookup finds it, in nanoseconds since 1970-01-01 TAI, ends filled in."""

    ref: DatasetRef
    span: Span

    @property
    def validity(self) -> dict[str, int | None]:
        """The range as a manifest has it."""
        return {"begin_tai_ns": self.span[0], "end_tai_ns": self.span[1]}


def default_collections(butler: Butler) -> list[str]:
    """Return where the calibrations of each instrument are looked up: ``<inst>/calib``, or the one below it.

    Parameters
    ----------
    butler : `lsst.daf.butler.Butler`
        The repository.

    Raises
    ------
    CuratedError
        If that is not clear.
    """
    found = []
    for record in butler.query_dimension_records("instrument", explain=False, limit=None):
        chain = f"{record.name}/calib"
        if collection_info(butler, chain) is not None:
            found.append(chain)
            continue
        below = butler.collections.query(f"{chain}/*", collection_types={CollectionType.CALIBRATION})
        if len(below) > 1:
            raise CuratedError(
                f"there is no collection {chain}, and there are several below it: {', '.join(sorted(below))}",
                "name one with --collection",
            )
        found += below
    if not found:
        raise CuratedError(
            "the repository has no collection <instrument>/calib", "name one with --collection"
        )
    return sorted(found)


def in_force(butler: Butler, collections: Sequence[str]) -> Iterator[Certified]:
    """Yield what lookups find in collections, and when.

    Parameters
    ----------
    butler : `lsst.daf.butler.Butler`
        The repository.
    collections : sequence [`str`]
        Collections in the order of lookups; chains are followed.

    Raises
    ------
    CuratedError
        If there is no such collection.
    """
    for found in in_precedence(_by_collection(butler, collections), _key, _span):
        yield from (Certified(one.ref, part) for one, part in found)


def _key(one: Certified) -> Key:
    return key_of(one.ref)


def _span(one: Certified) -> Span:
    return one.span


def _by_collection(butler: Butler, collections: Sequence[str]) -> Iterator[list[Certified]]:
    """Yield what each collection has, in the order of lookups."""
    try:
        listed = butler.collections.query_info(collections, flatten_chains=True, include_summary=True)
    except MissingCollectionError as error:
        raise CuratedError(str(error), "'butler query-collections' lists them") from error
    for info in listed:
        types = [butler.get_dataset_type(name) for name in sorted(info.dataset_types or ())]
        yield [
            one
            for dataset_type in types
            if dataset_type.isCalibration()
            for one in certified_in(butler, dataset_type, info.name, info.type)
        ]


def certified_in(
    butler: Butler, dataset_type: DatasetType, name: str, kind: CollectionType
) -> Iterator[Certified]:
    """Yield the datasets of a type in one collection, and for when; one of another kind has them for all times."""
    if kind is not CollectionType.CALIBRATION:
        refs = butler.query_datasets(dataset_type, name, find_first=False, limit=None, explain=False)
        yield from (Certified(ref, (FIRST_NS, LAST_NS)) for ref in refs)
        return
    for found in butler.registry.queryDatasetAssociations(
        dataset_type, name, collectionTypes={CollectionType.CALIBRATION}, flattenChains=False
    ):
        if found.timespan is not None and not found.timespan.isEmpty():
            begin, end = found.timespan.nsec
            yield Certified(found.ref, (max(begin, FIRST_NS), min(end, LAST_NS)))


def key_of(ref: DatasetRef) -> Key:
    """Return what a dataset is of."""
    return ref.datasetType.name, tuple(sorted(ref.dataId.required.items()))
