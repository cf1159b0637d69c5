"""A repository of datasets without files, in which tests make chains of collections of all kinds."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import count
from typing import NamedTuple

from lsst.daf.butler import Butler, CollectionType, DatasetRef, DatasetType, Timespan
from lsst.resources import ResourcePath

from curated.bundle.export_file import DOC
from curated.butler.certified.lookup import timespan_of
from curated.butler.repository.opening import collection_info
from curated.datasets.spans import FIRST_NS, LAST_NS, Span

YEAR = 31_557_600_000_000_000
TIMES = [FIRST_NS, *(n * YEAR for n in (1, 2, 3, 4)), LAST_NS]
INSTANTS = [max(ns, 1) for ns in TIMES[:-1]] + [LAST_NS - 1]
DETECTORS = (0, 1)


class Laboratory(NamedTuple):
    """A repository whose datasets have no files, with as many collections as needed."""

    butler: Butler
    dataset_type: DatasetType
    root: ResourcePath
    numbers: Iterator[int]

    def collection(self, kind: CollectionType, doc: str = "", label: str = "x") -> str:
        """Register a collection under a new name."""
        name = f"Lab/calib/{label}-{next(self.numbers)}"
        self.butler.collections.register(name, kind, doc=doc)
        return name

    def refs(self, run: str, detectors: tuple[int, ...] = DETECTORS) -> list[DatasetRef]:
        """Make datasets in a RUN."""
        refs = [
            DatasetRef(
                self.dataset_type, self.butler.registry.expandDataId(instrument="Lab", detector=n), run=run
            )
            for n in detectors
        ]
        return list(self.butler.registry._importDatasets(refs))

    def certified(self, chance: random.Random, collection: str) -> list[tuple[DatasetRef, Span]]:
        """Return new datasets with ranges that do not overlap; they are not certified yet."""
        result = []
        for detector in DETECTORS:
            bounds = sorted(chance.sample(TIMES, 2 * chance.randint(0, 2)))
            for begin, end in zip(bounds[::2], bounds[1::2], strict=True):
                run = self.collection(CollectionType.RUN, label=collection.rpartition("/")[2] + "-run")
                result.append((self.refs(run, (detector,))[0], Span(begin, end)))
        return result

    def certify(self, collection: str, items: list[tuple[DatasetRef, Span]]) -> None:
        for ref, span in items:
            self.butler.registry.certify(collection, [ref], timespan_of(span))

    def answers(self, collection: str) -> dict[tuple[int, int], str | None]:
        """Return the UUID that a lookup finds, by detector and time."""
        if collection_info(self.butler, collection) is None:
            return {}
        results = {}
        for detector in DETECTORS:
            for ns in INSTANTS:
                ref = self.butler.find_dataset(
                    "defects",
                    instrument="Lab",
                    detector=detector,
                    collections=collection,
                    timespan=Timespan(None, None, _nsec=(ns, ns + 1)),
                )
                results[detector, ns] = None if ref is None else str(ref.id)
        return results


def make_laboratory(root: str) -> Laboratory:
    """Make an empty repository with an instrument and a dataset type."""
    Butler.makeRepo(root)
    butler = Butler.from_config(root, writeable=True)
    butler.registry.insertDimensionData("instrument", {"name": "Lab"})
    rows = [{"instrument": "Lab", "id": n, "full_name": f"d{n}"} for n in DETECTORS]
    butler.registry.insertDimensionData("detector", *rows)
    dataset_type = DatasetType(
        "defects", ["instrument", "detector"], "Defects", universe=butler.dimensions, isCalibration=True
    )
    butler.registry.registerDatasetType(dataset_type)
    return Laboratory(butler, dataset_type, ResourcePath(root, forceDirectory=True), count())


def make_member(laboratory: Laboratory, chance: random.Random, depth: int = 0) -> str:
    """Make a member of a chain of any kind, filled at random."""
    kind = chance.choice(
        ["release", "release", "expert", "run", "tagged", "chain"[: 5 * (depth < 2)] or "run"]
    )
    if kind == "chain":
        name = laboratory.collection(CollectionType.CHAINED)
        children = [make_member(laboratory, chance, depth + 1) for _ in range(chance.randint(0, 2))]
        laboratory.butler.collections.redefine_chain(name, children)
        return name
    if kind == "run":
        name = laboratory.collection(CollectionType.RUN)
        laboratory.refs(name, tuple(chance.sample(DETECTORS, chance.randint(0, 2))))
        return name
    if kind == "tagged":
        name = laboratory.collection(CollectionType.TAGGED)
        detectors = tuple(chance.sample(DETECTORS, chance.randint(0, 2)))
        laboratory.butler.registry.associate(
            name, laboratory.refs(laboratory.collection(CollectionType.RUN), detectors)
        )
        return name
    name = laboratory.collection(
        CollectionType.CALIBRATION, doc=f"{DOC} somewhere" if kind == "release" else ""
    )
    laboratory.certify(name, laboratory.certified(chance, name))
    return name
