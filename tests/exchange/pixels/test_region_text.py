"""Boxes for DS9 and back: no pixel and no comment is lost."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curated.exchange.foreign import open_foreign
from curated.exchange.pixels import ds9
from curated.exchange.pixels.region_text import region_text
from curated.exchange.row_comments import comments_of_rows, with_row_comments
from curated.text import read
from curated.types.defects import Defects
from support.foreign import make_target


class Row(NamedTuple):
    x0: int
    y0: int
    width: int
    height: int
    comment: str


COMMENTS = st.one_of(
    st.just(""),
    st.sampled_from(
        ["hot", "a {b} c", "say \"x\" 'y' }", "#1 column", "text(1,2)", "box(1,2,3,4)", "image", "a; b # c"]
    ),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=100),
)


@st.composite
def row_strategy(draw: st.DrawFn) -> Row:
    x0, y0 = draw(st.integers(0, 39)), draw(st.integers(0, 29))
    return Row(x0, y0, draw(st.integers(1, 40 - x0)), draw(st.integers(1, 30 - y0)), draw(COMMENTS))


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("regions") / "bad.reg"


@settings(max_examples=120, deadline=None)
@given(st.lists(row_strategy(), max_size=6))
def test_text_ds9_and_text_again(path: Path, rows: list[Row]) -> None:
    columns = {name: [getattr(row, name) for row in rows] for name in ("x0", "y0", "width", "height")}
    comments = tuple(" ".join(row.comment.split()) for row in rows)
    tree = {
        "metadata": {"INSTRUME": "Tiny", "DETECTOR": 0},
        "units": dict.fromkeys(columns, "pix"),
        **columns,
    }
    defects = Defects.fromDict(tree)
    canonical = defects.text_bytes("ecsv")
    text = with_row_comments(canonical, comments) if any(comments) else canonical
    assert not read(text, "ecsv")[1]
    kept = comments_of_rows(text, len(rows))
    assert (kept or ("",) * len(rows)) == comments

    boxes = np.array([list(row[:4]) for row in rows], "i8").reshape(-1, 4)
    path.write_text(region_text(boxes, kept, "defects"), encoding="utf-8", newline="")
    file = open_foreign(path)
    assert ds9.recognises(file)
    foreign = ds9.read(file, make_target())
    assert [problem.code for problem in foreign.problems] == ([] if rows else ["CAL717"])
    again, problems = Defects.from_columns(defects.metadata, list(foreign.tables), "fits")
    assert again is not None
    assert {problem.code for problem in problems} <= {"CAL314", "CAL315"}
    again_text = again.text_bytes("ecsv")
    assert (
        with_row_comments(again_text, foreign.row_comments) if foreign.row_comments else again_text
    ) == text


def test_the_package_regions_reads_the_same_pixels(path: Path) -> None:
    regions = pytest.importorskip("regions")
    boxes = np.array([[0, 0, 3, 2], [7, 4, 1, 1], [38, 28, 2, 2]])
    path.write_text(region_text(boxes, ("hot {1}", "", "b"), "defects"))
    masks = [
        region.to_mask(mode="center").to_image((30, 40)) > 0 for region in regions.Regions.read(str(path))
    ]
    expected = np.zeros((30, 40), bool)
    for x0, y0, width, height in boxes.tolist():
        expected[y0 : y0 + height, x0 : x0 + width] = True
    assert np.array_equal(np.any(masks, axis=0), expected)
