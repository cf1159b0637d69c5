"""The body of an ECSV file: the line of column names, then rows of cells."""

from __future__ import annotations

import csv
import re
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curated.core.diagnostic import Problem, brief
from curated.text.ecsv.floats import JSON_NUMBERS, parse_floats
from curated.text.ecsv.header import Header

_NAME = re.compile(r"[\w.+-]+\Z", re.ASCII)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def split_cells(body: Body, header: Header) -> tuple[list[Any] | None, list[Problem]]:
    """Return the cells as texts, a list for each column, or as float64 where all columns are numbers."""
    names = [column.name for column in header.columns]
    text, start = body.text, body.start
    end = text.find("\n", start)
    first = text[start:] if end < 0 else text[start:end]
    if body.delimiter == " " and first == " ".join(names) and end >= 0 and all(map(_NAME.match, names)):
        floats = all(column.dtype in ("float32", "float64") for column in header.columns)
        quick = _quick_cells(text[end + 1 :], len(names), floats=floats)
        if quick is not None:
            return quick, []
    odd = _CONTROL.search(text, start)
    if odd is not None:
        line, column = text.count("\n", 0, odd.start()) + 1, odd.start() - text.rfind("\n", 0, odd.start())
        detail = f"a control character, U+{ord(odd[0]):04X}"
        return None, [Problem("CAL205", (), detail, line=line, column=column)]
    rows = body.rows
    if not rows:
        return None, [Problem("CAL205", (), "there is no line of column names", line=body.first_line)]
    line, found = rows[0]
    if found != names:
        return None, [Problem("CAL205", (), _name_difference(found, names), line=line)]
    problems = [
        Problem("CAL217", (), f"{_count(cells, 'cell')} for {_count(names, 'column')}", line=line)
        for line, cells in rows[1:]
        if len(cells) != len(names) and line != body.open_quote
    ]
    if body.open_quote:
        problems.append(Problem("CAL205", (), 'a quote (") that does not end', line=body.open_quote))
    if problems:
        return None, problems
    return [list(column) for column in zip(*(cells for _, cells in rows[1:]), strict=True)] or [
        [] for _ in names
    ], []


def _count(items: list[str], what: str) -> str:
    return f"{len(items)} {what}{'s' * (len(items) != 1)}"


def _name_difference(found: list[str], declared: list[str]) -> str:
    missing = ", ".join(brief(name) for name in declared if name not in found)
    extra = ", ".join(brief(name) for name in found if name not in declared)
    parts = [f"lacks {missing}"] * bool(missing) + [f"has {extra}, which the header does not declare"] * bool(
        extra
    )
    if not parts:
        parts = [f"names them in another order than the header, {' '.join(declared)}"]
    return f"the line of column names {' and '.join(parts)}"[:300]


class Body:
    """What follows the header: the line of column names, then the rows.

    Parameters
    ----------
    text : `str`
        The file.
    start : `int`
        Where the body starts in it.
    header_lines : `int`
        Lines before it.
    delimiter : `str`
        What separates the cells.
    """

    def __init__(self, text: str, start: int, header_lines: int, delimiter: str) -> None:
        self.text, self.start, self.delimiter = text, start, delimiter
        self.first_line = header_lines + 1
        self.open_quote = 0

    @cached_property
    def rows(self) -> list[tuple[int, list[str]]]:
        """Line number and cells of each row, the line of column names first; comments are passed over."""
        body = self.text[self.start :]
        numbered = [
            (number, stripped)
            for number, line in enumerate(body.split("\n"), start=self.first_line)
            if (stripped := line.strip()) and not stripped.startswith("#")
        ]
        if '"' in body:
            return self._quoted(numbered)
        if self.delimiter == " ":
            return [(number, [cell for cell in line.split(" ") if cell]) for number, line in numbered]
        return [(number, [cell.strip() for cell in line.split(",")]) for number, line in numbered]

    def _quoted(self, numbered: list[tuple[int, str]]) -> list[tuple[int, list[str]]]:
        lines = [f"{line}\n" for _, line in numbered]
        # Vectors are longer than the csv module's default of 128 kB; it has one limit for all.
        limit = csv.field_size_limit(len(self.text) + 1)
        try:
            reader = csv.reader(lines, delimiter=self.delimiter, skipinitialspace=True)
            rows, before = [], 0
            for cells in reader:
                rows.append((numbered[before][0], [cell.strip(" \t") for cell in cells]))
                if reader.line_num > before + 1 and cells[-1].endswith("\n"):
                    self.open_quote = numbered[before][0]
                before = reader.line_num
        finally:
            csv.field_size_limit(limit)
        return rows


def _quick_cells(body: str, width: int, *, floats: bool) -> list[Any] | None:
    """Split a body of single blanks and no quoting, numbers parsed at once; `None` where it is not one."""
    if not body:
        return [[] for _ in range(width)]
    if not body.isascii():
        return None
    raw = body.encode("ascii") if body.endswith("\n") else body.encode("ascii") + b"\n"
    if floats:
        values = _floats(raw, width)
        if values is not None:
            return values
    if '"' in body or "#" in body:
        return None
    codes = np.frombuffer(raw, dtype=np.uint8)
    # Blanks, line ends, and control characters, which are neither.
    grid = codes[codes <= 32]
    if len(grid) % width:
        return None
    grid = grid.reshape(-1, width)
    if not (grid[:, -1] == 10).all() or not (grid[:, :-1] == 32).all():
        return None
    cells = body.split()
    return [cells[i::width] for i in range(width)] if len(cells) == grid.size else None


_COMMAS = bytes.maketrans(b" \n", b",,")


def _floats(raw: bytes, width: int) -> list[NDArray[np.float64]] | None:
    """Parse rows of nothing but decimals and single blanks; `None` where there is anything else."""
    separators = raw.translate(None, JSON_NUMBERS)
    count = len(separators)
    if separators != (b" " * (width - 1) + b"\n") * (count // width):
        return None
    values = parse_floats(raw[:-1].translate(_COMMAS), count)
    return None if values is None else list(np.ascontiguousarray(values.reshape(-1, width).T))
