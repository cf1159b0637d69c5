"""The stack's camera file as a calibration: copied as it is, and described by a text."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from conftest import MakePackage
from curated.butler import export_package
from curated.butler.inventories import read_inventory
from curated.calib import CalibrationError
from curated.check.package import check_package
from curated.core.diagnostic import CuratedError
from curated.core.metadata import Metadata
from curated.package.package import open_package
from curated.types.camera import CameraGeometry
from curated.types.stack_camera import StackCamera
from support.cameras import camera_texts, detector, write_camera
from support.corpus import copy_stack_repository, stack_repository
from support.programs import run_curated

TEXT = "calibs/lab/stack_camera/19700101T000000.yaml"
FILE = TEXT.replace(".yaml", ".fits")
DETECTORS = [detector(0, "R00_S00"), detector(1, "R00_S01")]


@pytest.fixture
def camera(tmp_path: Path) -> Path:
    return write_camera(tmp_path / "camera.fits", "Lab", DETECTORS)


def codes(package: Path) -> list[str]:
    return [finding.code for finding in check_package(open_package(package), use_cache=False).diagnostics]


def test_it_is_not_the_geometry() -> None:
    ours, theirs = CameraGeometry.SPEC, StackCamera.SPEC
    assert (ours.name, ours.dataset) == ("camera", "camera_geometry")
    assert (theirs.name, theirs.dataset, theirs.storage_class) == ("stack_camera", "camera", "Camera")


def test_a_text_and_its_file(camera: Path, tmp_path: Path) -> None:
    calib = StackCamera.readFits(camera).described(camera)
    calib = dataclasses.replace(calib, metadata=Metadata({**calib.metadata, "INSTRUME": "Lab"}))
    text = calib.writeText(tmp_path / "camera.yaml")
    again = StackCamera.readText(text)
    assert again.archive is not None
    assert [d.name for d in again.archive.detectors] == ["R00_S00", "R00_S01"]
    copy = Path(again.writeFits(tmp_path / "copy.fits"))
    assert copy.read_bytes() == camera.read_bytes()
    with pytest.raises(CuratedError, match="nothing that can be applied"):
        again.apply(None)
    with pytest.raises(CuratedError, match="has no camera file"):
        dataclasses.replace(again, path="").writeFits(tmp_path / "none.fits")


def test_files_that_are_none(camera: Path, tmp_path: Path) -> None:
    camera.write_bytes(camera.read_bytes()[:9000])
    with pytest.raises(CuratedError, match=r"camera\.fits is no camera file of the stack: it is cut off"):
        StackCamera.readFits(camera)
    (tmp_path / "camera.yaml").write_text(
        "metadata: {INSTRUME: Lab, OBSTYPE: stack_camera, CALIBDATE: '1970-01-01T00:00:00'}\n"
        "image: {file: ../camera.fits, sha256: x, size: 1}\n"
    )
    with pytest.raises(CalibrationError, match="CAL341") as caught:
        StackCamera.readText(tmp_path / "camera.yaml")
    assert "CAL301" in str(caught.value)


def test_hostile_files_are_findings(make_package: MakePackage, tmp_path: Path) -> None:
    package = make_package({"curated.yaml": "", **camera_texts("Lab", DETECTORS)}).path
    assert codes(package) == []
    file = package / FILE
    data = file.read_bytes()
    for content, code in (
        (data[:-2880], "CAL360"),
        (b"SIMPLE  =", "CAL360"),
        (b"", "CAL360"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "CAL342"),
        (data.replace(b"R00_S00", b"R00_S09"), "CAL343"),
    ):
        file.write_bytes(content)
        assert code in codes(package), content[:20]
    file.unlink()
    assert codes(package) == ["CAL340"]
    os.mkfifo(file)
    assert codes(package)[0] in ("CAL201", "CAL360")
    file.unlink()
    file.symlink_to(write_camera(tmp_path / "elsewhere.fits", "Lab", DETECTORS))
    assert codes(package) == ["CAL106"]


def test_through_a_repository_and_back(make_package: MakePackage, tmp_path: Path) -> None:
    package = make_package({"curated.yaml": "", **camera_texts("Lab", DETECTORS)}).path
    repo, back = tmp_path / "repo", tmp_path / "back"
    done = run_curated("publish", repo, "--label", "v1", cwd=package)
    assert done.returncode == 0, done.stdout + done.stderr
    (stored,) = repo.glob("Lab/calib/v1/unbounded/camera/*.fits")
    assert stored.read_bytes() == (package / FILE).read_bytes()
    assert run_curated("scrub", repo).returncode == 0
    report = export_package(str(repo), back)
    assert (report.ok, report.diagnostics, report.foreign) == (True, (), ())
    assert (back / FILE).read_bytes() == stored.read_bytes()
    assert codes(back) == []
    fingerprints = {read_inventory(str(place)).inventory.fingerprint for place in (package, repo, back)}
    assert len(fingerprints) == 1


@pytest.mark.parametrize(("name", "directory"), [("latiss", "latiss"), ("lsstCam", "lsstcam")])
def test_cameras_that_the_stack_certified(name: str, directory: str, tmp_path: Path) -> None:
    repo, back = copy_stack_repository(name, tmp_path / "repo"), tmp_path / "back"
    (original,) = stack_repository(name).glob("*/calib/unbounded/camera/*.fits")
    done = run_curated("export", repo, "--type", "stack_camera", "-o", back)
    assert done.returncode == 0, done.stderr
    exported = back / "calibs" / directory / "stack_camera/19700101T000000.fits"
    assert exported.read_bytes() == original.read_bytes()
    assert codes(back) == []
