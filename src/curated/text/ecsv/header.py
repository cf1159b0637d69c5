"""The YAML header of an ECSV file (astropy APE 6): columns, units, metadata.

Headers that astropy writes have one keyword a line; they are read line by line, and blocks that are the same in many
files are cached. Any other header goes through the YAML loader as a whole, and so does every value that is not a plain
scalar, so that both ways give the same data.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from curated.core.diagnostic import Problem, brief
from curated.core.metadata import NEVER_DATES, canonical
from curated.text.ecsv.serialized import FURNITURE, INDICES, KEY, HeaderColumn, index_columns, rebuild
from curated.text.yaml.fast_parser import NEEDS_PARSER, NO_WORD, plain_scalar
from curated.text.yaml.reader import load_strictly

VERSIONS = ("0.9", "1.0")

MAX_COLUMNS = 1_000
"""Most columns of a table; the widest of the stack has 50."""

MAX_LINES = 20_000
"""Most lines of a header."""

_KEY = rf"(?P<key>{NO_WORD}[A-Z_](?:[\w .]*[\w.])?)"
_FLOW_PAIR = re.compile(rf"- \{{{_KEY}: (?P<value>\S.*)\}}\Z", re.IGNORECASE | re.ASCII)
_BLOCK_PAIR = re.compile(rf"- {_KEY}: (?P<value>\S.*)\Z", re.IGNORECASE | re.ASCII)
_MAP_PAIR = re.compile(rf"  {_KEY}: (?P<value>\S.*)\Z", re.IGNORECASE | re.ASCII)
_PLAIN = re.compile(r"-?[\w./+~^$;][\w./+~()^$;=:-]*(?: [\w./+~()^$;=:-]+)*\Z", re.ASCII)
_INTEGERS = re.compile(r"\[-?(?:0|[1-9]\d{0,17})(?:, -?(?:0|[1-9]\d{0,17}))*\]\Z", re.ASCII)


@dataclass(slots=True, eq=False, repr=False)
class Header:
    """Columns, keywords and the delimiter of an ECSV file.

    Masks are columns by the names of those that they mask; hidden ones, such as these, are no data.
    """

    columns: list[HeaderColumn]
    metadata: dict[str, Any] = field(default_factory=dict)
    delimiter: str = " "
    masks: dict[str, str] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()


def read_header(lines: list[str]) -> tuple[Header | None, list[Problem]]:
    """Read the header of an ECSV file.

    Parameters
    ----------
    lines : `list` [`str`]
        Comment lines at the top of the file, without their ``# ``.

    Returns
    -------
    header : `Header` or `None`
        The declarations; `None` if they cannot be read.
    problems : `list` [`Problem`]
        ``CAL204`` for errors of YAML, ``CAL205`` for those of ECSV, ``CAL208`` for repeated keys.
    """
    version = re.fullmatch(r"%ECSV (\S+)", lines[0].strip()) if lines else None
    if version is None:
        return None, [Problem("CAL205", (), "the first line is not '# %ECSV 1.0'", line=1)]
    if version[1] not in VERSIONS:
        detail = f"ECSV version {brief(version[1])} is not one of {' and '.join(VERSIONS)}"
        return None, [Problem("CAL205", (), detail, line=1)]
    if len(lines) > MAX_LINES:
        return None, [Problem("CAL209", (), f"a header of {len(lines)} lines", line=1)]
    plain = _plain_header(lines)
    if plain is not None:
        return plain, []
    misplaced = _wrong_start(lines)
    if misplaced is not None:
        return None, [misplaced]
    document = "\n" + "\n".join(lines[1:]) + "\n"
    data, problems = load_strictly(document)
    if not problems:
        from curated.text.yaml.loader import strict_problems

        problems = strict_problems(document)
    # Columns count the two characters before the YAML of each line.
    problems = [replace(p, column=p.column + 2) if p.column and (p.line or 0) > 1 else p for p in problems]
    if not isinstance(data, dict):
        return None, problems or [Problem("CAL205", (), "the header declares no columns", line=1)]
    header, more = _from_yaml(data)
    return header, problems + more


def _wrong_start(lines: list[str]) -> Problem | None:
    """Return the problem of a header whose second line does not begin its YAML: ``%ECSV`` is a directive, which needs it."""
    for number, line in enumerate(lines[1:], start=2):
        if line.strip() and not line.startswith(("#", "%")):
            if line == "---" or line.startswith("--- "):
                return None
            detail = f"{brief(line)} without a line '# ---' before it"
            return Problem(
                "CAL205",
                (),
                detail,
                "put '# ---' between '# %ECSV 1.0' and '# datatype:'",
                line=number,
                column=1,
            )
    return None  # the header declares nothing


def _from_yaml(data: dict[Any, Any]) -> tuple[Header | None, list[Problem]]:
    columns, problems = _columns(data.get("datatype"))
    metadata = data.get("meta")
    if metadata is None:
        metadata = {}
    if not isinstance(metadata, dict):
        words = "a list without '!!omap'" if isinstance(metadata, list) else "not a mapping"
        problems.append(Problem("CAL205", ("meta",), f"meta is {words}"))
        metadata = {}
    delimiter = data.get("delimiter", " ")
    if delimiter not in (" ", ","):
        detail = f"the delimiter {brief(delimiter)} is neither ' ' nor ','"
        problems.append(Problem("CAL205", ("delimiter",), detail))
        delimiter = " "
    if columns is None:
        return None, problems
    indices, more = index_columns(metadata.get(INDICES), columns)
    problems += more
    metadata = {str(k): v for k, v in metadata.items() if k not in FURNITURE}
    masks, more = rebuild(metadata.pop(KEY, None), columns)
    return Header(
        columns, metadata, delimiter, masks, frozenset((*masks.values(), *indices))
    ), problems + more


def _columns(declared: Any) -> tuple[list[HeaderColumn] | None, list[Problem]]:
    if not isinstance(declared, list) or not declared:
        return None, [Problem("CAL205", ("datatype",), "the header has no list 'datatype' of columns")]
    if len(declared) > MAX_COLUMNS:
        return None, [Problem("CAL209", ("datatype",), f"{len(declared)} columns, more than {MAX_COLUMNS}")]
    columns, problems = [], []
    names: set[str] = set()
    for index, item in enumerate(declared):
        if not isinstance(item, dict) or not isinstance(item.get("name"), str) or "datatype" not in item:
            problems.append(Problem("CAL205", ("datatype", index), "a column needs a name and a datatype"))
            continue
        if item["name"] in names:
            problems.append(
                Problem("CAL208", ("datatype", index), f"column {brief(item['name'])} stands twice")
            )
        names.add(item["name"])
        text = {}
        for key in ("datatype", "unit", "description", "subtype"):
            value = item.get(key)
            text[key] = "" if value is None else str(value)
            # A description may be a number; a unit that is one would scale the values.
            kinds = (str, int, float, type(None)) if key == "description" else (str, type(None))
            if not isinstance(value, kinds):
                problems.append(
                    Problem("CAL205", ("datatype", index, key), f"{key} {brief(value)} is not a text")
                )
        columns.append(
            HeaderColumn(item["name"], text["datatype"], text["unit"], text["description"], text["subtype"])
        )
    return (None if problems else columns), problems


def _plain_header(lines: list[str]) -> Header | None:
    """Read a header of one keyword a line; `None` for any other."""
    try:
        meta = next(i for i, line in enumerate(lines) if line.startswith("meta:"))
    except StopIteration:
        return None
    if lines[1] != "---" or lines[2] != "datatype:" or not lines[-1].startswith("schema: astropy"):
        return None
    kind = lines[meta][5:].strip(" ")
    if kind not in ("", "!!omap"):
        return None
    end = len(lines) - 1
    serialized = next((i for i in range(meta + 1, end) if KEY in lines[i]), end)
    block = _column_block("\n".join(lines[3:meta]), "\n".join(lines[serialized:end]), bool(kind))
    metadata: dict[str, Any] = {}
    for line in lines[meta + 1 : serialized]:
        key, value = _pair(line, bool(kind))
        if value is NEEDS_PARSER or key in metadata:
            return None
        metadata[key] = list(value) if isinstance(value, tuple) else value
    # An ordered mapping without entries is written in another form.
    is_empty = bool(kind) and serialized == meta + 1
    if block is None or is_empty or not metadata.keys().isdisjoint(FURNITURE):
        return None
    columns, masks = block
    return Header(list(columns), metadata, masks=dict(masks), hidden=frozenset(masks.values()))


@lru_cache(maxsize=4096)
def _pair(line: str, is_omap: bool) -> tuple[str, Any]:
    """Return a keyword and its value, `NEEDS_PARSER` if the line is not one keyword; a list comes as a tuple."""
    patterns = (_FLOW_PAIR, _BLOCK_PAIR) if is_omap else (_MAP_PAIR,)
    match = next((m for p in patterns if (m := p.match(line))), None)
    if match is None:
        return "", NEEDS_PARSER
    text = match["value"]
    if text[4:5] == "-" and text[:4].isdigit() and canonical(match["key"]) in NEVER_DATES:
        return match["key"], NEEDS_PARSER  # it may be a date, which the loader reports
    if _INTEGERS.match(text):
        return match["key"], tuple(int(part) for part in text[1:-1].split(", "))
    return match["key"], _scalar(text)


def _scalar(text: str) -> Any:
    value = plain_scalar(text)
    if value is NEEDS_PARSER and _PLAIN.match(text) and not text.endswith(":") and ": " not in text:
        data, problems = load_strictly(f"- {text}\n")
        if not problems and isinstance(data, list) and not isinstance(data[0], (dict, list)):
            return data[0]
    return value


@lru_cache(maxsize=256)
def _column_block(
    datatype: str, serialized: str, is_omap: bool
) -> tuple[tuple[HeaderColumn, ...], Mapping[str, str]] | None:
    """Read the two blocks that are the same in most files of a type: columns and masks; `None` for any problem."""
    if "\t" in datatype + serialized or "?" in datatype + serialized:
        return None  # the parsers differ about them
    items, problems = load_strictly(datatype + "\n")
    if problems:
        return None
    columns, problems = _columns(items)
    if columns is None or problems:
        return None
    masks: dict[str, str] = {}
    if serialized:
        entry, problems = load_strictly(serialized + "\n")
        if problems or isinstance(entry, list) is not is_omap:
            return None
        if isinstance(entry, list) and len(entry) == 1:
            entry = entry[0]
        if not isinstance(entry, dict) or list(entry) != [KEY]:
            return None
        masks, problems = rebuild(entry[KEY], columns)
    return None if problems else (tuple(columns), masks)
