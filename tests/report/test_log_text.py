"""The history of a product as text: 80 columns, events, changes, and hostile messages."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from curated.core.keys import CalibFile, CalibKey
from curated.datasets.deprecation import Deprecation
from curated.git.changes import Commit
from curated.history.beliefs.log import AnswerChange, Belief, FileEvent, History, Version, periods
from curated.package.validity import Range
from curated.report.log_text import (
    history_lines,
    history_summary,
    history_to_json,
    period_lines,
    periods_to_json,
)

KEY = CalibKey("lab", "defects", "d00")
FIRST, LATER = datetime(2020, 1, 1), datetime(2022, 1, 1)


def version(start: datetime, end: datetime | None, mark: Deprecation | None = None) -> Version:
    file = CalibFile(f"lab/defects/d00/{start:%Y%m%d}T000000.ecsv", KEY, start, "ecsv")
    return Version(file, f"{start.year}", Range(start, end, mark))


OLD, ENDED, NEW = version(FIRST, None), version(FIRST, LATER), version(LATER, None)
MARKED = version(LATER, None, Deprecation("rows are wrong", "Ada", "2024-01-01", "previous"))
ADDED = Belief(
    Commit("a" * 40, "2021-01-01T00:00:00", "Ada"),
    "Add",
    (OLD,),
    (FileEvent(("added",), None, OLD),),
    (AnswerChange(OLD.range, None, OLD),),
)
EPOCH = Belief(
    Commit("b" * 40, "2022-02-01T00:00:00", "Zoë"), "A long subject " * 8, (ENDED, NEW),
    (FileEvent(("range changed",), OLD, ENDED), FileEvent(("added",), None, NEW)),
    (AnswerChange(NEW.range, OLD, NEW),),
)  # fmt: skip
TAKEN_OUT = Belief(
    Commit("c" * 40, "", "Ada\x1b[31m"), "\x1b[2Jbad\u202e", (OLD, MARKED),
    (FileEvent(("range changed",), ENDED, OLD), FileEvent(("deprecated",), NEW, MARKED)),
    (AnswerChange(NEW.range, NEW, OLD),), True,
)  # fmt: skip
HISTORY = History(KEY, (ADDED, EPOCH, TAKEN_OUT), {})


def test_text() -> None:
    lines = list(history_lines(HISTORY))
    assert max(map(len, lines)) <= 80
    assert all(line.isprintable() for line in lines)
    assert lines[:3] == [
        "cccccccccccc an impossible date Ada\\x1b[31m",
        "    \\x1b[2Jbad\\u202e",
        "    history is cut off here: what follows may be older than this commit",
    ]
    assert lines[3:] == [
        "  range changed",
        "    lab/defects/d00/20200101T000000.ecsv",
        "      was 2020-01-01T00:00:00 to 2022-01-01T00:00:00",
        "      is  2020-01-01T00:00:00 to open",
        "  deprecated",
        "    lab/defects/d00/20220101T000000.ecsv",
        "      2022-01-01T00:00:00 to open",
        "      deprecated by Ada on 2024-01-01: rows are wrong",
        "  in force now",
        "    2022-01-01T00:00:00 to open",
        "      lab/defects/d00/20200101T000000.ecsv",
        "      in place of lab/defects/d00/20220101T000000.ecsv",
        "",
        *lines[16:-6],
        "",
        "aaaaaaaaaaaa 2021-01-01T00:00:00 Ada",
        "    Add",
        "  added",
        "    lab/defects/d00/20200101T000000.ecsv",
        "      2020-01-01T00:00:00 to open",
    ]
    assert history_summary(HISTORY) == "lab/defects/d00: 3 commits, 2 calibrations now"


def test_nothing_that_changed_the_answer() -> None:
    lines = list(history_lines(History(KEY, (replace(ADDED, changes=()),), {})))
    assert lines[-1] == "  what is in force stays the same"


def test_one_moment() -> None:
    found = periods(HISTORY, datetime(2023, 1, 1))
    assert list(period_lines(HISTORY, datetime(2023, 1, 1), found)) == [
        "lab/defects/d00 of 2023-01-01T00:00:00 UTC, as it was known",
        "since cccccccccccc an impossible date Ada\\x1b[31m",
        "  lab/defects/d00/20200101T000000.ecsv",
        "    2020-01-01T00:00:00 to open",
        "since bbbbbbbbbbbb 2022-02-01T00:00:00 Zoë",
        "  lab/defects/d00/20220101T000000.ecsv",
        "    2022-01-01T00:00:00 to open",
        "since aaaaaaaaaaaa 2021-01-01T00:00:00 Ada",
        "  lab/defects/d00/20200101T000000.ecsv",
        "    2020-01-01T00:00:00 to open",
        "until aaaaaaaaaaaa 2021-01-01T00:00:00 Ada",
        "  nothing in force",
    ]
    nothing = list(period_lines(HISTORY, FIRST, periods(HISTORY, datetime(2019, 1, 1))))
    assert nothing[1:] == ["at all times", "  nothing in force"]


def test_json() -> None:
    value = history_to_json(HISTORY)
    assert [commit["sha1"][0] for commit in value["commits"]] == ["c", "b", "a"]
    assert value["cut_off"] is True
    assert value["commits"][1]["events"][0]["before"]["end"] is None
    assert value["commits"][1]["events"][0]["after"]["end"] == "2022-01-01T00:00:00Z"
    assert value["commits"][0]["changes"] == [
        {"begin": "2022-01-01T00:00:00Z", "end": None, "before": NEW.file.path, "after": OLD.file.path}
    ]
    assert value["calibrations"][1]["deprecated"].startswith("deprecated by Ada")
    beliefs = periods_to_json(periods(HISTORY, datetime(2023, 1, 1)))
    assert [b["calibration"] and b["calibration"]["blob"] for b in beliefs] == ["2020", "2022", "2020", None]
