"""Imports of bundles into real repositories: what they do, what they refuse, and that they can be repeated."""

from __future__ import annotations

import json
import shutil
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from curated.butler import import_bundle, open_repository
from curated.core.diagnostic import CuratedError
from support.imports import (
    assert_refused,
    assert_whole,
    codes,
    counts,
    edit_manifest,
    file_states,
    run_import,
)
from support.kills import state_of
from support.programs import run_python
from support.remote import repository_contents
from support.repositories import INSTRUMENT, make_bundle, run_stock_butler, tai_ns

pytest.importorskip("lsst.daf.butler")

COLLECTION = "Lab/calib/v1"


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
    before = file_states(repo)
    report = import_bundle(bundle, repo, transfer=transfer)
    assert report.ok
    assert not report.changed
    assert not report.created
    assert (counts(report)["datasets_present"], counts(report)["certifications_present"]) == (6, 6)
    assert counts(report)["records_equal"] == 6
    assert file_states(repo) == before


def test_a_dry_run_changes_nothing(bundle, repo, tmp_path) -> None:
    before = sorted(tmp_path.rglob("*"))
    report = import_bundle(bundle, repo, dry_run=True)
    assert report.ok
    assert report.dry_run
    assert report.created
    assert counts(report)["datasets_new"] == 6
    assert sorted(tmp_path.rglob("*")) == before

    import_bundle(make_bundle(tmp_path / "other", label="v0"), repo)
    database = next(Path(repo).glob("*.sqlite3")).read_bytes()
    files = file_states(repo)
    report = import_bundle(bundle, repo, dry_run=True)
    assert not report.created
    assert report.instruments[0].chain_after == (COLLECTION, "Lab/calib/v0")
    assert next(Path(repo).glob("*.sqlite3")).read_bytes() == database
    assert file_states(repo) == files


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
    certified = set()
    for name in ("defects", "transmission_filter", "camera_geometry"):
        for association in butler.registry.queryDatasetAssociations(
            name, COLLECTION, collectionTypes={CollectionType.CALIBRATION}
        ):
            ref = association.ref
            certified.add((str(ref.id), ref.run, *association.timespan.nsec))
    last = 4102444800000000000
    assert certified == {
        (d["uuid"], d["run"], d["validity"]["begin_tai_ns"], d["validity"]["end_tai_ns"] or last)
        for d in json.loads((bundle / "manifest.json").read_text())["datasets"]
    }


def test_ours_and_the_stock_import_agree(bundle, repo, tmp_path) -> None:
    import_bundle(bundle, repo)
    stock = str(tmp_path / "stock")
    for arguments in (
        ["create", stock, "--seed-config", str(bundle / "butler-seed.yaml")],
        ["import", stock, str(bundle), "--export-file", "export.yaml", "-t", "copy"],
    ):
        assert run_stock_butler(*arguments).returncode == 0
    report = import_bundle(bundle, stock)
    assert report.ok
    assert (counts(report)["datasets_new"], counts(report)["certifications_new"]) == (0, 0)
    assert counts(report)["records_equal"] == 6
    files = [
        {str(Path(p).relative_to(r)) for p in file_states(r) if p.endswith(".fits")} for r in (repo, stock)
    ]
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
    report = import_bundle(make_bundle(tmp_path / "next", label="v2"), repo)
    assert report.instruments[0].chain_before == (COLLECTION,)
    assert report.instruments[0].chain_after == ("Lab/calib/v2", COLLECTION)
    assert not import_bundle(bundle, repo).changed
    import_bundle(make_bundle(tmp_path / "third", label="v3"), repo, chain=False)
    assert open_repository(repo).collections.get_info("Lab/calib").children == ("Lab/calib/v2", COLLECTION)


def test_progress_is_told(bundle, repo) -> None:
    calls: list[tuple[str, int, int]] = []
    import_bundle(bundle, repo, progress=lambda *args: calls.append(args))
    assert [call for call in calls if call[1] == call[2]] == [
        ("verify", 6, 6),
        ("ingest", 6, 6),
        ("certify", 4, 4),
    ]


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


def test_damaged_and_missing_files_are_findings(next_bundle, filled_repo) -> None:
    before = state_of(filled_repo)
    flipped, short, gone = sorted((next_bundle / "files").rglob("*.fits"))[:3]
    content = bytearray(flipped.read_bytes())
    content[3000] ^= 1
    flipped.write_bytes(content)
    short.write_bytes(short.read_bytes()[:-100])
    gone.unlink()
    done = run_import(next_bundle, filled_repo)
    assert_refused(done, 1, "CAL614", "CAL613", "nothing was changed")
    assert state_of(filled_repo) == before


def test_a_bundle_cannot_reach_out_of_itself(bundle, repo, tmp_path) -> None:
    edit_manifest(bundle, lambda m: m["datasets"][0].update(path="../outside.fits"))
    assert codes(import_bundle(bundle, repo)) == ["CAL612"]
    small = make_bundle(tmp_path / "linked")
    target = next((small / "files").rglob("*.fits"))
    shutil.move(target, tmp_path / "elsewhere.fits")
    target.symlink_to(tmp_path / "elsewhere.fits")
    assert codes(import_bundle(small, repo)) == ["CAL632"]
    shutil.move(small / "files", tmp_path / "files")
    (small / "files").symlink_to(tmp_path / "files")
    assert codes(import_bundle(small, repo)) == ["CAL632"] * 6
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
        (lambda m: m["datasets"][0].update(collection="Other/calib/v1"), "CAL616"),
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


def test_an_import_that_lost_a_race_repeats(bundle, repo, monkeypatch) -> None:
    from curated.butler.importing import importer

    stale = []
    real = importer.make_plan

    def late(butler, contents, request):
        plan = real(butler, contents, request)
        stale.append(plan)
        if len(stale) == 1:
            with monkeypatch.context() as patch:
                patch.setattr(importer, "make_plan", real)
                patch.setattr(importer, "config_lock", lambda *_: nullcontext())
                assert import_bundle(bundle, repo).changed
        return plan

    monkeypatch.setattr(importer, "make_plan", late)
    report = import_bundle(bundle, repo)
    assert report.ok
    assert not report.instruments[0].changed
    assert len(stale) == 2
    assert_whole(repo)


def test_an_import_without_the_lock_that_lost_a_race_repeats(
    bundle, bucket, seed, monkeypatch, clean
) -> None:
    from curated.butler.importing import importer

    repo = f"s3://{bucket}/repo"
    stale: list[Any] = []
    real = importer.make_plan

    def late(*args: Any, **kwargs: Any) -> Any:
        stale.append(real(*args, **kwargs))
        if len(stale) == 1:
            with monkeypatch.context() as patch:
                patch.setattr(importer, "make_plan", real)
                patch.setattr(importer, "registry_lock", lambda *_: nullcontext())
                assert import_bundle(bundle, repo).changed
        return stale[-1]

    monkeypatch.setattr(importer, "make_plan", late)
    report = import_bundle(bundle, repo, seed_config=str(seed))
    assert (report.ok, report.instruments[0].changed, len(stale)) == (True, False, 2)
    assert repository_contents(repo) == clean


def test_what_the_database_refuses_is_no_traceback(bundle, repo, monkeypatch) -> None:
    from sqlalchemy.exc import OperationalError

    from curated.butler.importing import importer

    def refuse(*args: object, **kwargs: object) -> None:
        raise OperationalError("BEGIN IMMEDIATE", (), Exception("database is locked"))

    monkeypatch.setattr(importer, "execute", refuse)
    with pytest.raises(CuratedError, match="database is locked") as caught:
        import_bundle(bundle, repo)
    assert "run it again" in caught.value.hint


def test_importing_the_room_does_not_import_lsst() -> None:
    code = "import sys, curated.butler; print([m for m in sys.modules if m.split('.')[0] in ('lsst', 'astropy')])"
    assert run_python(code).stdout.strip() == "[]"


def test_without_butler_the_import_says_what_to_install(bundle, repo, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "lsst.daf.butler", None)
    with pytest.raises(CuratedError, match="Butler") as caught:
        import_bundle(bundle, repo)
    assert "pip install" in caught.value.hint
