"""The instruments of a package: their files, the overrides of ``curated.yaml``, and what is inferred."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import curated
from conftest import MakePackage
from curated.check.instruments import complete_instruments, read_instruments
from curated.check.package import check_package
from curated.core.diagnostic import CuratedError
from curated.package.package import open_package
from support.packages import defects_path, defects_text

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
        (
            "name: Lab\ndetectors: [{id: 0, name: d, width: 9, height: 9, amplifiers: [On, B]}]\n",
            "On, which YAML reads as true, is not text",
        ),
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


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: Lab\ndetectors: [{id: 010, name: a}]\n", "010 is an octal number to YAML: 8"),
        ("name: Lab\nvisit_max: 0777\n", "0777 is an octal number to YAML: 511"),
        ("name: Lab\nvisit_max: 1:30\n", "1:30 is a number in base 60 to YAML: 90"),
    ],
)
def test_numbers_that_yaml_reads_otherwise_are_said(
    make_package: MakePackage, text: str, message: str
) -> None:
    package = make_package({"curated.yaml": "", "calibs/lab/instrument.yaml": text})
    declared, findings = read_instruments(open_package(package.path))
    assert [(d.code, d.message) for d in findings] == [("CAL223", message)]
    assert findings[0].line == 2
    assert "lab" in declared


def test_other_bases_are_written_on_purpose(make_package: MakePackage) -> None:
    text = "name: Lab\nvisit_max: 0x1F\nexposure_max: 1_000\n"
    package = make_package({"curated.yaml": "", "calibs/lab/instrument.yaml": text})
    assert read_instruments(open_package(package.path))[1] == []


def test_overrides_that_yaml_reads_otherwise(make_package: MakePackage) -> None:
    config = "instruments:\n  lab:\n    visit_max: 010\n"
    package = make_package({"curated.yaml": config, "calibs/lab/instrument.yaml": "name: Lab\n"})
    (finding,) = open_package(package.path).config.diagnostics
    assert (finding.code, finding.line) == ("CAL223", 3)


def test_a_directory_in_another_normal_form_than_its_declaration(make_package: MakePackage) -> None:
    for declared, directory in (("d\u00e9", "de\u0301"), ("de\u0301", "d\u00e9")):
        files = {
            "curated.yaml": "",
            "calibs/lab/instrument.yaml": f"name: Lab\ndetectors: [{{id: 0, name: {declared}}}]\n",
            f"calibs/lab/defects/{directory}/20200101T000000.ecsv": defects_text(),
        }
        package = open_package(make_package(files, ascii(declared).strip("'").replace("\\", "")).path)
        messages = [
            d.message for d in check_package(package, use_cache=False).diagnostics if d.code == "CAL104"
        ]
        assert len(messages) == 1
        assert f"{directory!a} is in another normal form of Unicode than {declared!a}" in messages[0]
        with pytest.raises(CuratedError) as caught:
            curated.open(package.root).find(
                "defects", instrument="lab", detector=f"{declared}x", at="2021-01-01"
            )
        assert "did you mean" in caught.value.hint
