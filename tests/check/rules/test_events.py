"""Which calibrations an event concerns, and from which day on a calibration is too old."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime

import pytest

from conftest import MakePackage
from curated.check.package import check_package
from curated.check.rules.events import Event, unaffected_times
from curated.core.keys import CalibFile, CalibKey
from curated.package.package import open_package
from support.packages import ROOT

START = datetime(2024, 1, 1)
EVENTS = CalibFile("events.yaml", CalibKey("Cam", "events"), START, "yaml")


@pytest.mark.parametrize(
    ("key", "detectors", "filters", "is_affected"),
    [
        (CalibKey("cam", "flat", "d00", "r"), (), (), True),
        (CalibKey("cam", "dark", "d00"), (), (), False),
        (CalibKey("other", "flat", "d00", "r"), (), (), False),
        (CalibKey("cam", "flat", "d00", "r"), ("d00",), ("g", "r"), True),
        (CalibKey("cam", "flat", "d01", "r"), ("d00",), (), False),
        (CalibKey("cam", "flat", "d00", "r"), ("d00",), ("g",), False),
        # Of a type without detectors or filters every calibration is of all of them.
        (CalibKey("cam", "flat"), ("d00",), ("g",), True),
    ],
)
def test_what_an_event_affects(
    key: CalibKey, detectors: tuple[str, ...], filters: tuple[str, ...], is_affected: bool
) -> None:
    event = Event(EVENTS, 0, START, "coated", ["flat"], detectors, filters)
    assert event.affects(dataclasses.replace(EVENTS, key=key)) is is_affected


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("", []),
        ("2024-01-02", []),
        ("2024-01-02 not used since", [2]),
        ("2024-01-02 a; 2024-01-03T00:00:00 b, c;", [2, 3]),
        ("soon a; 2024-01-03 b", [3]),
    ],
)
def test_events_that_do_not_matter(text: str, days: list[int]) -> None:
    assert list(unaffected_times({"UNAFFECTED": text})) == [datetime(2024, 1, day) for day in days]


def test_reasons_of_events_that_do_not_matter() -> None:
    reasons = unaffected_times({"UNAFFECTED": "2024-01-03T00:00:00 b, c;2024-01-04  another  camera "})
    assert list(reasons.values()) == ["b, c", "another  camera"]


@pytest.mark.parametrize(
    ("today", "codes"),
    [(None, []), (date(2025, 10, 14), []), (date(2025, 10, 15), ["CAL386"]), (date(2024, 6, 1), [])],
)
def test_age_on_a_day(make_package: MakePackage, today: date | None, codes: list[str]) -> None:
    root = ROOT / "tests/data/bad/CAL386-old"
    files = {
        str(path.relative_to(root)): path.read_text()
        for path in root.rglob("*")
        if path.suffix in (".yaml", ".ecsv")
    }
    package = open_package(make_package(files).path)
    report = check_package(package, use_cache=False, today=today)
    assert [finding.code for finding in report.diagnostics] == codes
