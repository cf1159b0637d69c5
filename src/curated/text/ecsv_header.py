"""The YAML header of an ECSV file (astropy APE 6): columns, units, metadata.

Headers that astropy writes have one keyword a line; those are read line by line, with the few block forms
that repeat from file to file remembered. Any other header goes through the YAML loader as a whole, and so
does everything whose value is not a plain scalar, so that both ways give the same data.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from curated.diagnostic import Problem
from curated.text.tree import load_yaml

VERSIONS = ("0.9", "1.0")

_KEY = r"(?P<key>[A-Za-z_][\w .]*)"
_FLOW_PAIR = re.compile(rf"- \{{{_KEY}: (?P<value>\S.*)\}}\Z")
_BLOCK_PAIR = re.compile(rf"- {_KEY}: (?P<value>\S.*)\Z")
_MAP_PAIR = re.compile(rf"  {_KEY}: (?P<value>\S.*)\Z")
_SAFE_PLAIN = re.compile(r"[A-Za-z0-9_./+~<^$;-][\w./+~()<>^$;=-]*(?: [\w./+~()<>^$;=-]+)*\Z", re.ASCII)
_DIRTY_PLAIN = re.compile(r"[A-Za-z0-9_./+~<^$;-][\w./+~()<>^$;=:-]*(?: [\w./+~()<>^$;=:-]+)*\Z", re.ASCII)
_QUOTED = re.compile(r"'[^'\\\x00-\x1f]*'\Z")
_INTEGERS = re.compile(r"\[(?:-?(?:0|[1-9]\d*)(?:, |\]))+\Z")
_INTEGER = re.compile(r"-?(?:0|[1-9]\d{0,17})\Z")
_DECIMAL = re.compile(r"-?\d+\.\d+\Z")
_WORD = re.compile(r"(?!(?:y|n|yes|no|true|false|on|off|null|nan|inf)\Z)[A-Za-z][\w/+()=-]*(?: [\w./+()=-]+)*\Z", re.I | re.ASCII)


@dataclass(slots=True)
class HeaderColumn:
    """A column as the header declares it."""

    name: str
    dtype: str
    unit: str = ""
    doc: str = ""
    subtype: str = ""


@dataclass(slots=True)
class Header:
    """Columns, keywords and the delimiter of an ECSV file."""

    columns: list[HeaderColumn]
    metadata: dict[str, Any] = field(default_factory=dict)
    delimiter: str = " "


def read_header(lines: list[str]) -> tuple[Header | None, list[Problem]]:
    """Read the header of an ECSV file.

    Parameters
    ----------
    lines : `list` [`str`]
        The comment lines at the top of the file, without their ``# ``.

    Returns
    -------
    header : `Header` or `None`
        What it declares; `None` where it cannot be read.
    problems : `list` [`Problem`]
        ``CAL204`` for its YAML, ``CAL205`` for what ECSV asks of it, ``CAL208`` for repeated keys.
    """
    version = re.fullmatch(r"%ECSV (\S+)", lines[0].strip()) if lines else None
    if version is None:
        return None, [Problem("CAL205", (), "the first line is not '# %ECSV 1.0'", line=1)]
    if version[1] not in VERSIONS:
        return None, [Problem("CAL205", (), f"ECSV version {version[1]!r} is not known", line=1)]
    quick = _quick(lines)
    if quick is not None:
        return quick, []
    data, problems = load_yaml("\n" + "\n".join(lines[1:]) + "\n")
    if not isinstance(data, dict):
        return None, problems or [Problem("CAL205", (), "the header is not a mapping", line=2)]
    header, more = _from_yaml(data)
    return header, problems + more


def _from_yaml(data: dict[Any, Any]) -> tuple[Header | None, list[Problem]]:
    columns, problems = _columns(data.get("datatype"))
    metadata = data.get("meta")
    if isinstance(metadata, list):
        metadata = {k: v for item in metadata if isinstance(item, dict) for k, v in item.items()}
    if metadata is None:
        metadata = {}
    if not isinstance(metadata, dict):
        problems.append(Problem("CAL205", ("meta",), "meta is not a mapping"))
        metadata = {}
    delimiter = data.get("delimiter", " ")
    if delimiter not in (" ", ","):
        problems.append(Problem("CAL205", ("delimiter",), f"the delimiter {delimiter!r} is not ' ' or ','"))
        delimiter = " "
    if columns is None:
        return None, problems
    metadata = {str(k): v for k, v in metadata.items()}
    _serialized(metadata.pop("__serialized_columns__", None), columns)
    return Header(columns, metadata, delimiter), problems


def _columns(declared: Any) -> tuple[list[HeaderColumn] | None, list[Problem]]:
    if not isinstance(declared, list) or not declared:
        return None, [Problem("CAL205", ("datatype",), "datatype is not a list of columns", line=None)]
    columns, problems = [], []
    seen: set[str] = set()
    for index, item in enumerate(declared):
        if not isinstance(item, dict) or not isinstance(item.get("name"), str) or "datatype" not in item:
            problems.append(Problem("CAL205", ("datatype", index), "a column needs a name and a datatype"))
            continue
        if item["name"] in seen:
            problems.append(Problem("CAL208", ("datatype", index), f"column {item['name']!r} stands twice"))
        seen.add(item["name"])
        text = {key: "" if item.get(key) is None else str(item[key]) for key in ("unit", "description", "subtype")}
        columns.append(
            HeaderColumn(item["name"], str(item["datatype"]), text["unit"], text["description"], text["subtype"])
        )
    return (None if problems else columns), problems


def _serialized(declared: Any, columns: list[HeaderColumn]) -> None:
    """Take a quantity's unit from its serialized form, which rules over the column's own."""
    if not isinstance(declared, dict):
        return
    for column in columns:
        entry = declared.get(column.name)
        unit = entry.get("unit") if isinstance(entry, dict) else None
        if isinstance(unit, dict):
            unit = unit.get("unit")
        if isinstance(unit, str):
            column.unit = unit


def _quick(lines: list[str]) -> Header | None:
    """Read a header of one keyword a line; `None` where it is not one."""
    try:
        meta = next(i for i, line in enumerate(lines) if line.startswith("meta:"))
    except StopIteration:
        return None
    if lines[1] != "---" or lines[2] != "datatype:" or not lines[-1].startswith("schema: astropy"):
        return None
    kind = lines[meta][5:].strip()
    if kind not in ("", "!!omap"):
        return None
    end = len(lines) - 1
    serialized = next((i for i in range(meta + 1, end) if "__serialized_columns__" in lines[i]), end)
    columns = _column_block("\n".join(lines[3:meta]), "\n".join(lines[serialized:end]))
    metadata: dict[str, Any] = {}
    patterns = (_FLOW_PAIR, _BLOCK_PAIR) if kind else (_MAP_PAIR,)
    for line in lines[meta + 1 : serialized]:
        match = next((m for p in patterns if (m := p.match(line))), None)
        if match is None or match["key"] in metadata:
            return None
        value = _scalar(match["value"])
        if value is _NOT_QUICK:
            return None
        metadata[match["key"]] = value
    return None if columns is None else Header(list(columns), metadata)


_NOT_QUICK = object()


@lru_cache(maxsize=4096)
def _scalar(text: str) -> Any:
    """Return a YAML scalar's value, or `_NOT_QUICK`."""
    if _QUOTED.match(text):
        return text[1:-1]
    if _INTEGER.match(text):
        # a leading zero would be octal in YAML 1.1; the pattern has none
        return int(text)
    if _DECIMAL.match(text):
        return float(text)
    if _WORD.match(text):
        return text
    if _INTEGERS.match(text):
        return _NOT_QUICK if text.count("[") != 1 else [int(part) for part in text[1:-1].split(", ")]
    if _DIRTY_PLAIN.match(text) and not text.endswith(":") and ": " not in text:
        data, problems = load_yaml(text)
        return _NOT_QUICK if problems or isinstance(data, (dict, list)) else data
    if text == "''":
        return ""
    return _NOT_QUICK


@lru_cache(maxsize=256)
def _column_block(datatype: str, serialized: str) -> tuple[HeaderColumn, ...] | None:
    """Read the two blocks that are the same in most files of a type."""
    declared, problems = load_yaml(datatype + "\n")
    if problems:
        return None
    columns, problems = _columns(declared)
    if columns is None or problems:
        return None
    if serialized:
        entry, problems = load_yaml(serialized + "\n")
        if problems:
            return None
        if isinstance(entry, list) and len(entry) == 1:
            entry = entry[0]
        if not isinstance(entry, dict) or list(entry) != ["__serialized_columns__"]:
            return None
        _serialized(entry["__serialized_columns__"], columns)
    return tuple(columns)
