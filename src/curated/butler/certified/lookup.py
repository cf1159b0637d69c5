"""The datasets that lookups in a repository find, and the ranges in which they do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from lsst.daf.butler import (
    Butler,
    CollectionType,
    DatasetRef,
    DatasetType,
    MissingCollectionError,
    Timespan,
)

from curated.bundle.export_file import DOC
from curated.butler.repository.opening import collection_info
from curated.core.diagnostic import CuratedError, Problem
from curated.datasets.record import Dataset, Key, in_precedence
from curated.datasets.spans import ALWAYS, Span


class Certified(NamedTuple):
    """A dataset that a collection certifies for a range, and Butler's reference to it."""

    dataset: Dataset
    ref: DatasetRef


def default_collections(butler: Butler) -> list[str]:
    """Return the collection for lookups of each instrument: ``<inst>/calib``, or the only one below it.

    Raises
    ------
    CuratedError
        If an instrument has several collections and none of that name, or if there are none at all.
    """
    names = []
    for record in butler.query_dimension_records("instrument", explain=False, limit=None):
        chain = f"{record.name}/calib"
        if collection_info(butler, chain) is not None:
            names.append(chain)
            continue
        below = butler.collections.query(f"{chain}/*", collection_types={CollectionType.CALIBRATION})
        if len(below) > 1:
            raise CuratedError(
                f"there is no collection {chain}, and there are several below it: {', '.join(sorted(below))}",
                "name one with --collection",
            )
        names += below
    if not names:
        raise CuratedError(
            "the repository has no collection <instrument>/calib", "name one with --collection"
        )
    return sorted(names)


def releases_beside(butler: Butler, collections: Iterable[str]) -> Iterator[Problem]:
    """Yield the releases that lookups do not find because ``<inst>/calib`` is a collection of another kind than a chain.

    Parameters
    ----------
    collections : iterable [`str`]
        What `default_collections` returns.
    """
    for name in collections:
        info = collection_info(butler, name)
        if info is None or info.type is CollectionType.CHAINED or not name.endswith("/calib"):
            continue
        kinds = {CollectionType.CALIBRATION, CollectionType.CHAINED}
        below = butler.collections.query_info(
            f"{name}/*", collection_types=kinds, flatten_chains=False, include_doc=True
        )
        releases = sorted(other.name for other in below if (other.doc or "").startswith(DOC))
        chains = sorted(other.name for other in below if other.children and {*other.children} & {*releases})
        if releases:
            text = (
                f"{name} is a {info.type.name} collection: what is in {', '.join(releases)} is not looked up"
            )
            yield Problem("CAL644", (), text, f"name --collection {(chains or releases)[-1]} to look there")


def in_force(butler: Butler, collections: Sequence[str]) -> Iterator[Certified]:
    """Yield the datasets that lookups in collections find, with the ranges in which they do.

    Parameters
    ----------
    collections : sequence [`str`]
        Collections in the order of lookups; chains are followed.

    Raises
    ------
    CuratedError
        If there is no such collection.
    """
    refs: dict[str, DatasetRef] = {}
    for datasets in in_precedence(_by_collection(butler, collections, refs)):
        yield from (Certified(dataset, refs[dataset.uuid]) for dataset in datasets)


def _by_collection(
    butler: Butler, collections: Sequence[str], refs: dict[str, DatasetRef]
) -> Iterator[list[Dataset]]:
    """Yield the datasets of each collection, in the order of lookups, and collect Butler's references to them."""
    try:
        infos = butler.collections.query_info(collections, flatten_chains=True, include_summary=True)
    except MissingCollectionError as error:
        raise CuratedError(str(error), "'butler query-collections' lists them") from error
    for info in infos:
        types = [butler.get_dataset_type(name) for name in sorted(info.dataset_types or ())]
        certified = [
            item
            for dataset_type in types
            if dataset_type.isCalibration()
            for item in certified_in(butler, dataset_type, info.name, info.type)
        ]
        refs |= {item.dataset.uuid: item.ref for item in certified}
        yield [item.dataset for item in certified]


def certified_in(
    butler: Butler, dataset_type: DatasetType, name: str, kind: CollectionType
) -> Iterator[Certified]:
    """Yield the datasets of a type in one collection, and for when; one of another kind has them for all times."""
    if kind is not CollectionType.CALIBRATION:
        refs = butler.query_datasets(dataset_type, name, find_first=False, limit=None, explain=False)
        yield from (Certified(dataset_of(ref, name, ALWAYS), ref) for ref in refs)
        return
    for association in butler.registry.queryDatasetAssociations(
        dataset_type, name, collectionTypes={CollectionType.CALIBRATION}, flattenChains=False
    ):
        timespan = association.timespan
        if timespan is not None and not timespan.isEmpty():
            yield Certified(dataset_of(association.ref, name, Span.of(*timespan.nsec)), association.ref)


def timespan_of(span: Span) -> Timespan:
    """Return a range as Butler's class, exact to the nanosecond."""
    return Timespan.model_validate(span)


def dataset_of(ref: DatasetRef, collection: str, span: Span) -> Dataset:
    """Return a dataset of a repository as a record."""
    return Dataset(*key_of(ref), span, uuid=str(ref.id), run=ref.run, collection=collection)


def storage_classes(refs: Iterable[DatasetRef]) -> dict[str, str]:
    """Return the name of the storage class of each dataset type, whose Python class need not be there."""
    return {ref.datasetType.name: ref.datasetType.storageClass_name for ref in refs}


def key_of(ref: DatasetRef) -> Key:
    """Return what a dataset is of."""
    return ref.datasetType.name, tuple(sorted(ref.dataId.required.items()))
