"""Tables of exposures as JSON lines: an object for each exposure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import orjson

from curated.core.diagnostic import CuratedError, Problem, brief
from curated.exposures.batch import ROWS, Cells, TableOptions
from curated.exposures.columns import ROLES, Columns, find_columns

_LONGEST_LINE = 1 << 20
_MOST_BYTES = 1 << 25
"""Bytes of the lines that are in memory at the same time, if there are not `ROWS` of them."""

_MOST_FORMS = 1000
"""Different sets of keys whose meaning is remembered."""


def read_json_lines(stream: BinaryIO, options: TableOptions) -> Iterator[Cells]:
    """Yield the cells of a table of JSON lines; the objects may have different keys.

    Parameters
    ----------
    stream : binary file
        Its text, UTF-8.

    Raises
    ------
    CuratedError
        If the first object lacks a time, or if the file is no list of lines.
    """
    forms = _Forms(options)
    line = 0
    is_end = False
    while not is_end:
        rows: list[int] = []
        values: dict[str, list[Any]] = {role: [] for role in ROLES}
        scales: dict[str, str] = {}
        problems: list[Problem] = []
        size = 0
        while len(rows) + len(problems) < ROWS and size < _MOST_BYTES:
            data = stream.readline(_LONGEST_LINE)
            if not data:
                is_end = True
                break
            line += 1
            size += len(data)
            cells = _read_line(data, stream, line)
            if isinstance(cells, Problem):
                problems.append(cells)
                continue
            if cells is None:
                continue
            columns = forms.columns(cells)
            if isinstance(columns, str):
                problems.append(Problem("CAL450", (), columns, line=line))
                continue
            if any(scales.setdefault(role, scale) != scale for role, scale in columns.scales.items()):
                detail = "times of another scale than in the lines before"
                problems.append(Problem("CAL450", (), detail, "give the scale: --time-scale", line=line))
                continue
            rows.append(line)
            for role, column in values.items():
                name = columns.names.get(role)
                column.append(None if name is None else cells.get(name))
        if rows or problems:
            yield Cells(rows, values, scales, problems)


def _read_line(data: bytes, stream: BinaryIO, line: int) -> dict[str, Any] | Problem | None:
    """Return the object of a line, what is wrong with it, or `None` for a blank line."""
    if len(data) == _LONGEST_LINE and not data.endswith(b"\n"):
        while (rest := stream.readline(_LONGEST_LINE)) and not rest.endswith(b"\n"):
            pass
        return Problem("CAL450", (), f"a line of more than {_LONGEST_LINE} bytes", line=line)
    if line == 1:
        data = data.removeprefix(b"\xef\xbb\xbf")
    data = data.strip()
    if not data:
        return None
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        if line == 1 and data.startswith(b"["):
            raise CuratedError(
                "it is a JSON array and no JSON lines", "write an object on each line, as 'jq -c .[]' does"
            ) from error
        reason = str(error).partition(":")[0]
        return Problem("CAL450", (), f"no JSON: {reason}", line=line)
    if line == 1 and isinstance(value, list):
        raise CuratedError(
            "it is a JSON array and no JSON lines", "write an object on each line, as 'jq -c .[]' does"
        )
    if not isinstance(value, dict):
        return Problem("CAL450", (), f"{brief(value)} is no object", line=line)
    return value


class _Forms:
    """What the keys of objects are for; looked up once for each set of keys."""

    def __init__(self, options: TableOptions) -> None:
        self._options = options
        self._columns: dict[tuple[str, ...], Columns | str] = {}

    def columns(self, cells: dict[str, Any]) -> Columns | str:
        """Return what keys are for, or what is wrong with them."""
        names = tuple(cells)
        columns = self._columns.get(names)
        if columns is None:
            columns = self._find(names)
            if len(self._columns) < _MOST_FORMS:
                self._columns[names] = columns
        return columns

    def _find(self, names: tuple[str, ...]) -> Columns | str:
        # An object may lack what others have.
        present = {role: name for role, name in self._options.columns.items() if name in names}
        try:
            return find_columns(
                names, present if self._columns else self._options.columns, self._options.scale
            )
        except CuratedError as error:
            if not self._columns:
                raise
            return error.message
