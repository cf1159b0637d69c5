"""Plots of one value over time: what is drawn, the formats, and the same bytes each time."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pytest

pytest.importorskip("matplotlib")

from curated.core.diagnostic import CuratedError
from curated.core.keys import CalibFile, CalibKey
from curated.git.changes import Commit
from curated.history.beliefs.log import Belief, History, Version
from curated.package.validity import Range
from curated.plots.epochs import Segment, current_segments, plot_history, superseded_segments
from support.packages import defects_text

KEY = CalibKey("lab", "defects", "d00")


def version(year: int, end: int | None, blob: str) -> Version:
    start = datetime(year, 1, 1)
    file = CalibFile(f"lab/defects/d00/{year}0101T000000.ecsv", KEY, start, "ecsv")
    return Version(file, blob, Range(start, datetime(end, 1, 1) if end else None))


def belief(date: str, *versions: Version) -> Belief:
    return Belief(Commit("0" * 40, date, "Ada"), "Change", versions, (), ())


HISTORY = History(
    KEY,
    (
        belief("2021-02-01T00:00:00", version(2020, None, "small")),
        belief("2022-02-01T00:00:00", version(2020, 2022, "small"), version(2022, None, "large")),
        belief("2023-02-01T00:00:00", version(2020, 2022, "small"), version(2022, None, "middle")),
    ),
    {name: defects_text(x0=x).encode() for name, x in (("small", 1), ("large", 5), ("middle", 3))},
)
SERIES = {"small": {"": 1.0}, "large": {"": 5.0}, "middle": {"": 3.0}}


def test_what_is_drawn() -> None:
    first, change = datetime(2020, 1, 1), datetime(2022, 1, 1)
    assert current_segments(HISTORY, SERIES) == {
        "": [Segment(first, change, 1.0), Segment(change, None, 3.0)]
    }
    assert superseded_segments(HISTORY, SERIES) == {
        "": [Segment(first, None, 1.0), Segment(change, None, 5.0)]
    }


@pytest.mark.parametrize(("ending", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_formats(tmp_path: Path, ending: str, start: bytes) -> None:
    for name in ("a", "b"):
        plot_history(HISTORY, tmp_path / f"{name}.{ending}")
    content = (tmp_path / f"a.{ending}").read_bytes()
    assert content.startswith(start)
    assert content == (tmp_path / f"b.{ending}").read_bytes()


def test_nothing_is_written_if_it_fails(tmp_path: Path) -> None:
    for name, value, message in (
        ("a.jpg", "", "does not end with one of"),
        ("a.png", "gain", "has no value 'gain'"),
    ):
        with pytest.raises(CuratedError, match=message):
            plot_history(HISTORY, tmp_path / name, value)
    assert list(tmp_path.iterdir()) == []


def test_a_single_commit(tmp_path: Path) -> None:
    """What applies at all times is drawn over a year, and the commits are counted in English."""
    product = History(KEY, (belief("2023-02-01T00:00:00", version(1970, None, "small")),), HISTORY.contents)
    plot_history(product, tmp_path / "a.svg")
    texts = re.findall("<!-- (.*?) -->", (tmp_path / "a.svg").read_text(encoding="utf-8"))
    assert "1 commit until 000000000000 2023-02-01T00:00:00" in texts
    assert [text for text in texts if text in ("2023", "Nov", "Jul")] == ["Nov", "2023", "Jul"]


@pytest.mark.parametrize("year", [1, 1970, 9999])
def test_times_at_the_ends_of_the_calendar(tmp_path: Path, year: int) -> None:
    product = History(KEY, (belief("", version(year, None, "small")),), HISTORY.contents)
    plot_history(product, tmp_path / "a.png")


def test_a_product_that_is_gone(tmp_path: Path) -> None:
    product = History(KEY, (*HISTORY.beliefs, belief("2024-02-01T00:00:00")), HISTORY.contents)
    plot_history(product, tmp_path / "a.png")
    assert current_segments(product, SERIES) == {}
