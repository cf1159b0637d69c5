"""``curated new instrument``."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.cameras import detector, write_camera
from support.commands import Commands
from support.corpus import stack_repository
from support.detector_files import json_detector, write_json

CAMERA = "calibs/cam/camera/19700101T000000.yaml"


@pytest.fixture
def curated(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Commands:
    return Commands(capsys, monkeypatch)


@pytest.fixture
def root(curated: Commands, tmp_path: Path) -> Path:
    assert curated(tmp_path, "new", "package", "package", "--no-git").status == 0
    return tmp_path / "package"


def codes(curated: Commands, root: Path) -> list[str]:
    done = curated(root, "check", "--format", "json")
    assert done.status == 0
    return [finding["code"] for finding in done.json["findings"]]


def test_drafts_pass_the_check_and_end_the_stage_of_a_new_package(curated: Commands, root: Path) -> None:
    done = curated(
        root, "new", "instrument", "Cam", "--detectors", "2", "--size", "64x32", "--amplifiers", "4"
    )
    assert done.status == 0
    assert "FILL IN" in done.stderr
    assert "stage" not in (root / "curated.yaml").read_text("utf-8")
    assert codes(curated, root) == ["CAL700"]
    text = (root / CAMERA).read_text("utf-8")
    (root / CAMERA).write_text(
        "".join(line for line in text.splitlines(True) if "DRAFT" not in line), "utf-8"
    )
    assert codes(curated, root) == []


def test_files_that_exist_stay_without_force(curated: Commands, root: Path) -> None:
    arguments = ["new", "instrument", "Cam", "--size", "64x32"]
    assert curated(root, *arguments).status == 0
    before = (root / CAMERA).read_bytes()
    done = curated(root, *arguments, "--gain", "2")
    assert (done.status, (root / CAMERA).read_bytes()) == (2, before)
    assert "--force" in done.stderr
    assert curated(root, *arguments, "--gain", "2", "--force").status == 0
    assert b"gain: 2.0" in (root / CAMERA).read_bytes()


def test_dry_run_writes_nothing(curated: Commands, root: Path) -> None:
    before = sorted(root.rglob("*"))
    done = curated(root, "new", "instrument", "Cam", "--size", "64x32", "--dry-run", "--format", "json")
    assert sorted(root.rglob("*")) == before
    assert [file["path"] for file in done.json["files"]] == [
        "calibs/cam/instrument.yaml",
        CAMERA,
        "curated.yaml",
    ]
    assert (done.json["version"], done.json["detectors"]) == (1, 1)
    assert "name: Cam" in done.json["files"][0]["text"]


def test_camera_file_of_the_stack(curated: Commands, root: Path, tmp_path: Path) -> None:
    path = write_camera(
        tmp_path / "camera.fits", "Lab", [detector(0, "R00_S00"), detector(1, "R00_S01", type=2)]
    )
    assert curated(root, "new", "instrument", "Cam", "--camera", path, "--from", "mjd:60000").status == 0
    assert codes(curated, root) == []
    text = (root / "calibs/cam/instrument.yaml").read_text("utf-8")
    assert "{id: 1, name: R00_S01, raft: R00, slot: S01, serial: LAB-001, purpose: GUIDER, width: 48," in text
    assert "saturation: 60000.0" in (root / "calibs/cam/camera/20230224T235923.yaml").read_text("utf-8")


def test_detectors_of_lsst_images(curated: Commands, root: Path, tmp_path: Path) -> None:
    paths = [write_json(tmp_path / f"S0{i}.json", json_detector(i, f"R00_S0{i}")) for i in range(2)]
    cameras = [argument for path in paths for argument in ("--camera", path)]
    done = curated(root, "new", "instrument", "Cam", *cameras, "--from", "mjd:60000", "--format", "json")
    assert (done.status, done.json["detectors"]) == (0, 2)
    assert codes(curated, root) == []
    text = (root / "calibs/cam/camera/20230224T235923.yaml").read_text("utf-8")
    assert "saturation: 60000.0" in text
    assert curated(root, "lookup", "cam", "camera", "--at", "2024-01-01").status == 0
    mixed = curated(root, "new", "instrument", "Other", *cameras, "--camera", "camera.fits")
    assert (mixed.status, "only JSON files of one detector can be several" in mixed.stderr) == (2, True)


@pytest.mark.parametrize(
    ("repository", "name", "detectors", "expected"),
    [("latiss", "LATISS", 1, []), ("comCam", "LSSTComCam", 9, []), ("lsstCam", "LSSTCam", 205, ["CAL700"])],
)
def test_real_cameras_and_repositories(
    curated: Commands, root: Path, repository: str, name: str, detectors: int, expected: list[str]
) -> None:
    directory = stack_repository(repository)
    (path,) = directory.glob("*/calib/unbounded/camera/*.fits")
    done = curated(root, "new", "instrument", name, "--camera", path, "--format", "json")
    assert (done.status, done.json["detectors"]) == (0, detectors)
    # The camera of LSSTCam has a saturation of 27 adu.
    assert codes(curated, root) == expected
    if detectors < 100:
        done = curated(
            root, "new", "instrument", name, "--repository", directory, "--force", "--format", "json"
        )
        assert (done.status, done.json["detectors"]) == (0, detectors)
        assert done.json["filters"] > 5
        assert codes(curated, root) == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["../cam", "--detectors", "1"], "no name for an instrument"),
        (["CAM", "--detectors", "a/b"], "no name for a detector"),
        (["Demo", "--detectors", "1"], "differs from demo/ in case only"),
        (["Cam"], "nothing is known about the detectors"),
        (["Cam", "--size", "64x32", "--gain", "1e5"], "no instrument has gain of d00 C00 (100000)"),
        (["Cam", "--size", "64x32", "--timezone", "santiago"], "did you mean America/Santiago?"),
        (["Cam", "--size", "64x32", "--utc-offset", "99"], "not hours from -12 to 14"),
        (["Cam", "--camera", "curated.yaml"], "does not begin with SIMPLE"),
        (["Cam", "--camera", "none.fits"], "cannot be read"),
        (["Cam", "--camera", "none.json"], "cannot be read"),
        (["Cam", "--camera", "none.fits", "--gain", "1"], "leave one of them out"),
        (["Cam", "--registered-name", "x", "--size", "64x32"], "goes with --repository"),
        (["Cam", "--size", "64x32", "--from", "soon"], "--from 'soon'"),
    ],
)
def test_refusals(curated: Commands, root: Path, arguments: list[str], message: str) -> None:
    (root / "calibs/DEMO").mkdir()
    before = sorted(root.rglob("*"))
    done = curated(root, "new", "instrument", *arguments)
    assert (done.status, sorted(root.rglob("*"))) == (2, before)
    assert message in done.stderr


def test_night_of_the_instrument_that_is_declared(curated: Commands, root: Path) -> None:
    arguments = ["--size", "64x32", "--timezone", "America/Santiago", "--from", "night:2026-01-01"]
    assert curated(root, "new", "instrument", "Cam", *arguments).status == 0
    assert (root / "calibs/cam/camera/20260101T160000.yaml").is_file()
