"""ECSV files (astropy APE 6) to `Source`."""

from __future__ import annotations

import re
from collections import Counter
from functools import cached_property

from curated.core.diagnostic import MAX_FINDINGS, Pointer, Problem
from curated.core.tables import TextColumn
from curated.text.ecsv.cells import convert
from curated.text.ecsv.header import read_header
from curated.text.ecsv.rows import Body, split_cells
from curated.text.source import Locator, Source
from curated.text.yaml.places import yaml_locator

_COMMENTS = re.compile(r"(?:#[^\n]*\n)*")
_GAP = re.compile(r"(?:[ \t]*\n)+(?=#)")


def read_ecsv(text: str) -> tuple[Source | None, list[Problem]]:
    """Read an ECSV file: a YAML header in comments, the column names, rows of cells."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        return None, [Problem("CAL205", (), "the file is empty", line=1)]
    count, start = _header_extent(text)
    lines = [
        line[2:] if line.startswith("# ") else line[1:] for line in text[: max(start - 1, 0)].split("\n")
    ]
    header, problems = read_header(lines)
    body = Body(text, start, count, header.delimiter if header else " ")
    locator = _Locator(lines, [column.name for column in header.columns] if header else [], body)
    if header is None:
        return None, _placed(problems, locator)
    cells, more = split_cells(body, header)
    problems += more
    if cells is None:
        return None, _placed(problems, locator)
    columns: dict[str, TextColumn] = {}
    for declared, values in zip(header.columns, cells, strict=True):
        converted, wrong = convert(declared, values)
        problems += wrong
        columns[declared.name] = TextColumn(converted, declared.dtype, declared.unit, declared.doc)
    if problems:
        problems = _placed(problems, locator)
        if any(problem.code != "CAL208" for problem in problems):
            return None, problems
    return Source(form="ecsv", metadata=header.metadata, columns=columns, locator=locator), problems


def _header_extent(text: str) -> tuple[int, int]:
    """Return the number of header lines and the offset of the first line after them."""
    count = position = 0
    while True:
        comments = _COMMENTS.match(text, position)
        if comments is not None:
            count += comments[0].count("\n")
            position = comments.end()
        if text.startswith("#", position):
            return count + 1, len(text) + 1
        # Blank lines between comments are no end of the header.
        gap = _GAP.match(text, position) if count else None
        if gap is None:
            return count, position
        count += gap[0].count("\n")
        position = gap.end()


def _placed(problems: list[Problem], locator: _Locator) -> list[Problem]:
    """Give each problem its line now, where the text is at hand; those that are only counted need none."""
    placed = []
    seen: Counter[str] = Counter()
    for problem in problems:
        seen[problem.code] += 1
        if seen[problem.code] > MAX_FINDINGS:
            placed.append(problem)
            continue
        line, column = (
            (problem.line, problem.column) if problem.line is not None else locator(problem.pointer)
        )
        placed.append(Problem(problem.code, problem.pointer, problem.detail, problem.hint, line, column))
    return placed


class _Locator:
    """Finds lines in an ECSV file: keywords and columns in the header, cells in the rows."""

    def __init__(self, header: list[str], names: list[str], body: Body) -> None:
        self.header, self.columns, self.body = header, names, body

    @cached_property
    def names(self) -> dict[str, int]:
        """Place of each column in the header's list."""
        return {name: i for i, name in enumerate(self.columns)}

    @cached_property
    def yaml(self) -> Locator:
        """Finds places in the header."""
        return yaml_locator("\n" + "\n".join(self.header[1:]) + "\n")

    def __call__(self, pointer: Pointer) -> tuple[int, int]:
        if not pointer:
            return 1, 1
        first, *rest = pointer
        if first in self.names:
            return (
                self._row(self.names[first], rest[0])
                if rest
                else self._header(("datatype", self.names[first]))
            )
        if first == "metadata":
            return self._keyword(str(rest[0])) if len(rest) == 1 else self._header(("meta", *rest))
        if first == "datatype" and rest and isinstance(rest[0], str):
            return self._header((first, self.names.get(rest[0], 0), *rest[1:]))
        return self._header(pointer)

    def _keyword(self, name: str) -> tuple[int, int]:
        """Find a keyword; where its name stands once in the header, without the YAML parser."""
        pattern = re.compile(rf"(?<![^\s{{,]){re.escape(name)}: ")
        found = [(i, match.start()) for i, line in enumerate(self.header) for match in pattern.finditer(line)]
        if len(found) == 1 and found[0][0] > 0:
            line, column = found[0]
            return line + 1, column + 3
        return self._header(("meta", name))

    def _header(self, pointer: Pointer) -> tuple[int, int]:
        line, column = self.yaml(pointer)
        return (line, column + 2) if line > 1 else (1, 1)

    def _row(self, index: int, row: str | int) -> tuple[int, int]:
        rows = self.body.rows
        if not isinstance(row, int) or row + 1 >= len(rows):
            return self.body.first_line, 1
        line, cells = rows[row + 1]
        if '"' in self.body.text:
            return line, 1
        return line, 1 + sum(len(cell) + 1 for cell in cells[:index])
