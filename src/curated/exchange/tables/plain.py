"""Tables whose columns are the fields of a type: curves, lists of boxes, numbers for each amplifier."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from curated.calib import Calib
from curated.core.diagnostic import Problem
from curated.core.tables import TextColumn
from curated.declare import Field
from curated.exchange.foreign import Foreign, ForeignFile, Target
from curated.exchange.tables.amplifiers import amplifier_names
from curated.exchange.tables.matching import (
    USUAL_NAMES,
    Match,
    left_out,
    match_columns,
    plain_name,
    with_unit,
)
from curated.exchange.tables.rows import missing_values, order_problems, sorted_rows
from curated.exchange.tables.source import is_table, read_table
from curated.exchange.tables.source_table import SourceTable
from curated.types._ptc_forms import blank_values
from curated.types._spectral import SpectralCurve

_NAMES = ("amp_name", "ampNames")
"""Fields with the names of amplifiers in tables whose rows are not keyed by them."""

_CURVE_NAMES = ("wavelength", "efficiency")
"""What the columns of a curve without names are."""

_COORDINATES = ("x0", "y0")


def takes(cls: type[Calib]) -> bool:
    """Say whether a type is a table of columns, or of numbers for each amplifier."""
    table = cls.SPEC.tables[0] if cls.SPEC.tables else None
    if table is None or table.rows not in ("free", "key"):
        return False
    return table.rows == "free" or any(f.table == 0 and not f.shape and not f.common for f in cls.FIELDS)


def recognises(file: ForeignFile) -> bool:
    """Say by the start of a file whether it may be a table."""
    return is_table(file)


def read(file: ForeignFile, target: Target) -> Foreign:
    """Read the columns of a table that are fields of the type."""
    cls, conventions = target.cls, target.conventions
    has_boxes = cls.SPEC.plot is not None and cls.SPEC.plot.kind == "boxes"
    table = read_table(file, conventions.hdu, may_be_empty=has_boxes)
    if issubclass(cls, SpectralCurve) and _is_positional(table):
        table = replace(table, columns=dict(zip(_CURVE_NAMES, table.columns.values(), strict=True)))
    fields = tuple(
        f for f in cls.FIELDS if f.table == 0 and f.names and not f.keyword and f.name not in _NAMES
    )
    key_field = next((f for f in cls.FIELDS if f.name in _NAMES and f.names), None)
    key_column = cls.SPEC.tables[0].key_column or (key_field.column if key_field else "")
    match = match_columns(fields, key_column, table, conventions)
    match = _without_alternatives(cls, match)
    parts = _Parts(table, target, fields, match)
    if not table.has_names and not conventions.columns and not issubclass(cls, SpectralCurve):
        detail = "the file does not name its columns"
        names = ", ".join(f.column for f in fields[:4])
        return Foreign(
            problems=(Problem("CAL721", (), detail, f"--column NAME=1, where NAME is one of {names}"),)
        )
    problems = [*match.problems, *left_out(table, match)]
    if not table.count:
        detail = "there is no row in it: no pixel is bad"
        problems.append(Problem("CAL717", (), detail, "see that it is the right file"))
    if cls.SPEC.tables[0].rows == "key":
        return _keyed(parts, problems)
    return _free(parts, key_field, problems)


def _is_positional(table: SourceTable) -> bool:
    """Say whether a curve is two columns that the file does not name."""
    if len(table.columns) != 2:
        return False
    usual = {name for names in USUAL_NAMES.values() for name in names}
    is_named = any(plain_name(name) in usual for name in table.columns)
    return not table.has_names or (table.is_named_by_comment and not is_named)


@dataclass(frozen=True, slots=True, eq=False)
class _Parts:
    """A table, and which of its columns are which fields."""

    table: SourceTable
    target: Target
    fields: tuple[Field, ...]
    match: Match

    def columns(self) -> tuple[dict[str, TextColumn], list[Problem]]:
        """Return the columns by field, in units of the fields, and their problems."""
        columns: dict[str, TextColumn] = {}
        problems: list[Problem] = []
        for field in self.fields:
            name = self.match.columns.get(field.name)
            if name is not None:
                problems += missing_values(
                    self.table, field, name, is_strict=self.target.cls.SPEC.tables[0].rows == "free"
                )
                column, more = with_unit(field, name, self.table.columns[name], self.target.conventions)
                columns[field.name] = column
                problems += more
        return columns, problems


def _without_alternatives(cls: type[Calib], match: Match) -> Match:
    """Return a match in which a column that is one of two alternative fields is the first one."""
    if issubclass(cls, SpectralCurve) and "throughput" in match.columns and "efficiency" in match.columns:
        columns = {name: column for name, column in match.columns.items() if name != "throughput"}
        return replace(match, columns=columns)
    return match


def _absent(parts: _Parts, columns: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield the fields that the type needs and the table does not have."""
    for field in parts.fields:
        is_curve = issubclass(parts.target.cls, SpectralCurve) and field.name == "efficiency"
        has_other = is_curve and "throughput" in columns
        if field.name not in columns and (field.required or is_curve) and not has_other:
            names = parts.table.names_text
            hint = f"say which it is: --column {field.column or field.key}=COLUMN"
            detail = f"no column of {names} is {field.column or field.key} ({field.caption})"
            yield Problem("CAL721", (), detail, hint)


def _free(parts: _Parts, key_field: Field | None, problems: list[Problem]) -> Foreign:
    """Return the columns of a table with a row for each value."""
    table, conventions = parts.table, parts.target.conventions
    columns, more = parts.columns()
    problems += more + list(_absent(parts, columns))
    problems += _coordinate_problems(parts, columns)
    labels: list[str] = []
    is_curve = issubclass(parts.target.cls, SpectralCurve)
    if key_field is not None and (parts.match.amplifiers or (key_field.required and not is_curve)):
        detector = parts.target.detector
        labels, more = amplifier_names(
            table, parts.match.amplifiers, detector, by_order=conventions.by_order, is_repeated=is_curve
        )
        problems += more
    if "wavelength" in columns and columns["wavelength"].values.dtype.kind in "fiu":
        wavelengths = columns["wavelength"].values
        if conventions.sort:
            rows = sorted_rows(wavelengths, labels)
            columns = {k: TextColumn(c.values[rows], c.dtype, c.unit) for k, c in columns.items()}
            labels = [labels[row] for row in rows.tolist()] if labels else []
            table = replace(
                table, lines=tuple(table.lines[row] for row in rows.tolist()) if table.lines else ()
            )
            wavelengths = columns["wavelength"].values
        problems += order_problems(table, wavelengths, labels)
    named = {}
    if key_field is not None and labels:
        named[key_field.column] = TextColumn(np.array(labels, dtype=str), "str")
    for field in parts.fields:
        if field.name in columns:
            named[field.column or field.key] = columns[field.name]
    metadata = _metadata(parts, labels)
    return Foreign(tables=(named,), metadata=metadata, problems=tuple(problems))


def _metadata(parts: _Parts, labels: list[str]) -> dict[str, Any]:
    """Return keywords that follow from the table."""
    has_mode = "MODE" in (*parts.target.cls.SPEC.keywords, *(f.keyword for f in parts.target.cls.FIELDS))
    if issubclass(parts.target.cls, SpectralCurve) and has_mode:
        return {"MODE": "AMP" if labels else "DETECTOR"}
    return {}


def _coordinate_problems(parts: _Parts, columns: Mapping[str, TextColumn]) -> Iterator[Problem]:
    """Count pixels from 0, or ask from where the file counts."""
    origin = parts.target.conventions.origin
    for name in _COORDINATES:
        column = parts.match.columns.get(name)
        if column is None:
            continue
        if origin is None and column.lower() != name:
            detail = f"column {column} may count pixels from 0 or from 1"
            yield Problem("CAL712", (), detail, "say it: --origin 0 or --origin 1")
        elif origin and columns[name].values.dtype.kind in "fiu":
            columns[name].values = columns[name].values - origin


def _keyed(parts: _Parts, problems: list[Problem]) -> Foreign:
    """Return the values of a table with a row for each amplifier."""
    table, cls, conventions = parts.table, parts.target.cls, parts.target.conventions
    labels, more = amplifier_names(
        table, parts.match.amplifiers, parts.target.detector, by_order=conventions.by_order
    )
    columns, unit_problems = parts.columns()
    problems += more + unit_problems
    tree: dict[str, Any] = {}
    if {"gain", "noise"} & set(columns) and cls.SPEC.name == "ptc":
        tree = blank_values(cls.FIELDS, labels)
        detail = "only what the table has is filled in; there are no pairs of flat fields"
        problems.append(Problem("CAL728", (), detail))
    for field in parts.fields:
        if field.name not in columns:
            continue
        values = columns[field.name].values.tolist()
        _put(tree, cls, field, dict(zip(labels, values, strict=False)))
    missing = [f for f in parts.fields if f.required and f.key not in tree and not cls.SPEC.tables[0].group]
    for field in missing:
        detail = f"no column of {table.names_text} is {field.column or field.key} ({field.caption})"
        hint = f"say which it is: --column {field.column or field.key}=COLUMN"
        problems.append(Problem("CAL721", (), detail, hint))
    return Foreign(tree=tree, problems=tuple(problems))


def _put(tree: dict[str, Any], cls: type[Calib], field: Field, values: dict[str, Any]) -> None:
    group = cls.SPEC.tables[0].group
    if not group:
        tree[field.key] = values
        return
    for name, value in values.items():
        tree.setdefault(group, {}).setdefault(name, {})[field.key] = value
