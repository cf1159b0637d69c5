"""Which members of a chain are releases."""

from __future__ import annotations

import pytest

pytest.importorskip("lsst.daf.butler")

from lsst.daf.butler import CollectionType

from curated.bundle.export_file import DOC
from curated.butler.chains.members import read_chain, read_records
from curated.butler.repository.records import DIRECTORY, IMPORT_FILE, ImportRecord
from support.laboratory import Laboratory


def record(laboratory: Laboratory, label: str, instrument: str, *, directory: str = "") -> None:
    """Record the import of a release as an import does."""
    values = ImportRecord(label, "0" * 64, {}, {"instrument": [{"name": instrument}]})
    place = laboratory.root.join(DIRECTORY).join(directory or f"{label}-0", forceDirectory=True)
    place.join(IMPORT_FILE).write(values.to_json())


def test_a_release_is_known_by_its_documentation_or_by_a_record(laboratory: Laboratory) -> None:
    collections = laboratory.butler.collections
    kind = CollectionType.CALIBRATION
    documented = laboratory.collection(kind, doc=f"{DOC} a package", label="v1")
    recorded = laboratory.collection(kind, doc="our best", label="v2")
    record(laboratory, recorded.rpartition("/")[2], "Lab")
    # The stack's writer names its collections and RUNs in the same way.
    stack = laboratory.collection(kind, label="DM-1")
    others = laboratory.collection(kind, label="v3")
    record(laboratory, others.rpartition("/")[2], "Lab2")
    longer = laboratory.collection(kind, label="v4")
    record(laboratory, "v4", "Lab", directory=longer.rpartition("/")[2] + "-0")
    run = laboratory.collection(CollectionType.RUN, doc=f"{DOC} a package", label="run")
    elsewhere = "Lab/other/v1"
    collections.register(elsewhere, kind, doc=f"{DOC} a package")
    inner, mixed, empty = (laboratory.collection(CollectionType.CHAINED) for _ in range(3))
    collections.redefine_chain(inner, [documented, recorded])
    collections.redefine_chain(mixed, [stack, recorded])
    members = (inner, mixed, empty, documented, recorded, stack, others, longer, run, elsewhere)
    collections.register("Lab/known", CollectionType.CHAINED)
    collections.redefine_chain("Lab/known", members)
    chain = read_chain(laboratory.butler, laboratory.root, "Lab/known", "Lab")
    assert chain.members == members
    assert chain.releases == {documented, recorded}
    assert [member for member in members if chain.is_release(member)] == [inner, documented, recorded]
    assert chain.flat[mixed] == (stack, recorded)
    assert chain.flattened([mixed, inner]) == (stack, recorded, documented)
    # Butler flattens it in the same way.
    assert chain.flattened(members) == tuple(collections.query("Lab/known", flatten_chains=True))


def test_a_collection_that_is_no_chain_or_does_not_exist(laboratory: Laboratory) -> None:
    run = laboratory.collection(CollectionType.RUN)
    assert read_chain(laboratory.butler, laboratory.root, run, "Lab").type is CollectionType.RUN
    absent = read_chain(laboratory.butler, laboratory.root, "Lab/absent", "Lab")
    assert (absent.type, absent.takes_releases, absent.members) == (None, True, ())


def test_damaged_records_prove_nothing(laboratory: Laboratory) -> None:
    record(laboratory, "w1", "Lab")
    place = laboratory.root.join(DIRECTORY).join("w1-1", forceDirectory=True)
    place.join(IMPORT_FILE).write(b"{")
    assert [item.label for _, item in read_records(laboratory.root, "w1")] == ["w1"]
