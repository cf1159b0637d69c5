"""The mark of deprecation among the keywords of a calibration."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curated.datasets.deprecation import COVERS, MARK, Deprecation, find_deprecation, is_date

KEYWORDS = {
    "DEPRECATED": "Made with the shutter open",
    "DEPRECATED_BY": "Zoë Åström 天文",
    "DEPRECATED_DATE": "2024-05-06",
    "DEPRECATED_COVER": "previous",
}
DEPRECATION = Deprecation("Made with the shutter open", "Zoë Åström 天文", "2024-05-06", "previous")


def places(keywords: dict[str, Any]) -> list[tuple[str, tuple[object, ...]]]:
    """Codes and places of the problems."""
    return [(problem.code, problem.pointer) for problem in find_deprecation(keywords)[1]]


def test_a_complete_mark() -> None:
    assert find_deprecation({"OBSTYPE": "flat", **KEYWORDS}) == (DEPRECATION, [])
    assert DEPRECATION.keywords() == KEYWORDS
    assert list(DEPRECATION.keywords()) == list(MARK.keys)


@given(
    reason=st.text("abc:# 天", min_size=1, max_size=9).filter(str.strip),
    day=st.dates(min_value=date(1970, 1, 1)),
    cover=st.sampled_from(COVERS),
)
def test_a_mark_is_found_in_its_own_keywords(reason: str, day: date, cover: str) -> None:
    deprecation = Deprecation(reason, "Ada", day.isoformat(), cover)
    assert find_deprecation(deprecation.keywords()) == (deprecation, [])


@pytest.mark.parametrize("value", [None, ""])
def test_keywords_without_values_are_no_mark(value: Any) -> None:
    assert find_deprecation({"OBSTYPE": "flat"}) == (None, [])
    assert find_deprecation(dict.fromkeys(KEYWORDS, value)) == (None, [])


@pytest.mark.parametrize("missing", KEYWORDS)
def test_an_incomplete_mark_counts_and_leaves_a_hole(missing: str) -> None:
    keywords = {name: value for name, value in KEYWORDS.items() if name != missing}
    deprecation, (problem,) = find_deprecation(keywords)
    assert deprecation is not None
    assert deprecation.keywords() == {**KEYWORDS, missing: "", "DEPRECATED_COVER": "hole"}
    # The place of a keyword that is not there is that of the first one that is.
    assert (problem.code, problem.pointer) == ("CAL440", ("metadata", next(iter(keywords))))
    assert problem.detail.startswith("the mark is incomplete")
    assert missing in problem.detail


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("DEPRECATED", 7),
        ("DEPRECATED", "x" * 1025),
        ("DEPRECATED_BY", ["Ada"]),
        ("DEPRECATED_DATE", "soon"),
        ("DEPRECATED_DATE", "2024-02-30"),
        ("DEPRECATED_COVER", "next"),
        ("DEPRECATED_COVER", "holes"),
        ("DEPRECATED_WHY", "a keyword that the mark does not have"),
    ],
)
def test_a_fault_is_at_its_keyword_and_nothing_covers_the_dates(keyword: str, value: Any) -> None:
    deprecation, _ = find_deprecation(KEYWORDS | {keyword: value})
    assert deprecation is not None
    assert deprecation.cover == "hole"
    assert places(KEYWORDS | {keyword: value}) == [("CAL440", ("metadata", keyword))]


def test_the_longest_reason() -> None:
    assert places(KEYWORDS | {"DEPRECATED": "x" * 1024}) == []


def test_as_people_read_it() -> None:
    assert str(DEPRECATION) == "deprecated by Zoë Åström 天文 on 2024-05-06: Made with the shutter open"
    assert str(Deprecation("", "", "", "hole")) == "deprecated by somebody on a day: no reason"


@given(st.datetimes(min_value=datetime(1970, 1, 1)))
def test_days_and_times_are_dates(time: datetime) -> None:
    assert is_date(time.date().isoformat())
    assert is_date(time.isoformat())


@pytest.mark.parametrize("text", ["", "soon", "2024-13-01", "2024-05-06T25:00:00", "6.5.2024"])
def test_other_texts_are_no_dates(text: str) -> None:
    assert not is_date(text)
