"""Imports killed at random moments, a short form of benchmarks/kill.py; what they leave is found and removed."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from butler_support import small_bundle
from curated.butler import import_bundle
from kill_support import duration, kill_once, moments, state_of

pytest.importorskip("lsst.daf.butler")

RUN = "Lab/calib/v1/curated/20200101T000000Z"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return small_bundle(tmp_path / "bundle")


@pytest.mark.parametrize("transfer", ["copy", "hardlink", "direct"])
def test_an_import_killed_at_any_moment_can_be_repeated(bundle, tmp_path, transfer) -> None:
    clean = tmp_path / "clean"
    seconds = duration(bundle, clean, transfer)
    wanted = state_of(clean)
    for moment in moments(7, 2, seconds):
        kill = kill_once(bundle, tmp_path / "killed", transfer, moment, wanted)
        assert kill.equal, kill


def leave(repo: Path) -> list[Path]:
    """What a killed copy and a killed creation leave."""
    half = repo / RUN / "defects" / "half.fits.0123abcd"
    half.parent.mkdir(parents=True, exist_ok=True)
    half.write_bytes(b"SIMPLE")
    staging = repo.parent / "new-repository-0123abcd"
    staging.mkdir()
    (staging / "gen3.sqlite3").write_bytes(b"")
    return [half, staging]


def test_what_killed_imports_leave_is_reported_and_removed(bundle, tmp_path) -> None:
    repo = tmp_path / "repo"
    import_bundle(bundle, str(repo))
    before = state_of(repo)
    left = leave(repo)
    report = import_bundle(bundle, str(repo))
    assert [d.code for d in report.diagnostics] == ["CAL641"]
    assert str(left[0]) in report.diagnostics[0].message
    assert not import_bundle(bundle, str(repo), dry_run=True, clean=True).removed
    assert all(path.exists() for path in left)
    report = import_bundle(bundle, str(repo), clean=True)
    assert report.removed == tuple(map(str, left))
    assert report.changed
    assert not report.diagnostics
    assert not any(path.exists() for path in left)
    assert state_of(repo) == before


def test_cleaning_leaves_alone_what_is_not_ours_to_remove(bundle, tmp_path) -> None:
    from lsst.daf.butler import Butler, DatasetRef, FileDataset

    repo = tmp_path / "repo"
    import_bundle(bundle, str(repo))
    butler = Butler.from_config(str(repo), writeable=True)
    # A file that a dataset of another run names, in the directory of ours.
    named = repo / RUN / "shared.fits"
    named.write_bytes(next(repo.rglob("defects*.fits")).read_bytes())
    butler.collections.register("u/else")
    old = butler.query_datasets("defects", "*", find_first=False)[0]
    ref = DatasetRef(old.datasetType, old.dataId, run="u/else")
    butler.ingest(FileDataset(path=str(named), refs=[ref]), transfer=None)
    # Files of nobody, outside of the bundle's runs.
    outside = repo / "Lab" / "calib" / "v0" / "notes.fits"
    outside.parent.mkdir()
    outside.write_bytes(b"")
    assert import_bundle(bundle, str(repo), clean=True).removed == ()
    assert named.exists()
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
    assert import_bundle(bundle, str(repo), clean=True).removed == (str(staging),)


def test_another_transfer_after_a_kill_takes_nothing_over_that_it_must_not(bundle, tmp_path) -> None:
    repo = tmp_path / "repo"
    source = next(bundle.rglob("defects/0/20200101T000000.fits"))
    target = repo / RUN / "defects" / "defects_Lab_R00_S00_Lab_calib_v1_curated_20200101T000000Z.fits"
    import_bundle(small_bundle(tmp_path / "other", label="v0"), str(repo))
    target.parent.mkdir(parents=True)
    os.link(source, target)
    assert import_bundle(bundle, str(repo)).ok
    assert not target.samefile(source)
    assert target.read_bytes() == source.read_bytes()
