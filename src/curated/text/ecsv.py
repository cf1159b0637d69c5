"""ECSV files (astropy APE 6) to `Source`."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from curated.diagnostic import Pointer, Problem
from curated.model import TextColumn
from curated.text.decimals import parse_decimals
from curated.text.ecsv_header import Header, HeaderColumn, read_header
from curated.text.source import Source
from curated.text.tree import yaml_locator

_DTYPES = {
    name: np.dtype(name)
    for name in "int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64".split()
}
_SUBTYPE = re.compile(r"([a-z]+\d*)\[((?:\d+|null)(?:,(?:\d+|null))*)\]\Z")
_TRUE, _FALSE = {"True", "true", "1"}, {"False", "false", "0"}


def read_ecsv(text: str) -> tuple[Source | None, list[Problem]]:
    """Read an ECSV file: a YAML header in comments, the column names, rows of cells."""
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    count, start = _header_extent(text)
    if count == 0:
        return None, [Problem("CAL205", (), "the first line is not '# %ECSV 1.0'", line=1)]
    lines = [line[2:] if line.startswith("# ") else line[1:] for line in text[: max(start - 1, 0)].split("\n")]
    header, problems = read_header(lines)
    locator = _Locator(text, lines, count, start)
    if header is None:
        return None, _placed(problems, locator)
    cells, more = _cells(text, start, count, header)
    problems += more
    if cells is None:
        return None, _placed(problems, locator)
    columns: dict[str, TextColumn] = {}
    for declared, values in zip(header.columns, cells, strict=True):
        converted, wrong = _convert(declared, values)
        problems += wrong
        columns[declared.name] = TextColumn(converted, declared.dtype, declared.unit, declared.doc)
    locator.delimiter = header.delimiter
    if any(problem.code == "CAL218" or problem.code == "CAL205" for problem in problems):
        return None, _placed(problems, locator)
    source = Source(form="ecsv", metadata=header.metadata, columns=columns, locator=locator)
    return source, _placed(problems, locator)


def _header_extent(text: str) -> tuple[int, int]:
    """Return the number of header lines and the offset of the first line after them."""
    count = position = 0
    while text.startswith("#", position):
        end = text.find("\n", position)
        count += 1
        if end < 0:
            return count, len(text) + 1
        position = end + 1
    return count, position


def _cells(
    text: str, start: int, header_lines: int, header: Header
) -> tuple[list[Any] | None, list[Problem]]:
    """Return the cells as texts, a list for each column."""
    names = [column.name for column in header.columns]
    end = text.find("\n", start)
    first = text[start:] if end < 0 else text[start:end]
    if header.delimiter == " " and first == " ".join(names) and end >= 0:
        body = text[end + 1 :]
        quick = _quick_cells(body, len(names))
        if quick is not None:
            return quick, []
    rows = list(_rows(text, start, header_lines, header.delimiter))
    if not rows:
        return None, [Problem("CAL205", (), "there is no line of column names", line=header_lines + 1)]
    line, found = rows[0]
    if found != names:
        detail = f"the column names are {found}, the header declares {names}"
        return None, [Problem("CAL205", (), detail[:300], line=line)]
    problems = [
        Problem("CAL217", (), f"{len(cells)} cells, {len(names)} columns", line=line)
        for line, cells in rows[1:]
        if len(cells) != len(names)
    ]
    if problems:
        return None, problems
    return [list(column) for column in zip(*(cells for _, cells in rows[1:]), strict=True)] or [
        [] for _ in names
    ], []


class _Tokens:
    """The cells of one column, by their place in the text."""

    def __init__(self, text: str, codes: Any, starts: Any, ends: Any) -> None:
        self.text, self.codes, self.starts, self.ends = text, codes, starts, ends

    def texts(self) -> list[str]:
        """Return the cells as texts."""
        text = self.text
        return [text[a:b] for a, b in zip(self.starts.tolist(), self.ends.tolist(), strict=True)]

    def decimals(self) -> Any:
        """Return the cells as float64."""
        return parse_decimals(self.text, self.codes, self.starts, self.ends)


def _quick_cells(body: str, width: int) -> list[Any] | None:
    """Split a body of single blanks and no quoting; `None` where it is not one."""
    if not body:
        return [[] for _ in range(width)]
    if '"' in body or "#" in body or not body.isascii():
        return None
    if not body.endswith("\n"):
        body += "\n"
    codes = np.frombuffer(body.encode("ascii"), dtype=np.uint8)
    if ((codes < 32) & (codes != 10)).any():
        return None
    ends = np.flatnonzero((codes == 32) | (codes == 10))
    if len(ends) % width:
        return None
    starts = np.concatenate(([0], ends[:-1] + 1))
    grid = codes[ends].reshape(-1, width)
    if (starts == ends).any() or not (grid[:, -1] == 10).all() or not (grid[:, :-1] == 32).all():
        return None
    return [_Tokens(body, codes, starts[i::width], ends[i::width]) for i in range(width)]


def _rows(text: str, start: int, header_lines: int, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and cells of each row, the line of column names first; comments are passed over."""
    for number, line in enumerate(text[start:].split("\n"), start=header_lines + 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if '"' not in line:
            cells = line.split() if delimiter == " " else [cell.strip() for cell in line.split(",")]
        else:
            reader = csv.reader(io.StringIO(line), delimiter=delimiter, skipinitialspace=True, strict=False)
            cells = next(reader, [])
        yield number, cells


def _convert(column: HeaderColumn, given: list[str] | _Tokens) -> tuple[Any, list[Problem]]:
    """Convert a column's cells to its data type; all cells that cannot be are reported."""
    if isinstance(given, _Tokens):
        if column.dtype in ("float32", "float64") and "_" not in given.text:
            try:
                with np.errstate(over="ignore"):
                    return given.decimals().astype(column.dtype, copy=False), []
            except ValueError:
                pass  # reported below, cell by cell
        given = given.texts()
    cells = given
    if column.subtype:
        return _convert_arrays(column, cells)
    if column.dtype == "string":
        return cells, []
    if column.dtype == "bool":
        wrong = [i for i, cell in enumerate(cells) if cell not in _TRUE and cell not in _FALSE]
        return np.array([cell in _TRUE for cell in cells], dtype=bool), _unfit(column, cells, wrong)
    dtype = _DTYPES.get(column.dtype)
    if dtype is None:
        return cells, [Problem("CAL205", ("datatype", column.name), f"data type {column.dtype!r} is not read")]
    parse: Any = float if dtype.kind == "f" else int
    try:
        if "_" in "".join(cells):
            raise ValueError
        parsed = np.fromiter(map(parse, cells), np.float64 if dtype.kind == "f" else dtype, len(cells))
        with np.errstate(over="ignore"):
            return parsed.astype(dtype, copy=False), []
    except (ValueError, OverflowError):
        wrong = [i for i, cell in enumerate(cells) if not _fits(cell, dtype)]
        return np.zeros(len(cells), dtype), _unfit(column, cells, wrong)


def _fits(cell: str, dtype: np.dtype[Any]) -> bool:
    if "_" in cell:
        return False
    try:
        if dtype.kind == "f":
            float(cell)
        else:
            np.array([int(cell)], dtype=object).astype(dtype)
    except (ValueError, OverflowError):
        return False
    return True


def _unfit(column: HeaderColumn, cells: list[str], wrong: list[int]) -> list[Problem]:
    return [
        Problem("CAL218", (column.name, i), f"row {i + 1} {column.name}: {_brief(cells[i])} is not {column.dtype}")
        for i in wrong
    ]


def _brief(cell: str) -> str:
    return repr(cell if len(cell) <= 40 else f"{cell[:37]}...")


def _convert_arrays(column: HeaderColumn, cells: list[str]) -> tuple[Any, list[Problem]]:
    """Convert a column of JSON arrays; of equal shape to one array, else to a list."""
    match = _SUBTYPE.match(column.subtype)
    if match is None:
        return cells, [Problem("CAL205", ("datatype", column.name), f"subtype {column.subtype!r} is not read")]
    kind, shape = match[1], match[2].split(",")
    dtype = _DTYPES.get(kind, np.dtype({"bool": "?", "string": "U"}.get(kind, "O")))
    values, problems = [], []
    for i, cell in enumerate(cells):
        try:
            values.append(np.array(json.loads(cell), dtype=None if kind == "string" else dtype))
        except (ValueError, TypeError, OverflowError, RecursionError):
            problems.append(
                Problem("CAL218", (column.name, i), f"row {i + 1} {column.name}: not a JSON array of {kind}")
            )
            continue
        if "null" not in shape and values[-1].shape != tuple(map(int, shape)):
            found = "x".join(map(str, values[-1].shape)) or "a scalar"
            problems.append(
                Problem("CAL218", (column.name, i), f"row {i + 1} {column.name}: {found} values, not {match[2]}")
            )
    if problems or not values:
        return (values, problems) if problems else (np.zeros((0, *_known(shape)), dtype), [])
    return (np.stack(values) if len({v.shape for v in values}) == 1 else values), []


def _known(shape: list[str]) -> tuple[int, ...]:
    """Return the shape of an empty column; declared lengths are the file's, so they are not allocated."""
    return tuple(0 if part == "null" else min(int(part), 2**20) for part in shape[:1])


def _placed(problems: list[Problem], locator: _Locator) -> list[Problem]:
    """Give each problem its line now, where the text is at hand."""
    placed = []
    for problem in problems:
        line, column = (problem.line, problem.column) if problem.line is not None else locator(problem.pointer)
        placed.append(Problem(problem.code, problem.pointer, problem.detail, problem.hint, line, column))
    return placed


class _Locator:
    """Finds lines in an ECSV file: keywords in the header, cells in the rows."""

    def __init__(self, text: str, header: list[str], header_lines: int, start: int) -> None:
        self.text, self.header, self.header_lines, self.start = text, header, header_lines, start
        self.delimiter = " "

    def __call__(self, pointer: Pointer) -> tuple[int, int]:
        if len(pointer) >= 2 and isinstance(pointer[1], int) and pointer[0] != "datatype":
            return self._row(str(pointer[0]), pointer[1])
        if pointer and pointer[0] == "metadata":
            return self._yaml(("meta", *pointer[1:]))
        if pointer and pointer[0] not in ("meta", "datatype", "delimiter", "schema"):
            return self._yaml(("datatype", *self._position(str(pointer[0]))))
        if len(pointer) == 2 and pointer[0] == "datatype" and isinstance(pointer[1], str):
            return self._yaml(("datatype", *self._position(pointer[1])))
        return self._yaml(pointer) if pointer else (1, 1)

    def _yaml(self, pointer: Pointer) -> tuple[int, int]:
        line, column = yaml_locator("\n" + "\n".join(self.header[1:]) + "\n")(pointer)
        return (line, column + 2) if line else (1, 1)

    def _position(self, name: str) -> tuple[int, ...]:
        """Return a column's place in the header's list, empty where it has none."""
        header, _ = read_header(self.header)
        names = [column.name for column in header.columns] if header else []
        return (names.index(name),) if name in names else ()

    def _row(self, name: str, row: int) -> tuple[int, int]:
        rows = _rows(self.text, self.start, self.header_lines, self.delimiter)
        _, names = next(rows, (0, []))
        for index, (line, cells) in enumerate(rows):
            if index == row:
                before = cells[: names.index(name)] if name in names and '"' not in "".join(cells) else []
                return line, 1 + sum(len(cell) + 1 for cell in before)
        return self.header_lines + 1, 1
