"""Calibrations of collections, read in bulk."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import chain as chained
from uuid import UUID

import pytest

pytest.importorskip("lsst.daf.butler")

from lsst.daf.butler import CollectionType, DatasetRef, DatasetType

from curated.butler.certified.lookup import certified_in
from curated.butler.chains.certifications import read_datasets, read_uncovered
from curated.butler.chains.members import collection_infos
from curated.datasets.record import Dataset, in_precedence
from curated.datasets.spans import ALWAYS, Span
from support.laboratory import INSTANTS, Laboratory, make_member


@pytest.mark.parametrize("seed", range(6))
def test_what_is_left_out_is_never_found(laboratory: Laboratory, seed: int) -> None:
    chance = random.Random(1000 + seed)
    infos = collection_infos(laboratory.butler, [make_member(laboratory, chance) for _ in range(6)])
    datasets = read_datasets(laboratory.butler, infos.values())
    for name, info in infos.items():
        certified = certified_in(laboratory.butler, laboratory.dataset_type, name, info.type)
        assert set(datasets.get(name, ())) == {item.dataset for item in certified}
    near, far = list(infos)[:2], list(infos.values())[2:]
    covers = list(chained.from_iterable(datasets.get(name, ()) for name in near))
    uncovered = read_uncovered(laboratory.butler, far, covers)
    for name, members in uncovered.items():
        assert set(members) <= set(datasets[name])

    def found(others: dict[str, list[Dataset]]) -> set[Dataset]:
        collections = [covers, *(others.get(info.name, ()) for info in far)]
        return set(chained.from_iterable(in_precedence(collections)))

    # The first two collections are searched together: nothing else than the moments that both leave counts.
    assert found(uncovered) == found(datasets)


def test_only_calibrations_are_read(laboratory: Laboratory) -> None:
    butler = laboratory.butler
    run = laboratory.collection(CollectionType.RUN)
    plain = DatasetType("notes", ["instrument", "detector"], "StructuredDataDict", universe=butler.dimensions)
    butler.registry.registerDatasetType(plain)
    data_id = butler.registry.expandDataId(instrument="Lab", detector=0)
    butler.registry._importDatasets([DatasetRef(plain, data_id, run=run)])
    (ref,) = laboratory.refs(run, (1,))
    datasets = read_datasets(butler, collection_infos(butler, [run]).values())
    assert [UUID(dataset.uuid) for dataset in chained.from_iterable(datasets.values())] == [ref.id]


def test_each_product_is_looked_at(laboratory: Laboratory) -> None:
    collection = laboratory.collection(CollectionType.CALIBRATION)
    refs = laboratory.refs(laboratory.collection(CollectionType.RUN))
    middle = INSTANTS[2]
    spans = (Span(0, middle), Span(middle))
    laboratory.certify(collection, [(refs[0], spans[0]), (refs[1], spans[1])])
    infos = collection_infos(laboratory.butler, [collection]).values()
    first, second = sorted(read_datasets(laboratory.butler, infos)[collection], key=lambda item: item.data_id)

    def read(*covers: Dataset) -> set[Dataset]:
        return set(chained.from_iterable(read_uncovered(laboratory.butler, infos, covers).values()))

    always = [replace(dataset, span=ALWAYS) for dataset in (first, second)]
    assert read(*always) == set()
    # Of a product that is covered where the other is not, nothing need be read.
    assert read(always[0], second) == {first}
    assert read(replace(first, span=spans[0]), always[1]) == {second}
    assert read(always[0]) == read(always[1]) == read() == {first, second}
