"""Columns of a foreign table and the fields of a type: by declared names, by usual names, or as a person says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from curated.core.diagnostic import Problem, brief
from curated.core.similar import similar_name
from curated.core.tables import TextColumn
from curated.core.units import converts, factor
from curated.declare import Field
from curated.exchange.foreign import Conventions
from curated.exchange.tables.source_table import SourceColumn, SourceTable
from curated.exchange.tables.units import spelled

AMPLIFIER = "amplifier"
"""What ``--column`` calls the column with the names of amplifiers, whatever a type calls it."""

USUAL_NAMES = {
    AMPLIFIER: (
        "amp",
        "amplifier",
        "ampname",
        "amplifiername",
        "channel",
        "segment",
        "readout",
        "tap",
        "quadrant",
        "extname",
    ),
    "wavelength": ("wave", "wavelength", "wavelengths", "lambda", "lam", "wl"),
    "efficiency": (
        "transmission",
        "transmittance",
        "response",
        "throughput",
        "efficiency",
        "qe",
        "quantumefficiency",
    ),
    "throughput": ("throughput",),
    "gain": ("gain", "gains", "egain"),
    "gainerr": ("gainerr", "gainerror", "gainsigma", "egainerr"),
    "noise": ("noise", "readnoise", "rdnoise", "ron", "rn", "enoise", "readoutnoise"),
    "readnoise": ("noise", "readnoise", "rdnoise", "ron", "rn", "enoise", "readoutnoise"),
    "noiseerr": ("noiseerr", "readnoiseerr", "readnoiseerror"),
    "saturation": ("saturation", "saturate", "satur", "sat", "fullwell", "saturationlevel"),
    "ptcturnoff": ("turnoff", "ptcturnoff"),
    "gainadjustment": ("adjustment", "gainadjustment", "factor"),
}
"""Names that columns go by at observatories, without blanks and punctuation, by field in the same form."""

_PLAIN = re.compile(r"[^a-z0-9]+")
_FRACTION_MARGIN = 1.01
"""Largest value of noisy fractions; percent go higher."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Match:
    """Columns by field, and the column with the names of amplifiers; empty if there is none."""

    columns: Mapping[str, str]
    amplifiers: str
    problems: tuple[Problem, ...]


def plain_name(name: str) -> str:
    """Return a name in small letters without blanks and punctuation."""
    return _PLAIN.sub("", name.lower())


def match_columns(
    fields: tuple[Field, ...], key_column: str, table: SourceTable, conventions: Conventions
) -> Match:
    """Find the column of each field, and that with the names of amplifiers.

    Parameters
    ----------
    fields : `tuple` [`Field`]
        Fields that may have a column.
    key_column : `str`
        Column of the type with the names of amplifiers; empty if it has none.
    """
    names_by_target = {f.name: _declared_names(f) for f in fields}
    if key_column:
        names_by_target[AMPLIFIER] = [key_column, AMPLIFIER]
    columns: dict[str, str] = {}
    problems = list(_chosen_columns(conventions.columns, names_by_target, table, columns))
    for target, names in names_by_target.items():
        if target in columns:
            continue
        candidates = _candidates(target, names, table, set(columns.values()))
        if len(candidates) > 1:
            detail = f"columns {' and '.join(candidates)} may both be {names[0]}"
            problems.append(Problem("CAL721", (), detail, f"choose one: --column {target}={candidates[0]}"))
        if candidates:
            columns[target] = candidates[0]
    problems += _unused_units(conventions, names_by_target, table)
    amplifiers = columns.pop(AMPLIFIER, "")
    return Match(columns=columns, amplifiers=amplifiers, problems=tuple(problems))


def _declared_names(field: Field) -> list[str]:
    return list(dict.fromkeys(name for name in (*field.names, field.key, field.name) if name))


def _chosen_columns(
    choices: Mapping[str, str],
    names_by_target: Mapping[str, list[str]],
    table: SourceTable,
    columns: dict[str, str],
) -> list[Problem]:
    """Take the columns that a person chose."""
    problems = []
    usual = {name: t for t in names_by_target for name in USUAL_NAMES.get(t.lower(), ())}
    targets = usual | {plain_name(name): t for t, names in names_by_target.items() for name in (t, *names)}
    for name, column in choices.items():
        target = targets.get(plain_name(name))
        if target is None:
            hint = _meant(name, list(names_by_target))
            problems.append(Problem("CAL721", (), f"the type has no column {name!r}", hint))
            continue
        existing = {entry.lower(): entry for entry in table.columns}
        existing |= {str(i): entry for i, entry in enumerate(table.columns, 1)}
        if column.lower() not in existing:
            hint = _meant(column, list(table.columns))
            problems.append(Problem("CAL721", (), f"the file has no column {column!r}", hint))
            continue
        columns[target] = existing[column.lower()]
    return problems


def _unused_units(
    conventions: Conventions, names_by_target: Mapping[str, list[str]], table: SourceTable
) -> list[Problem]:
    """Return the problems of units that a person gave for columns that neither the file nor the type has."""
    names = [*table.columns, *(name for names in names_by_target.values() for name in names)]
    existing = set(map(plain_name, names))
    return [
        Problem("CAL721", (), f"--unit {name}: there is no such column", _meant(name, list(table.columns)))
        for name in conventions.units
        if name and plain_name(name) not in existing
    ]


def _meant(name: str, names: list[str]) -> str:
    similar = similar_name(name, names)
    return f"did you mean {similar!r}?" if similar else f"there are {', '.join(names[:20])}"


def _candidates(target: str, names: list[str], table: SourceTable, taken: set[str]) -> list[str]:
    """Return the columns that may be a field's: those of its declared names, or else of its usual ones."""
    free = [column for column in table.columns if column not in taken]
    for name in names:
        exact = [column for column in free if column == name]
        if exact:
            return exact
    declared = {plain_name(name) for name in names}
    same = [column for column in free if plain_name(column) in declared]
    if same:
        return same
    usual = {name for key in (target.lower(), *declared) for name in USUAL_NAMES.get(key, ())}
    return [column for column in free if plain_name(column) in usual]


def left_out(table: SourceTable, match: Match) -> list[Problem]:
    """Return a warning of the columns that are not used."""
    used = {*match.columns.values(), match.amplifiers}
    unused = [name for name in table.columns if name not in used]
    more = f" and {len(unused) - 20} more" if len(unused) > 20 else ""
    names = ", ".join(map(brief, unused[:20])) + more
    return [Problem("CAL722", (), f"columns {names} are left out")] if unused else []


# -- units ----------------------------------------------------------------------------------------------


def with_unit(
    field: Field, name: str, column: SourceColumn, conventions: Conventions
) -> tuple[TextColumn, list[Problem]]:
    """Return a column in a unit that its field takes, and what is wrong with its unit or was converted.

    Parameters
    ----------
    name : `str`
        Name of the column in the file.
    """
    values = column.values
    unit, problems = _unit(field, name, column, conventions)
    kind = values.dtype.name if values.dtype.kind != "U" else "str"
    if unit is None or not field.unit or field.dtype == "str":
        return TextColumn(values, kind, unit or ""), problems
    if any(problem.code == "CAL723" for problem in problems):
        return TextColumn(values, kind, field.unit), problems
    if not converts(unit, field.unit):
        hint = f"{field.key} is in {field.unit}"
        if converts(_inverse(unit), field.unit):
            hint = f"{hint}: take the reciprocals"
        return TextColumn(values, kind, field.unit), [
            Problem(
                "CAL723",
                (),
                f"column {name}: {unit or 'a plain number'} does not convert to {field.unit}",
                hint,
            )
        ]
    if field.keeps_unit and not (field.needs_unit and field.unit == "%" and unit != "%"):
        return TextColumn(values, kind, unit), problems
    scale = factor(unit, field.unit)
    if scale == 1 or values.dtype.kind not in "fiu":
        return TextColumn(values, kind, field.unit), problems
    converted = values * (values.dtype.type(scale) if values.dtype.kind == "f" else scale)
    detail = f"column {name}: converted from {unit or 'fractions'} to {field.unit}"
    return TextColumn(converted, converted.dtype.name, field.unit), [*problems, Problem("CAL728", (), detail)]


def _inverse(unit: str) -> str:
    numerator, _, denominator = unit.partition("/")
    return f"{denominator}/{numerator}" if denominator else f"1/{numerator}"


def _unit(
    field: Field, name: str, column: SourceColumn, conventions: Conventions
) -> tuple[str | None, list[Problem]]:
    """Return the unit of a column, as the file or a person says; `None` where the field has none."""
    units = {plain_name(key): unit for key, unit in conventions.units.items() if key}
    keys = [plain_name(key) for key in (name, *_declared_names(field))]
    choice = next((units[key] for key in keys if key in units), None)
    is_fraction = field.keeps_unit and (field.unit == "%" or not field.unit)
    if choice is not None:
        unit = spelled(choice)
        # VOTables and FITS tables have an empty unit where they have none.
        if column.unit is not None and column.unit != unit and (column.unit or is_fraction):
            detail = f"column {name} is in {column.unit or 'plain numbers'}, but --unit says {choice}"
            return unit, [Problem("CAL723", (), detail, "leave --unit out, or correct the file")]
        return unit, []
    if column.unit:
        return column.unit, []
    if not is_fraction:
        if field.unit in ("", "pix"):
            return None, []
        detail = f"column {name} has no unit"
        return None, [Problem("CAL723", (), detail, f"say it: --unit {name}={_example(field)}")]
    numbers = column.values[np.isfinite(column.values)] if column.values.dtype.kind == "f" else column.values
    if numbers.dtype.kind in "fiu" and numbers.size and numbers.max() > _FRACTION_MARGIN:
        detail = f"column {name} has no unit, and values up to {numbers.max():g}"
        return None, [
            Problem("CAL723", (), detail, f"say it: --unit {name}=percent, or --unit {name}=fraction")
        ]
    return "", [Problem("CAL728", (), f"column {name} has no unit: its numbers are taken as fractions")]


def _example(field: Field) -> str:
    return "Angstrom (or nm, um)" if field.unit == "nm" else field.unit
