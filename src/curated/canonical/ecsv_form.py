"""ECSV in canonical form: the header as canonical YAML, cells with one separator and the fewest characters."""

from __future__ import annotations

import csv
import json
import re
from functools import lru_cache
from typing import Any

from curated.canonical.yaml_form import UnformattableError, canonical_number, format_yaml, yaml_comments
from curated.text.ecsv.header import Header, read_header
from curated.text.yaml.writer import json_scalar

_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_SPECIAL = {"nan": "nan", "inf": "inf", "-inf": "-inf", "+inf": "inf"}


def format_ecsv(text: str) -> str:
    """Return an ECSV file in canonical form, with its comments and the order of its keywords, columns and rows.

    Numbers have the fewest digits that read back as the same bits in the type of their column.

    Raises
    ------
    UnformattableError
        If it cannot be read.
    """
    lines = text.split("\n")
    count = next((i for i, line in enumerate(lines) if not line.startswith("#")), len(lines))
    head = [line[2:] if line.startswith("# ") else line[1:] for line in lines[:count]]
    header, problems = read_header(head)
    if header is None:
        raise UnformattableError("; ".join(problem.detail for problem in problems))
    document = format_yaml("\n".join(head[1:]) + "\n")
    result = ["# %ECSV " + head[0].split()[1]]
    result += [f"# {line}" if line else "#" for line in document.split("\n")[:-1]]
    types = tuple(_types(header))
    names = (("", False),) * len(types)
    is_named = False
    for line in lines[count:]:
        stripped = line.strip()
        if not stripped:
            if result[-1] and is_named:
                result.append("")
        elif stripped.startswith("#"):
            result.append(stripped)
        else:
            result.append(_row(stripped, header.delimiter, types if is_named else names))
            is_named = True
    while not result[-1]:
        result.pop()
    return "\n".join(result) + "\n"


def ecsv_comments(text: str) -> list[str]:
    """Return the comments of an ECSV file, in order: those in the YAML of its header, and those between its rows."""
    lines = text.split("\n")
    count = next((i for i, line in enumerate(lines) if not line.startswith("#")), len(lines))
    head = "\n".join(line[2:] if line.startswith("# ") else line[1:] for line in lines[1:count])
    return yaml_comments(f"{head}\n") + [
        line.strip() for line in lines[count:] if line.strip().startswith("#")
    ]


@lru_cache(maxsize=1 << 17)
def _row(line: str, delimiter: str, types: tuple[tuple[str, bool], ...]) -> str:
    """Return a row in canonical form; versions of a table that are merged have most of their rows in common."""
    cells = split_row(line, delimiter)
    if len(cells) != len(types):
        raise UnformattableError(f"{len(cells)} cells for {len(types)} columns")
    cells = [_cell(*pair) for pair in zip(cells, types, strict=True)]
    return delimiter.join(quoted_cell(cell, delimiter) for cell in cells)


def split_row(line: str, delimiter: str) -> list[str]:
    """Return the cells of a row as the reader of ECSV has them."""
    if '"' not in line:
        if delimiter == " ":
            # Nothing else separates: a blank that does not break lines is part of a text.
            return [cell for cell in line.split(" ") if cell]
        return [cell.strip() for cell in line.split(delimiter)]
    limit = csv.field_size_limit(len(line) + 1)
    try:
        (cells,) = csv.reader([f"{line}\n"], delimiter=delimiter, skipinitialspace=True)
    finally:
        csv.field_size_limit(limit)
    if cells[-1].endswith("\n"):
        raise UnformattableError("a text in a row goes on in the next line")
    return [cell.strip(" \t") for cell in cells]


def _types(header: Header) -> list[tuple[str, bool]]:
    """Return the type of each column's numbers, and whether its cells are lists."""
    return [
        (column.subtype.partition("[")[0] or column.dtype, bool(column.subtype)) for column in header.columns
    ]


def _cell(text: str, kind: tuple[str, bool]) -> str:
    name, is_list = kind
    if not is_list:
        return _number(text, name)
    try:
        return (
            json.dumps(json.loads(text), separators=(",", ":"), ensure_ascii=False)
            if name == "string"
            else _flat(text, name)
        )
    except (ValueError, RecursionError):
        return text


def _flat(text: str, name: str) -> str:
    """Return a list of numbers without blanks, each with the fewest digits."""
    json.loads(text)
    return re.sub(r"[-+.0-9A-Za-z]+", lambda match: _json_number(match[0], name), re.sub(r"\s+", "", text))


def _json_number(text: str, name: str) -> str:
    value = json.loads(text)
    if not isinstance(value, float):
        return text
    shown = _number(text, name)
    return json_scalar(value) if shown in _SPECIAL.values() else shown


def _number(text: str, name: str) -> str:
    """Return a number with the fewest digits that give the same bits in a type; any other text as it is."""
    if name.startswith(("int", "uint")):
        return canonical_number(text) if _INTEGER.fullmatch(text) else text
    if not name.startswith("float") or name == "float128":
        return text
    if text.lower() in _SPECIAL:
        return _SPECIAL[text.lower()]
    try:
        value = float(text)
    except ValueError:
        return text
    if "_" in text or value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124 - NaN
        return text
    return repr(value) if name == "float64" else _short(text, name)


def _short(text: str, name: str) -> str:
    import numpy as np

    shown: Any = str(np.dtype(name).type(text))
    return str(shown)


def quoted_cell(cell: str, delimiter: str) -> str:
    """Return a cell, in quotes if it would be read as something else."""
    if cell and not any(character in cell for character in (" ", '"', "#", delimiter)):
        return cell
    return '"' + cell.replace('"', '""') + '"'
