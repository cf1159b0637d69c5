"""The instruments of a repository for an adoption: records, and the stack's camera file."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml

from conftest import MakePackage
from curated.butler import read_registered_instruments
from curated.butler.instruments.adoption import with_camera
from curated.check.package import check_package
from curated.core.diagnostic import CuratedError
from curated.fits.camera_archive import read_camera
from curated.package.instrument import Detector, Instrument
from curated.package.package import open_package
from support.cameras import camera_texts, detector, write_camera
from support.corpus import copy_stack_repository
from support.exports import make_repository
from support.packages import defects_text
from support.programs import run_curated

CAMERA = [detector(0, "R00_S00"), detector(1, "R00_S01")]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with the records of an instrument Lab."""
    return make_repository(tmp_path_factory.mktemp("lab") / "repo")


def adopt(root: Path, *arguments: object) -> tuple[int, dict]:
    done = run_curated("adopt", root, "--format", "json", *arguments)
    return done.returncode, json.loads(done.stdout)


def codes(root: Path) -> list[str]:
    report = check_package(open_package(root), use_cache=False)
    return [finding.code for finding in report.diagnostics if finding.is_error]


def bare(root: Path, directory: str = "lab") -> Path:
    for number in range(2):
        path = root / f"{directory}/defects/r00_s{number:02d}/20200101T000000.ecsv"
        path.parent.mkdir(parents=True)
        meta = {"INSTRUME": directory, "DET_NAME": f"R00_S{number:02d}"}
        path.write_text(defects_text(meta, detector=number, date="2020-01-01T00:00:00"))
    return root


def test_records_are_taken_over(lab: Path, tmp_path: Path) -> None:
    package = bare(tmp_path / "package")
    status, answer = adopt(package, "--from-repository", lab, "--dry-run")
    assert (status, list(package.rglob("*.yaml"))) == (0, [])
    status, again = adopt(package, "--from-repository", lab)
    assert status == 0
    assert [f["text"] for f in again["files"]] == [f["text"] for f in answer["files"]]
    tree = yaml.safe_load((package / "lab/instrument.yaml").read_text())
    assert (tree["name"], tree["class_name"]) == ("Lab", "lsst.obs.lab.Lab")
    assert (tree["visit_max"], tree["exposure_max"], tree["detector_max"]) == (99, 88, 9)
    assert tree["filters"] == [{"name": "g_6", "band": "g"}]
    assert [d["name"] for d in tree["detectors"]] == ["R00_S00", "R00_S01"]
    assert (package / "curated.yaml").is_file()
    assert codes(package) == []
    status, last = adopt(package, "--from-repository", lab)
    assert (status, [f["written"] for f in last["files"]]) == (0, [False, False])


def test_what_the_package_declares_stays(lab: Path, tmp_path: Path) -> None:
    package = bare(tmp_path / "package")
    declared = package / "lab/instrument.yaml"
    declared.write_text("name: Lab\nvisit_max: 7\n")
    done = run_curated("adopt", package, "--from-repository", lab)
    assert done.returncode == 1
    assert "CAL677 visit_max is 7 here, 99 in the repository" in done.stdout + done.stderr
    tree = yaml.safe_load(declared.read_text())
    assert (tree["visit_max"], tree["exposure_max"], len(tree["detectors"])) == (7, 88, 2)


def test_an_instrument_that_is_not_certain(lab: Path, tmp_path: Path) -> None:
    package = bare(tmp_path / "package", "observatory")
    status, answer = adopt(package, "--from-repository", lab)
    assert (status, [f["code"] for f in answer["findings"]]) == (1, ["CAL653"])
    assert [f["path"] for f in answer["files"]] == ["curated.yaml"]
    (package / "curated.yaml").unlink()
    status, answer = adopt(package, "--from-repository", lab, "--instrument", "observatory=Lab")
    assert status == 0
    assert yaml.safe_load((package / "observatory/instrument.yaml").read_text())["name"] == "Lab"
    assert run_curated("adopt", package, "--instrument", "a=b").returncode == 2


def test_an_instrument_that_the_repository_does_not_have(lab: Path) -> None:
    inferred = Instrument("Lab", "lab", inferred=("name",))
    result = read_registered_instruments(str(lab), [inferred], ["lab=new:Other"])
    assert [d.code for d in result.diagnostics] == ["CAL676"]
    with pytest.raises(CuratedError):
        read_registered_instruments(str(lab / "nothing"), [inferred])


def test_the_camera_file_gives_sizes_amplifiers_and_serial_numbers(
    make_package: MakePackage, tmp_path: Path
) -> None:
    source = make_package({"curated.yaml": "", **camera_texts("Lab", CAMERA)}, "source").path
    repo = tmp_path / "repo"
    assert run_curated("publish", repo, "--label", "v1", cwd=source).returncode == 0
    package = bare(tmp_path / "package")
    assert adopt(package, "--from-repository", repo)[0] == 0
    tree = yaml.safe_load((package / "lab/instrument.yaml").read_text())
    assert tree["detectors"][1] == {
        "id": 1,
        "name": "R00_S01",
        "serial": "LAB-001",
        "width": 48,
        "height": 32,
        "amplifiers": ["C00", "C01"],
    }
    (stored,) = repo.glob("Lab/calib/v1/unbounded/camera/*.fits")
    stored.write_bytes(stored.read_bytes()[:5000])
    status, answer = adopt(bare(tmp_path / "other"), "--from-repository", repo)
    assert (status, [f["code"] for f in answer["findings"]]) == (0, ["CAL679"])
    stored.unlink()
    shutil.rmtree(tmp_path / "other")
    _, answer = adopt(bare(tmp_path / "other"), "--from-repository", repo)
    assert [f["code"] for f in answer["findings"]] == ["CAL679"]


def test_a_camera_file_that_contradicts_the_records(tmp_path: Path) -> None:
    archive = read_camera(write_camera(tmp_path / "camera.fits", "Lab", CAMERA))
    detectors = {"r00_s00": Detector(0, "R00_S00"), "r00_s09": Detector(1, "R00_S09"), "x": Detector(7, "X")}
    result, problems = with_camera(Instrument("Lab", "lab", detectors), archive)
    assert [problem.code for problem in problems] == ["CAL678"]
    assert "detector 1 is 'R00_S01' in the camera file, 'R00_S09' in the repository" in problems[0].detail
    assert [d.width for d in result.detectors.values()] == [48, 0, 0]


@pytest.mark.parametrize(
    ("directory", "name", "detectors"), [("latiss", "LATISS", 1), ("comCam", "LSSTComCam", 9)]
)
def test_repositories_of_the_stack(
    corpus: Path, directory: str, name: str, detectors: int, tmp_path: Path
) -> None:
    package, repo = tmp_path / "package", copy_stack_repository(directory, tmp_path / "repo")
    shutil.copytree(corpus / "obs_lsst_data" / directory, package / directory, copy_function=shutil.copyfile)
    status, answer = adopt(package, "--from-repository", repo)
    assert (status, [f for f in answer["findings"] if f["severity"] == "error"]) == (0, [])
    tree = yaml.safe_load((package / directory / "instrument.yaml").read_text())
    assert (tree["name"], len(tree["detectors"])) == (name, detectors)
    assert all(len(d["amplifiers"]) == 16 and d["width"] == 4072 for d in tree["detectors"])
    assert codes(package) == []
