"""Lookups through a chain, before and after a release is put into it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain as chained
from typing import Literal

from lsst.daf.butler import Butler, CollectionInfo

from curated.bundle.contents import Entry
from curated.butler.chains.members import collection_infos
from curated.butler.chains.order import Chain
from curated.butler.repository.opening import collection_info
from curated.datasets.lookups import ChangedRange, changed_ranges
from curated.datasets.record import DataId, Dataset, Key, in_precedence
from curated.datasets.spans import ALWAYS, Span

Fields = set[Literal["dataset_id", "ingest_date", "run", "collection", "timespan"]]

Found = Mapping[str, Sequence[Dataset]]
"""Datasets by the collection in which a lookup finds them, with the ranges in which it does, in the order of lookups."""


@dataclass(frozen=True)
class ChainLookups:
    """What lookups through a chain find before and after an import.

    Parameters
    ----------
    chain : `Chain`
        The chain before the import.
    release : `str`
        Calibration collection of the release.
    members : `tuple` [`str`]
        Members of the chain afterwards.
    datasets : `dict` [`str`, `list` [`Dataset`]]
        What each collection certifies before.
    planned : `list` [`Dataset`]
        What the release's collection certifies afterwards.
    """

    chain: Chain
    release: str
    members: tuple[str, ...]
    datasets: Mapping[str, Sequence[Dataset]]
    planned: Sequence[Dataset]

    @cached_property
    def keys(self) -> frozenset[Key]:
        """Keys of the release: no other lookup changes."""
        return frozenset(dataset.key for dataset in self.planned)

    @cached_property
    def after(self) -> Found:
        """What lookups find afterwards."""
        datasets = {**self.datasets, self.release: self.planned}
        names = self.chain.flattened(self.members)
        return dict(zip(names, in_precedence(datasets.get(name, ()) for name in names), strict=True))

    @property
    def ahead(self) -> tuple[str, ...]:
        """Collections in front of the release that are no releases."""
        names = tuple(self.after)
        return tuple(name for name in names[: names.index(self.release)] if name not in self.chain.releases)

    @property
    def older(self) -> tuple[str, ...]:
        """Other releases behind the release."""
        names = tuple(self.after)
        return tuple(name for name in names[names.index(self.release) + 1 :] if name in self.chain.releases)

    def changed(self) -> list[ChangedRange]:
        """Return the ranges in which lookups find other datasets."""
        before = self.chain.flattened(self.chain.members)
        if before == tuple(self.after) and self.datasets.get(self.release) == self.planned:
            return []
        relevant = (
            [dataset for dataset in self.datasets.get(name, ()) if dataset.key in self.keys]
            for name in before
        )
        after = (d for d in chained.from_iterable(self.after.values()) if d.key in self.keys)
        return list(changed_ranges(chained.from_iterable(in_precedence(relevant)), after))


def chain_lookups(
    butler: Butler, chain: Chain, release: str, members: tuple[str, ...], entries: Iterable[Entry]
) -> ChainLookups:
    """Return what lookups through a chain find before and after an import.

    Parameters
    ----------
    release : `str`
        Calibration collection of the release.
    members : `tuple` [`str`]
        Members of the chain after the import.
    entries : iterable [`Entry`]
        Datasets that the release's collection certifies afterwards, some of them perhaps before.
    """
    names = [*chain.members, *([release] if collection_info(butler, release) else [])]
    datasets = read_datasets(butler, collection_infos(butler, names).values())
    existing = datasets.get(release, [])
    present = {(dataset.uuid, dataset.span) for dataset in existing}
    planned = [*existing, *(entry for entry in entries if (entry.uuid, entry.span) not in present)]
    return ChainLookups(chain, release, members, datasets, planned)


def read_datasets(butler: Butler, infos: Iterable[CollectionInfo]) -> dict[str, list[Dataset]]:
    """Return the calibrations of collections, with the ranges in which lookups find them, by collection.

    RUN and TAGGED collections have theirs at all times.

    Parameters
    ----------
    infos : iterable [`lsst.daf.butler.CollectionInfo`]
        Collections with summaries.
    """
    names_by_type = defaultdict(list)
    for info in infos:
        for name in info.dataset_types or ():
            names_by_type[name].append(info.name)
    datasets: dict[str, list[Dataset]] = defaultdict(list)
    data_ids: dict[tuple[int | str, ...], DataId] = {}
    for name, collections in sorted(names_by_type.items()):
        dataset_type = butler.get_dataset_type(name)
        if not dataset_type.isCalibration():
            # Raw images and the like: to look them up at a time makes no sense.
            continue
        dimensions = sorted(dataset_type.dimensions.required)
        fields: dict[str, Fields] = {name: {"dataset_id", "run", "collection", "timespan"}}
        # In a third of the time that the registry's associations take.
        with butler.query() as query:
            rows = query.join_dataset_search(name, collections).general(
                dataset_type.dimensions, dataset_fields=fields, find_first=False
            )
            for row in rows:
                values = tuple(row[dimension] for dimension in dimensions)
                data_id = data_ids.setdefault(
                    (*dimensions, *values), tuple(zip(dimensions, values, strict=True))
                )
                timespan = row[f"{name}.timespan"]
                if timespan is not None and timespan.isEmpty():
                    continue
                collection = row[f"{name}.collection"]
                dataset = Dataset(
                    name,
                    data_id,
                    ALWAYS if timespan is None else Span.of(*timespan.nsec),
                    uuid=str(row[f"{name}.dataset_id"]),
                    run=row[f"{name}.run"],
                    collection=collection,
                )
                datasets[collection].append(dataset)
    return datasets
