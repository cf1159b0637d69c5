"""The audit of images and of calibrations, on a small package and its history."""

from __future__ import annotations

import json
import uuid
from datetime import datetime
from pathlib import Path

import pytest

from conftest import GitPackage, MakePackage
from curated.audit.header import Exposure
from curated.audit.standing import Status
from curated.bundle.builder import build_bundle
from curated.core.diagnostic import CuratedError
from curated.package.package import open_package
from support.audits import DEFECTS, RUN, judge, run_audit, source
from support.changes import EPOCHS, LATER, MIDDLE, OLD, version
from support.processed import Applied, applied, isr_keywords, write_image


def test_calibrations_that_curated_wrote(released: GitPackage, tmp_path: Path) -> None:
    build_bundle(open_package(released.path), tmp_path / "bundle")
    files = sorted((tmp_path / "bundle").rglob("*.fits"))
    result = run_audit(released, *files)
    assert {s.status for f in result.files for s in f.standings} == {Status.IN_FORCE}
    assert len(result.files) == len(files) == 3
    # From 2021 on another calibration takes the place of the first.
    commit = released.commit({LATER: version(LATER, x0=7)})
    changed = [f for f in run_audit(released, *files).files if not f.is_settled]
    assert [s.use.role for f in changed for s in f.standings] == [MIDDLE]
    (standing,) = changed[0].standings
    assert (standing.status, standing.successor) == (Status.SUPERSEDED, LATER)
    assert standing.since is not None
    assert standing.since.sha1 == commit


def test_a_package_in_a_directory_of_its_repository(make_package: MakePackage, tmp_path: Path) -> None:
    package = make_package({f"data/obs/{path}": text for path, text in EPOCHS.items()})
    package.git("tag", "v1")
    commit = package.commit({f"data/obs/{OLD}": version(OLD, x0=5)})
    root = GitPackage(package.path / "data/obs", package.commits)
    build_bundle(open_package(root.path), tmp_path / "bundle")
    standing = judge(root, isr_keywords(DEFECTS))
    assert source(standing) == ("v1", package.commits[0], OLD)
    assert standing.since is not None
    assert standing.since.sha1 == commit
    files = sorted((tmp_path / "bundle").rglob("*.fits"))
    assert run_audit(root, *files).is_settled


def test_a_bare_package_whose_directory_has_another_name(make_package: MakePackage) -> None:
    package = make_package(
        {path.replace("calibs/lab", "labcam"): text for path, text in EPOCHS.items() if "lab" in path}
    )
    package.git("tag", "v1")
    assert source(judge(package, isr_keywords(DEFECTS)))[2] == OLD.replace("calibs/lab", "labcam")


def test_without_git_only_the_values_are_known(make_package: MakePackage, tmp_path: Path) -> None:
    package = GitPackage(tmp_path / "plain")
    package.path.mkdir()
    package.write(EPOCHS)
    assert "release v1 is no tag" in judge(package, isr_keywords(DEFECTS)).remarks[0]
    with pytest.raises(CuratedError):
        judge(package, isr_keywords(DEFECTS), revision="v1")


def test_files_are_worst_first_and_findings_are_no_success(released: GitPackage, tmp_path: Path) -> None:
    good = write_image(tmp_path / "a.fits", isr_keywords(DEFECTS))
    raw = write_image(tmp_path / "b.fits", {})
    timeless = write_image(tmp_path / "c.fits", isr_keywords(DEFECTS), {"DETECTOR": 0, "INSTRUME": "Lab"})
    (tmp_path / "d.fits").write_text("text")
    other = write_image(tmp_path / "e.fits", isr_keywords(applied("defects", "defects", RUN, detector=1)))
    foreign = write_image(
        tmp_path / "f.fits", isr_keywords(Applied("bias", "bias", str(uuid.uuid4()), "u/b"))
    )
    paths = (good, raw, timeless, tmp_path / "d.fits", other, foreign, tmp_path / "none.fits")
    result = run_audit(released, *paths)
    assert not result.is_settled
    assert [(Path(f.path).name, [d.code for d in f.findings]) for f in result.files] == [
        ("b.fits", ["CAL461"]),
        ("c.fits", ["CAL463"]),
        ("d.fits", ["CAL460"]),
        ("none.fits", ["CAL460"]),
        ("e.fits", []),
        ("a.fits", []),
        ("f.fits", []),
    ]
    assert run_audit(released, good, foreign).is_settled


def test_a_keyword_with_two_values_is_a_finding(released: GitPackage, tmp_path: Path) -> None:
    path = write_image(tmp_path / "image.fits", isr_keywords(DEFECTS))
    content = path.read_bytes()
    place = content.index(b"DETECTOR=")
    path.write_bytes(content[:place] + b"INSTRUME= 'Other   '".ljust(80) + content[place + 80 :])
    (file,) = run_audit(released, path).files
    assert ("CAL462", "INSTRUME has several values") in [(f.code, f.message) for f in file.findings]


def test_headers_are_read_by_the_mapping_of_the_instrument(make_package: MakePackage) -> None:
    instrument = {
        "name": "Lab",
        "detectors": [{"id": 0, "name": "D00"}, {"id": 1, "name": "D01"}],
        "filters": [],
        "headers": {"instrument": ["CAMERA"], "begin": ["OPENED"], "detector": ["CHIP"], "scale": "TAI"},
    }
    package = make_package({**EPOCHS, "calibs/lab/instrument.yaml": json.dumps(instrument)})
    package.git("tag", "v1")
    raw = {"CAMERA": "Lab", "OPENED": "2022-01-01T00:00:36", "CHIP": "D00"}
    (file,) = run_audit(package, write_image(package.path / "a.fits", isr_keywords(DEFECTS), raw)).files
    assert file.exposure == Exposure("Lab", "0", "", datetime(2021, 12, 31, 23, 59, 59))
    assert [s.status for s in file.standings] == [Status.IN_FORCE]
    # Butler's data ID is that of the repository, and goes first.
    keywords = {**isr_keywords(DEFECTS), "LSST BUTLER DATAID DETECTOR": 0}
    (file,) = run_audit(package, write_image(package.path / "a.fits", keywords, {**raw, "CHIP": "D01"})).files
    assert [s.status for s in file.standings] == [Status.IN_FORCE]


def test_rafts_and_slots_say_which_detector_it_is(make_package: MakePackage) -> None:
    instrument = {"name": "Lab", "detectors": [{"id": 5, "name": "R22_S11"}], "filters": []}
    path = "calibs/lab/defects/r22_s11/20200101T000000.ecsv"
    text = version(OLD, detector=5, DET_NAME="R22_S11")
    package = make_package(
        {"curated.yaml": "", path: text, "calibs/lab/instrument.yaml": json.dumps(instrument)}
    )
    package.git("tag", "v1")
    raw = {"INSTRUME": "Lab", "RAFTBAY": "R22", "CCDSLOT": "S11", "MJD-OBS": 59366.0}
    keywords = isr_keywords(applied("defects", "defects", RUN, detector=5))
    (file,) = run_audit(package, write_image(package.path / "a.fits", keywords, raw)).files
    assert [(s.status, s.successor) for s in file.standings] == [(Status.IN_FORCE, path)]
