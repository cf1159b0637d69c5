"""The calibrations of collections, read in bulk."""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal

from lsst.daf.butler import Butler, CollectionInfo, CollectionType, DatasetType

from curated.butler.certified.lookup import timespan_of
from curated.datasets.record import DataId, Dataset, Key
from curated.datasets.spans import ALWAYS, Span, left_over, united

_FIELDS: set[Literal["dataset_id", "ingest_date", "run", "collection", "timespan"]] = {
    "dataset_id",
    "run",
    "collection",
    "timespan",
}

_MOST_CONDITIONS = 8
"""Ranges that a query asks for one by one."""

Datasets = dict[str, list[Dataset]]
"""Datasets by the collection that has them, with the ranges in which a lookup there finds them."""


def read_datasets(butler: Butler, infos: Iterable[CollectionInfo]) -> Datasets:
    """Return all calibrations of collections; RUN and TAGGED collections have theirs at all times.

    Parameters
    ----------
    infos : iterable [`lsst.daf.butler.CollectionInfo`]
        Collections with summaries.
    """
    datasets: Datasets = defaultdict(list)
    with _no_garbage():
        for dataset_type, collections in _by_type(butler, infos):
            for dataset in _query(butler, dataset_type, [info.name for info in collections]):
                datasets[dataset.collection].append(dataset)
    return datasets


def read_uncovered(butler: Butler, infos: Iterable[CollectionInfo], covers: Iterable[Dataset]) -> Datasets:
    """Return the calibrations of collections but those that others cover for all of their range, or for most of them.

    Parameters
    ----------
    infos : iterable [`lsst.daf.butler.CollectionInfo`]
        Collections with summaries.
    covers : iterable [`Dataset`]
        Datasets that lookups find first.
    """
    infos = list(infos)
    datasets: Datasets = defaultdict(list)
    if not infos:
        return datasets
    covered: dict[Key, list[Span]] = defaultdict(list)
    for dataset in covers:
        covered[dataset.key].append(dataset.span)
    with _no_garbage():
        for dataset_type, collections in _by_type(butler, infos):
            for names, spans in _conditions(butler, dataset_type, collections, covered):
                for dataset in _query(butler, dataset_type, names, spans):
                    datasets[dataset.collection].append(dataset)
    return datasets


def _by_type(
    butler: Butler, infos: Iterable[CollectionInfo]
) -> Iterator[tuple[DatasetType, list[CollectionInfo]]]:
    """Yield calibration types with their collections; to look up raw images and the like at a time makes no sense."""
    collections: dict[str, list[CollectionInfo]] = defaultdict(list)
    for info in infos:
        for name in info.dataset_types or ():
            collections[name].append(info)
    for name in sorted(collections):
        dataset_type = butler.get_dataset_type(name)
        if dataset_type.isCalibration():
            yield dataset_type, collections[name]


def _conditions(
    butler: Butler,
    dataset_type: DatasetType,
    infos: Sequence[CollectionInfo],
    covered: Mapping[Key, Sequence[Span]],
) -> Iterator[tuple[list[str], Sequence[Span]]]:
    """Yield names of collections with the ranges of which their datasets are to be read."""
    always = [info.name for info in infos if info.type is not CollectionType.CALIBRATION]
    if always:
        yield always, (ALWAYS,)
    names = [info.name for info in infos if info.type is CollectionType.CALIBRATION]
    if not names:
        return
    with butler.query() as query:
        # Few, whatever the number of collections.
        rows = query.join_dataset_search(dataset_type.name, names).data_ids(dataset_type.dimensions)
        keys = [(dataset_type.name, tuple(sorted(data_id.required.items()))) for data_id in rows]
    free = united(part for key in keys for part in left_over([ALWAYS], covered.get(key, ())))
    if len(free) > _MOST_CONDITIONS:
        free = [Span(free[0].begin, free[-1].end)]
    if free:
        yield names, free


def _query(
    butler: Butler, dataset_type: DatasetType, names: Sequence[str], spans: Sequence[Span] = (ALWAYS,)
) -> Iterator[Dataset]:
    """Yield the datasets of a type in collections whose ranges overlap others, at least."""
    name = dataset_type.name
    dimensions = sorted(dataset_type.dimensions.required)
    data_ids: dict[tuple[int | str, ...], DataId] = {}
    # In a third of the time that the registry's associations take.
    with butler.query() as query:
        search = query.join_dataset_search(name, names)
        if ALWAYS not in spans:
            timespan = query.expression_factory[name].timespan
            conditions = [timespan.overlaps(timespan_of(span)) for span in spans]
            search = search.where(query.expression_factory.any(*conditions))
        for row in search.general(dataset_type.dimensions, dataset_fields={name: _FIELDS}, find_first=False):
            values = tuple(row[dimension] for dimension in dimensions)
            data_id = data_ids.get(values)
            if data_id is None:
                data_id = data_ids[values] = tuple(zip(dimensions, values, strict=True))
            span = _span(row[f"{name}.timespan"])
            if span is not None:
                uuid, run, collection = (row[f"{name}.{key}"] for key in ("dataset_id", "run", "collection"))
                yield Dataset(name, data_id, span, str(uuid), run, collection)


def _span(timespan: Any) -> Span | None:
    if timespan is None:
        return ALWAYS
    return None if timespan.isEmpty() else Span.of(*timespan.nsec)


@contextmanager
def _no_garbage() -> Iterator[None]:
    """Do not look for garbage: among tens of thousands of new objects that all stay, it takes half of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
