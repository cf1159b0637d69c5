"""The instruments of a package: their files, the overrides of ``curated.yaml``, and what is inferred."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from curated.check.instruments import complete_instruments, read_instruments
from curated.check.package import check_package
from curated.package.package import open_package

CASES = Path(__file__).parents[1] / "data"
FILE = "calibs/cam/defects/d00/20240101T000000.ecsv"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package of good files, one of each of several types."""
    shutil.copytree(CASES / "good" / "plain", tmp_path / "package")
    return tmp_path / "package"


def codes(root: Path) -> list[tuple[str, str]]:
    report = check_package(open_package(root), use_cache=False, jobs=1)
    return [(d.file, d.code) for d in report.diagnostics]


def test_an_instrument_file_that_cannot_be_read(package: Path) -> None:
    (package / "calibs/cam/instrument.yaml").symlink_to("absent")
    assert codes(package) == [("calibs/cam/instrument.yaml", "CAL201")]
    (package / "calibs/cam/instrument.yaml").unlink()
    (package / "calibs/cam/instrument.yaml").symlink_to("/etc/hostname")
    assert codes(package) == [("calibs/cam/instrument.yaml", "CAL106")]


def test_reading_returns_findings_beside_what_is_declared(package: Path) -> None:
    text = "name: Cam\ndetectors:\n- {id: 0, name: d00}\n- {id: zero, name: d01}\n"
    (package / "calibs/cam/instrument.yaml").write_text(text)
    (package / "curated.yaml").write_text(
        "instruments:\n  cam: {class_name: x.Cam}\n  other: {name: Other}\n"
    )
    declared, findings = read_instruments(open_package(package))
    assert [(d.file, d.line, d.code) for d in findings] == [
        ("calibs/cam/instrument.yaml", 4, "CAL002"),
        ("curated.yaml", 3, "CAL005"),
    ]
    assert (declared["cam"].name, declared["cam"].class_name) == ("Cam", "x.Cam")
    assert list(declared["cam"].detectors) == ["d00"]


def test_an_instrument_without_a_file_is_inferred_and_overridden(package: Path) -> None:
    (package / "curated.yaml").write_text(
        "instruments:\n  cam: {name: Camera, filters: [{name: z, band: z}]}\n"
    )
    opened = open_package(package)
    declared, findings = read_instruments(opened)
    assert (declared, findings) == ({}, [])
    report = check_package(opened, use_cache=False, jobs=1)
    instruments = complete_instruments(opened, report.reports, declared)
    assert list(instruments) == ["cam"]
    assert (instruments["cam"].name, instruments["cam"].declared) == ("Camera", False)
    assert instruments["cam"].detectors["d00"].id == 0
    assert "z" in instruments["cam"].filters
