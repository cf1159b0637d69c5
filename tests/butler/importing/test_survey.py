"""Dimension records, dataset types and collections of a bundle beside those of a repository."""

from __future__ import annotations

import pytest

from curated.butler import import_bundle
from support.imports import codes, counts, edit_manifest, file_states, prepare_repository
from support.programs import run_curated
from support.repositories import INSTRUMENT, detector_name, make_bundle

pytest.importorskip("lsst.daf.butler")

COLLECTION = "Lab/calib/v1"


def detector_row(number: int, **changes) -> dict:
    full = detector_name(number)
    row = {"instrument": INSTRUMENT, "id": number, "full_name": full, "purpose": "SCIENCE"}
    return {**row, "name_in_raft": full[4:], "raft": full[:3], **changes}


INSTRUMENT_ROW = {"name": INSTRUMENT, "class_name": "lsst.obs.lab.Lab", "detector_max": 4}


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ({"detector": [detector_row(0, purpose="GUIDE")]}, ["CAL620"]),
        ({"detector": [detector_row(0, full_name="R99_S99")]}, ["CAL620"]),
        ({"detector": [detector_row(17, full_name=detector_name(1))]}, ["CAL620"]),
        ({"detector": [detector_row(0, full_name=None)]}, ["CAL622"]),
        ({"physical_filter": [{"instrument": INSTRUMENT, "name": "g_6", "band": "r"}]}, ["CAL620"]),
    ],
)
def test_records_of_the_repository_are_never_overwritten(bundle, repo, records, expected) -> None:
    limits = {"visit_max": 2**31 - 1, "exposure_max": 2**31 - 1}
    butler = prepare_repository(repo, instrument=[{**INSTRUMENT_ROW, **limits}], **records)
    files = file_states(repo)
    report = import_bundle(bundle, repo)
    assert codes(report) == expected
    assert not report.changed
    for options in (["--dry-run"], []):
        done = run_curated("import", bundle, repo, *options)
        assert done.returncode == 1
        assert [code for code in expected if code not in done.stderr] == []
        assert "Traceback" not in done.stderr
    assert file_states(repo) == files
    assert not butler.collections.query("*")


def test_limits_that_differ_are_a_warning(bundle, repo) -> None:
    prepare_repository(
        repo, instrument=[{**INSTRUMENT_ROW, "detector_max": 999, "visit_max": 5, "exposure_max": 2**31 - 1}]
    )
    report = import_bundle(bundle, repo)
    assert codes(report) == ["CAL621", "CAL621"]
    assert report.ok
    assert counts(report)["records_different"] == 1
    assert (
        report.diagnostics[0].message
        == "instrument Lab: detector_max is 999 in the repository, 4 in the bundle"
    )


def test_what_the_bundle_does_not_know_is_no_difference(repo, tmp_path) -> None:
    unknown = {"class_name": None, "visit_max": None, "exposure_max": None}
    bundle = make_bundle(tmp_path / "bare", instrument=unknown)
    prepare_repository(repo, instrument=[INSTRUMENT_ROW], detector=[detector_row(0)])
    report = import_bundle(bundle, repo)
    assert codes(report) == []
    assert counts(report)["records_equal"] == 2


def test_dataset_types_and_collections_of_another_kind(bundle, repo) -> None:
    from lsst.daf.butler import CollectionType, DatasetType

    butler = prepare_repository(repo)
    butler.registry.registerDatasetType(
        DatasetType("defects", ["instrument"], "Defects", universe=butler.dimensions, isCalibration=True)
    )
    butler.collections.register(COLLECTION, CollectionType.TAGGED)
    butler.collections.register("Lab/calib", CollectionType.CALIBRATION)
    report = import_bundle(bundle, repo)
    # What is no chain stays as it is, and is no reason to refuse the release.
    assert codes(report) == ["CAL623", "CAL624", "CAL644"]
    assert "another --label" in report.diagnostics[1].hint
    assert (
        "Defects by instrument (a calibration), not Defects by instrument, detector"
        in report.diagnostics[0].message
    )


def test_a_storage_class_that_is_not_declared(bundle, repo) -> None:
    edit_manifest(bundle, lambda m: m["dataset_types"][0].update(storage_class="Unheard"))
    assert codes(import_bundle(bundle, repo)) == ["CAL617"]
