"""Calibration registries of the LSST stack's second generation: ``calibRegistry.sqlite3``, a table for each type.

Dates are days in TAI, as the stack's own converter reads them (obs_base, calibRepoConverter.py): a range lasts from the
beginning of ``validStart`` to that of ``validEnd``. Registries differ in whether the last day is part of the range, so gaps
and overlaps up to a day are closed at the later product's start.
"""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from curated.core.diagnostic import CuratedError, Problem, brief
from curated.core.times import EARLIEST, scaled_time
from curated.migration.names import NOTHING, name_fault
from curated.migration.ranges import close_gaps
from curated.migration.registry_files import RegistryFiles, fill_template
from curated.migration.survey import Note, Product, SourceError, SourceOptions, Survey
from curated.migration.tree import SourceTree
from curated.registry import find_type

MAGIC = b"SQLite format 3\0"
_TABLES = (
    "bias",
    "dark",
    "flat",
    "fringe",
    "sky",
    "defects",
    "qe_curve",
    "linearizer",
    "crosstalk",
    "bfk",
    "photodiode",
)
_DETECTORS = ("detector", "ccd", "ccdnum", "sensor", "chip")
_RANGE = ("calibDate", "validStart", "validEnd")
_LAST = date(2037, 12, 31)
"""The end that registries give to what has none."""

_LARGEST_GAP = timedelta(days=1.001)
_MOST_ROWS, _MOST_COLUMNS, _LARGEST_VALUE = 200_000, 200, 1 << 16
_STEPS, _MOST_CALLS = 100_000, 5000
"""Instructions of SQLite between two looks, and how many looks a query may take: half a minute at most."""


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of a table with its place."""

    table: str
    number: int
    values: Mapping[str, Any]

    @property
    def label(self) -> str:
        number = self.values.get("id", self.number)
        return f"{self.table}, id {number}" if isinstance(number, int) else f"{self.table}, row {self.number}"


def survey_gen2(tree: SourceTree, index: str, options: SourceOptions) -> Survey:
    """Read a registry.

    Raises
    ------
    SourceError
        If it cannot be read, or is no registry.
    """
    rows, notes = _read_rows(tree, index)
    files = RegistryFiles(tree)
    products: list[Product] = []
    detectors: dict[str, int] = {}
    names = _detector_names(rows)
    for row in rows:
        product, problem = _product(row, index, options, names)
        if product is None:
            notes.append(Note(problem, index, 1))
            continue
        file, problem_of_file = _file_of(row, tree, files, options)
        if problem_of_file is not None:
            notes.append(Note(problem_of_file, index))
        products.append(replace(product, file=file))
        if product.detector:
            detectors[product.detector] = row.values[_detector_column(row.values)]
    products, closed = _close(products)
    if closed:
        detail = f"{closed} ends were moved by a day at most to the start of the next product"
        hint = "registries differ in whether validEnd is the last day, or the one after it; nothing is to be done"
        notes.append(Note(Problem("CAL737", (), detail, hint), index))
    unnamed = [name for name, number in detectors.items() if name == f"d{number:02d}"]
    if unnamed:
        detail = f"{len(unnamed)} detectors are named by their numbers, such as {unnamed[0]}"
        notes.append(
            Note(Problem("CAL737", (), detail, "rename them in instrument.yaml and the paths"), index)
        )
    return Survey(
        kind="gen2",
        products=tuple(products),
        notes=tuple(notes),
        detectors=detectors,
        filters=tuple(sorted({p.filter for p in products if p.filter})),
        indices=(index,),
    )


# -- the database ---------------------------------------------------------------------------------------


def _read_rows(tree: SourceTree, index: str) -> tuple[list[_Row], list[Note]]:
    path = Path(tree.locate(index))
    for ending in ("-wal", "-journal"):
        beside = Path(f"{path}{ending}")
        if beside.is_file() and beside.stat().st_size:
            detail = f"a program has not finished writing: {beside.name} is beside the registry"
            hint = f"open it once with a program that may write, such as 'sqlite3 {path.name} .tables', or restore it"
            raise SourceError(Problem("CAL730", (), detail, hint), index)
    calls = Counter[str]()

    def is_too_long() -> bool:
        calls["all"] += 1
        return calls["all"] > _MOST_CALLS

    try:
        # Nothing is written beside the file either, not even a lock.
        uri = f"{path.as_uri()}?mode=ro&immutable=1"
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as database:
            database.text_factory = lambda data: data.decode("utf-8", "backslashreplace")
            database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 1 << 20)
            database.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
            database.set_progress_handler(is_too_long, _STEPS)
            database.execute("PRAGMA trusted_schema = OFF")
            state = str(database.execute("PRAGMA quick_check(1)").fetchone()[0])
            if state != "ok":
                detail = f"the registry is damaged: {brief(state)}"
                raise SourceError(Problem("CAL730", (), detail, "restore it from a backup"), index)
            return _read_tables(database, index)
    except (sqlite3.Error, UnicodeDecodeError, OverflowError, MemoryError) as error:
        reason = "a query takes too long" if calls["all"] > _MOST_CALLS else str(error)
        detail = f"the registry cannot be read: {reason}"
        raise SourceError(Problem("CAL730", (), detail, "restore it from a backup"), index) from error


def _read_tables(database: sqlite3.Connection, index: str) -> tuple[list[_Row], list[Note]]:
    objects = database.execute("SELECT type, name, sql FROM sqlite_master LIMIT 10001").fetchall()
    if len(objects) > 10_000:
        raise SourceError(Problem("CAL730", (), "it has more than 10000 tables: no registry has"), index)
    odd = [
        str(name)
        for kind, name, sql in objects
        if kind not in ("table", "index") or "virtual" in str(sql or "").lower().split("(")[0].split()
    ]
    if odd:
        names = ", ".join(map(brief, odd[:5]))
        detail = f"it has views, triggers or virtual tables, which no registry has: {names}"
        raise SourceError(Problem("CAL730", (), detail, "ask where the registry comes from"), index)
    rows: list[_Row] = []
    notes: list[Note] = []
    is_registry = False
    for name in sorted(str(name) for kind, name, _ in objects if kind == "table"):
        if name.startswith("sqlite_") or name.endswith("_visit"):
            continue
        quoted = '"' + name.replace('"', '""') + '"'
        columns = [str(column[1]) for column in database.execute(f"PRAGMA table_xinfo({quoted})")]
        lower = {column.lower() for column in columns}
        if not {column.lower() for column in _RANGE} <= lower:
            count = int(database.execute(f"SELECT count(*) FROM {quoted}").fetchone()[0])  # noqa: S608 - quoted
            detail = f"the table {brief(name)} has no {', '.join(_RANGE)}: its {count} rows are not read"
            notes.append(Note(Problem("CAL736", (), detail), index, count))
            continue
        is_registry = True
        rows += _read_table(database, name, quoted, columns, index, notes)
    if not is_registry:
        detail = "no table has calibDate, validStart and validEnd: it is no calibration registry"
        raise SourceError(Problem("CAL730", (), detail, "name calibRegistry.sqlite3"), index)
    return rows, notes


def _read_table(
    database: sqlite3.Connection, name: str, quoted: str, columns: list[str], index: str, notes: list[Note]
) -> Iterator[_Row]:
    if len(columns) > _MOST_COLUMNS:
        raise SourceError(Problem("CAL730", (), f"{brief(name)} has {len(columns)} columns"), index)
    spelling = {column.lower(): column for column in (*_RANGE, *_DETECTORS, "filter", "id")}
    keys = [spelling.get(column.lower(), column) for column in columns]
    cursor = database.execute(f"SELECT * FROM {quoted} ORDER BY rowid")  # noqa: S608 - quoted
    shown = Counter[str]()
    for number, values in enumerate(cursor, 1):
        if number > _MOST_ROWS:
            raise SourceError(
                Problem("CAL730", (), f"{brief(name)} has more than {_MOST_ROWS} rows: no registry has"),
                index,
            )
        row = dict(zip(keys, values, strict=False))
        for key, value in row.items():
            if (
                key not in (*_RANGE, *_DETECTORS, "filter", "id", "detectorName", "raftName")
                and value is not None
            ):
                shown[key] += 1
        yield _Row(name, number, row)
    for key, count in shown.items():
        detail = f"{name}.{key} has no place in a package; {count} rows have a value"
        notes.append(Note(Problem("CAL736", (), detail, f"{index} keeps it"), index))


# -- rows -----------------------------------------------------------------------------------------------


def _detector_column(values: Mapping[str, Any]) -> str:
    """Return the first column that is a detector's number; empty if there is none."""
    return next((column for column in _DETECTORS if isinstance(values.get(column), int)), "")


def _detector_names(rows: list[_Row]) -> dict[int, str]:
    """Return the names of detectors by number: what some row says, else their numbers."""
    names: dict[int, str] = {}
    for row in rows:
        column = _detector_column(row.values)
        if not column:
            continue
        number = row.values[column]
        raft, slot = row.values.get("raftName"), row.values.get("detectorName")
        if isinstance(slot, str) and slot and not name_fault(slot, "detector"):
            is_part = isinstance(raft, str) and raft and not name_fault(raft, "raft") and raft not in slot
            names[number] = f"{raft}_{slot}" if is_part else slot
        names.setdefault(number, f"d{number:02d}")
    repeated = {name for name, count in Counter(names.values()).items() if count > 1}
    return {number: f"d{number:02d}" if name in repeated else name for number, name in names.items()}


def _product(
    row: _Row, index: str, options: SourceOptions, names: Mapping[int, str]
) -> tuple[Product | None, Problem]:
    """Return the product of a row; or `None` and what is wrong with it."""
    problem = Problem("CAL731", (), "")
    values = row.values
    try:
        start, end = (_moment(values.get(key), key, options.scale or "TAI") for key in _RANGE[1:])
    except ValueError as error:
        return None, replace(problem, detail=f"{row.label}: {error}")
    if end is not None and end < start:  # type: ignore[operator]
        detail = f"{row.label}: validEnd {values['validEnd']} is before validStart {values['validStart']}"
        return None, replace(problem, detail=detail)
    type_name = options.types.get(row.table, row.table if row.table in _TABLES else "")
    cls = find_type(type_name) if type_name else None
    column = _detector_column(values)
    detector = filter_name = ""
    if cls is not None and cls.SPEC.has_detector:
        if not column or not 0 <= values[column] < 2**31:
            return None, replace(problem, detail=f"{row.label}: no column has the number of its detector")
        detector = names[values[column]]
    raw = values.get("filter")
    if cls is not None and cls.SPEC.has_filter:
        filter_name = str(raw or "") if str(raw or "").lower() not in NOTHING else options.filter
        fault = name_fault(filter_name, "filter")
        if fault:
            return None, replace(problem, detail=f"{row.label}: {fault}")
    selectors = {}
    if cls is not None and not cls.SPEC.has_filter and str(raw or "").lower() not in NOTHING:
        selectors["filter"] = str(raw)
    return (
        Product(
            label=row.label,
            index=index,
            kind=row.table,
            type=cls.SPEC.name if cls is not None else "",
            detector=detector,
            filter=filter_name,
            start=start or EARLIEST,
            end=end,
            selectors=selectors,
        ),
        problem,
    )


def _moment(value: Any, column: str, scale: str) -> datetime | None:
    """Return the beginning of a day in UTC; `None` for an end that stands for none."""
    if not isinstance(value, str) or len(value) > _LARGEST_VALUE:
        raise ValueError(f"{column} is {brief(value)}, no date")
    match = re.fullmatch(r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d:\d\d(?:\.\d{1,9})?))?", value.strip(), re.ASCII)
    fault = ValueError(f"{column} is {brief(value)}, no date of 1970 to 2037")
    if match is None:
        raise fault
    try:
        moment = datetime.fromisoformat(f"{match[1]}T{match[2] or '00:00:00'}")
        if moment <= EARLIEST:
            return EARLIEST
        if moment.date() < _LAST:
            return max(scaled_time(moment.isoformat(), scale), EARLIEST)
    except ValueError:
        raise fault from None
    if column == "validEnd":
        return None
    raise fault


def _close(products: list[Product]) -> tuple[list[Product], int]:
    """Close gaps between products of one key; the order of the source stays."""
    by_key: dict[tuple[str, str, str, str], list[Product]] = {}
    for product in products:
        by_key.setdefault((product.kind, product.type, product.detector, product.filter), []).append(product)
    result: list[Product] = []
    closed = 0
    for group in by_key.values():
        ordered, count = close_gaps(group, _LARGEST_GAP)
        result += ordered
        closed += count
    return result, closed


def _file_of(
    row: _Row, tree: SourceTree, files: RegistryFiles, options: SourceOptions
) -> tuple[str, Problem | None]:
    """Return the path of a row's file; empty with the reason where there is none."""
    template = options.templates.get(row.table, "")
    if template:
        try:
            path = fill_template(template, row.values)
        except CuratedError as error:
            return "", Problem("CAL732", (), f"{row.label}: {error.message}", error.hint)
        fault = tree.fault(path)
        return ("", Problem("CAL732", (), f"{row.label}: {fault}")) if fault else (path, None)
    column = _detector_column(row.values)
    filter_name = str(row.values.get("filter") or "")
    paths = files.find(
        row.table,
        str(row.values.get("calibDate") or ""),
        row.values[column] if column else None,
        filter_name if filter_name.lower() not in NOTHING else "",
    )
    if len(paths) == 1:
        return paths[0], None
    hint = f"say where it is: --template {row.table}=PATTERN with columns like %(calibDate)s"
    if not paths:
        detail = f"{row.label}: no file has its type, calibDate, detector and filter in its path"
        return "", Problem("CAL732", (), detail, hint)
    detail = f"{row.label}: {len(paths)} files fit, such as {brief(paths[0])} and {brief(paths[1])}"
    return "", Problem("CAL732", (), detail, hint)
