"""Imports killed at random moments, a short form of benchmarks/kill.py; what they leave is found and removed."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from curated.butler import import_bundle
from curated.core.diagnostic import CuratedError
from support.kills import duration, kill_once, moments, state_of
from support.repositories import BundleMaker, small_bundle

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


def test_a_run_of_which_butler_wrote_one_row_of_two_is_made_anew(bundle, tmp_path) -> None:
    from lsst.daf.butler import Butler

    repo, clean = tmp_path / "repo", tmp_path / "clean"
    import_bundle(bundle, str(clean))
    small = BundleMaker()
    small.add("defects", "1970-01-01T00:00:00", "2020-01-01T00:00:00", detector=0, seed=1)
    import_bundle(small.write(tmp_path / "small"), str(repo))
    Butler.from_config(str(repo), writeable=True).collections.register(RUN)
    with closing(sqlite3.connect(repo / "gen3.sqlite3")) as database:
        (key,) = database.execute("SELECT collection_id FROM collection WHERE name = ?", (RUN,)).fetchone()
        database.execute("DELETE FROM run WHERE collection_id = ?", (key,))
        database.commit()
    assert import_bundle(bundle, str(repo)).ok
    assert state_of(repo) == state_of(clean)


def test_a_failed_import_leaves_no_collection(bundle, tmp_path, monkeypatch) -> None:
    from curated.butler.importing import execution

    repo = tmp_path / "repo"
    small = BundleMaker(label="v0")
    small.add("defects", "1970-01-01T00:00:00", detector=0)
    import_bundle(small.write(tmp_path / "small"), str(repo))
    before = state_of(repo)

    def full(*args) -> None:
        raise OSError("no space")

    monkeypatch.setattr(execution, "_certify", full)
    with pytest.raises(CuratedError, match="no space"):
        import_bundle(bundle, str(repo))
    assert state_of(repo) == before


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
    named.write_bytes(sorted(repo.rglob("defects*.fits"))[0].read_bytes())
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
    source = sorted(bundle.rglob("defects/0/20200101T000000.fits"))[0]
    target = repo / RUN / "defects" / "defects_Lab_R00_S00_Lab_calib_v1_curated_20200101T000000Z.fits"
    import_bundle(small_bundle(tmp_path / "other", label="v0"), str(repo))
    target.parent.mkdir(parents=True)
    os.link(source, target)
    assert import_bundle(bundle, str(repo)).ok
    assert not target.samefile(source)
    assert target.read_bytes() == source.read_bytes()


def test_an_import_that_is_remembered_needs_no_butler_and_notices_changes(
    bundle, tmp_path, monkeypatch
) -> None:
    import sys

    from lsst.daf.butler import Butler, Timespan

    repo = tmp_path / "repo"
    import_bundle(bundle, str(repo))
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "lsst.daf.butler", None)
        report = import_bundle(bundle, str(repo))
    assert report.ok
    assert not report.changed
    assert report.instruments[0].datasets_present == 6
    butler = Butler.from_config(str(repo), writeable=True)
    butler.registry.decertify("Lab/calib/v1", "defects", Timespan(None, None))
    assert import_bundle(bundle, str(repo)).instruments[0].certifications_new == 4
    file = sorted(repo.rglob("defects*.fits"))[0]
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    assert [d.code for d in import_bundle(bundle, str(repo)).diagnostics] == ["CAL625"]


def test_a_plan_says_what_differs_and_what_shows_through(bundle, tmp_path) -> None:
    from lsst.daf.butler import Butler

    from curated.report.import_text import plan_lines
    from support.repositories import BundleMaker

    repo = tmp_path / "repo"
    import_bundle(bundle, str(repo))
    later = BundleMaker(label="v2")
    later.add("defects", "1970-01-01T00:00:00", "2019-01-01T00:00:00", detector=0)
    later.add("defects", "2021-01-01T00:00:00", detector=0)
    later.instrument["visit_max"] = 7
    report = import_bundle(later.write(tmp_path / "later"), str(repo), dry_run=True)
    assert [d.code for d in report.diagnostics] == ["CAL621", "CAL640"]
    assert "6 ranges of 4 products" in report.diagnostics[1].message
    assert report.diagnostics[1].hint.endswith(f"'curated retract {repo} v1' takes it out of the chain")
    text = "\n".join(plan_lines(report))
    assert "visit_max is 2147483647 in the repository, 7 in the bundle" in text
    assert "1 DIFFERENT" in text
    assert "it can succeed" in text
    # A member of the chain that is no release is there to add what releases do not have.
    butler = Butler.from_config(str(repo), writeable=True)
    butler.collections.remove_from_chain("Lab/calib", "Lab/calib/v1")
    assert [d.code for d in import_bundle(tmp_path / "later", str(repo), dry_run=True).diagnostics] == [
        "CAL621"
    ]


def test_an_overlap_is_found_beside_the_next_one(tmp_path) -> None:
    from support.repositories import BundleMaker

    maker = BundleMaker()
    for begin, end in (("2000", "2020"), ("2001", "2002"), ("2005", "2006")):
        maker.add("defects", f"{begin}-01-01T00:00:00", f"{end}-01-01T00:00:00", detector=0)
    report = import_bundle(maker.write(tmp_path / "bundle"), str(tmp_path / "repo"), dry_run=True)
    assert [d.code for d in report.diagnostics] == ["CAL626", "CAL626"]
    assert (report.instruments[0].certifications_new, report.instruments[0].certifications_conflicting) == (
        1,
        2,
    )
