"""Lists of bad pixels of IRAF: ``x1 x2 y1 y2`` or ``x y`` in a line, counted from one, both ends included.

A comment ``# untrimmed`` says that these are pixels of the raw image (IRAF help page of ``ccdproc``, "fixfile").
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np

from curated.core.diagnostic import Problem
from curated.exchange.foreign import Foreign, ForeignFile, Target
from curated.exchange.pixels.raw_frames import raw_areas, trim_boxes
from curated.exchange.pixels.shapes import boxes_foreign

_LINE = re.compile(r"\s*([0-9]{1,9}(?:\s+[0-9]{1,9}){1,3})\s*(?:#\s*(.*?))?\s*\Z")
_HINT_OF_MARK = re.compile(r"\buntrimmed\b", re.I)
_MARK = re.compile(r"#\s*(un)?trimmed\b", re.I)


@dataclass(slots=True, eq=False)
class _List:
    """The boxes of a list, and what its comments say."""

    boxes: list[list[int]] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    is_untrimmed: bool | None = None
    mark_line: int = 0
    doubtful_line: int = 0


def recognises(file: ForeignFile) -> bool:
    """Say whether a text has nothing but comments and lines of two or four whole numbers."""
    if not file.is_text:
        return False
    text = file.head.decode("utf-8", "ignore").removeprefix("\ufeff")
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if file.size > len(file.head):
        lines = lines[:-1]  # it may be cut
    if not lines:
        return any(_MARK.match(line.strip()) for line in text.splitlines())
    return all(_LINE.match(line) for line in lines)


def read(file: ForeignFile, target: Target) -> Foreign:
    """Read the rectangles of a list, with the comments above or behind them."""
    conventions = target.conventions
    origin = 1 if conventions.origin is None else conventions.origin
    box_list = _read_list(file.text, origin)
    problems = box_list.problems
    untrimmed = box_list.is_untrimmed if conventions.untrimmed is None else conventions.untrimmed
    if untrimmed is None and box_list.doubtful_line:
        detail = "a comment says 'untrimmed', but it is not the mark '# untrimmed' of such a list"
        hint = "say it: --untrimmed or --trimmed"
        problems.append(Problem("CAL712", (), detail, hint, line=box_list.doubtful_line))
    boxes = np.array(box_list.boxes, "i8").reshape(-1, 4)
    comments = box_list.comments
    if untrimmed:
        areas = raw_areas(target)
        if not areas:
            detail = "the coordinates are those of the untrimmed image, and nothing says where the detector is in it"
            hint = "add a camera calibration with the detector, or say --trimmed if they are not"
            problems.append(Problem("CAL712", (), detail, hint, line=box_list.mark_line or None))
        else:
            boxes, rows, lost = trim_boxes(boxes, areas)
            comments = [comments[row] for row in rows]
            if lost:
                problems.append(Problem("CAL716", (), f"{lost} boxes are in the overscan alone"))
    detector = target.detector
    if detector is not None and detector.width and detector.height and not untrimmed:
        problems += _beyond(box_list, detector.width, detector.height)
    return boxes_foreign(boxes, comments, problems)


def _beyond(box_list: _List, width: int, height: int) -> list[Problem]:
    """Return a problem for each box that is not on the detector."""
    problems = []
    for line, (x0, y0, columns, rows) in zip(box_list.lines, box_list.boxes, strict=True):
        if x0 + columns > width or y0 + rows > height:
            detail = f"columns {x0} to {x0 + columns - 1}, rows {y0} to {y0 + rows - 1} (from 0) on a detector of {width} x {height}"
            hint = "are these pixels of the raw image (--untrimmed), or in another order than x1 x2 y1 y2?"
            problems.append(Problem("CAL712", (), detail, hint, line=line))
    return problems


def _read_list(text: str, origin: int) -> _List:
    box_list = _List()
    above: list[str] = []
    current = ""
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        mark = _MARK.match(stripped)
        if mark is not None:
            box_list.is_untrimmed, box_list.mark_line = bool(mark[1]), number
        elif stripped.startswith("#"):
            if _HINT_OF_MARK.search(stripped):
                box_list.doubtful_line = number
            above.append(stripped.lstrip("#").strip())
        elif not stripped:
            above, current = [], ""
        else:
            if above:
                current, above = " ".join(filter(None, above)), []
            _read_box(line, number, origin, current, box_list)
    return box_list


def _read_box(line: str, number: int, origin: int, comment: str, box_list: _List) -> None:
    match = _LINE.match(line)
    numbers = [int(word) for word in match[1].split()] if match is not None else []
    if match is None or len(numbers) not in (2, 4):
        box_list.problems.append(Problem("CAL711", (), "neither x1 x2 y1 y2 nor x y", line=number))
        return
    x1, x2, y1, y2 = numbers if len(numbers) == 4 else (numbers[0], numbers[0], numbers[1], numbers[1])
    if min(x1, x2, y1, y2) < origin:
        hint = "--origin 0 says that the first pixel is 0"
        box_list.problems.append(
            Problem("CAL712", (), "a pixel 0 in a list that counts from 1", hint, line=number)
        )
    elif x1 > x2 or y1 > y2:
        detail = f"x1 x2 y1 y2 is {x1} {x2} {y1} {y2}, which ends before it begins"
        hint = "are the columns in another order, such as x1 y1 x2 y2, or x y width height? then save it as a CSV table x0,y0,width,height"
        box_list.problems.append(Problem("CAL712", (), detail, hint, line=number))
    else:
        box_list.boxes.append([x1 - origin, y1 - origin, x2 - x1 + 1, y2 - y1 + 1])
        box_list.comments.append(match[2] or comment)
        box_list.lines.append(number)
