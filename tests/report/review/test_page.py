"""The report as a page: whole, and nothing of what data say is markup."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from curated.report.review.page import review_page
from support.reviews import EVIL, make_review

VOID = {"meta", "br", "img", "hr"}


class Nesting(HTMLParser):
    """A parser that takes nothing that is not closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.every: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self.every.add(tag)
        if tag not in VOID:
            self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.tags.pop() == tag


def parse(page: str) -> Nesting:
    parser = Nesting()
    parser.feed(page)
    parser.close()
    assert parser.tags == []
    return parser


def test_parts_of_the_page() -> None:
    page = review_page(make_review())
    parse(page)
    assert re.findall(r"<h2>(.*?)</h2>", page)[:2] == ["Check: failed", "Exposures"]
    assert "3 of 5 exposures in d00.csv are affected; 2 rows could not be looked at." in page
    assert "pixels_gained" in page
    assert 'id="exposures"' not in review_page(make_review()._replace(impact=None))


def test_the_page_needs_no_other_file_and_runs_nothing() -> None:
    page = review_page(make_review(EVIL))
    assert "script" not in parse(page).every
    assert re.findall(r"""(?:src|href)=["'](?!#)[^"']*""", page) == []
    assert "default-src 'none'" in page
    assert "\x1b" not in page


def test_many_findings_and_nights_are_cut() -> None:
    page = review_page(make_review(changes=3, nights=1500, findings=1200))
    assert "200 more findings are left out" in page
    assert "500 more nights are left out" in page


def test_many_findings_do_not_hide_the_differences() -> None:
    assert "<details open>" in review_page(make_review(findings=3))
    page = review_page(make_review(findings=30))
    parse(page)
    assert "<details>" in page
    assert "<summary>30 findings</summary>" in page
    assert re.search(r"<td>CAL301</td><td>error</td><td>30</td>", page)
