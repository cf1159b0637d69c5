"""The text of a file of metrics: a line for each value, in an order that does not depend on who wrote it.

Lines are compared and merged one by one, so that git's union of two branches is a file of metrics again. There are no
quotes: no name has a comma. Files are read from untrusted packages, and by the million lines.
"""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from curated.core.diagnostic import Problem, brief, limited
from curated.monitoring.metric import FIRST_MJD, LAST_MJD, NAME, SHA256, UNIT, Metric, month_of

COLUMNS = ("mjd", "detector", "amplifier", "filter", "exposure", "sha256", "value", "error", "unit")
"""Columns of a file; the first six are the key of a row."""

HEADER = ",".join(COLUMNS)

MAX_BYTES = 256 * 2**20
_KEY = 6
_GRAMMARS = {
    "detector": NAME,
    "amplifier": NAME,
    "filter": NAME,
    "exposure": NAME,
    "sha256": SHA256,
    "unit": UNIT,
}
_BOUNDS = {"mjd": (FIRST_MJD, LAST_MJD), "error": (0.0, math.inf)}
_FOREIGN = re.compile(rb"[^\n\x20-\x7e]")
_NOT_NUMERIC = re.compile(r"[^0-9.eE+\-\n]")


@dataclass(slots=True)
class MetricRows:
    """Rows of a file of metrics, column by column.

    Parameters
    ----------
    mjd, value, error : `array`
        Numbers; an error that is not known is NaN.
    detector, amplifier, filter, exposure, sha256, unit : `list` [`str`]
        Names.
    """

    mjd: array[float] = field(default_factory=lambda: array("d"))
    detector: list[str] = field(default_factory=list)
    amplifier: list[str] = field(default_factory=list)
    filter: list[str] = field(default_factory=list)
    exposure: list[str] = field(default_factory=list)
    sha256: list[str] = field(default_factory=list)
    value: array[float] = field(default_factory=lambda: array("d"))
    error: array[float] = field(default_factory=lambda: array("d"))
    unit: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.mjd)

    def metrics(self, statistic: str) -> Iterator[Metric]:
        """Yield the rows as metrics of a statistic."""
        for row in zip(*(getattr(self, name) for name in COLUMNS), strict=True):
            yield Metric(statistic=statistic, **dict(zip(COLUMNS, row, strict=True)))


def read_metric_text(data: bytes, month: str = "") -> tuple[MetricRows, list[Problem]]:
    """Read a file of metrics.

    Parameters
    ----------
    data : `bytes`
        Content of the file, untrusted.
    month : `str`, optional
        The month that all times should be in, such as ``2026-03``.

    Returns
    -------
    rows : `MetricRows`
        Rows in the order of the file, each key once; empty if the file has an error, since nobody knows what a file that
        is wrong in one line has in the others.
    problems : `list` [`Problem`]
        What is wrong, with lines.
    """
    cells, numbers, problems = _read_cells(data)
    if not problems and cells:
        rows = MetricRows()
        columns = dict(zip(COLUMNS, zip(*cells, strict=True), strict=True))
        for name, column in columns.items():
            problems += limited(_fill(rows, name, column, numbers))
        if not problems:
            problems += limited(_order_problems(rows, numbers))
            problems += limited(_month_problems(rows, numbers, month))
            if not any(problem.code == "CAL884" for problem in problems):
                return _unique(rows, problems), problems
    return MetricRows(), problems


def _read_cells(data: bytes) -> tuple[list[list[str]], list[int], list[Problem]]:
    """Return the cells of all rows, the lines that these are in, and problems of the form."""
    if len(data) > MAX_BYTES:
        return [], [], [Problem("CAL881", (), f"{len(data)} bytes are more than {MAX_BYTES}", line=1)]
    foreign = _FOREIGN.search(data)
    if foreign is not None:
        line = data.count(b"\n", 0, foreign.start()) + 1
        detail = f"the byte {foreign[0][0]:#04x} has no place in it: lines end in a line feed, and all else is printable ASCII"
        return [], [], [Problem("CAL881", (), detail, line=line)]
    lines = data.decode("ascii").split("\n")
    if lines[-1]:
        detail = "the last line has no end: the file may have been cut off"
        return [], [], [Problem("CAL881", (), detail, line=len(lines))]
    lines.pop()
    if not lines or lines[0] != HEADER:
        detail = f"the first line is {brief(lines[0] if lines else '')} instead of {HEADER}"
        return [], [], [Problem("CAL881", (), detail, line=1)]
    cells = [line.split(",") for line in lines]
    # A merge may repeat the header.
    numbers = [number for number, line in enumerate(lines, start=1) if line != HEADER]
    cells = [cells[number - 1] for number in numbers]
    wrong = [
        Problem("CAL881", (), f"{len(row)} of {len(COLUMNS)} cells: {brief(','.join(row))}", line=number)
        for number, row in zip(numbers, cells, strict=True)
        if len(row) != len(COLUMNS)
    ]
    return cells, numbers, list(limited(wrong))


def _fill(rows: MetricRows, name: str, column: Sequence[str], numbers: Sequence[int]) -> Iterator[Problem]:
    """Fill a column of rows, and yield what is wrong in it."""
    grammar = _GRAMMARS.get(name)
    if grammar is not None:
        names = {text: text for text in column}
        wrong = {text for text in names if not grammar.fullmatch(text)}
        setattr(rows, name, list(map(names.__getitem__, column)))
        for number, text in zip(numbers, column, strict=True) if wrong else ():
            if text in wrong:
                yield Problem("CAL883", (), f"{name} {brief(text)} is not of its form", line=number)
        return
    lowest, highest = _BOUNDS.get(name, (-math.inf, math.inf))
    may_lack = name == "error"
    values = _numbers(column, may_lack=may_lack)
    finite = [v for v in values if not math.isnan(v)]
    if len(values) == len(column) and (
        not finite or (lowest <= min(finite) <= max(finite) <= highest and all(map(math.isfinite, finite)))
    ):
        setattr(rows, name, values)
        return
    for number, text in zip(numbers, column, strict=True):
        if not (may_lack and not text) and not _is_number(text, lowest, highest):
            bounds = f", from {lowest:g} to {highest:g}" if math.isfinite(lowest) else ""
            yield Problem("CAL882", (), f"{name} {brief(text)} is not a finite number{bounds}", line=number)


def _numbers(column: Sequence[str], *, may_lack: bool) -> array[float]:
    """Return the numbers of a column, NaN for empty cells that may be; nothing if one of them is no number."""
    try:
        if _NOT_NUMERIC.search("\n".join(column)) is None:
            return array("d", [float(text) if text or not may_lack else math.nan for text in column])
    except ValueError:
        pass
    return array("d")


def _is_number(text: str, lowest: float, highest: float) -> bool:
    number = next(iter(_numbers([text], may_lack=False)), math.nan)
    return math.isfinite(number) and lowest <= number <= highest


def _keys(rows: MetricRows) -> Iterable[tuple[float, str, str, str, str, str]]:
    return zip(rows.mjd, rows.detector, rows.amplifier, rows.filter, rows.exposure, rows.sha256, strict=True)


def _order_problems(rows: MetricRows, numbers: Sequence[int]) -> Iterator[Problem]:
    """Yield repeated keys: with other values, which are errors, and with the same ones; and one for lines out of order."""
    keys = list(_keys(rows))
    misplaced = [index for index, (key, following) in enumerate(pairwise(keys)) if key >= following]
    if not misplaced:
        return
    first_rows: dict[tuple[float, str, str, str, str, str], int] = {}
    repeated = 0
    for index, key in enumerate(keys):
        first = first_rows.setdefault(key, index)
        if first == index:
            continue
        if _content(rows, first) == _content(rows, index):
            repeated += 1
        else:
            old, new = (_shown(rows, row) for row in (first, index))
            detail = f"{new} here, and {old} in line {numbers[first]}, of the same {_shown_key(key)}"
            yield Problem("CAL884", (), detail, line=numbers[index])
    if len(first_rows) + repeated == len(keys):
        rest = "s" * (len(misplaced) != 1)
        copies = f", {repeated} of them repeated" if repeated else ""
        detail = f"{len(misplaced):,} row{rest} out of order{copies}, the first one here"
        yield Problem("CAL886", (), detail, line=numbers[misplaced[0] + 1])


def _content(rows: MetricRows, index: int) -> tuple[float, str, str]:
    return rows.value[index], repr(rows.error[index]), rows.unit[index]


def _shown(rows: MetricRows, index: int) -> str:
    return f"{rows.value[index]!r} {rows.unit[index]}".rstrip()


def _shown_key(key: tuple[float, str, str, str, str, str]) -> str:
    return " ".join(map(str, filter(None, key[: _KEY - 1])))


def _month_problems(rows: MetricRows, numbers: Sequence[int], month: str) -> Iterator[Problem]:
    """Yield rows of another month than that of the file."""
    months: dict[int, str] = {}
    for index, mjd in enumerate(rows.mjd if month else ()):
        day = int(mjd)
        if day not in months:
            months[day] = month_of(mjd)
        if months[day] != month:
            yield Problem("CAL885", (), f"mjd {mjd!r} is in {months[day]}", line=numbers[index])


def _unique(rows: MetricRows, problems: Sequence[Problem]) -> MetricRows:
    """Return rows without repeated ones."""
    if not any(problem.code == "CAL886" for problem in problems):
        return rows
    indices = {key: index for index, key in reversed(list(enumerate(_keys(rows))))}
    kept = sorted(indices.values())
    result = MetricRows()
    for name in COLUMNS:
        column = getattr(rows, name)
        picked = [column[index] for index in kept]
        setattr(result, name, array("d", picked) if isinstance(column, array) else picked)
    return result


def write_metric_text(metrics: Iterable[Metric]) -> bytes:
    """Return the text of metrics of one statistic: sorted rows, numbers as short as they can be read back."""
    lines = [HEADER]
    for m in sorted(metrics, key=lambda m: (m.mjd, m.detector, m.amplifier, m.filter, m.exposure, m.sha256)):
        error = "" if math.isnan(m.error) else _number(m.error)
        key = (_number(m.mjd), m.detector, m.amplifier, m.filter, m.exposure, m.sha256)
        lines.append(",".join((*key, _number(m.value), error, m.unit)))
    return ("\n".join(lines) + "\n").encode("ascii")


def _number(value: float) -> str:
    return repr(float(value)).removesuffix(".0")
