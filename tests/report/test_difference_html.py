"""Differences as pages: well formed, harmless, bounded."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime
from html.parser import HTMLParser
from typing import Any

import pytest

from curated.core.diagnostic import Diagnostic, Problem
from curated.core.keys import CalibKey
from curated.declare import Measure, Reading
from curated.difference.change import Change, Difference, Effect
from curated.difference.wording import Picture, change_names
from curated.package.validity import Range
from curated.report.difference_html import difference_html

SHIFT = Measure(name="zero_point_shift", unit="mmag", doc="Shift.", compute=lambda *_: (), notable=5)
PIXELS = Measure(name="pixels_gained", unit="pix", doc="Pixels.", compute=lambda *_: (), additive=True)
FIRST, SECOND = Range(datetime(2020, 1, 1), datetime(2021, 1, 1)), Range(datetime(2022, 1, 1), None)
EDITED = Change(
    CalibKey("cam", "kind", "d00", ""),
    "cam/kind/d00/20200101T000000.ecsv",
    "cam/kind/d00/20210101T000000.ecsv",
    (FIRST, SECOND),
    (
        Effect(SHIFT, Reading(-409.25, 1.0, math.nan, {"band": "u"})),
        Effect(PIXELS, Reading(8, 3, 11)),
    ),
    ("x0", "width"),
    ("SEQNAME",),
    old_range=FIRST,
    new_range=SECOND,
)
SVG = """<?xml version="1.0"?>
<!DOCTYPE svg PUBLIC "x" "y">
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="9pt" height="9pt">
<metadata><x/></metadata><defs><style type="text/css">*{stroke: red}</style><clipPath id="p1"><rect/></clipPath></defs>
<!-- a remark -->
<g id="a" clip-path="url(#p1)"><use xlink:href="#p1"/><text>id="b" url(#c) &lt;d&gt;</text></g></svg>
"""
VOID = {"meta", "br"}


class Page(HTMLParser):
    """Elements of a page with their attributes; raises where tags are not closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self._texts: list[str] = []
        self.feed(page)
        self.close()
        self.text = "".join(self._texts)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self._texts.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def page_of(*changes: Change, unchanged: Any = (), pictures: Any = None, **options: Any) -> tuple[Page, str]:
    text = difference_html(Difference("a" * 40, "work tree", changes, tuple(unchanged)), pictures, **options)
    return Page(text), text


def test_a_page_says_what_text_says() -> None:
    page, text = page_of(EDITED)
    assert text.isascii()
    for part in (
        "Changes from aaaaaaaaaaaa to work tree",
        "1 calibration changed: 1 kind.",
        "cam/kind/d00/20200101T000000.ecsv",
        "cam/kind/d00/20210101T000000.ecsv",
        "-409.2",
        "not a number",
        "SEQNAME",
        "width",
        "2020-01-01T00:00:00",
        "zero_point_shift (u) -409.2 mmag",
    ):
        assert part in page.text, part
    assert all(attributes.get("scope") in ("col", "row") for attributes in page.all("th"))
    assert page.all("html") == [{"lang": "en"}]
    (anchor,) = page.all("a")
    assert anchor["href"] == f"#{next(section['id'] for section in page.all('section'))}"


def test_nothing_is_loaded_and_nothing_runs() -> None:
    page, text = page_of(EDITED, pictures={change_names([EDITED])[0]: Picture(SVG, "What it shows")})
    assert not {"script", "link", "iframe", "img", "object", "base"} & {tag for tag, _ in page.elements}
    assert "default-src 'none'" in next(
        meta["content"] or "" for meta in page.all("meta") if "http-equiv" in meta
    )
    assert "@import" not in text
    for tag, attributes in page.elements:
        for name, value in attributes.items():
            if name in ("href", "xlink:href", "src"):
                assert (value or "").startswith("#"), (tag, name, value)


def test_a_picture_has_its_own_identifiers_and_says_what_it_shows() -> None:
    other = replace(EDITED, key=CalibKey("cam", "kind", "d01", ""))
    names = change_names([EDITED, other])
    page, text = page_of(EDITED, other, pictures={name: Picture(SVG, f"<{name}>") for name in names})
    identifiers = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(set(identifiers)) == len(identifiers) == 2 + 2 * 2
    assert [svg["aria-label"] for svg in page.all("svg")] == [f"<{name}>" for name in names]
    assert {svg["role"] for svg in page.all("svg")} == {"img"}
    assert {use["xlink:href"] for use in page.all("use")} == {f"#{name}.p1" for name in names}
    assert page.text.count('id="b" url(#c) <d>') == 2
    for part in ("<!DOCTYPE svg", "<metadata", "stroke: red", "a remark", "<?xml"):
        assert part not in text


HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=y>&amp;</table>\x1b[31m\u202e\n"


def test_data_are_never_markup() -> None:
    plain, _ = page_of(EDITED)
    wild = replace(
        EDITED,
        key=CalibKey(HOSTILE, HOSTILE, HOSTILE, HOSTILE),
        old=HOSTILE,
        new=HOSTILE * 2,
        effects=tuple(
            Effect(replace(e.measure, name=HOSTILE, unit=HOSTILE), e.reading._replace(of={HOSTILE: HOSTILE}))
            for e in EDITED.effects
        ),
        fields=(HOSTILE, HOSTILE),
        keywords=(HOSTILE,),
    )
    text = difference_html(Difference(HOSTILE, HOSTILE, (wild,), ()))
    page = Page(text)
    # One total less, as both measures have the same name, and else the same elements.
    rows = [tag for tag, _ in plain.elements].count("tr") - [tag for tag, _ in page.elements].count("tr")
    assert rows == 1
    assert {tag for tag, _ in page.elements} == {tag for tag, _ in plain.elements}
    assert {name for _, a in page.elements for name in a} == {name for _, a in plain.elements for name in a}
    assert "<script>alert(1)</script>" in page.text
    assert "\x1b" not in text


def test_what_did_not_change_has_a_reason() -> None:
    reordered = replace(EDITED, effects=(), fields=(), keywords=())
    noted = replace(reordered, keywords=("SEQNAME",))
    page, _ = page_of(unchanged=(reordered, noted))
    assert "No calibration changed physically." in page.text
    assert "2 calibrations whose files differ and whose values do not." in page.text
    assert "only the order of rows, the form of numbers, comments" in page.text
    assert "only keywords: SEQNAME" in page.text
    assert page_of()[0].text.count("No calibration changed.") == 1


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (replace(EDITED, old=None, effects=(), fields=(), keywords=()), "begins"),
        (replace(EDITED, new=None, effects=(), fields=(), keywords=()), "ends"),
        (replace(EDITED, unreadable=("x.ecsv",), effects=()), "cannot be read"),
        (replace(EDITED, effects=()), "differs in x0, width, SEQNAME"),
        (replace(EDITED, ranges=()), "at no time"),
    ],
)
def test_changes_without_numbers(change: Change, part: str) -> None:
    assert part in page_of(change)[0].text


def test_thousands_of_changes_fit_and_it_is_said_what_is_left_out() -> None:
    changes = [
        replace(
            EDITED,
            key=CalibKey("cam", "kind", f"d{i:04}", ""),
            old="x" * 300,
            fields=("f" * 50,) * 90,
            effects=EDITED.effects * 40,
        )
        for i in range(2500)
    ]
    names = change_names(changes)
    pictures = {name: Picture(SVG.replace("<g", " " * 100_000 + "<g"), "") for name in names[:50]}
    page, text = page_of(*changes, pictures=pictures, limit=1_000_000)
    assert len(text) < 8_000_000
    assert len(page.all("svg")) == 9
    assert len(page.all("section")) == 300
    for part in (
        "500 smaller changes are not in this table",
        "2,200 smaller changes have no section",
        "2,491 of the changes have no picture",
        "64 smaller effects are left out",
        "and 30 more",
    ):
        assert part in page.text, part
    anchors = {section["id"] for section in page.all("section")}
    assert {(a["href"] or "")[1:] for a in page.all("a")} == anchors


def test_findings_come_first() -> None:
    finding = Diagnostic.from_problem(Problem("CAL340", (), "<b> is not there"), "a.yaml")
    page, _ = page_of(EDITED, findings=(finding,))
    assert page.text.index("<b> is not there") < page.text.index("Totals")
    assert all(part in page.text for part in ("CAL340", "a.yaml", finding.severity.value))
