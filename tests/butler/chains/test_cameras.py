"""Another camera in the chain is said, with where it is certified, for when, and what the new one differs in."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from conftest import MakePackage
from curated.bundle.builder import build_bundle
from curated.butler import import_bundle
from curated.butler.chains.cameras import camera_differences
from curated.butler.importing.report import ImportReport
from curated.fits.camera_archive import read_camera
from curated.package.package import open_package
from support.cameras import detector, write_camera
from support.packages import defects_path, defects_text

LAB = "name: Lab\ndetectors: [{id: 0, name: D00}, {id: 1, name: D01}]\n"
FILES = {"curated.yaml": "", "calibs/lab/instrument.yaml": LAB, defects_path(0): defects_text()}
FIRST, SECOND = detector(0, "D00"), detector(1, "D01")


def finding(report: ImportReport) -> list[str]:
    return [d.message for d in report.diagnostics if d.code == "CAL649"]


def test_a_second_camera_is_compared_with_the_certified_one(
    make_package: MakePackage, tmp_path: Path
) -> None:
    package = open_package(make_package(FILES).path)
    bundles = [build_bundle(package, tmp_path / label, label=label, jobs=1)[1] for label in ("v1", "v2")]
    paths = [bundle.path for bundle in bundles if bundle is not None]
    repo = str(tmp_path / "repo")
    camera = write_camera(tmp_path / "camera.fits", "Lab", [FIRST, SECOND])
    other = write_camera(tmp_path / "other.fits", "Lab", [FIRST, detector(1, "D01", serial="LAB-007")])
    assert finding(import_bundle(paths[0], repo, camera=str(camera))) == []
    # The same camera once more, in the same release and in another.
    assert not import_bundle(paths[0], repo, camera=str(camera)).changed
    assert finding(import_bundle(paths[1], repo, camera=str(camera), dry_run=True)) == []
    for dry_run in (True, False):
        report = import_bundle(paths[1], repo, camera=str(other), dry_run=dry_run)
        assert report.ok
        (text,) = finding(report)
        assert text.startswith("Lab: Lab/calib/v1 has another camera from open to open UTC (dataset ")
        assert text.endswith("): in the new one detector 1 has serial 'LAB-007' for 'LAB-001'")
    # Another file for a release that has one is a conflict, and says as much.
    report = import_bundle(paths[1], repo, camera=str(camera))
    assert not report.ok
    assert [text.partition(" (")[0] for text in finding(report)] == [
        "Lab: Lab/calib/v2 has another camera from open to open UTC",
    ]


NAN = [("C00", 24, 32, math.nan), ("C01", 24, 32, 1.5)]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, ""),
        ({"name": "D07"}, "name 'D07' for 'D01'"),
        ({"type": 1}, "purpose 'FOCUS' for 'SCIENCE'"),
        ({"width": 50}, "50 x 32 pixels for 48 x 32"),
        ({"amplifiers": [("C00", 24, 32, 1.5)]}, "amplifiers C00 for C00, C01"),
        (
            {"amplifiers": [("C00", 23, 32, 1.5), ("C01", 24, 32, 1.6)]},
            "another size of amplifiers C00, another gain of amplifiers C01",
        ),
        ({"amplifiers": NAN}, "another gain of amplifiers C00"),
    ],
)
def test_differences(tmp_path: Path, changes: dict[str, Any], text: str) -> None:
    archives = [
        read_camera(write_camera(tmp_path / f"{n}.fits", "Lab", [FIRST, second]))
        for n, second in enumerate((SECOND, {**SECOND, **changes}))
    ]
    assert list(camera_differences(*archives)) == ([f"detector 1 has {text}"] if text else [])


def test_unknown_gains_and_detectors_of_one_camera_only(tmp_path: Path) -> None:
    unknown = detector(0, "D00", amplifiers=NAN)
    one, two = (
        read_camera(write_camera(tmp_path / f"{n}.fits", "Lab", detectors))
        for n, detectors in enumerate(([unknown, SECOND], [unknown, detector(2, "D02")]))
    )
    assert list(camera_differences(one, one)) == []
    assert list(camera_differences(one, two)) == ["detector 1 is missing", "detector 2 is new"]
