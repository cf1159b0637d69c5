"""Tables as text with separators or blanks between the cells, with the line of each row."""

from __future__ import annotations

import csv
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from curated.core.diagnostic import Problem, brief
from curated.exchange.foreign import is_number, number_of
from curated.exchange.tables.source_table import SourceColumn, SourceTable
from curated.exchange.tables.units import spelled, split_name

_MOST_COLUMNS = 70_000
"""Columns of the widest table: a lookup table has one for each number that 16 bits hold."""

_SEPARATORS = (",", ";", "\t", "|")
_NOT_FINITE = frozenset(("nan", "inf", "+inf", "-inf", "infinity", "-infinity"))
_MISSING = frozenset(("", "--", "null", "none", "indef", "n/a", "na"))
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+\Z", re.A)
_BRACKETS = re.compile(r"\(.*\)\Z|\[.*\]\Z")
_UNIT = re.compile(r"[A-Za-z%\u00b5\u03bc\u00c5/*^.0-9 \-\[\]()]{0,24}\Z")


def read_text_table(text: str) -> SourceTable | tuple[Problem, ...]:
    """Read a table of lines with separators (comma, semicolon, tab, bar) or blanks; the problems if it is none.

    The first line, or the last comment before it, names the columns if nothing in it is a number; a line below it may
    have the units. Lines that begin with ``#`` are comments.
    """
    comments: list[tuple[int, str]] = []
    rows: list[tuple[int, str]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("#"):
            if not rows:
                comments.append((number, line.strip().lstrip("# ")))
        elif line.strip():
            rows.append((number, line))
    if not rows:
        return (Problem("CAL720", (), "the file has no rows"),)
    separator = _separator([line for _, line in rows])
    cells = [(number, _split(line, separator)) for number, line in rows]
    if not cells[0][1]:
        return (Problem("CAL720", (), "quotation marks that do not fit", line=cells[0][0]),)
    row_count = len(cells)
    names, units, cells, has_names = _head(cells, comments, separator)
    wrong = [
        Problem(
            "CAL720",
            (),
            f"{len(row)} values, but {len(names)} columns" if row else "quotation marks that do not fit",
            "quote texts with separators, and write a dot before decimals",
            line=number,
        )
        for number, row in cells
        if len(row) != len(names)
    ]
    if wrong:
        return tuple(wrong)
    duplicates = [name for name, count in Counter(names).items() if count > 1]
    if duplicates:
        return (Problem("CAL721", (), f"two columns are called {brief(duplicates[0])}"),)
    if len(names) > _MOST_COLUMNS:
        return (Problem("CAL721", (), f"{len(names)} columns are more than a table of a calibration has"),)
    table = _table(names, units, cells, has_names)
    is_comment = has_names and len(cells) == row_count
    return replace(table, is_named_by_comment=is_comment) if isinstance(table, SourceTable) else table


def _table(
    names: list[str], units: list[str | None], cells: list[tuple[int, list[str]]], has_names: bool
) -> SourceTable | tuple[Problem, ...]:
    columns: dict[str, Any] = {}
    problems: list[Problem] = []
    for index, name in enumerate(names):
        plain_name, unit = split_name(name)
        texts = [row[index] for _, row in cells]
        values, missing = _values(texts)
        commas = [i for i, text in enumerate(texts) if _DECIMAL_COMMA.match(text)]
        if values.dtype.kind == "U" and commas and len(commas) >= len(texts) - len(missing) - 1:
            line = cells[commas[0]][0]
            detail = f"column {name}: {brief(texts[commas[0]])} has a decimal comma"
            problems.append(Problem("CAL720", (), detail, "write decimals with a dot", line=line))
        unit = units[index] if units[index] is not None else unit
        columns[plain_name if plain_name not in columns else name] = SourceColumn(
            values=values, unit=unit, missing=tuple(missing)
        )
    if problems:
        return tuple(problems)
    return SourceTable(columns=columns, lines=tuple(number for number, _ in cells), has_names=has_names)


def _separator(lines: Sequence[str]) -> str:
    """Return the separator of the first line, if most lines have it; empty for blanks."""
    sample = lines[:20]
    for separator in _SEPARATORS:
        if separator in sample[0] and sum(separator in line for line in sample) * 2 > len(sample):
            return separator
    return ""


def _split(line: str, separator: str) -> list[str]:
    if separator:
        try:
            reader = csv.reader([line.strip(" ")], delimiter=separator, skipinitialspace=True, strict=True)
            cells = next(reader, [])
        except csv.Error:
            # A quotation mark that is not closed, or stands within a cell.
            return []
        if separator == "|" and line.strip().startswith("|") and line.strip().endswith("|"):
            cells = cells[1:-1]
        return [cell.strip() for cell in cells]
    words: list[str] = []
    for word in re.findall(r"\"[^\"]*\"|'[^']*'|\S+", line):
        # The unit of a column stands behind its name.
        if _BRACKETS.match(word) and words and not _is_value(words[-1]):
            words[-1] = f"{words[-1]} {word}"
        else:
            words.append(word.strip("\"'"))
    return words


def _head(
    cells: list[tuple[int, list[str]]], comments: list[tuple[int, str]], separator: str
) -> tuple[list[str], list[str | None], list[tuple[int, list[str]]], bool]:
    """Return names, units, the rows below them, and whether the file has names."""
    first = cells[0][1]
    units: list[str | None] = [None] * len(first)
    if not any(map(_is_value, first)) and any(first) and (len(cells) > 1 or separator):
        rows = cells[1:]
        if not first[-1] and all(len(row) == len(first) and not row[-1] for _, row in rows):
            # Lines that end with a separator.
            first, rows = first[:-1], [(number, row[:-1]) for number, row in rows]
            units.pop()
        names = [name or f"col{i + 1}" for i, name in enumerate(first)]
        below = rows[0][1] if rows else []
        if len(rows) > 1 and len(below) == len(first) and _are_units(below, rows[1][1]):
            units = [spelled(unit.strip("[]()")) if unit.strip("-[]() ") else None for unit in below]
            rows = rows[1:]
        return names, units, rows, True
    if comments:
        names = _split(comments[-1][1], separator if separator in comments[-1][1] else "")
        if len(names) == len(first) and not any(map(_is_value, names)):
            return names, units, cells, True
    return [f"col{i + 1}" for i in range(len(first))], units, cells, False


def _are_units(below: list[str], next_row: list[str]) -> bool:
    """Say whether the line below the names has units: texts where the next line has numbers."""
    is_numeric = [is_number(cell) for cell in next_row[: len(below)]]
    cells = [cell for cell, numeric in zip(below, is_numeric, strict=False) if numeric]
    # Names have no unit: a text beside them is one of their values.
    if any(cell.strip("-[]() ") for cell, numeric in zip(below, is_numeric, strict=False) if not numeric):
        return False
    if any(map(_is_value, below)) or any(cell.lower() in _MISSING - {"", "none"} for cell in cells):
        return False
    return any(cells) and all(_UNIT.match(cell) for cell in cells)


def _is_value(text: str) -> bool:
    return is_number(text) or text.lower() in _NOT_FINITE


def _values(texts: list[str]) -> tuple[Any, list[int]]:
    """Return the values of a column, whole numbers, numbers or texts, and the rows without one."""
    if not texts:
        return np.zeros(0), []
    missing = [i for i, text in enumerate(texts) if text.lower() in _MISSING]
    present = [text for text in texts if text.lower() not in _MISSING]
    if not present or not all(map(_is_value, present)):
        empty = [i for i, text in enumerate(texts) if text in ("", "--")]
        return np.array(texts, dtype=str), empty
    if not missing and all(re.fullmatch(r"[+-]?\d{1,18}", text, re.A) for text in present):
        return np.array([int(text) for text in texts], dtype=np.int64), []
    numbers = [
        math.nan if text.lower() in _MISSING else number_of(text) if is_number(text) else float(text)
        for text in texts
    ]
    return np.array(numbers), missing
