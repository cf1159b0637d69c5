"""Events of an instrument, and the calibrations in force when they happened; as `lookup` and `log` show them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from conftest import GitPackage, MakePackage
from curated.check.instruments import read_instruments
from curated.core.keys import CalibKey
from curated.history.instrument_events import EventList, find_events
from curated.package.package import open_package
from support.commands import Commands
from support.packages import defects_path, defects_text

D00 = CalibKey("lab", "defects", "d00")
OLD, NEW = defects_path(), defects_path(date="20220101T000000")
FIRST_ROWS = (
    "{date: '2019-06-01', what: before all, affects: defects}",
    "{date: '2021-03-01', what: cooler exchanged, affects: [dark, defects]}",
    "{date: '2021-05-01', what: another detector, affects: defects, detectors: [d01]}",
    "{date: '2021-06-01', what: another type, affects: flat}",
    "{date: '2022-01-01', what: coated, affects: defects, detectors: [D00]}",
    "{date: '2023-02-03T04:00:00', what: moved, affects: defects}",
)


def events_text(*rows: str, date: str = "2019-01-01T00:00:00", more: str = "") -> str:
    """Return the text of a file of events."""
    keywords = f"metadata: {{OBSTYPE: events, INSTRUME: Lab, CALIBDATE: '{date}'{more}}}"
    return "\n".join([keywords, "events:", *(f"- {row}" for row in rows), ""])


@pytest.fixture
def lab(make_package: MakePackage) -> GitPackage:
    files = {
        "curated.yaml": "",
        OLD: defects_text(),
        NEW: defects_text({"UNAFFECTED": "2023-02-03T04:00:00 kept cold"}, date="2022-01-01T00:00:00"),
        "calibs/lab/events/20190101T000000.yaml": events_text(*FIRST_ROWS),
    }
    return make_package(files)


def read_events_of(path: Path, key: CalibKey = D00) -> EventList:
    package = open_package(path)
    return find_events(package, read_instruments(package)[0], key)


def summaries(events: EventList) -> Sequence[tuple[str, str, str]]:
    return [
        (e.event.what, e.calibration.path if e.calibration is not None else "", e.effect)
        for e in events.events
    ]


SUMMARIES = [
    ("before all", "", "nothing was in force"),
    ("cooler exchanged", OLD, "in force before and after it"),
    ("coated", NEW, "a calibration starts there"),
    ("moved", NEW, "does not affect it: kept cold"),
]


def test_events_are_placed(lab: GitPackage) -> None:
    assert summaries(read_events_of(lab.path)) == SUMMARIES
    assert not read_events_of(lab.path, CalibKey("lab", "flat", "d00", "r")).events


def test_a_later_file_repeats_the_events_before_it(lab: GitPackage) -> None:
    rows = (*FIRST_ROWS, "{date: '2024-05-01', what: last, affects: defects}")
    path = "calibs/lab/events/20240501T000000.yaml"
    lab.write({path: events_text(*rows, date="2024-05-01T00:00:00")})
    assert summaries(read_events_of(lab.path)) == [*SUMMARIES, ("last", NEW, "in force before and after it")]
    mark = ", DEPRECATED: '2024-06-01 was another camera'"
    lab.write({path: events_text(*rows, date="2024-05-01T00:00:00", more=mark)})
    assert summaries(read_events_of(lab.path)) == SUMMARIES


def test_a_deprecated_calibration_leaves_a_hole_at_an_event(lab: GitPackage) -> None:
    keywords = {"DEPRECATED": "2023-06-01 wrong units"}
    lab.write({NEW: defects_text(keywords, date="2022-01-01T00:00:00")})
    assert [path for _, path, _ in summaries(read_events_of(lab.path))] == ["", OLD, "", ""]


def test_files_that_cannot_be_used_are_named(
    lab: GitPackage, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "calibs/lab/events/20190101T000000.yaml"
    lab.write({path: "metadata: {OBSTYPE: events\nevents: ["})
    assert read_events_of(lab.path) == EventList([], [path])
    curated = Commands(capsys, monkeypatch)
    done = curated(
        lab.path, "lookup", "lab", "defects", "--detector", "d00", "--at", "2023-01-01", "--explain"
    )
    assert done.stdout.splitlines()[-2:] == [
        f"  {path}",
        "      its events are not shown: 'curated check' says what is wrong in it",
    ]


def test_commands(
    lab: GitPackage, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    curated = Commands(capsys, monkeypatch)
    question = ("lookup", "lab", "defects", "--detector", "0", "--at", "2023-01-01")
    assert "event" not in curated(lab.path, *question).stdout
    assert "events" not in curated(lab.path, *question, "--format", "json").json
    lines = curated(lab.path, *question, "--explain").stdout.splitlines()
    assert lines[lines.index(f"  {OLD}") :] == [
        f"  {OLD}",
        "      2020-01-01T00:00:00 to 2022-01-01T00:00:00: ended at 2022-01-01T00:00:00, the next one starts",
        "      event 2021-03-01T00:00:00: cooler exchanged; in force before and after it",
        f"  {NEW}",
        "      2022-01-01T00:00:00 to open: in force",
        "      event 2022-01-01T00:00:00: coated; a calibration starts there",
        "      event 2023-02-03T04:00:00: moved; does not affect it: kept cold",
        "  event 2019-06-01T00:00:00: before all; nothing was in force",
    ]
    explained = curated(lab.path, *question, "--explain", "--format", "json").json["events"]
    assert [(entry["row"], entry["calibration"], entry["unaffected"]) for entry in explained] == [
        (1, None, None), (2, OLD, None), (5, NEW, None), (6, NEW, "kept cold"),
    ]  # fmt: skip
    history = ("log", "lab", "defects", "d00")
    lines = curated(lab.path, *history).stdout.splitlines()
    assert lines[lines.index("4 events of the instrument:") + 1 :][:2] == [
        "  event 2023-02-03T04:00:00: moved; does not affect it: kept cold",
        f"      {NEW}",
    ]
    assert curated(lab.path, *history, "--format", "json").json["events"] == explained
    lines = curated(lab.path, *history, "--at", "2021-01-01").stdout.splitlines()
    assert lines[-3:] == [
        "1 event of the instrument:",
        "  event 2021-03-01T00:00:00: cooler exchanged; in force before and after it",
        f"      {OLD}",
    ]
