"""Files and repositories that killed imports leave: reported, and removed on request."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from curated.butler import import_bundle
from curated.butler.repository.journal import JournalEntry
from support.imports import codes
from support.kills import state_of
from support.remote import repository_contents

pytest.importorskip("lsst.daf.butler")

from lsst.resources import ResourcePath

from curated.butler.repository.opening import journal_of

RUN = "Lab/calib/v1/curated/20200101T000000Z"


def make_orphans(repo: Path) -> list[Path]:
    """Make what a killed copy and a killed creation leave, and what their journal has of it."""
    half = repo / RUN / "defects" / ".half.fits.0123abcd"
    half.parent.mkdir(parents=True, exist_ok=True)
    half.write_bytes(b"SIMPLE")
    staging = repo.parent / "new-repository-0123abcd"
    staging.mkdir()
    (staging / "gen3.sqlite3").write_bytes(b"")
    status = staging.stat()
    journal_of(str(repo)).add(
        [
            JournalEntry(str(half.with_name("half.fits")), RUN),
            JournalEntry(str(staging), device=status.st_dev, inode=status.st_ino),
        ]
    )
    return [half, staging]


def test_what_killed_imports_leave_is_reported_and_removed(bundle, tmp_path) -> None:
    repo = tmp_path / "repo"
    import_bundle(bundle, str(repo))
    before = state_of(repo)
    orphans = make_orphans(repo)
    report = import_bundle(bundle, str(repo))
    assert codes(report) == ["CAL641"]
    assert str(orphans[0]) in report.diagnostics[0].message
    assert not import_bundle(bundle, str(repo), dry_run=True, clean=True).removed
    assert all(path.exists() for path in orphans)
    report = import_bundle(bundle, str(repo), clean=True)
    assert report.removed == tuple(map(str, orphans))
    assert report.changed
    assert not report.diagnostics
    assert not any(path.exists() for path in orphans)
    assert not journal_of(str(repo)).exists
    assert state_of(repo) == before


def test_files_that_no_journal_names_are_never_removed(bundle, tmp_path) -> None:
    repo = tmp_path / "repo"
    import_bundle(bundle, str(repo))
    foreign = make_orphans(repo)
    journal_of(str(repo)).replace([])
    report = import_bundle(bundle, str(repo), clean=True)
    assert codes(report) == ["CAL642"]
    assert "2 files, such as" in report.diagnostics[0].message
    assert report.removed == ()
    assert all(path.exists() for path in foreign)


@pytest.mark.parametrize("place", ["outside", "link", "database", "configuration", "dataset", "other run"])
def test_a_journal_alone_removes_nothing_that_is_not_a_leftover(bundle, tmp_path, place) -> None:
    repo = tmp_path / "repo"
    import_bundle(bundle, str(repo))
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x.fits").write_bytes(b"x")
    (repo / RUN / "linked").symlink_to(outside)
    other = repo / "Lab" / "calib" / "v0" / "x.fits"
    other.parent.mkdir()
    other.write_bytes(b"x")
    target, run = {
        "outside": (outside / "x.fits", RUN),
        "link": (repo / RUN / "linked" / "x.fits", RUN),
        "database": (repo / "gen3.sqlite3", RUN),
        "configuration": (repo / "butler.yaml", RUN),
        "dataset": (next((repo / RUN).rglob("defects*.fits")), RUN),
        "other run": (other, "Lab/calib/v0"),
    }[place]
    journal_of(str(repo)).add([JournalEntry(str(target), run)])
    (repo / RUN / "linked").unlink() if place != "link" else None
    assert import_bundle(bundle, str(repo), clean=True).removed == ()
    assert target.exists()
    assert (outside / "x.fits").exists()


def test_cleaning_leaves_alone_what_is_not_ours_to_remove(bundle, tmp_path) -> None:
    from lsst.daf.butler import Butler, DatasetRef, FileDataset

    repo = tmp_path / "repo"
    import_bundle(bundle, str(repo))
    butler = Butler.from_config(str(repo), writeable=True)
    # A file that a dataset of another run names, in the directory of ours.
    shared = repo / RUN / "shared.fits"
    shared.write_bytes(sorted(repo.rglob("defects*.fits"))[0].read_bytes())
    butler.collections.register("u/else")
    old = butler.query_datasets("defects", "*", find_first=False)[0]
    ref = DatasetRef(old.datasetType, old.dataId, run="u/else")
    butler.ingest(FileDataset(path=str(shared), refs=[ref]), transfer=None)
    # Files of nobody, outside of the bundle's runs.
    outside = repo / "Lab" / "calib" / "v0" / "notes.fits"
    outside.parent.mkdir()
    outside.write_bytes(b"")
    assert import_bundle(bundle, str(repo), clean=True).removed == ()
    assert shared.exists()
    assert outside.exists()


def test_a_creation_under_way_is_left_alone(bundle, tmp_path) -> None:
    repo = tmp_path / "repo"
    import_bundle(bundle, str(repo))
    staging = tmp_path / "new-repository-0123abcd"
    staging.mkdir()
    descriptor = os.open(staging, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        assert not import_bundle(bundle, str(repo), clean=True).removed
    finally:
        os.close(descriptor)
    status = staging.stat()
    entry = JournalEntry(str(staging), device=status.st_dev, inode=status.st_ino)
    journal_of(str(repo)).add([entry._replace(inode=1)])
    assert not import_bundle(bundle, str(repo), clean=True).removed
    journal_of(str(repo)).add([entry])
    assert import_bundle(bundle, str(repo), clean=True).removed == (str(staging),)


def test_objects_that_belong_to_nothing_are_reported_and_removed(
    bundle, bucket, sqlite, store_of_test, clean
) -> None:
    repo = f"s3://{bucket}/repo"
    import_bundle(bundle, repo, seed_config=str(sqlite))
    client, objects = store_of_test.client(), store_of_test.objects(bucket)
    key = next(key for key in objects if "/curated/" in key)
    orphan, elsewhere = f"{key.rpartition('/')[0]}/left + over.fits", "repo/Lab/calib/v0/other.fits"
    journal_of(repo).add(
        [JournalEntry(str(ResourcePath(f"s3://{bucket}/").join(orphan, forceDirectory=False)), RUN)]
    )
    for name in (orphan, elsewhere):
        client.put_object(Bucket=bucket, Key=name, Body=b"SIMPLE")
    # To look costs requests, and has to be asked for.
    assert not import_bundle(bundle, repo).diagnostics
    report = import_bundle(bundle, repo, dry_run=True)
    assert codes(report) == ["CAL641"]
    assert "1 file (0.0 MB)" in report.diagnostics[0].message
    assert len(store_of_test.objects(bucket)) == len(objects) + 2
    report = import_bundle(bundle, repo, clean=True)
    assert len(report.removed) == 1
    assert store_of_test.objects(bucket).keys() == {*objects, elsewhere}
    assert repository_contents(repo) == clean
