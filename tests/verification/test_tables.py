"""Tables of tests: in force by time, and the defaults where a package has none."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from conftest import MakePackage
from curated.package.package import open_package
from curated.verification.tables import DEFAULTS, default_tests, parse_tests, read_test_tables

ROW = "- {{id: {}, level: amplifier, statistic: gain_excess, operator: within, limit: [-4, 4], unit: '%', source: DMTN-101}}\n"
TABLES = {
    "20200101T000000": "tests:\n" + ROW.format("OLD"),
    "20240101T000000": "tests:\n" + ROW.format("NEW") + ROW.format("MORE"),
}


@pytest.fixture
def package(make_package: MakePackage) -> Path:
    files = {f"calibs/cam/verification/gains/{start}.yaml": text for start, text in TABLES.items()}
    files["curated.yaml"] = "calibs: calibs\n"
    return make_package(files).path


@pytest.mark.parametrize(
    ("time", "source", "ids"),
    [
        (datetime(2023, 12, 31, 23, 59), "20200101T000000", ["OLD"]),
        (datetime(2024, 1, 1), "20240101T000000", ["NEW", "MORE"]),
        (datetime(2030, 1, 1), "20240101T000000", ["NEW", "MORE"]),
    ],
)
def test_the_latest_that_has_started(package: Path, time: datetime, source: str, ids: list[str]) -> None:
    tables = read_test_tables(open_package(package))
    assert tables.findings == ()
    path, tests = tables.in_force("cam", "gains", time)
    assert path == f"calibs/cam/verification/gains/{source}.yaml"
    assert [test.id for test in tests] == ids


def test_the_defaults_where_there_is_none(package: Path) -> None:
    tables = read_test_tables(open_package(package))
    for arguments in (
        ("cam", "gains", datetime(2019, 1, 1)),
        ("cam", "bias", datetime(2024, 1, 1)),
        ("x", "gains", datetime(2024, 1, 1)),
    ):
        assert tables.in_force(*arguments) == (DEFAULTS, default_tests(arguments[1]))


def test_rows_with_all_keys() -> None:
    text = (
        "tests:\n- {id: A-1, level: amplifier, statistic: gain_excess, operator: '!=', limit: 0, unit: '%', sigma: 1, source: here, "
        "justified: false, required: false, note: 'see: there'}\n"
    )
    tests, findings = parse_tests(text.encode(), "x.yaml", "gains")
    assert tests is not None
    assert not findings
    (test,) = tests
    assert (test.limits, test.sigma, test.justified, test.required, test.note) == (
        (0.0,),
        1.0,
        False,
        False,
        "see: there",
    )


@pytest.mark.parametrize("data", [b"", b"\xff", b"tests: 3", b"tests: [1]", b"tests:\n- &a [*a]"])
def test_what_is_no_table(data: bytes) -> None:
    tests, findings = parse_tests(data, "x.yaml", "gains")
    assert tests is None
    assert findings
    assert all(finding.is_error for finding in findings)
