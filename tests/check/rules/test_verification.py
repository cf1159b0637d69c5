"""Rules on verification that tests/data/bad does not show: days, releases and deprecated calibrations."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from conftest import MakePackage
from curated.check.package import check_package, judge, read_package
from curated.package.package import Package, open_package
from support.packages import ROOT

GAINS = "calibs/cam/gains/d00/20240101T000000.yaml"


@pytest.fixture
def expired(make_package: MakePackage) -> Path:
    root = ROOT / "tests/data/bad/CAL835-expired"
    files = {str(path.relative_to(root)): path.read_text() for path in root.rglob("*.yaml")}
    return make_package(files).path


def codes(package: Package, *, today: date | None = None, waiver_day: date | None = None) -> list[str]:
    reading = read_package(package, use_cache=False)
    report = judge(
        package, (), reading.declared, reading.reports, reading.findings, today=today, waiver_day=waiver_day
    )
    return [finding.code for finding in report.diagnostics]


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2025, 5, 31), ["CAL842"]),
        (date(2025, 6, 1), ["CAL837"]),
        (date(2025, 12, 1), ["CAL836", "CAL837"]),
        (date(2025, 12, 31), ["CAL835"]),
    ],
)
def test_waivers_end_by_the_day_of_the_check_or_of_the_release(
    expired: Path, day: date, expected: list[str]
) -> None:
    package = open_package(expired)
    assert codes(package, today=day) == expected
    assert codes(package, waiver_day=day) == expected
    assert codes(package, today=date(2030, 1, 1), waiver_day=day) == expected


def test_without_a_day_waivers_do_not_end(expired: Path) -> None:
    assert codes(open_package(expired)) == ["CAL837"]


def test_a_deprecated_calibration_needs_no_verification(expired: Path) -> None:
    text = (expired / GAINS).read_text()
    mark = "DEPRECATED: damaged, DEPRECATED_BY: Ada, DEPRECATED_DATE: '2025-01-01', DEPRECATED_COVER: hole, "
    (expired / GAINS).write_text(text.replace("{OBSTYPE", "{" + mark + "OBSTYPE"))
    (expired / "calibs/cam/instrument.yaml").write_text(
        (expired / "calibs/cam/instrument.yaml").read_text() + "certification: required\n"
    )
    reported = codes(open_package(expired), today=date(2026, 1, 1))
    assert not [code for code in reported if code in ("CAL831", "CAL833", "CAL835", "CAL842")]


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_cache_gives_the_same_findings(expired: Path, jobs: int) -> None:
    package = open_package(expired)
    first = check_package(package, jobs=jobs, today=date(2026, 1, 1)).diagnostics
    assert check_package(package, jobs=jobs, today=date(2026, 1, 1)).diagnostics == first
    (expired / GAINS).write_text((expired / GAINS).read_text().replace("2.1", "2.2"))
    changed = check_package(open_package(expired), jobs=jobs, today=date(2026, 1, 1)).diagnostics
    assert [finding.code for finding in changed] == ["CAL831"]
