"""Tables of exposures as CSV and ECSV, read row by row."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any, BinaryIO, TextIO

from curated.core.diagnostic import CuratedError, Problem, brief
from curated.exposures.batch import ROWS, Cells, TableOptions
from curated.exposures.columns import Columns, find_columns

_LONGEST_LINE = 1 << 20
_MOST_COLUMNS = 10_000
_MOST_HEADER_LINES = 20_000
_MOST_CHARACTERS = 1 << 25
"""Characters of the rows that are in memory at the same time, if there are not `ROWS` of them."""

_DELIMITERS = (",", ";", "\t", "|")

# Entries of ECSV headers.
_DELIMITER = re.compile(r"^ *delimiter: *(['\"]?)(?P<delimiter>.)\1 *$", re.MULTILINE)
_TIME = re.compile(
    r"(?P<column>[\w.](?:[\w.\- ]{0,200}[\w.\-])?)['\"]?:\s{1,99}?\{?__class__: astropy\.time\.core\.Time\b"
)
_SCALE = re.compile(r"\bscale: *['\"]?(?P<scale>\w+)")
_SCALES = ("utc", "tai")


def read_delimited(stream: BinaryIO, options: TableOptions) -> Iterator[Cells]:
    """Yield the cells of a CSV or ECSV table.

    Parameters
    ----------
    stream : binary file
        Its text, UTF-8.

    Raises
    ------
    CuratedError
        If it has no header, or lacks a column.
    """
    with io.TextIOWrapper(stream, encoding="utf-8-sig", errors="backslashreplace", newline=None) as text:
        yield from _read_text(_Lines(text), options)


def _read_text(lines: _Lines, options: TableOptions) -> Iterator[Cells]:
    comments, first = _comments(iter(lines))
    scales: Mapping[str, str] = {}
    delimiter = ""
    is_ecsv = bool(comments) and comments[0].startswith("# %ECSV")
    if is_ecsv:
        delimiter, scales = read_ecsv_header(comments)
    if not first.strip():
        raise CuratedError("there is no line with the names of the columns", "write them into the first line")
    ahead: list[str] = []
    offset = len(comments)
    if not is_ecsv and (place := _commented_names(comments, first, options)) is not None:
        ahead = [*comments[place + 1 :], first]
        offset, first = place, comments[place].lstrip("#")
    delimiter = delimiter or max(_DELIMITERS, key=first.count)
    reader = csv.reader(
        _body(first, chain(ahead, lines)),
        delimiter=delimiter,
        skipinitialspace=is_ecsv or delimiter != "\t",
        strict=True,  # a quotation mark without its other one would swallow the rows after it
    )
    try:
        names = [name.strip() for name in next(reader)]
    except csv.Error as error:
        raise CuratedError(f"the names of the columns cannot be read: {_reason(error)}") from error
    if len(names) > _MOST_COLUMNS:
        raise CuratedError(f"{len(names)} columns are too many", f"at most {_MOST_COLUMNS} are read")
    columns = find_columns(names, options.columns, options.scale, scales)
    while cells := _chunk(reader, lines, names, columns, offset):
        yield cells


def _chunk(reader: Any, lines: _Lines, names: Sequence[str], columns: Columns, offset: int) -> Cells | None:
    """Return the next rows; `None` at the end."""
    numbers: list[int] = []
    rows: list[list[str]] = []
    problems: list[Problem] = []
    width = len(names)
    most = lines.characters + _MOST_CHARACTERS
    while len(rows) + len(problems) < ROWS and lines.characters < most:
        line = reader.line_num
        try:
            for row in islice(reader, ROWS - len(rows) - len(problems)):
                if len(row) == width:
                    rows.append(row)
                    numbers.append(offset + line + 1)
                elif row and any(cell.strip() for cell in row):
                    problems.append(_wrong_width(offset + line + 1, row, width))
                line = reader.line_num
                if lines.characters >= most:
                    break
            else:
                break
        except csv.Error as error:
            problems.append(Problem("CAL450", (), _reason(error), line=offset + line + 1))
    if not rows and not problems:
        return None
    cells = list(zip(*rows, strict=True))
    values = {role: cells[names.index(name)] if cells else () for role, name in columns.names.items()}
    return Cells(numbers, values, columns.scales, problems)


def _wrong_width(line: int, row: Sequence[str], width: int) -> Problem:
    detail = f"{len(row)} cells in a table of {width} columns, from {brief(row[0])} on"
    return Problem("CAL450", (), detail, line=line)


def _reason(error: csv.Error) -> str:
    if "field limit" in str(error):
        return (
            f"a cell of more than {csv.field_size_limit()} characters, or a line of more than {_LONGEST_LINE}"
        )
    return str(error)


class _Lines:
    """The lines of a text; one that is too long becomes a cell that the parser refuses.

    Parameters
    ----------
    characters : `int`
        Number of characters that were read.
    """

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self.characters = 0

    def __iter__(self) -> Iterator[str]:
        while line := self._text.readline(_LONGEST_LINE):
            if len(line) == _LONGEST_LINE and not line.endswith("\n"):
                while (rest := self._text.readline(_LONGEST_LINE)) and not rest.endswith("\n"):
                    pass
                line = "x" * (csv.field_size_limit() + 1) + "\n"
            self.characters += len(line)
            yield line


def _comments(lines: Iterator[str]) -> tuple[list[str], str]:
    """Return the comments, and blank lines, at the top, and the line after them."""
    comments: list[str] = []
    for line in lines:
        if line.strip() and not line.startswith("#"):
            return comments, line
        comments.append(line)
        if len(comments) > _MOST_HEADER_LINES:
            raise CuratedError(
                f"the first {_MOST_HEADER_LINES} lines are comments", "begin with the names of columns"
            )
    return comments, ""


def _commented_names(comments: Sequence[str], first: str, options: TableOptions) -> int | None:
    """Return which comment has the names of columns, as numpy and astropy write them; `None` if none has.

    It is the last one, if it has as many cells as the line after the comments, and that line names no time.
    """
    place = next((i for i in reversed(range(len(comments))) if comments[i].strip("# \t\n")), None)
    if place is None:
        return None
    delimiter = max(_DELIMITERS, key=first.count)
    try:
        names, cells = (
            [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter, skipinitialspace=True))]
            for line in (comments[place].lstrip("#"), first)
        )
    except csv.Error:
        return None
    if len(names) != len(cells) or _has_time(cells, options):
        return None
    return place if _has_time(names, options) else None


def _has_time(names: Sequence[str], options: TableOptions) -> bool:
    try:
        find_columns(names, options.columns)
    except CuratedError:
        return False
    return True


def _body(first: str, lines: Iterable[str]) -> Iterator[str]:
    """Yield the line with the names and those after it; comments between rows are blank lines."""
    return chain((first,), ("\n" if line.startswith("#") else line for line in lines))


def read_ecsv_header(lines: Sequence[str]) -> tuple[str, dict[str, str]]:
    """Read what a table of exposures needs of an ECSV header (astropy APE 6).

    The header is searched for these few entries instead of being parsed as YAML, whose tags make objects of any class.

    Parameters
    ----------
    lines : sequence [`str`]
        The lines of the header, with their ``# ``.

    Returns
    -------
    delimiter : `str`
        Blank or comma.
    scales : `dict` [`str`, `str`]
        Time scale, ``utc`` or ``tai``, of each column that astropy wrote as a time.

    Raises
    ------
    CuratedError
        If a column of times has another scale, or is stored as two numbers.
    """
    text = "\n".join(line.removeprefix("#").rstrip("\n") for line in lines)
    delimiter = _DELIMITER.search(text)
    times = list(_TIME.finditer(text))
    scales: dict[str, str] = {}
    for index, match in enumerate(times):
        end = times[index + 1].start() if index + 1 < len(times) else len(text)
        _add_scale(scales, match["column"], text[match.end() : end])
    return delimiter["delimiter"] if delimiter else " ", scales


def _add_scale(scales: dict[str, str], column: str, text: str) -> None:
    if "jd1:" in text or "jd2:" in text:
        raise CuratedError(
            f"the times of column {column!r:.60} are stored as two numbers",
            "write them as text: Time.format = 'isot' before the table is written",
        )
    match = _SCALE.search(text)
    if match is None:
        return
    if match["scale"] not in _SCALES:
        raise CuratedError(
            f"the times of column {column!r:.60} have the scale {match['scale']:.20}",
            "convert them to UTC or TAI",
        )
    scales[column] = match["scale"]
