"""Importing a bundle into real repositories: what it does, what it refuses, and that it can be repeated."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from curated.butler import import_bundle, open_repository
from curated.core.diagnostic import CuratedError
from support.packages import run_curated
from support.repositories import (
    INSTRUMENT,
    STORAGE,
    BundleMaker,
    name_of,
    run_python,
    run_stock,
    small_bundle,
    tai_ns,
    write_manifest,
)

pytest.importorskip("lsst.daf.butler")

COLLECTION = "Lab/calib/v1"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return small_bundle(tmp_path / "bundle")


@pytest.fixture
def repo(tmp_path: Path) -> str:
    return str(tmp_path / "repo")


def codes(report) -> list[str]:
    return [d.code for d in report.diagnostics]


def tree(repo: str) -> dict[str, tuple[int, int]]:
    """All files of a repository, with inode and size; the database's content is looked at by other means."""
    return {
        str(path): (path.stat().st_ino, path.stat().st_size)
        for path in Path(repo).rglob("*")
        if path.is_file() and ".sqlite3" not in path.name
    }


def edit(bundle: Path, change) -> None:
    manifest = json.loads((bundle / "manifest.json").read_text())
    change(manifest)
    write_manifest(bundle, manifest)


def counts(report) -> dict[str, int]:
    (instrument,) = report.to_dict()["instruments"]
    return {key: value for key, value in instrument.items() if isinstance(value, int)}


def prepare(repo: str, **records) -> object:
    """Create a repository that has dimension records already."""
    from lsst.daf.butler import Butler

    from curated.butler.repository.creation import create_repository

    create_repository(repo, STORAGE)
    butler = Butler.from_config(repo, writeable=True)
    for element, rows in records.items():
        butler.registry.insertDimensionData(element, *rows)
    return butler


# What it does


def test_a_first_import_creates_the_repository_and_certifies_everything(bundle, repo) -> None:
    report = import_bundle(bundle, repo)
    assert report.ok
    assert report.created
    assert report.changed
    assert counts(report) == {
        "datasets_new": 6,
        "datasets_present": 0,
        "datasets_restored": 0,
        "datasets_conflicting": 0,
        "certifications_new": 6,
        "certifications_present": 0,
        "certifications_conflicting": 0,
        "records_new": 6,
        "records_equal": 0,
        "records_different": 0,
    }
    assert report.bytes_copied == sum(p.stat().st_size for p in (bundle / "files").rglob("*.fits"))
    butler = open_repository(repo)
    assert butler.collections.get_info("Lab/calib").children == (COLLECTION,)
    assert len(butler.query_datasets("defects", "*", find_first=False)) == 4


@pytest.mark.parametrize("transfer", ["copy", "hardlink", "symlink", "direct"])
def test_a_second_import_changes_nothing_and_says_so(bundle, repo, transfer) -> None:
    assert import_bundle(bundle, repo, transfer=transfer).changed
    before = tree(repo)
    report = import_bundle(bundle, repo, transfer=transfer)
    assert report.ok
    assert not report.changed
    assert not report.created
    assert (counts(report)["datasets_present"], counts(report)["certifications_present"]) == (6, 6)
    assert counts(report)["records_equal"] == 6
    assert tree(repo) == before


def test_a_dry_run_changes_nothing(bundle, repo, tmp_path) -> None:
    before = sorted(tmp_path.rglob("*"))
    report = import_bundle(bundle, repo, dry_run=True)
    assert report.ok
    assert report.dry_run
    assert report.created
    assert counts(report)["datasets_new"] == 6
    assert sorted(tmp_path.rglob("*")) == before

    import_bundle(small_bundle(tmp_path / "other", label="v0"), repo)
    database = next(Path(repo).glob("*.sqlite3")).read_bytes()
    files = tree(repo)
    report = import_bundle(bundle, repo, dry_run=True)
    assert not report.created
    assert report.instruments[0].chain_after == (COLLECTION, "Lab/calib/v0")
    assert next(Path(repo).glob("*.sqlite3")).read_bytes() == database
    assert tree(repo) == files


def test_a_boundary_belongs_to_the_later_calibration(bundle, repo) -> None:
    from lsst.daf.butler import Timespan

    import_bundle(bundle, repo)
    butler = open_repository(repo)
    boundary = tai_ns("2020-01-01T00:00:00")
    assert boundary == 1577836837 * 10**9
    runs = []
    for nanoseconds in (boundary - 1, boundary, boundary + 1):
        instant = Timespan.model_validate((nanoseconds, nanoseconds + 1))
        ref = butler.find_dataset(
            "defects", instrument=INSTRUMENT, detector=0, timespan=instant, collections="Lab/calib"
        )
        runs.append(ref.run.rpartition("/")[2])
    assert runs == ["19700101T000000Z", "20200101T000000Z", "20200101T000000Z"]


def test_uuids_and_ranges_are_the_manifests(bundle, repo) -> None:
    from lsst.daf.butler import CollectionType

    import_bundle(bundle, repo)
    butler = open_repository(repo)
    held = set()
    for name in ("defects", "transmission_filter", "camera_geometry"):
        for found in butler.registry.queryDatasetAssociations(
            name, COLLECTION, collectionTypes={CollectionType.CALIBRATION}
        ):
            held.add((str(found.ref.id), found.ref.run, *found.timespan.nsec))
    last = 4102444800000000000
    assert held == {
        (d["uuid"], d["run"], d["validity"]["begin_tai_ns"], d["validity"]["end_tai_ns"] or last)
        for d in json.loads((bundle / "manifest.json").read_text())["datasets"]
    }


@pytest.mark.parametrize("transfer", ["hardlink", "copy", "direct"])
@pytest.mark.parametrize("place", ["plain", "a b", "a#b", "é+"])
def test_names_and_places_of_any_kind(tmp_path, transfer, place) -> None:
    filters = ("g_6", "r#1", "i 2", "z%20", "y+é", "u.1")
    maker = BundleMaker(filters=filters)
    for name in filters:
        maker.add("transmission_filter", "2015-06-30T12:00:00", physical_filter=name)
    repo = tmp_path / place / "repo"
    bundle = maker.write(tmp_path / place / "bundle")
    assert import_bundle(bundle, str(repo), transfer=transfer).ok
    butler = open_repository(str(repo))
    refs = butler.query_datasets("transmission_filter", "*", find_first=False)
    wanted = repo if transfer != "direct" else bundle
    places = {Path(butler.getURI(ref).ospath) for ref in refs}
    assert len(places) == len(filters)
    assert all(path.is_file() and path.is_relative_to(wanted) for path in places)
    report = import_bundle(bundle, str(repo), transfer=transfer, dry_run=True)
    assert (report.changed, report.diagnostics) == (False, ())
    # What is within the repository goes where that goes.
    moved = repo.rename(tmp_path / "elsewhere")
    uris = [open_repository(str(moved)).getURI(ref) for ref in refs]
    assert all(Path(uri.ospath).is_file() for uri in uris)


def test_ours_and_the_stock_import_agree(bundle, repo, tmp_path) -> None:
    import_bundle(bundle, repo)
    stock = str(tmp_path / "stock")
    for arguments in (
        ["create", stock, "--seed-config", str(bundle / "butler-seed.yaml")],
        ["import", stock, str(bundle), "--export-file", "export.yaml", "-t", "copy"],
    ):
        assert run_stock(*arguments).returncode == 0
    report = import_bundle(bundle, stock)
    assert report.ok
    assert (counts(report)["datasets_new"], counts(report)["certifications_new"]) == (0, 0)
    assert counts(report)["records_equal"] == 6
    files = [{str(Path(p).relative_to(r)) for p in tree(r) if p.endswith(".fits")} for r in (repo, stock)]
    assert files[0] == files[1]


def test_another_label_renames_collections_and_follows_with_uuids(bundle, repo) -> None:
    from lsst.daf.butler import Butler

    import_bundle(bundle, repo)
    report = import_bundle(bundle, repo, label="DM-1")
    assert report.ok
    assert counts(report)["datasets_new"] == 6
    butler = Butler.from_config(repo)
    assert butler.collections.get_info("Lab/calib").children == ("Lab/calib/DM-1", COLLECTION)
    runs = butler.collections.query("Lab/calib/DM-1/curated/*")
    assert len(butler.query_datasets("defects", runs, find_first=False)) == 4
    assert not import_bundle(bundle, repo, label="DM-1").changed


@pytest.mark.parametrize("label", ["", "a b", "/v", "v/"])
def test_a_label_that_is_no_name_is_refused(bundle, repo, label) -> None:
    with pytest.raises(CuratedError, match="label"):
        import_bundle(bundle, repo, label=label)
    assert not Path(repo).exists()


def test_the_chain_is_prepended_and_a_member_keeps_its_place(bundle, repo, tmp_path) -> None:
    import_bundle(bundle, repo)
    report = import_bundle(small_bundle(tmp_path / "next", label="v2"), repo)
    assert report.instruments[0].chain_before == (COLLECTION,)
    assert report.instruments[0].chain_after == ("Lab/calib/v2", COLLECTION)
    assert not import_bundle(bundle, repo).changed
    import_bundle(small_bundle(tmp_path / "third", label="v3"), repo, chain=False)
    assert open_repository(repo).collections.get_info("Lab/calib").children == ("Lab/calib/v2", COLLECTION)


def test_progress_is_told(bundle, repo) -> None:
    told: list[tuple[str, int, int]] = []
    import_bundle(bundle, repo, progress=lambda *args: told.append(args))
    assert [t for t in told if t[1] == t[2]] == [("verify", 6, 6), ("ingest", 6, 6), ("certify", 4, 4)]


# What it refuses


def test_a_corrupted_file_stops_everything(bundle, repo) -> None:
    files = sorted((bundle / "files").rglob("*.fits"))
    content = bytearray(files[0].read_bytes())
    content[4000] ^= 1
    files[0].write_bytes(content)
    files[1].write_bytes(content[:-1])
    files[2].unlink()
    report = import_bundle(bundle, repo)
    assert [(d.code, d.file) for d in report.diagnostics] == [
        (code, str(path.relative_to(bundle)))
        for code, path in zip(["CAL614", "CAL614", "CAL613"], files, strict=False)
    ]
    assert not Path(repo).exists()


def test_a_bundle_cannot_reach_out_of_itself(bundle, repo, tmp_path) -> None:
    edit(bundle, lambda m: m["datasets"][0].update(path="../outside.fits"))
    assert codes(import_bundle(bundle, repo)) == ["CAL612"]
    small = small_bundle(tmp_path / "linked")
    target = next((small / "files").rglob("*.fits"))
    shutil.move(target, tmp_path / "elsewhere.fits")
    target.symlink_to(tmp_path / "elsewhere.fits")
    assert codes(import_bundle(small, repo)) == ["CAL612"]
    shutil.move(small / "files", tmp_path / "files")
    (small / "files").symlink_to(tmp_path / "files")
    assert codes(import_bundle(small, repo)) == ["CAL612"] * 6
    assert not Path(repo).exists()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda m: m.update(version=2), "CAL611"),
        (lambda m: m.update(format="other"), "CAL610"),
        (lambda m: m.pop("datasets"), "CAL610"),
        (lambda m: m["datasets"][0].update(size="12"), "CAL610"),
        (lambda m: m["datasets"][0]["data_id"].update(detector="0"), "CAL610"),
        (lambda m: m["datasets"][0]["data_id"].update(visit=1), "CAL610"),
        (lambda m: m["datasets"][0]["data_id"].update(detector=99), "CAL615"),
        (lambda m: m["datasets"][0].update(uuid="00000000-0000-5000-8000-000000000000"), "CAL615"),
        (lambda m: m["datasets"].append(m["datasets"][0]), "CAL615"),
        (lambda m: m["datasets"][0]["validity"].update(end_tai_ns=1), "CAL610"),
        (lambda m: m["datasets"][0].update(collection="Other/calib/v1"), "CAL610"),
        (lambda m: m["dataset_types"][0].update(dimensions=["visit"]), "CAL610"),
        (lambda m: m["instruments"][0]["detectors"][0].update(full_name=""), "CAL610"),
    ],
)
def test_a_manifest_that_contradicts_itself_is_refused(bundle, repo, change, code) -> None:
    manifest = json.loads((bundle / "manifest.json").read_text())
    change(manifest)
    (bundle / "manifest.json").write_text(json.dumps(manifest))
    assert code in codes(import_bundle(bundle, repo))
    assert not Path(repo).exists()


def test_a_manifest_that_is_not_json_and_no_bundle_at_all(bundle, repo, tmp_path) -> None:
    (bundle / "manifest.json").write_text("{")
    assert codes(import_bundle(bundle, repo)) == ["CAL610"]
    with pytest.raises(CuratedError, match="no bundle"):
        import_bundle(tmp_path / "nothing", repo)
    with pytest.raises(CuratedError, match="transfer mode"):
        import_bundle(bundle, repo, transfer="auto")


def detector_row(number: int, **changes) -> dict:
    full = name_of(number)
    row = {"instrument": INSTRUMENT, "id": number, "full_name": full, "purpose": "SCIENCE"}
    return {**row, "name_in_raft": full[4:], "raft": full[:3], **changes}


INSTRUMENT_ROW = {"name": INSTRUMENT, "class_name": "lsst.obs.lab.Lab", "detector_max": 4}


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ({"detector": [detector_row(0, purpose="GUIDE")]}, ["CAL620"]),
        ({"detector": [detector_row(0, full_name="R99_S99")]}, ["CAL620"]),
        ({"detector": [detector_row(17, full_name=name_of(1))]}, ["CAL620"]),
        ({"detector": [detector_row(0, full_name=None)]}, ["CAL622"]),
        ({"physical_filter": [{"instrument": INSTRUMENT, "name": "g_6", "band": "r"}]}, ["CAL620"]),
    ],
)
def test_records_of_the_repository_are_never_overwritten(bundle, repo, records, expected) -> None:
    limits = {"visit_max": 2**31 - 1, "exposure_max": 2**31 - 1}
    butler = prepare(repo, instrument=[{**INSTRUMENT_ROW, **limits}], **records)
    files = tree(repo)
    report = import_bundle(bundle, repo)
    assert codes(report) == expected
    assert not report.changed
    for options in (["--dry-run"], []):
        done = run_curated("import", bundle, repo, *options)
        assert done.returncode == 1
        assert [code for code in expected if code not in done.stderr] == []
        assert "Traceback" not in done.stderr
    assert tree(repo) == files
    assert not butler.collections.query("*")


def test_limits_that_differ_are_a_warning(bundle, repo) -> None:
    prepare(
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
    bundle = small_bundle(tmp_path / "bare", instrument=unknown)
    prepare(repo, instrument=[INSTRUMENT_ROW], detector=[detector_row(0)])
    report = import_bundle(bundle, repo)
    assert codes(report) == []
    assert counts(report)["records_equal"] == 2


def test_dataset_types_and_collections_of_another_kind(bundle, repo) -> None:
    from lsst.daf.butler import CollectionType, DatasetType

    butler = prepare(repo)
    butler.registry.registerDatasetType(
        DatasetType("defects", ["instrument"], "Defects", universe=butler.dimensions, isCalibration=True)
    )
    butler.collections.register(COLLECTION, CollectionType.TAGGED)
    butler.collections.register("Lab/calib", CollectionType.CALIBRATION)
    report = import_bundle(bundle, repo)
    assert codes(report) == ["CAL623", "CAL624", "CAL624"]
    assert (
        "Defects by instrument (a calibration), not Defects by instrument, detector"
        in report.diagnostics[0].message
    )


def test_a_storage_class_that_butler_does_not_have(bundle, repo) -> None:
    edit(bundle, lambda m: m["dataset_types"][0].update(storage_class="Unheard"))
    assert codes(import_bundle(bundle, repo)) == ["CAL623"]


def test_a_label_is_not_used_twice(bundle, repo, tmp_path) -> None:
    import_bundle(bundle, repo)
    maker = BundleMaker()
    maker.add("defects", "1970-01-01T00:00:00", "2020-01-01T00:00:00", detector=0, seed=5)
    report = import_bundle(maker.write(tmp_path / "again"), repo)
    assert codes(report) == ["CAL625"]
    assert not report.changed


def test_ranges_that_overlap_within_the_bundle(repo, tmp_path) -> None:
    maker = BundleMaker()
    for begin, end in (("2020", "2022"), ("2021", None), ("2022", "2023")):
        maker.add("defects", f"{begin}-01-01T00:00:00", f"{end}-01-01T00:00:00" if end else None, detector=0)
    maker.add("defects", "2020-06-01T00:00:00", detector=1)
    report = import_bundle(maker.write(tmp_path / "overlap"), repo)
    assert codes(report) == ["CAL626", "CAL626"]
    assert not open_repository(repo).collections.query("*")


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        ("2019-12-31T23:59:59", "2020-01-01T00:00:00"),
        # Those of the datasets that are there, for another dataset.
        ("1970-01-01T00:00:00", "2020-01-01T00:00:00"),
        ("2020-01-01T00:00:00", None),
    ],
)
def test_ranges_that_overlap_what_the_repository_has(bundle, repo, tmp_path, begin, end) -> None:
    import_bundle(bundle, repo)
    maker = BundleMaker()
    maker.add("defects", begin, end, detector=0, epoch="another")
    maker.add("defects", "2021-01-01T00:00:00", detector=3)
    path = maker.write(tmp_path / "more")
    files = tree(repo)
    report = import_bundle(path, repo)
    assert codes(report) == ["CAL627"]
    assert "overlaps dataset" in report.diagnostics[0].message
    assert tree(repo) == files
    maker.datasets.pop(0)
    report = import_bundle(maker.write(tmp_path / "less"), repo)
    assert report.ok
    assert counts(report)["datasets_new"] == 1


def test_a_directory_of_something_else_is_left_alone(bundle, tmp_path) -> None:
    place = tmp_path / "documents"
    place.mkdir()
    (place / "letter.txt").write_text("Dear")
    with pytest.raises(CuratedError, match="no Butler repository"):
        import_bundle(bundle, str(place))
    assert [p.name for p in place.iterdir()] == ["letter.txt"]
    with pytest.raises(CuratedError, match="no Butler repository"):
        open_repository(str(place))


def test_a_repository_name_may_have_a_dot(bundle, tmp_path) -> None:
    assert import_bundle(bundle, str(tmp_path / "repo.v1")).ok
    assert not import_bundle(bundle, str(tmp_path / "repo.v1")).changed


def test_importing_the_room_does_not_import_lsst() -> None:
    code = "import sys, curated.butler; print([m for m in sys.modules if m.split('.')[0] in ('lsst', 'astropy')])"
    assert run_python(code).stdout.strip() == "[]"


def test_without_butler_the_import_says_what_to_install(bundle, repo, monkeypatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "lsst.daf.butler", None)
    with pytest.raises(CuratedError, match="Butler") as caught:
        import_bundle(bundle, repo)
    assert "pip install" in caught.value.hint
