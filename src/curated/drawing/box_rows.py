"""The boxes of a list of defects in ECSV, and the text with other boxes: each row keeps its line and its comments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from curated.core.diagnostic import CuratedError
from curated.core.geometry import Box
from curated.text import read
from curated.text.ecsv.header import read_header
from curated.types.defects import Defects

COLUMNS = ("x0", "y0", "width", "height")

_MOST = 100_000


@dataclass(frozen=True, slots=True)
class BoxRow:
    """A box, and the row of the file that it is.

    Parameters
    ----------
    row : `int` or `None`
        Index of its row in the file; `None` for one that was drawn.
    """

    box: Box
    row: int | None = None


def read_boxes(data: bytes, name: str) -> list[BoxRow]:
    """Return the boxes of a list of defects.

    Raises
    ------
    CuratedError
        If the file is no list of defects in ECSV, or has other columns than boxes.
    """
    source, problems = read(data, "ecsv")
    if source is None:
        raise CuratedError(f"{name}: {problems[0].detail}", "'curated check' says more")
    if set(source.columns) != set(COLUMNS):
        raise CuratedError(
            f"{name} has the columns {', '.join(source.columns)}, not {', '.join(COLUMNS)}",
            "only lists of boxes in ECSV are drawn",
        )
    values = [source.columns[column].values for column in COLUMNS]
    for column, cells in zip(COLUMNS, values, strict=True):
        wrong = next((cell for cell in cells if not is_whole(cell)), None)
        if wrong is not None:
            raise CuratedError(f"{name}: {column} {wrong} is no whole number", "'curated check' says more")
    return [BoxRow(Box(*map(int, cells)), row) for row, cells in enumerate(zip(*values, strict=True))]


def is_whole(value: Any) -> bool:
    """Say whether a cell is a whole number."""
    return isinstance(value, (int, np.integer)) or (
        isinstance(value, (float, np.floating)) and float(value).is_integer()
    )


def parse_boxes(tree: Any, width: int, height: int, rows: Sequence[BoxRow]) -> list[BoxRow]:
    """Return the boxes that a page sends.

    Parameters
    ----------
    tree : `object`
        ``[{"row": 0, "x0": 1, "y0": 2, "width": 3, "height": 4}, ...]``; a box that was drawn has null as its row.
    width, height : `int`
        Size of the image.
    rows : sequence [`BoxRow`]
        The boxes of the file.

    Raises
    ------
    CuratedError
        If it is something else, or a box is not within the image.
    """
    if not isinstance(tree, list) or len(tree) > _MOST:
        raise CuratedError("the boxes are no list, or too many", "load the page again")
    boxes: list[BoxRow] = []
    taken: set[int] = set()
    for item in tree:
        if not isinstance(item, Mapping) or not {"row", *COLUMNS} <= set(item):
            raise CuratedError("a box lacks a value", "load the page again")
        numbers = [item[column] for column in COLUMNS]
        if not all(type(number) is int for number in numbers):
            raise CuratedError("the values of a box are whole numbers", "load the page again")
        row = item["row"]
        if row is not None and (type(row) is not int or not 0 <= row < len(rows) or row in taken):
            raise CuratedError(f"there is no row {row!r}", "load the page again")
        box = Box(*numbers)
        if box.x0 < 0 or box.y0 < 0 or box.width < 1 or box.height < 1:
            raise CuratedError(f"a box of {numbers} is none", "a box has at least one pixel")
        # What the file has may reach beyond the image, as long as nobody moves it there.
        is_same = row is not None and box == rows[row].box
        if not is_same and (box.x0 + box.width > width or box.y0 + box.height > height):
            raise CuratedError(
                f"a box of {numbers} is not within {width} x {height} pixels", "draw it within"
            )
        taken |= {row} if row is not None else set()
        boxes.append(BoxRow(box, row))
    return boxes


def with_boxes(data: bytes, boxes: Sequence[BoxRow]) -> bytes:
    """Return the text of a list of defects with other boxes.

    Rows that are still there keep their line, unless their box has changed; rows that are gone leave their comments;
    new ones come last.

    Raises
    ------
    CuratedError
        If the result would be no valid list of defects.
    """
    text = data.decode("utf-8-sig")
    ending = "\r\n" if "\r\n" in text else "\n"
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n")
    head = [line[2:] if line.startswith("# ") else line[1:] for line in lines if line.startswith("#")]
    header, _ = read_header(head[: next((i for i, line in enumerate(lines) if not line.startswith("#")), 0)])
    delimiter = header.delimiter if header is not None else " "
    names = [column.name for column in header.columns] if header is not None else list(COLUMNS)
    before = {row.row: row.box for row in read_boxes(data, "the file")}
    kept = {row.row: row.box for row in boxes if row.row is not None}
    result = []
    number = -2  # the line of names comes before the rows
    for line in lines:
        if not line.strip() or line.lstrip().startswith("#"):
            result.append(line)
            continue
        number += 1
        if number < 0 or kept.get(number) == before.get(number, 0):
            result.append(line)
        elif number in kept:
            result.append(_line(kept[number], names, delimiter))
    result += [_line(row.box, names, delimiter) for row in boxes if row.row is None]
    new = (ending.join(result) + ending).encode()
    new_source, problems = read(new, "ecsv")
    calib = None
    if new_source is not None:
        calib, more = Defects.from_source(new_source)
        problems = [*problems, *more]
    if calib is None:
        raise CuratedError(f"the list would not be valid: {problems[0].detail}", "undo the last change")
    expected = [kept[row] for row in sorted(kept)] + [row.box for row in boxes if row.row is None]
    if [row.box for row in read_boxes(new, "the file")] != expected:
        raise CuratedError(
            "the rows of the file cannot be told apart", "bring it into canonical form with 'curated fmt'"
        )
    return new


def _line(box: Box, names: Sequence[str], delimiter: str) -> str:
    values = dict(zip(COLUMNS, (box.x0, box.y0, box.width, box.height), strict=True))
    return delimiter.join(str(values[name]) for name in names)
