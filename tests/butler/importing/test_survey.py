"""Dimension records, dataset types and collections of a bundle beside those of a repository."""

from __future__ import annotations

from pathlib import Path

import pytest

from curated.butler import import_bundle, open_repository, scrub_repository
from curated.declare import FITS_TABLES
from support.imports import codes, counts, edit_manifest, file_states, prepare_repository
from support.programs import run_curated
from support.repositories import DATASET_TYPES, INSTRUMENT, detector_name, make_bundle

pytest.importorskip("lsst.daf.butler")

from lsst.daf.butler import DatasetType

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


def storage_class(repo: str, name: str) -> str:
    from lsst.daf.butler import Butler

    with Butler.from_config(repo) as butler:
        return butler.get_dataset_type(name).storageClass_name


@pytest.mark.parametrize("former", ["repository", "bundle", "both"])
def test_a_storage_class_of_an_earlier_version_is_kept(
    repo: str, bundle: Path, tmp_path: Path, former: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dimensions = DATASET_TYPES["camera_geometry"][1]
    if former != "repository":
        monkeypatch.setitem(DATASET_TYPES, "camera_geometry", ("IsrCalib", dimensions))
        bundle = make_bundle(tmp_path / "former")
    if former != "bundle":
        butler = prepare_repository(repo)
        kind = DatasetType(
            "camera_geometry", dimensions, "IsrCalib", universe=butler.dimensions, isCalibration=True
        )
        butler.registry.registerDatasetType(kind)
    report = import_bundle(bundle, repo)
    assert (report.ok, report.changed) == (True, True), report.diagnostics
    assert not import_bundle(bundle, repo).changed
    assert scrub_repository(repo).diagnostics == ()
    assert storage_class(repo, "camera_geometry") == "IsrCalib"
    # Then a release of this version.
    monkeypatch.setitem(DATASET_TYPES, "camera_geometry", ("Catalog", dimensions))
    report = import_bundle(make_bundle(tmp_path / "v2", label="v2"), repo)
    assert (report.ok, report.changed) == (True, True), report.diagnostics
    assert scrub_repository(repo).diagnostics == ()
    with open_repository(repo) as butler:
        for ref in butler.query_datasets("camera_geometry", "*", find_first=False):
            assert ref.datasetType.storageClass.pytype.__name__ == "Calib"


def test_a_storage_class_that_no_version_had_is_refused(repo: str, bundle: Path) -> None:
    butler = prepare_repository(repo)
    kind = DatasetType(
        "camera_geometry",
        DATASET_TYPES["camera_geometry"][1],
        "Camera",
        universe=butler.dimensions,
        isCalibration=True,
    )
    butler.registry.registerDatasetType(kind)
    report = import_bundle(bundle, repo)
    assert codes(report) == ["CAL623"]
    assert (
        "the repository has Camera by instrument (a calibration), not Catalog"
        in report.diagnostics[0].message
    )


def test_a_new_repository_promises_the_stack_a_table_and_no_class_of_ours(repo: str, bundle: Path) -> None:
    assert import_bundle(bundle, repo).ok
    assert storage_class(repo, "camera_geometry") == FITS_TABLES
    with open_repository(repo) as butler:
        (ref,) = butler.query_datasets("camera_geometry", "*", find_first=False)
        assert ref.datasetType.storageClass.pytype.__name__ == "Calib"
