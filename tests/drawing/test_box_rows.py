"""Boxes of a list of defects: read, taken from a page, and written back without touching other lines."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curated.core.diagnostic import CuratedError
from curated.core.geometry import Box
from curated.drawing.box_rows import BoxRow, parse_boxes, read_boxes, with_boxes
from support.packages import defects_text
from support.texts import examples

HEAD = defects_text().split("x0 y0")[0]
TEXT = f"{HEAD}x0 y0 width height\n# the hot column\n10 20 1 100\n5 6 2 2\n\n# last\n7 8 1 1\n"


def drawn(*values: int) -> BoxRow:
    return BoxRow(Box(*values))


def test_nothing_changes_nothing() -> None:
    for text in (TEXT, TEXT.replace("\n", "\r\n"), TEXT.rstrip("\n") + "\n"):
        assert with_boxes(text.encode(), read_boxes(text.encode(), "x")).decode() == text


def test_rows_keep_their_lines_and_comments() -> None:
    rows = read_boxes(TEXT.encode(), "x")
    changed = [BoxRow(Box(10, 20, 3, 100), 0), rows[2], drawn(1, 2, 3, 4)]
    text = with_boxes(TEXT.encode(), changed).decode()
    assert text == f"{HEAD}x0 y0 width height\n# the hot column\n10 20 3 100\n\n# last\n7 8 1 1\n1 2 3 4\n"


def test_comments_after_blanks_and_old_line_ends() -> None:
    text = TEXT.replace("# last", "   # last")
    rows = read_boxes(text.encode(), "x")
    new = with_boxes(text.encode(), [*rows[:2], BoxRow(Box(7, 8, 9, 1), 2)]).decode()
    assert new == text.replace("7 8 1 1", "7 8 9 1")
    bare = TEXT.replace("# ", "#").replace("\n", "\r")
    assert with_boxes(bare.encode(), rows[:2]).decode() == bare.replace("\r", "\n").removesuffix("7 8 1 1\n")


def test_other_orders_and_separators_of_columns() -> None:
    text = (
        TEXT.replace("10 20 1 100", "100,10,20,1").replace("5 6 2 2", "2,5,6,2").replace("7 8 1 1", "1,7,8,1")
    )
    text = text.replace("x0 y0 width height", "height,x0,y0,width").replace(
        "# ---\n", "# ---\n# delimiter: ','\n"
    )
    lines = text.split("\n")
    height = next(line for line in lines if "name: height" in line)
    lines.remove(height)
    lines.insert(next(i for i, line in enumerate(lines) if "name: x0" in line), height)
    data = "\n".join(lines).encode()
    assert read_boxes(data, "x")[0].box == Box(10, 20, 1, 100)
    new = with_boxes(data, [*read_boxes(data, "x"), drawn(1, 2, 3, 4)])
    assert new == data + b"4,1,2,3\n"


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ({}, "no list"),
        ([1], "lacks a value"),
        ([{"row": None, "x0": 1, "y0": 1, "width": 1}], "lacks a value"),
        ([{"row": None, "x0": 1.5, "y0": 1, "width": 1, "height": 1}], "whole numbers"),
        ([{"row": None, "x0": True, "y0": 1, "width": 1, "height": 1}], "whole numbers"),
        ([{"row": 3, "x0": 1, "y0": 1, "width": 1, "height": 1}], "no row 3"),
        ([{"row": "0", "x0": 1, "y0": 1, "width": 1, "height": 1}], "no row '0'"),
        ([{"row": 0, "x0": 1, "y0": 1, "width": 1, "height": 1}] * 2, "no row 0"),
        ([{"row": None, "x0": -1, "y0": 1, "width": 1, "height": 1}], "is none"),
        ([{"row": None, "x0": 0, "y0": 1, "width": 0, "height": 1}], "is none"),
        ([{"row": None, "x0": 99, "y0": 0, "width": 2, "height": 1}], "not within 100 x 200"),
        ([{"row": 0, "x0": 96, "y0": 0, "width": 10, "height": 1}], "not within 100 x 200"),
    ],
)
def test_what_a_page_cannot_send(tree: Any, message: str) -> None:
    with pytest.raises(CuratedError, match=message):
        parse_boxes(tree, 100, 200, [BoxRow(Box(95, 0, 10, 1), row) for row in range(3)])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        TEXT.replace("width", "breadth"),
        TEXT.replace("10 20 1 100", "10 20 1"),
        *(
            TEXT.replace("int32", "float64").replace("int64", "float64").replace("10 20", f"{x} 20")
            for x in ("nan", "1.5", "inf")
        ),
    ],
)
def test_files_that_are_no_lists_of_boxes(text: str) -> None:
    with pytest.raises(CuratedError):
        read_boxes(text.encode(), "x")


BOXES = st.tuples(st.integers(0, 50), st.integers(0, 50), st.integers(1, 50), st.integers(1, 50))


@examples(60)
@given(st.lists(st.tuples(BOXES, st.sampled_from(["", "# a", "#b c"])), max_size=6), st.data())
def test_any_edit_gives_its_boxes_and_keeps_all_comments(rows: list[Any], data: st.DataObject) -> None:
    lines = [
        line for box, comment in rows for line in ([comment] * bool(comment) + [" ".join(map(str, box))])
    ]
    text = "\n".join([f"{HEAD}x0 y0 width height", *lines]) + "\n"
    kept = [i for i in range(len(rows)) if data.draw(st.booleans())]
    changed = {i: data.draw(BOXES) for i in kept if data.draw(st.booleans())}
    new = data.draw(st.lists(BOXES, max_size=3))
    boxes = [BoxRow(Box(*changed.get(i, rows[i][0])), i) for i in kept] + [BoxRow(Box(*box)) for box in new]
    result = with_boxes(text.encode(), boxes)
    assert [row.box for row in read_boxes(result, "x")] == [row.box for row in boxes]
    comments = [line for line in result.decode().split("\n") if line.startswith("#")]
    assert comments == [line for line in text.split("\n") if line.startswith("#")]
