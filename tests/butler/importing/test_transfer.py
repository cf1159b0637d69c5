"""Files on their way into a repository: placed, moved, and uploaded into an object store."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from curated.butler import import_bundle, open_repository
from curated.core.diagnostic import CuratedError
from support.imports import assert_whole, codes, start_import
from support.remote import look_up, nothing_to_see, repository_contents, requests, write_seed
from support.repositories import make_bundle

pytest.importorskip("lsst.daf.butler")

RUN = "Lab/calib/v1/curated/20200101T000000Z"
NAMES = ("camera_geometry", "defects", "transmission_filter")


def test_moving_empties_the_bundle_and_can_be_repeated(bundle, repo) -> None:
    report = import_bundle(bundle, repo, transfer="move")
    assert report.ok
    assert report.bytes_copied == 0
    assert not list((bundle / "files").rglob("*.fits"))
    assert_whole(repo)
    report = import_bundle(bundle, repo, transfer="move")
    assert report.ok
    assert not report.changed
    assert codes(import_bundle(bundle, repo)) == ["CAL613"] * 6


def test_a_moved_bundle_cannot_fill_another_repository(bundle, repo, tmp_path) -> None:
    import_bundle(bundle, repo, transfer="move")
    report = import_bundle(bundle, str(tmp_path / "other"), transfer="move")
    assert {d.code for d in report.diagnostics} == {"CAL613"}


def test_another_transfer_after_a_kill_takes_nothing_over_that_it_must_not(bundle, tmp_path) -> None:
    repo = tmp_path / "repo"
    source = sorted(bundle.rglob("defects/0/20200101T000000.fits"))[0]
    target = repo / RUN / "defects" / "defects_Lab_R00_S00_Lab_calib_v1_curated_20200101T000000Z.fits"
    import_bundle(make_bundle(tmp_path / "other", label="v0"), str(repo))
    target.parent.mkdir(parents=True)
    os.link(source, target)
    assert import_bundle(bundle, str(repo)).ok
    assert not target.samefile(source)
    assert target.read_bytes() == source.read_bytes()


def test_a_bucket_and_postgresql(bundle, bucket, seed, store_of_test, clean) -> None:
    repo = f"s3://{bucket}/repo"
    with requests(store_of_test) as methods:
        report = import_bundle(bundle, repo, seed_config=str(seed))
    assert (report.ok, report.created) == (True, True)
    # Each is uploaded, and nobody asks for any.
    assert methods == ["PUT"] * 6
    assert repository_contents(repo) == clean
    for utc, width in (("2019-06-01T00:00:00", 2), ("2020-06-01T00:00:00", 3)):
        defects = look_up(repo, utc)
        assert type(defects).__module__ == "curated.types.defects"
        assert defects.width.tolist() == [width]
    with requests(store_of_test) as methods:
        report = import_bundle(bundle, repo)
    assert (report.ok, report.changed) == (True, False)
    assert methods == ["HEAD"] * 6
    assert repository_contents(repo) == clean


def test_a_bucket_and_sqlite(bundle, bucket, sqlite, clean) -> None:
    repo = f"s3://{bucket}/repo"
    assert import_bundle(bundle, repo, seed_config=str(sqlite)).changed
    assert repository_contents(repo) == clean
    assert not import_bundle(bundle, repo).changed


@pytest.mark.parametrize(("stage", "count"), [("upload", 3), ("certify", 2)])
def test_an_import_into_a_bucket_that_was_killed(
    bundle, bucket, seed, store_of_test, clean, stage, count
) -> None:
    repo = f"s3://{bucket}/repo"
    killed = start_import(bundle, repo, seed, stage=stage, count=count)
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    assert nothing_to_see(repo)
    uploaded = len(store_of_test.objects(bucket))
    assert uploaded >= (3 if stage == "upload" else 6)
    with requests(store_of_test) as methods:
        assert import_bundle(bundle, repo).changed
    assert methods.count("PUT") == 6 - uploaded
    assert repository_contents(repo) == clean


def test_what_an_earlier_import_left_is_replaced_if_it_is_not_the_same(
    bundle, bucket, sqlite, store_of_test, clean
) -> None:
    repo = f"s3://{bucket}/repo"
    import_bundle(bundle, repo, seed_config=str(sqlite))
    (database := Path(sqlite).parent / "registry.sqlite3").unlink()
    store_of_test.client().delete_object(Bucket=bucket, Key="repo/butler.yaml")
    longer, flipped = sorted(store_of_test.objects(bucket))[:2]
    content = store_of_test.objects(bucket)
    other = {longer: content[longer] + b"x", flipped: content[flipped][:-1] + b"x"}
    for key, body in other.items():
        store_of_test.client().put_object(Bucket=bucket, Key=key, Body=body, ChecksumAlgorithm="CRC32")
    with requests(store_of_test) as methods:
        import_bundle(bundle, repo, seed_config=str(sqlite))
    assert methods.count("PUT") == len(other)
    assert database.exists()
    assert repository_contents(repo) == clean


def test_moving_into_a_bucket_empties_the_bundle(bundle, bucket, sqlite, clean) -> None:
    repo = f"s3://{bucket}/repo"
    assert import_bundle(bundle, repo, seed_config=str(sqlite), transfer="move").changed
    assert not list((bundle / "files").rglob("*.fits"))
    assert repository_contents(repo) == clean
    assert not import_bundle(bundle, repo, transfer="move").changed


@pytest.mark.parametrize("transfer", ["hardlink", "symlink"])
def test_no_link_leads_into_a_bucket(bundle, bucket, sqlite, store_of_test, transfer) -> None:
    repo = f"s3://{bucket}/repo"
    for _ in range(2):
        with pytest.raises(CuratedError, match=f"no {transfer} can lead into s3://") as caught:
            import_bundle(bundle, repo, seed_config=str(sqlite), transfer=transfer)
        assert "--transfer copy" in caught.value.hint
        assert not store_of_test.objects(bucket, (".fits",))
        # Refused before a repository is made, and where there is one.
        other = Path(sqlite).parent / "other"
        if not other.exists():
            assert not store_of_test.objects(bucket, ("butler.yaml",))
            other.touch()
            import_bundle(bundle, repo, seed_config=str(sqlite), transfer="direct")


def test_direct_leaves_the_files_where_they_are(bundle, bucket, sqlite, store_of_test) -> None:
    repo = f"s3://{bucket}/repo"
    assert import_bundle(bundle, repo, seed_config=str(sqlite), transfer="direct").changed
    assert not store_of_test.objects(bucket)
    butler = open_repository(repo)
    refs = [ref for name in NAMES for ref in butler.query_datasets(name, "*", find_first=False)]
    assert {butler.getURI(ref).ospath for ref in refs} == set(map(str, (bundle / "files").rglob("*.fits")))
    assert not import_bundle(bundle, repo, transfer="direct").changed


def test_two_datasets_never_share_an_object(bundle, bucket, sqlite, store_of_test) -> None:
    with sqlite.open("a") as stream:
        stream.write("datastore:\n  templates:\n    default: '{run:/}/{datasetType}_{instrument}'\n")
    repo = f"s3://{bucket}/repo"
    # A new repository is planned with Butler's own templates; here is one.
    for dry in (False, True):
        report = import_bundle(bundle, repo, seed_config=str(sqlite), dry_run=dry)
        assert codes(report) == ["CAL650"] * 2
        assert not store_of_test.objects(bucket)


def test_a_dry_run_uploads_nothing(bundle, bucket, sqlite, store_of_test) -> None:
    report = import_bundle(bundle, f"s3://{bucket}/repo", seed_config=str(sqlite), dry_run=True)
    assert report.changed
    assert not store_of_test.objects(bucket, ("",))
    assert not (sqlite.parent / "registry.sqlite3").exists()


def test_an_upload_that_is_refused_for_a_while_is_repeated(bundle, bucket, tmp_path, store_of_test) -> None:
    seed = write_seed(tmp_path / "seed.yaml", f"sqlite:///{tmp_path}/registry.sqlite3")
    repo = f"s3://{bucket}/repo"
    with store_of_test.busy():
        assert import_bundle(bundle, repo, seed_config=str(seed)).changed
    assert sum(bucket in line and " 503 " in line for line in store_of_test.log.read_text().splitlines()) >= 2
    assert len(repository_contents(repo)["datasets"]) == 6
