"""Differences as Markdown: the size, what is left out, and names that are no markup."""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from hypothesis import given

from curated.core.keys import CalibKey
from curated.declare import Measure, Reading
from curated.difference.change import Change, Difference, Effect
from curated.package.validity import Range
from curated.report.difference_markdown import LIMIT, difference_markdown, escape
from support.findings import hostile
from support.texts import examples

PIXELS = Measure(name="pixels_gained", unit="pix", doc="Pixels.", compute=lambda *_: (), additive=True)


def make_change(number: int, name: str = "d") -> Change:
    path = f"cam/kind/{name}{number:05d}/20200101T000000.ecsv"
    effects = (Effect(PIXELS, Reading(1000.0 - number)),)
    valid = (Range(datetime(2020, 1, 1), None),)
    return Change(CalibKey("cam", "kind", f"{name}{number:05d}", ""), path, path, valid, effects)


def make_difference(count: int) -> Difference:
    return Difference("A", "B", tuple(make_change(number) for number in range(count)), ())


def test_tables_of_totals_and_changes() -> None:
    path = "cam/kind/d00000/20200101T000000.ecsv"
    assert difference_markdown(make_difference(1)).splitlines() == [
        "### 1 calibration changed: 1 kind",
        "",
        "| Type | Measure | Total or largest | Of | Calibrations |",
        "| --- | --- | --- | --- | --- |",
        "| kind | pixels\\_gained | +1,000 pix | all | 1 |",
        "",
        "| Calibration | In force | Effects | Files |",
        "| --- | --- | --- | --- |",
        f"| cam/kind/d00000 | 2020-01-01T00:00:00 to open | pixels\\_gained +1,000 pix | {path} |",
    ]


@pytest.mark.parametrize("limit", [0, 10, 100, 300, 600, 3_000, 20_000, LIMIT])
def test_the_limit_holds_and_what_is_left_out_is_said(limit: int) -> None:
    text = difference_markdown(make_difference(400), limit)
    assert len(text.encode()) <= limit
    rows = len(re.findall(r"^\| cam/kind/d", text, re.MULTILINE))
    if limit >= 600:
        assert "| kind | pixels\\_gained | +320,200 pix | all | 400 |" in text
        left_out = re.findall(r"\*(?:The|All) ([\d,]+) (?:smallest )?changes are left out", text)
        assert left_out == ([str(400 - rows)] if rows < 400 else [])
    assert rows == (400 if limit == LIMIT else rows)


@pytest.mark.parametrize(
    ("count", "name"), [(2000, "d" * 250), (2000, "|`*_<&" * 40), (3, "d" * 400_000), (20_000, "d")]
)
def test_thousands_of_changes_fill_the_limit_and_not_more(count: int, name: str) -> None:
    difference = Difference("A", "B", tuple(make_change(number, name) for number in range(count)), ())
    text = difference_markdown(difference)
    size, rows = len(text.encode()), text.count("| 2020-01-01T00:00:00 to open |")
    assert size <= LIMIT
    assert size > 0.99 * LIMIT or rows == count
    left_out = re.findall(r"The ([\d,]+) smallest changes are left out", text)
    assert left_out == ([f"{count - rows:,}"] if rows < count else [])
    # Each line of a table has all of its cells.
    lines = [line for line in text.split("\n") if line.startswith("| cam")]
    assert {len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) for line in lines} == {5}


def test_the_largest_changes_stay() -> None:
    text = difference_markdown(make_difference(400), 10_000)
    assert "d00000 |" in text
    assert "d00399 |" not in text


def test_unchanged_files_are_counted() -> None:
    text = difference_markdown(Difference("A", "B", (), (make_change(1),)))
    assert text.splitlines()[0] == "### No physical change"
    assert "1 calibration with no physical change" in text


@examples(100)
@given(name=hostile)
def test_names_are_no_markup(name: str) -> None:
    text = escape(name)
    assert text.isprintable()
    assert "://" not in text
    # Every special character has a backslash before it.
    assert re.search(r"[`*_{}\[\]<>#|~&@$]", re.sub(r"\\.", "", text)) is None
