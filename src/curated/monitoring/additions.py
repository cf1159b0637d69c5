"""Metrics of other programs: tables in CSV, with a row for each value."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from curated.core.diagnostic import Problem, brief, limited
from curated.core.similar import similar_name
from curated.core.times import explain_time, parse_time
from curated.monitoring.metric import Metric
from curated.monitoring.metric_text import MAX_BYTES
from curated.monitoring.series import mjd_tai
from curated.registry import find_type, similar_type

COLUMNS = (
    *(
        "instrument",
        "type",
        "statistic",
        "mjd",
        "time",
        "detector",
        "amplifier",
        "filter",
        "exposure",
        "sha256",
    ),
    *("value", "error", "unit"),
)
"""Columns of a table, in any order; ``time`` is in UTC and ``mjd`` in TAI, and one of them is needed, as is ``value``."""

_NEEDED = ("instrument", "type", "statistic", "value")


@dataclass(slots=True)
class Additions:
    """Metrics of a table.

    Parameters
    ----------
    metrics : `dict` [`str`, `dict` [`str`, `list` [`Metric`]]]
        By instrument and type, as the table names them.
    problems : `list` [`Problem`]
        What is wrong, with lines.
    """

    metrics: dict[str, dict[str, list[Metric]]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def read_additions(data: bytes, defaults: Mapping[str, str]) -> Additions:
    """Read a table of metrics.

    Parameters
    ----------
    data : `bytes`
        CSV in UTF-8 with the names of its columns in the first line.
    defaults : `dict` [`str`, `str`]
        Instrument, type and statistic of rows that have no such column, or nothing in it.
    """
    additions = Additions()
    if len(data) > MAX_BYTES:
        additions.problems.append(
            Problem("CAL881", (), f"{len(data)} bytes are more than {MAX_BYTES}", line=1)
        )
        return additions
    try:
        text = data.decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        additions.problems.append(Problem("CAL881", (), f"it is no table in CSV: {error}", line=1))
        return additions
    names = [name.strip().lower() for name in rows[0]] if rows else []
    additions.problems += _header_problems(names, defaults)
    if not additions.problems:
        additions.problems += limited(_read_rows(rows[1:], names, defaults, additions))
    return additions


def _header_problems(names: list[str], defaults: Mapping[str, str]) -> Iterator[Problem]:
    for name in sorted({name for name in names if name not in COLUMNS or names.count(name) > 1}):
        similar = similar_name(name, COLUMNS) if name not in COLUMNS else ""
        guess = f"; did you mean {similar}?" if similar else ""
        detail = (
            f"column {brief(name)} is there twice"
            if name in COLUMNS
            else f"column {brief(name)} is unknown{guess}"
        )
        yield Problem("CAL881", (), detail, f"name columns as one of {', '.join(COLUMNS)}", line=1)
    lacking = [name for name in _NEEDED if name not in names and not defaults.get(name)]
    if "mjd" not in names and "time" not in names:
        lacking.append("mjd or time")
    if lacking:
        hint = "add them; instrument, type and statistic may be arguments of the command instead"
        yield Problem("CAL881", (), f"there is no column {', '.join(lacking)}", hint, line=1)


def _read_rows(
    rows: list[list[str]], names: list[str], defaults: Mapping[str, str], additions: Additions
) -> Iterator[Problem]:
    for line, cells in enumerate(rows, start=2):
        if not cells:
            continue
        if len(cells) != len(names):
            yield Problem("CAL881", (), f"{len(cells)} of {len(names)} cells", line=line)
            continue
        row = {
            **defaults,
            **{name: cell.strip() for name, cell in zip(names, cells, strict=True) if cell.strip()},
        }
        problems = list(_row_problems(row))
        if not problems:
            metric = Metric(**_content(row))
            problems = [Problem("CAL883", (), text) for text in metric.problems()]
            if not problems:
                by_type = additions.metrics.setdefault(row["instrument"], {})
                by_type.setdefault(row["type"], []).append(metric)
        for problem in problems:
            yield Problem(problem.code, (), problem.detail, problem.hint, line=line)


def _row_problems(row: Mapping[str, str]) -> Iterator[Problem]:
    for name in _NEEDED:
        if not row.get(name):
            yield Problem("CAL882" if name == "value" else "CAL883", (), f"the row has no {name}")
    for name in ("mjd", "value", "error"):
        if row.get(name) and not math.isfinite(_number(row[name])):
            yield Problem("CAL882", (), f"{name} {brief(row[name])} is not a finite number")
    if not row.get("mjd"):
        text = row.get("time", "")
        try:
            _mjd_of_time(text)
        except (ValueError, OverflowError):
            yield Problem("CAL882", (), f"time {brief(text)} is {explain_time(text)}")
    if row.get("type") and find_type(row["type"]) is None:
        similar = similar_type(row["type"])
        hint = f"did you mean {similar}?" if similar else "'curated types' lists the types"
        yield Problem("CAL883", (), f"{brief(row['type'])} is not a calibration type", hint)


@lru_cache(maxsize=10_000)
def _mjd_of_time(text: str) -> float:
    """Return the MJD (TAI) of a time in UTC; all amplifiers of an exposure have the same one."""
    return mjd_tai(parse_time(text))


def _number(text: str) -> float:
    """Return a number; NaN for a text that is none, or one that Python alone reads."""
    try:
        return float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        return math.nan


def _content(row: Mapping[str, str]) -> dict[str, Any]:
    names = ("statistic", "detector", "amplifier", "filter", "exposure", "sha256", "unit")
    return {
        **{name: row.get(name, "") for name in names},
        "mjd": _number(row["mjd"]) if row.get("mjd") else _mjd_of_time(row["time"]),
        "value": _number(row["value"]),
        "error": _number(row["error"]) if row.get("error") else math.nan,
    }
