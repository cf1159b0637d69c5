"""Reports and their values: findings that are silenced, and the ranges of reported files."""

from __future__ import annotations

import shutil
from dataclasses import FrozenInstanceError
from datetime import date, datetime
from pathlib import Path

import pytest

from curated.check.package import check_package
from curated.check.report import FileReport, Report, apply_silence, ends_and_marks, resolve_ranges
from curated.core.diagnostic import Diagnostic, Problem
from curated.core.keys import CalibFile, CalibKey
from curated.datasets.deprecation import Deprecation
from curated.package.config import Silence
from curated.package.package import open_package

GOOD = Path(__file__).parents[1] / "data" / "good" / "plain"
FILE = "calibs/cam/defects/d00/20240101T000000.ecsv"
UNTIL = date(2030, 1, 1)


def finding(code: str, path: str = FILE) -> Diagnostic:
    return Diagnostic.from_problem(Problem(code, (), "something"), path)


def codes_of(
    findings: list[Diagnostic], *silence: Silence, today: date | None = None, complete: bool = True
) -> list[tuple[str, str]]:
    remaining, silenced = apply_silence(findings, silence, today, complete=complete)
    added = [d for d in remaining if d not in findings]
    assert len(findings) == len(remaining) - len(added) + silenced
    return [(d.file, d.code) for d in remaining]


def test_an_entry_silences_its_code_below_its_path() -> None:
    findings = [finding("CAL301"), finding("CAL302"), finding("CAL301", "other.ecsv")]
    entry = Silence("CAL301", "calibs/*", "no matter", UNTIL)
    assert codes_of(findings, entry) == [(FILE, "CAL302"), ("other.ecsv", "CAL301")]
    assert codes_of(findings) == [(d.file, d.code) for d in findings]


def test_an_entry_that_silences_nothing_is_reported_of_a_whole_package() -> None:
    entries = [Silence(code, "*", "no matter", UNTIL, place=i) for i, code in enumerate(("CAL301", "CAL417"))]
    # Whether files were edited without a note depends on how much history there is.
    assert codes_of([], *entries) == [("curated.yaml", "CAL004")]
    assert codes_of([], *entries, complete=False) == []


def test_an_entry_expires_after_its_day() -> None:
    entry = Silence("CAL301", "*", "no matter", UNTIL, line=7)
    assert codes_of([finding("CAL301")], entry, today=UNTIL) == []
    expired = codes_of([finding("CAL301")], entry, today=date(2030, 1, 2))
    assert expired == [(FILE, "CAL301"), ("curated.yaml", "CAL003")]


def test_a_package_that_silences(tmp_path: Path) -> None:
    root = shutil.copytree(GOOD, tmp_path / "package")
    text = (root / FILE).read_text()
    for year, number in ((2025, 0), (2026, 5)):
        content = text.replace("2024", str(year)).replace("DETECTOR: 0", f"DETECTOR: {number}")
        (root / FILE.replace("2024", str(year))).write_text(content)
    (root / "calibs/cam/defects/20240101.ecsv").write_text(text)
    (root / "curated.yaml").write_text(
        "calibs: calibs\nsilence:\n"
        "- {code: CAL102, path: 'calibs/cam/*', reason: it is kept for its history, until: '2030-01-01'}\n"
        "- {code: CAL301, path: 'calibs/*', reason: nothing in particular, until: '2030-01-01'}\n"
    )

    def check(*paths: str, today: date | None = None) -> Report:
        return check_package(open_package(root), paths, use_cache=False, jobs=1, today=today)

    def codes(report: Report) -> list[tuple[str, str]]:
        return [(d.file, d.code) for d in report.diagnostics]

    bad = (FILE.replace("2024", "2026"), "CAL116")
    report = check()
    assert codes(report) == [bad, ("curated.yaml", "CAL004")]
    assert report.silenced == 1
    assert report.diagnostics[-1].line == 4
    # Of a part nobody knows whether an entry is of use.
    assert codes(check("calibs/cam/defects")) == [bad]
    assert codes(check(today=date(2030, 1, 1))) == codes(report)
    expired = check(today=date(2030, 1, 2))
    assert [code for _, code in codes(expired)] == ["CAL102", "CAL116", "CAL003", "CAL003"]
    assert expired.silenced == 0


def test_ranges_come_from_ends_and_marks() -> None:
    key = CalibKey("cam", "defects", "d00")
    files = [CalibFile(str(year), key, datetime(year, 1, 1), "ecsv") for year in (2020, 2021, 2022)]
    mark = Deprecation("wrong", "somebody", "2024-01-01", "previous")
    reports = {
        "2020": FileReport("2020", "d00", ""),
        "2021": FileReport("2021", "d00", "", deprecation=mark),
        "2022": FileReport("2022", "d00", "", end="2023-01-01T00:00:00"),
    }
    assert ends_and_marks(reports) == ({"2022": datetime(2023, 1, 1)}, {"2021": mark})
    ranges = resolve_ranges(files, reports)
    assert [ranges[path].end for path in reports] == [
        datetime(2022, 1, 1),
        datetime(2022, 1, 1),
        datetime(2023, 1, 1),
    ]


def test_reports_are_values() -> None:
    with pytest.raises(FrozenInstanceError):
        Report().silenced = 1  # type: ignore[misc]
    with pytest.raises(AttributeError):
        FileReport("a", "", "").end = "b"  # type: ignore[misc]
    assert not Report(diagnostics=(finding("CAL404"),)).failed
    assert Report(diagnostics=(finding("CAL404"), finding("CAL301"))).failed
