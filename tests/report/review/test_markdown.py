"""The report as Markdown: everything within its limit, and nothing of what data say is markup."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from curated.exposures.impact import Counts
from curated.report.review.markdown import review_markdown
from support.reviews import EVIL, make_review


def test_parts_in_their_order() -> None:
    text = review_markdown(make_review())
    heads = [line for line in text.split("\n") if line.startswith("#")]
    assert heads == [
        "## Change since maind00: the check failed",
        "### 3 of 5 exposures affected",
        "### 1 calibration changed: 1 defects",
    ]
    assert "| 2024-01-01 | lab | 3 | 5 | 3 | 2 | 1 | 0 | 0 |" in text
    assert "pixels\\_gained +12 pix in d00" in text
    assert "2 rows could not be looked at." in text
    assert "exposures" not in review_markdown(make_review()._replace(impact=None))


@pytest.mark.parametrize("limit", [20_000, 60_000, 1_000_000])
def test_the_limit_holds_and_what_is_left_out_is_said(limit: int) -> None:
    review = make_review(changes=6000, nights=500, findings=500)
    text = review_markdown(review, limit)
    assert len(text.encode()) <= limit
    assert "*460 more nights are left out.*" in text
    assert ("left out of this table" in text) is (limit < 1_000_000)


def test_names_are_no_markup() -> None:
    text = review_markdown(make_review(EVIL))
    assert "\x1b" not in text
    # Code spans are text; elsewhere every special character has a backslash.
    assert "`" not in re.sub(r"`[^`\n]*`|\\`", "", text)
    prose = re.sub(r"`[^`\n]*`", "", text).replace("<br>", "")
    assert re.findall(r"(?<!\\)[<\[]|(?<!\\:)//", prose) == []


def test_no_exposure_affected() -> None:
    review = make_review()
    assert review.impact is not None
    untouched = review._replace(impact=replace(review.impact, affected=Counts(), rejected=0))
    assert "No exposure in d00.csv uses another calibration.\n\n### 1 calibration" in review_markdown(
        untouched
    )
