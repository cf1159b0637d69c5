"""What a check meets in the file system, and which findings it reports of a part of a package."""

from __future__ import annotations

import os
import shutil
from datetime import date
from pathlib import Path

import pytest

from curated.check.package import check_package
from curated.check.report import Report
from curated.package.package import open_package
from support.programs import check_without_override

CASES = Path(__file__).parents[1] / "data"
FILE = "calibs/cam/defects/d00/20240101T000000.ecsv"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package of good files, one of each of several types."""
    shutil.copytree(CASES / "good" / "plain", tmp_path / "package")
    return tmp_path / "package"


def check(root: Path, *paths: str, jobs: int = 1, today: date | None = None) -> Report:
    return check_package(open_package(root), paths, use_cache=False, jobs=jobs, today=today)


def codes(report: Report) -> list[tuple[str, str]]:
    return [(d.file, d.code) for d in report.diagnostics]


def test_a_good_package(package: Path) -> None:
    report = check(package)
    assert (report.diagnostics, report.failed, len(report.files)) == ((), False, 6)


@pytest.mark.parametrize(
    "target", ["/etc/hostname", "../outside.ecsv", "../../../../../../outside.ecsv", "/dev/zero"]
)
def test_a_link_out_of_the_package(package: Path, target: str) -> None:
    shutil.copy(package / FILE, package.parent / "outside.ecsv")
    (package / FILE).unlink()
    (package / FILE).symlink_to(target)
    assert codes(check(package)) == [
        (FILE, "CAL106" if "outside" not in target or target.count("..") > 5 else "CAL201")
    ]


def test_a_link_inside_of_the_package(package: Path) -> None:
    original = package / "calibs" / "original.txt"
    (package / FILE).rename(original)
    (package / FILE).symlink_to(original)
    assert codes(check(package)) == []


def test_a_link_to_nothing(package: Path) -> None:
    (package / FILE).unlink()
    (package / FILE).symlink_to("absent")
    assert codes(check(package)) == [(FILE, "CAL201")]


def test_a_link_to_itself(package: Path) -> None:
    (package / FILE).unlink()
    (package / FILE).symlink_to(package / FILE)
    assert codes(check(package)) == [(FILE, "CAL201")]


def test_a_link_to_a_directory(package: Path) -> None:
    (package / "calibs/cam/defects/d01").symlink_to(package / "calibs/cam/defects/d00")
    assert codes(check(package)) == [("calibs/cam/defects/d01", "CAL107")]


def test_a_pipe_is_not_waited_for(package: Path) -> None:
    (package / FILE).unlink()
    os.mkfifo(package / FILE)
    assert codes(check(package)) == [(FILE, "CAL201")]


def test_a_directory_that_is_named_like_a_file(package: Path) -> None:
    (package / FILE).unlink()
    (package / FILE).mkdir()
    shutil.copy(CASES / "good/plain" / FILE, package / FILE / "20240101.ecsv")
    assert codes(check(package)) == [(f"{FILE}/20240101.ecsv", "CAL102")]


def test_a_file_that_may_not_be_read(package: Path) -> None:
    (package / FILE).chmod(0)
    found = check_without_override(package, "--no-cache")
    assert [(f["file"], f["code"]) for f in found] == [(FILE, "CAL201")]


def test_a_file_beyond_all_measure(package: Path) -> None:
    with (package / FILE).open("wb") as stream:
        stream.truncate(2**40)
    assert codes(check(package)) == [(FILE, "CAL209")]


def test_an_instrument_file_that_cannot_be_read(package: Path) -> None:
    (package / "calibs/cam/instrument.yaml").symlink_to("absent")
    assert codes(check(package)) == [("calibs/cam/instrument.yaml", "CAL201")]
    (package / "calibs/cam/instrument.yaml").unlink()
    (package / "calibs/cam/instrument.yaml").symlink_to("/etc/hostname")
    assert codes(check(package)) == [("calibs/cam/instrument.yaml", "CAL106")]


def test_a_name_that_is_not_utf_8(package: Path) -> None:
    name = os.fsencode(package / "calibs/cam/defects") + b"/\xff"
    try:
        os.mkdir(name)
    except OSError:
        pytest.skip("this file system has no such names")
    shutil.copy(package / FILE, os.fsdecode(name + b"/20240101.ecsv"))
    assert codes(check(package)) == [("calibs/cam/defects/\\xff/20240101.ecsv", "CAL101")]


# -- parts of a package -------------------------------------------------------------------------------


@pytest.fixture
def flawed(package: Path) -> Path:
    """The same with two files that differ in the number of their detector, and one at a wrong place."""
    text = (package / FILE).read_text()
    (package / FILE.replace("2024", "2025")).write_text(text.replace("2024", "2025"))
    (package / FILE.replace("2024", "2026")).write_text(
        text.replace("2024", "2026").replace("DETECTOR: 0", "DETECTOR: 5")
    )
    (package / "calibs/cam/defects/20240101.ecsv").write_text(text)
    return package


def test_paths_choose_findings_and_not_what_is_looked_at(flawed: Path) -> None:
    bad = FILE.replace("2024", "2026")
    place = "calibs/cam/defects/20240101.ecsv"
    everything = [(place, "CAL102"), (bad, "CAL116")]
    assert codes(check(flawed)) == everything
    assert codes(check(flawed, ".")) == everything
    assert codes(check(flawed, "calibs/cam/defects/")) == everything
    # That most files say otherwise is known from the others.
    assert codes(check(flawed, bad)) == [(bad, "CAL116")]
    assert codes(check(flawed, FILE)) == []
    assert codes(check(flawed, "calibs/cam/crosstalk", place)) == [(place, "CAL102")]
    assert [f.path for f in check(flawed, bad).files] == [bad]


def test_several_processes_find_the_same(flawed: Path) -> None:
    for case in ("CAL113-everything-at-once", "CAL218-cells"):
        for path in (CASES / "bad" / case / "calibs").rglob("*.ecsv"):
            target = flawed / "calibs" / case / path.relative_to(CASES / "bad" / case / "calibs/cam")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    for number in range(100):
        if number != 54:
            shutil.copy(flawed / FILE, flawed / FILE.replace("2024", str(1970 + number)))
    one, two = check(flawed, jobs=1), check(flawed, jobs=2)
    assert len(one.diagnostics) > 100
    assert one.diagnostics == two.diagnostics
    assert one.ranges == two.ranges


SILENCE = """\
silence:
- {code: CAL102, path: 'calibs/cam/*', reason: it is kept for its history, until: '2030-01-01'}
- {code: CAL301, path: 'calibs/*', reason: nothing in particular, until: '2030-01-01'}
"""


def test_silence(flawed: Path) -> None:
    (flawed / "curated.yaml").write_text(f"calibs: calibs\n{SILENCE}")
    bad = (FILE.replace("2024", "2026"), "CAL116")
    report = check(flawed)
    assert codes(report) == [bad, ("curated.yaml", "CAL004")]
    assert report.silenced == 1
    assert report.diagnostics[-1].line == 4
    # Of a part nobody knows whether an entry is of use.
    assert codes(check(flawed, "calibs/cam/defects")) == [bad]
    assert codes(check(flawed, today=date(2030, 1, 1))) == codes(report)
    expired = check(flawed, today=date(2030, 1, 2))
    assert [code for _, code in codes(expired)] == ["CAL102", "CAL116", "CAL003", "CAL003"]
    assert expired.silenced == 0
