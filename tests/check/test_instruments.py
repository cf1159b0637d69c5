"""The instruments of a package: their files, the overrides of ``curated.yaml``, and what is inferred."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from conftest import MakePackage
from curated.check.instruments import complete_instruments, read_instruments
from curated.check.package import check_package
from curated.package.package import open_package
from support.packages import defects_path

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


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: yes\n", "name is yes, which YAML reads as true, not text"),
        ("name: NO\n", "name is NO, which YAML reads as false, not text"),
        ("name: ~\n", "name is ~, which YAML reads as null, not text"),
        ("name: 0x1F\n", "name is 0x1F, which YAML reads as 31, not text"),
        ("name: 1_000\n", "name is 1_000, which YAML reads as 1000, not text"),
        ("name: 12\n", "name is 12, not text"),
        ("name: true\n", "name is true, not text"),
        ("name: Lab\nutc_offset: -3:30\n", "utc_offset is -3:30, which YAML reads as -210, not hours"),
        (
            "name: Lab\ndetectors: [{id: on, name: a}]\n",
            "id is on, which YAML reads as true, not a whole number",
        ),
        ("name: Lab\ndetectors: [{id: 0, name: 1:30}]\n", "name is 1:30, which YAML reads as 90, not text"),
    ],
)
def test_values_are_shown_as_they_are_written(make_package: MakePackage, text: str, message: str) -> None:
    package = make_package({"curated.yaml": "", "calibs/lab/instrument.yaml": text})
    _, findings = read_instruments(open_package(package.path))
    assert any(finding.message.startswith(message) for finding in findings), findings


def test_values_of_curated_yaml_too(make_package: MakePackage) -> None:
    package = make_package({"curated.yaml": "calibs: .\nurl: off\n", defects_path(): ""})
    (finding,) = open_package(package.path).config.diagnostics
    assert finding.message.startswith("url is off, which YAML reads as false, not text")
    assert finding.hint == "put it in quotes if it is text"
