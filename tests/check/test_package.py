"""What a check meets in the file system, and which findings it reports of a part of a package."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from curated.check.package import check_package, judge, read_package, select
from curated.check.report import FileReport, Report
from curated.core.diagnostic import Diagnostic, Problem
from curated.package.layout import discover
from curated.package.package import open_package

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
    alone, parallel = check(flawed, jobs=1), check(flawed, jobs=2)
    assert len(alone.diagnostics) > 100
    assert alone.diagnostics == parallel.diagnostics
    assert alone.ranges == parallel.ranges


# -- stages -------------------------------------------------------------------------------------------


class Unreadable:
    """Files that fail when they are read."""

    def read(self, path: str) -> bytes:
        raise AssertionError(path)


def test_judging_takes_values_and_reads_no_file(package: Path) -> None:
    opened = open_package(package)
    reading = read_package(opened, use_cache=False, jobs=1)
    assert opened.layout.files
    opened.files = Unreadable()  # type: ignore[assignment]
    edit = Diagnostic.from_problem(Problem("CAL417", (), "changed without a note"), FILE)
    before = dict(reading.reports)
    report = judge(opened, (), reading.declared, reading.reports, [edit])
    assert report.diagnostics == (edit,)
    assert (report.reports, len(report.files)) == (before, 6)
    assert judge(opened, (), reading.declared, reading.reports).diagnostics == ()


def test_a_companion_stands_for_the_text_that_names_it() -> None:
    texts = ("cam/bias/d00/2020-01-01.yaml", "cam/bias/d01/2020-01-01.yaml")
    files = discover(list(texts), "").files
    reports = {
        path: FileReport(path, "", "", companion=path.replace("2020-01-01.yaml", "image.fits"))
        for path in texts
    }
    assert [f.path for f in select(files, ["cam/bias/d01/image.fits"], reports)] == [texts[1]]
    assert select(files, ["cam/bias/d01/image.fits"]) == []
    assert select(files, ["cam/bias"]) == select(files, ["."]) == select(files, []) == files
    assert select(files, ["cam/bia", "cam/bias/d00/2020"]) == []
