"""Corrections of non-linearity: coefficients of polynomials, nodes of splines, and lookup tables, for each amplifier."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from curated.calib import Calib
from curated.core.diagnostic import Problem
from curated.declare import Array
from curated.exchange.foreign import Foreign, ForeignFile, Target
from curated.exchange.tables.amplifiers import amplifier_names
from curated.exchange.tables.matching import plain_name
from curated.exchange.tables.source import is_table, read_table
from curated.exchange.tables.source_table import SourceColumn, SourceTable
from curated.exchange.tables.units import spelled
from curated.types.linearizer import Linearizer

_COEFFICIENT = re.compile(r"(?:c|a|p|coef|coeff|coefficient|poly)_?(\d{1,2})\Z", re.I)
_NODES = ("node", "nodes", "x", "signal", "knot", "knots", "adu", "counts")
_VALUES = ("value", "values", "y", "correction", "nonlinearity", "delta")
_AMPLIFIERS = (
    "amplifiername",
    "amplifier",
    "amp",
    "ampname",
    "channel",
    "segment",
    "extname",
    "tap",
    "quadrant",
)
_UNIT_HINT = "say it: --unit adu or --unit electron"
_LEAST_COLUMNS = 8
"""Columns without names of which a row is a lookup table: fewer may be anything."""


def takes(cls: type[Calib]) -> bool:
    """Say whether a type corrects non-linearity."""
    return issubclass(cls, Linearizer)


def recognises(file: ForeignFile) -> bool:
    """Say by the start of a file whether it may be a table."""
    return is_table(file)


def read(file: ForeignFile, target: Target) -> Foreign:
    """Read the corrections of the amplifiers of a detector."""
    table = read_table(file, target.conventions.hdu)
    choice = target.conventions.columns.get("amplifier", "").lower()
    amplifiers = next(
        (
            name
            for name in table.columns
            if name.lower() == choice or (not choice and plain_name(name) in _AMPLIFIERS)
        ),
        "",
    )
    if not amplifiers and not table.has_names and _has_text_first(table):
        amplifiers = next(iter(table.columns))
    others = {name: column for name, column in table.columns.items() if name != amplifiers}
    powers = {int(match[1]): name for name in others if (match := _COEFFICIENT.match(name.strip()))}
    nodes = next((name for name in others if plain_name(name) in _NODES), "")
    values = next((name for name in others if plain_name(name) in _VALUES), "")
    is_spline = bool(nodes and values)
    labels, problems = amplifier_names(
        table, amplifiers, target.detector, by_order=target.conventions.by_order, is_repeated=is_spline
    )
    tree: dict[str, Any] = {}
    if is_spline:
        corrections = _splines(table, labels, others[nodes], others[values], problems)
        meaning = "the spline through the nodes is subtracted from the signal"
    elif powers:
        corrections = _polynomials(
            table, labels, {power: others[powers[power]] for power in powers}, problems
        )
        meaning = "the polynomial is added to the signal"
    elif _is_lookup(table, others):
        matrix = _numbers(table, others, problems)
        corrections = {label: ("LookupTable", [row, 0]) for row, label in enumerate(labels)}
        tree |= {"hasTable": True, "tableData": matrix.tolist()}
        meaning = "the value at each whole signal, from 0, is added to it"
    else:
        names = table.names_text
        detail = f"columns {names} are no correction of non-linearity"
        hint = "name them amplifier, c2, c3, ... (polynomial), amplifier, node, value (spline), or give a row of a lookup table for each amplifier"
        return Foreign(problems=(*problems, Problem("CAL727", (), detail, hint)))
    problems.append(Problem("CAL728", (), meaning))
    units = {column.unit for column in others.values() if column.unit} if is_spline else set()
    unit = spelled(target.conventions.units.get("", "")) or (units.pop() if len(units) == 1 else "")
    if unit not in ("adu", "electron"):
        problems.append(
            Problem(
                "CAL723", (), f"the signals are in {unit or 'a unit that the file does not give'}", _UNIT_HINT
            )
        )
    boxes = {a.name: a.box for a in target.detector.amplifiers if a.box.width} if target.detector else {}
    unplaced = [label for label in corrections if label not in boxes]
    if unplaced and not any(problem.code == "CAL725" for problem in problems):
        detail = f"the pixels of amplifier {', '.join(unplaced)} are not known"
        hint = "add the camera calibration of the instrument first"
        problems.append(Problem("CAL727", (), detail, hint))
    tree |= {
        "hasLinearity": True,
        "linearityUnits": unit or "adu",
        "amplifiers": {
            label: {
                "linearityType": kind,
                "linearityCoeffs": coefficients,
                "linearityBBox": _box(boxes.get(label)),
            }
            for label, (kind, coefficients) in corrections.items()
        },
    }
    return Foreign(tree=tree, problems=tuple(problems))


def _box(box: Any) -> list[int]:
    return [box.x0, box.y0, box.width, box.height] if box is not None else [0, 0, 1, 1]


def _has_text_first(table: SourceTable) -> bool:
    return next(iter(table.columns.values())).values.dtype.kind == "U"


def _is_lookup(table: SourceTable, columns: Mapping[str, SourceColumn]) -> bool:
    is_numbered = table.has_names and all(name.isdigit() for name in columns)
    is_wide = len(columns) >= _LEAST_COLUMNS and not table.has_names
    is_vector = len(columns) == 1 and all(column.values.ndim == 2 for column in columns.values())
    return bool(columns) and (is_numbered or is_wide or is_vector)


def _numbers(table: SourceTable, columns: Mapping[str, SourceColumn], problems: list[Problem]) -> Array:
    """Return the numbers of columns, (rows, columns), after noting those that are none."""
    parts = []
    for name, column in columns.items():
        values = column.values
        if values.dtype.kind not in "fiu":
            problems.append(Problem("CAL727", (), f"column {name} is not of numbers"))
            values = np.zeros(table.count)
        parts.append(values.astype(float).reshape(len(values), -1))
    matrix = np.concatenate(parts, axis=1)
    rows = np.flatnonzero(~np.isfinite(matrix).all(axis=1)).tolist()
    problems += [table.problem("CAL724", row, "a value is missing or not finite") for row in rows]
    return matrix


def _polynomials(
    table: SourceTable, labels: list[str], columns: Mapping[int, SourceColumn], problems: list[Problem]
) -> dict[str, tuple[str, list[float]]]:
    """Return the coefficients from the second power on, of which the stack's polynomials are made."""
    matrix = _numbers(table, {f"c{power}": column for power, column in columns.items()}, problems)
    by_power = dict(zip(columns, matrix.T, strict=True))
    for row in range(table.count):
        constant, slope = (by_power[power][row] if power in by_power else 0.0 for power in (0, 1))
        if constant != 0 or slope not in (0, 1):
            detail = (
                f"c0 is {constant:g} and c1 is {slope:g}: a correction adds terms from the second power on"
            )
            problems.append(table.problem("CAL727", row, detail, "c0 must be 0, and c1 0 or 1"))
    highest = max(columns)
    corrections = {}
    for row, label in enumerate(labels):
        terms = [float(by_power[power][row]) if power in by_power else 0.0 for power in range(2, highest + 1)]
        corrections[label] = ("Polynomial", terms or [0.0])
    return corrections


def _splines(
    table: SourceTable, labels: list[str], nodes: SourceColumn, values: SourceColumn, problems: list[Problem]
) -> dict[str, tuple[str, list[float]]]:
    matrix = _numbers(table, {"node": nodes, "value": values}, problems)
    corrections: dict[str, tuple[str, list[float]]] = {}
    rows_by_label: dict[str, list[int]] = {}
    for row, label in enumerate(labels):
        rows_by_label.setdefault(label, []).append(row)
    for label, rows in rows_by_label.items():
        for before, row in pairwise(rows):
            if not matrix[row, 0] > matrix[before, 0]:
                detail = f"node {matrix[row, 0]:g} of {label} follows {matrix[before, 0]:g}"
                problems.append(table.problem("CAL724", row, detail, "nodes must increase"))
        corrections[label] = ("Spline", matrix[rows].T.ravel().tolist())
    return corrections
