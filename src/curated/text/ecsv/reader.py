"""ECSV files (astropy APE 6) to `Source`: a YAML header in comments, the line of column names, then rows of cells."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curated.core.diagnostic import MAX_FINDINGS, Pointer, Problem, brief
from curated.core.tables import TextColumn
from curated.text.ecsv.cells import JSON_NUMBERS, convert, parse_floats
from curated.text.ecsv.header import Header, read_header
from curated.text.ecsv.serialized import masked_values
from curated.text.source import Locator, Source
from curated.text.yaml.locator import yaml_locator, yaml_spelling

_COMMENTS = re.compile(r"(?:#[^\n]*\n)*")
_GAP = re.compile(r"(?:[ \t]*\n)+(?=#)")


def read_ecsv(text: str) -> tuple[Source | None, list[Problem]]:
    """Read an ECSV file; see `curated.text.read`."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        return None, [Problem("CAL205", (), "the file is empty", line=1)]
    header_lines, start = _header_extent(text)
    stray = _stray_character(text, start)
    if stray is not None:
        return None, [stray]
    raw_lines = text[: max(start - 1, 0)].split("\n")
    lines = [line[2:] if line.startswith("# ") else line[1:] for line in raw_lines]
    header, problems = read_header(lines)
    problems += _uneven_indent(raw_lines) if header is not None else []
    body = Body(text, start, header_lines, header.delimiter if header else " ")
    locator = _Locator(lines, [column.name for column in header.columns] if header else [], body)
    if header is None:
        return None, _located(problems, locator)
    cells, more = split_cells(body, header)
    problems += more
    if cells is None:
        return None, _located(problems, locator)
    columns: dict[str, TextColumn] = {}
    for declared, values in zip(header.columns, cells, strict=True):
        converted, more = convert(declared, values)
        problems += more
        columns[declared.name] = TextColumn(converted, declared.dtype, declared.unit, declared.doc)
    if header.masks or any(name.endswith(".mask") for name in columns):
        problems += masked_values(columns, header.masks)
    columns = {name: column for name, column in columns.items() if name not in header.hidden}
    if problems:
        problems = _located(problems, locator)
        if any(problem.code not in ("CAL208", "CAL222", "CAL223") for problem in problems):
            return None, problems
    source = Source("ecsv", header.metadata, columns=columns, locator=locator, spelling=locator.spelling)
    return source, problems


def _stray_character(text: str, start: int) -> Problem | None:
    """Return the problem of a character that ends a line to astropy and to no editor, or that hides a header line."""
    match = None if text.isascii() else _LINE_ENDS.search(text)
    hidden = _INDENTED_HEADER.match(text, start) if match is None else None
    if match is None and hidden is None:
        return None
    place = match.start() if match else start
    line, column = text.count("\n", 0, place) + 1, place - text.rfind("\n", 0, place)
    if match is None:
        detail, hint = "a line of the header that does not start with '#'", "remove the blanks before the '#'"
    else:
        detail, hint = f"U+{ord(match[0]):04X}, at which readers end the line", "replace it by a blank"
    return Problem("CAL205", (), detail, hint, line=line, column=column)


def _uneven_indent(raw_lines: list[str]) -> list[Problem]:
    """Return the problem of a header in which some lines have a blank after the ``#`` and others have none."""
    has_blank = raw_lines[0].startswith("# ")
    for number, line in enumerate(raw_lines, start=1):
        if line.startswith("# ") is not has_blank and line[1:].strip():
            detail = f"{'no' if has_blank else 'a'} blank after '#', other than in the first line"
            hint = "write '# ' in front of each line of the header"
            return [Problem("CAL205", (), detail, hint, line=number, column=1)]
    return []


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
        # Blank lines between comments do not end the header.
        gap = _GAP.match(text, position) if count else None
        if gap is None:
            return count, position
        count += gap[0].count("\n")
        position = gap.end()


def _located(problems: list[Problem], locator: _Locator) -> list[Problem]:
    """Return problems with their lines, found while the text is at hand; those beyond the limit are only counted."""
    located = []
    counts: Counter[str] = Counter()
    for problem in problems:
        counts[problem.code] += 1
        if counts[problem.code] > MAX_FINDINGS:
            located.append(problem)
            continue
        line, column = (
            (problem.line, problem.column) if problem.line is not None else locator(problem.pointer)
        )
        located.append(Problem(problem.code, problem.pointer, problem.detail, problem.hint, line, column))
    return located


# -- the body ---------------------------------------------------------------------------------------------

_NAME = re.compile(r"[\w.+-]+\Z", re.ASCII)
_LINE_ENDS = re.compile("[\x85\u2028\u2029]")
_INDENTED_HEADER = re.compile(r"[^\S\n]+#")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def split_cells(body: Body, header: Header) -> tuple[list[Any] | None, list[Problem]]:
    """Return the cells of each column: as texts, or as float64 if all columns are numbers."""
    names = [column.name for column in header.columns]
    text, start = body.text, body.start
    end = text.find("\n", start)
    first = text[start:] if end < 0 else text[start:end]
    if body.delimiter == " " and first == " ".join(names) and end >= 0 and all(map(_NAME.match, names)):
        floats = all(column.dtype in ("float32", "float64") for column in header.columns)
        cells = _plain_cells(text[end + 1 :], len(names), floats=floats)
        if cells is not None:
            return cells, []
    control = _CONTROL.search(text, start)
    if control is not None:
        place = control.start()
        line, column = text.count("\n", 0, place) + 1, place - text.rfind("\n", 0, place)
        detail = f"a control character, U+{ord(control[0]):04X}"
        return None, [Problem("CAL205", (), detail, line=line, column=column)]
    rows = body.rows
    if not rows:
        return None, [Problem("CAL205", (), "there is no line of column names", line=body.first_line)]
    line, row_names = rows[0]
    if row_names != names:
        separator = _separator(row_names, names, body.delimiter)
        if separator:
            detail = f"the names of the columns are separated by {separator}"
            return None, [Problem("CAL226", (), f"{detail}, {_declared(body.delimiter)}", line=line)]
        return None, [Problem("CAL205", (), _name_difference(row_names, names), line=line)]
    problems = list(_row_problems(body, names))
    if body.open_quote:
        problems.append(Problem("CAL205", (), 'a quote (") that does not end', line=body.open_quote))
    if problems:
        return None, problems
    return [list(column) for column in zip(*(row for _, row in rows[1:]), strict=True)] or [
        [] for _ in names
    ], []


def _row_problems(body: Body, names: list[str]) -> Iterator[Problem]:
    """Yield the rows that have another number of cells than there are columns."""
    for line, row in body.rows[1:]:
        if len(row) == len(names) or line == body.open_quote:
            continue
        detail = f"{_count(row, 'cell')} for {_count(names, 'column')}"
        separator = _separator(row, names, body.delimiter)
        if separator:
            detail += f": they are separated by {separator}, {_declared(body.delimiter)}"
        yield Problem("CAL226" if separator else "CAL217", (), detail, line=line)


_SEPARATORS = {"\t": "tabs", ",": "commas", ";": "semicolons", "|": "bars", " ": "blanks"}


def _separator(cells: list[str], names: list[str], delimiter: str) -> str:
    """Return what separates the cells of a row, if it is something else than the delimiter; else an empty text."""
    line = delimiter.join(cells)
    for separator, name in _SEPARATORS.items():
        parts = line.split(separator) if separator != " " else line.split()
        if separator != delimiter and len(parts) == len(names) > 1:
            return name
    if "\t" in line and len(line.split()) == len(names):
        return "tabs and blanks"
    return ""


def _declared(delimiter: str) -> str:
    return (
        "the header says 'delimiter: ',''" if delimiter == "," else "the header says nothing else than blanks"
    )


def _count(items: list[str], what: str) -> str:
    return f"{len(items)} {what}{'s' * (len(items) != 1)}"


def _name_difference(names: list[str], declared: list[str]) -> str:
    absent = ", ".join(brief(name) for name in declared if name not in names)
    extra = ", ".join(brief(name) for name in names if name not in declared)
    parts = [f"lacks {absent}"] * bool(absent) + [f"has {extra}, which the header does not declare"] * bool(
        extra
    )
    if not parts:
        parts = [f"names them in another order than the header, {' '.join(declared)}"]
    return f"the line of column names {' and '.join(parts)}"[:300]


class Body:
    """The text after the header: the line of column names, then the rows.

    Parameters
    ----------
    text : `str`
        The whole file, header included.
    start : `int`
        Position of the body in the file.
    header_lines : `int`
        Number of lines before the body.
    delimiter : `str`
        A blank or a comma.
    """

    def __init__(self, text: str, start: int, header_lines: int, delimiter: str) -> None:
        self.text, self.start, self.delimiter = text, start, delimiter
        self.first_line = header_lines + 1
        self.open_quote = 0

    @cached_property
    def rows(self) -> list[tuple[int, list[str]]]:
        """Line number and cells of each row, the line of column names first; comments are skipped."""
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
            rows, lines_read = [], 0
            for cells in reader:
                rows.append((numbered[lines_read][0], [cell.strip(" \t") for cell in cells]))
                if reader.line_num > lines_read + 1 and cells[-1].endswith("\n"):
                    self.open_quote = numbered[lines_read][0]
                lines_read = reader.line_num
        finally:
            csv.field_size_limit(limit)
        return rows


def _plain_cells(body: str, width: int, *, floats: bool) -> list[Any] | None:
    """Split a body without quotes and double blanks, and parse its numbers at once; `None` for any other."""
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
    # Blanks, line ends, and control characters, which must not be there.
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
    """Parse rows of nothing but decimals and single blanks; `None` if there is anything else."""
    separators = raw.translate(None, JSON_NUMBERS)
    count = len(separators)
    if separators != (b" " * (width - 1) + b"\n") * (count // width):
        return None
    values = parse_floats(raw[:-1].translate(_COMMAS), count)
    return None if values is None else list(np.ascontiguousarray(values.reshape(-1, width).T))


# -- places of problems -----------------------------------------------------------------------------------


class _Locator:
    """Finds places in an ECSV file: keywords and columns in the header, cells in the rows."""

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

    def spelling(self, pointer: Pointer) -> str:
        """Return the value of a keyword without quotes as the header has it."""
        if len(pointer) < 2 or pointer[0] != "metadata":
            return ""
        return yaml_spelling("\n" + "\n".join(self.header[1:]) + "\n")(("meta", *pointer[1:]))

    def _keyword(self, name: str) -> tuple[int, int]:
        """Find a keyword; without the YAML parser if its name occurs once in the header."""
        pattern = re.compile(rf"(?<![^\s{{,]){re.escape(name)}: ")
        matches = [
            (i, match.start()) for i, line in enumerate(self.header) for match in pattern.finditer(line)
        ]
        if len(matches) == 1 and matches[0][0] > 0:
            line, column = matches[0]
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
