"""Bundles with the stack's camera file as one more dataset, imported into real repositories."""

from __future__ import annotations

import hashlib
import os
import signal
from pathlib import Path

import pytest
from astropy.time import Time
from lsst.daf.butler import Butler, Timespan

from conftest import MakePackage
from curated.bundle.builder import build_bundle
from curated.bundle.camera import add_camera
from curated.bundle.contents import Contents
from curated.bundle.manifest_reader import read_contents
from curated.bundle.verification import verify
from curated.core.diagnostic import CuratedError
from curated.package.package import open_package
from support.cameras import camera_texts, detector, write_camera
from support.kills import run_and_kill
from support.packages import defects_path, defects_text, read_tree
from support.programs import printed_json, run_curated

DETECTORS = [detector(0, "D00"), detector(1, "D01")]
LAB = "name: Lab\ndetectors: [{id: 0, name: D00}, {id: 1, name: D01}]\n"
FILES = {"curated.yaml": "", "calibs/lab/instrument.yaml": LAB, defects_path(0): defects_text()}


@pytest.fixture
def bundle(make_package: MakePackage, tmp_path: Path) -> Path:
    package = make_package(FILES)
    build_bundle(open_package(package.path), tmp_path / "bundle", label="v1", jobs=1)
    return tmp_path / "bundle"


@pytest.fixture
def camera(tmp_path: Path) -> Path:
    return write_camera(tmp_path / "camera.fits", "Lab", DETECTORS)


def contents_of(bundle: Path) -> Contents:
    contents, findings = read_contents(bundle)
    assert contents is not None, findings
    return contents


def test_the_copy_is_a_bundle_with_one_more_dataset(bundle: Path, camera: Path, tmp_path: Path) -> None:
    contents, copy = contents_of(bundle), tmp_path / "copy"
    copy.mkdir()
    assert add_camera(contents, str(camera), copy) == []
    extended = contents_of(copy)
    assert verify(extended) == {}
    (added,) = set(extended.entries) - set(contents.entries)
    assert (added.dataset_type, added.run, str(added.span)) == (
        "camera",
        "Lab/calib/v1/unbounded",
        "open to open TAI",
    )
    assert added.sha256 == hashlib.sha256(camera.read_bytes()).hexdigest()
    again = tmp_path / "again"
    again.mkdir()
    add_camera(contents, f"LAB={camera}", again)
    assert read_tree(again) == read_tree(copy)


def test_an_import_is_repeatable_and_found_by_lookups(bundle: Path, camera: Path, tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    arguments = ["import", bundle, repo, "--camera", camera, "--format", "json"]
    planned = printed_json(run_curated(*arguments, "--dry-run"))
    done = printed_json(run_curated(*arguments))
    assert [report["instruments"][0]["datasets_new"] for report in (planned, done)] == [2, 2]
    assert done["bundle"] == str(bundle)
    assert printed_json(run_curated(*arguments))["changed"] is False
    # The release alone has nothing that the repository lacks, and the records of both imports agree.
    assert printed_json(run_curated("import", bundle, repo, "--format", "json"))["changed"] is False
    assert run_curated("scrub", repo).returncode == 0
    with Butler.from_config(str(repo)) as butler:
        night = Timespan.fromInstant(Time("2024-06-01", scale="tai"))
        ref = butler.find_dataset("camera", instrument="Lab", collections="Lab/calib", timespan=night)
        assert ref is not None
        assert Path(butler.getURI(ref).ospath).read_bytes() == camera.read_bytes()


def test_it_may_follow_its_release(bundle: Path, camera: Path, tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    assert run_curated("import", bundle, repo).returncode == 0
    done = printed_json(run_curated("import", bundle, repo, "--camera", camera, "--format", "json"))
    (instrument,) = done["instruments"]
    assert (instrument["datasets_new"], instrument["datasets_present"]) == (1, 1)
    scrubbed = run_curated("scrub", repo)
    assert (scrubbed.returncode, "CAL693" in scrubbed.stdout + scrubbed.stderr) == (0, False)


def test_the_next_run_removes_what_a_killed_one_left(
    bundle: Path, camera: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    arguments = ["import", bundle, tmp_path / "repo", "--camera", camera]
    # The staging directory and one below it.
    done = run_and_kill(arguments, "os.mkdir", 3, signal.SIGKILL)
    assert (done.returncode, len(os.listdir(tmp_path / "tmp"))) == (-signal.SIGKILL, 1)
    done = run_curated(*arguments)
    assert (done.returncode, os.listdir(tmp_path / "tmp")) == (0, [])
    assert "which an interrupted run had left" in done.stderr


def test_a_camera_of_other_detectors_is_refused(bundle: Path, tmp_path: Path) -> None:
    other = write_camera(tmp_path / "other.fits", "Lab", [detector(0, "D00"), detector(1, "X01")])
    done = run_curated("import", bundle, tmp_path / "repo", "--camera", other)
    assert done.returncode == 1
    assert "CAL669 of the detectors of Lab, 1 D01 is X01" in done.stderr
    assert not (tmp_path / "repo").exists()


def test_a_package_that_keeps_one_needs_no_other(
    make_package: MakePackage, camera: Path, tmp_path: Path
) -> None:
    package = make_package({"curated.yaml": "", **camera_texts("Lab", DETECTORS)})
    build_bundle(open_package(package.path), tmp_path / "bundle", label="v1", jobs=1)
    (tmp_path / "copy").mkdir()
    with pytest.raises(CuratedError, match="the bundle has a camera of Lab"):
        add_camera(contents_of(tmp_path / "bundle"), str(camera), tmp_path / "copy")


@pytest.mark.parametrize(
    ("name", "status", "message"),
    [
        ("text.fits", 1, "CAL635 it is no camera file of the stack: it does not begin with SIMPLE"),
        ("short.fits", 1, "CAL635 it is no camera file of the stack: it is cut off or damaged"),
        ("pipe", 2, "is no regular file"),
        ("nothing.fits", 2, "No such file"),
        ("Labb=camera.fits", 2, "did you mean Lab?"),
    ],
)
def test_other_files_and_names_are_refused(
    bundle: Path, camera: Path, tmp_path: Path, name: str, status: int, message: str
) -> None:
    (tmp_path / "text.fits").write_text("no FITS")
    (tmp_path / "short.fits").write_bytes(camera.read_bytes()[:-3000])
    os.mkfifo(tmp_path / "pipe")
    done = run_curated("import", bundle, "repo", "--camera", name, cwd=tmp_path)
    assert (done.returncode, message in done.stderr) == (status, True), done.stderr
    assert not (tmp_path / "repo").exists()


def test_modes_that_leave_the_file_where_it_is_are_refused(
    bundle: Path, camera: Path, tmp_path: Path
) -> None:
    for transfer in ("direct", "symlink", "move"):
        done = run_curated("import", bundle, tmp_path / "repo", "--camera", camera, "--transfer", transfer)
        assert (done.returncode, "--transfer copy" in done.stderr) == (2, True)
