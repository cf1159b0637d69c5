"""The contents of a bundle: labels, datasets with and without a file, and another label."""

from __future__ import annotations

import re
import string
from dataclasses import replace
from uuid import UUID, uuid5

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from curated.bundle.contents import Contents, Entry, check_label
from curated.bundle.manifest_reader import read_contents
from curated.bundle.renaming import Renaming
from curated.core.diagnostic import CuratedError
from curated.datasets.record import Dataset
from curated.datasets.spans import Span
from support.repositories import make_bundle

NAMESPACE = UUID("840b31d9-05cd-5161-b2c8-00d32b280d0f")
"""Namespace of the UUIDs of Butler's rule DATAID_TYPE_RUN."""

LETTERS = string.ascii_letters + string.digits


@pytest.fixture(scope="module")
def contents(tmp_path_factory: pytest.TempPathFactory) -> Contents:
    contents, diagnostics = read_contents(make_bundle(tmp_path_factory.mktemp("contents")))
    assert contents is not None, diagnostics
    return contents


@given(st.text(st.sampled_from(LETTERS + "._- /\n") | st.characters(), max_size=70))
@example("x" * 64)
@example("x" * 65)
@example("v1\n")
@example("٣")
def test_labels(label: str) -> None:
    is_label = 0 < len(label) < 65 and set(label) <= set(LETTERS + "._-") and label[0] in LETTERS
    is_label = is_label and ".." not in label
    if is_label:
        assert check_label(label) == label
    else:
        with pytest.raises(CuratedError, match=re.escape(repr(label))) as caught:
            check_label(label, "give another")
        assert caught.value.hint == "give another"


def test_another_label_renames_collections_and_runs_and_uuids_follow(contents: Contents) -> None:
    renamed = contents.relabelled("v2-rc1")
    assert (renamed.label, [target.calibration for target in renamed.targets]) == (
        "v2-rc1",
        ["Lab/calib/v2-rc1"],
    )
    assert [target.chain for target in renamed.targets] == ["Lab/calib"]
    for before, after in zip(contents.entries, renamed.entries, strict=True):
        assert after.collection == "Lab/calib/v2-rc1"
        assert after.run == before.run.replace("/v1/", "/v2-rc1/")
        values = "".join(f",{name}={value}" for name, value in before.data_id)
        name = f"dataset_type={before.dataset_type},run={after.run}{values}"
        assert after.uuid == str(uuid5(NAMESPACE, name))
        assert replace(after, collection=before.collection, run=before.run, uuid=before.uuid) == before
    assert renamed.relabelled("v1") == contents
    assert contents.relabelled("v1") is contents


def test_a_reference_stays_in_its_run(contents: Contents) -> None:
    reference = replace(contents.entries[0], path="", run="Lab/calib/v0/curated/20200101T000000Z")
    (moved,) = replace(contents, entries=(reference,)).relabelled("v2").entries
    assert moved == replace(reference, collection="Lab/calib/v2")


def test_what_cannot_be_relabelled_is_refused(contents: Contents) -> None:
    with pytest.raises(CuratedError, match="cannot be a label"):
        contents.relabelled("v 2")
    targets = tuple(replace(target, calibration="Lab/calib/other") for target in contents.targets)
    with pytest.raises(CuratedError, match="does not end in the label 'v1'") as caught:
        replace(contents, targets=targets).relabelled("v2")
    assert "--label" in caught.value.hint


def test_a_dataset_with_its_file() -> None:
    dataset = Dataset("flat", (("instrument", "Lab"),), Span(1, 2), "uuid", "run", "collection", "content")
    entry = Entry.of(dataset, path="files/flat.fits", sha256="a", size=3, recipe="b")
    assert (entry.path, entry.sha256, entry.size, entry.recipe) == ("files/flat.fits", "a", 3, "b")
    assert all(getattr(entry, name) == getattr(dataset, name) for name in Dataset.__dataclass_fields__)
    assert (entry.is_reference, entry.place) == (False, "files/flat.fits")
    reference = Entry.of(dataset)
    assert (reference.is_reference, reference.place) == (True, "run")


def test_other_names_of_instruments_and_filters_rename_all_that_depends_on_them(contents: Contents) -> None:
    renamings = {"Lab": Renaming("LSSTLab", {"g_6": "G_6"})}
    renamed = contents.renamed(renamings)
    (target,) = renamed.targets
    assert (target.instrument, target.bundle_name, target.directory) == ("LSSTLab", "Lab", "lab")
    assert (target.calibration, target.chain) == ("LSSTLab/calib/v1", "LSSTLab/calib")
    assert [record["name"] for record in renamed.records["instrument"]] == ["LSSTLab"]
    assert {record["instrument"] for record in renamed.records["detector"]} == {"LSSTLab"}
    assert [record["name"] for record in renamed.records["physical_filter"]] == ["G_6"]
    for before, after in zip(contents.entries, renamed.entries, strict=True):
        values = dict(before.data_id) | {"instrument": "LSSTLab"}
        if "physical_filter" in values:
            values["physical_filter"] = "G_6"
        assert dict(after.data_id) == values
        assert after.run == f"LSST{before.run}"
        assert after.collection == "LSSTLab/calib/v1"
        text = "".join(f",{name}={value}" for name, value in sorted(values.items()))
        assert after.uuid == str(
            uuid5(NAMESPACE, f"dataset_type={before.dataset_type},run={after.run}{text}")
        )
        assert (after.path, after.sha256, after.span) == (before.path, before.sha256, before.span)
    assert renamed.instrument_names == {"Lab": "LSSTLab"}
    assert renamed.relabelled("v2").targets[0].calibration == "LSSTLab/calib/v2"
    assert contents.relabelled("v2").renamed(renamings).entries == renamed.relabelled("v2").entries
    assert contents.renamed({"Lab": Renaming("Lab")}) is contents
