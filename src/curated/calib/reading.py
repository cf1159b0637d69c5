"""Untrusted data to the values that a calibration type declares, with every problem named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from curated.calib.content import Content
from curated.calib.keyed_tables import (
    complete_keys,
    in_group,
    is_nested,
    join_columns,
    read_group,
    take_shared,
)
from curated.calib.record_tables import fill_columns, read_record, read_records
from curated.core.diagnostic import Problem, brief
from curated.core.metadata import IDENTITY_KEYS, normalise
from curated.core.tables import TextColumn
from curated.declare import Field, Spec, Table
from curated.provenance import extract, reconcile


def from_columns(
    spec: Spec,
    fields: tuple[Field, ...],
    metadata: Mapping[str, Any],
    tables: list[Mapping[str, TextColumn]],
    form: str,
) -> tuple[Content, list[Problem]]:
    """Take values out of columns of ECSV or FITS.

    Parameters
    ----------
    spec, fields
        The type's declaration.
    metadata : `~collections.abc.Mapping`
        Keywords as the file has them.
    tables : `list`
        Columns by name, for each table in order; tables at the end may be missing.
    form : `str`
        ``ecsv`` or ``fits``.

    Returns
    -------
    content : `Content`
        Values by field name.
    problems : `list` [`Problem`]
        Unknown columns, tables of a wrong number of rows, repeated keys.
    """
    extracted = extract(metadata, ("metadata",))
    keywords, problems = normalise(extracted.remainder)
    problems += extracted.problems + reconcile(extracted.provenance, keywords, extracted.places)
    content = Content(keywords, form=form, provenance=extracted.provenance)
    for index, columns in enumerate(tables):
        table = spec.tables[index]
        own = tuple(f for f in fields if f.table == index)
        known = {name: f for f in own for name in f.names}
        known |= {n: f for f in own if f.prefix for n in columns if n.startswith(f.prefix)}
        keys: list[str] = []
        if table.key_column in columns:
            keys = [str(key) for key in columns[table.key_column].values]
            problems += _repeated(table, keys)
        elif table.rows == "key":
            problems.append(
                Problem("CAL213", (), f"column {table.key_column!r} is missing (name of each row)")
            )
        for name, column in columns.items():
            if name == table.key_column or name in spec.ignored:
                continue
            if name not in known:
                detail = f"column {brief(name)} is not one of {', '.join(sorted({*known, table.key_column} - {''}))}"
                problems.append(Problem("CAL219", (name,), detail))
                continue
            rows = len(column.values)
            if table.rows == "one" and rows != 1 and not any(p.code == "CAL215" for p in problems):
                problems.append(Problem("CAL215", (name, 1), f"{rows} rows; the table has exactly one"))
            if known[name].common:
                problems += take_shared(known[name], name, column, content)
            else:
                _take(content, known[name], table, column, keys)
        join_columns(own, keys, columns, content)
    fill_columns(spec, fields, content)
    complete_keys(spec, fields, content)
    return content, problems


def _take(content: Content, field: Field, table: Table, column: TextColumn, keys: list[str]) -> None:
    """Put a column's values where its field expects them."""
    content.units[field.name] = column.unit
    if field.columns:
        return  # they are put together when all are known
    if table.rows == "key":
        values = map(_without_padding, column.values) if field.padded else column.values
        content.values[field.name] = dict(zip(keys, values, strict=False))
    elif table.rows != "one":
        content.values[field.name] = column.values
    elif len(column.values):
        content.values[field.name] = column.values[0]


def _without_padding(vector: Any) -> Any:
    """Return a vector without NaN at its end; the first element is kept, whatever it is."""
    array = np.asarray(vector)
    if array.dtype.kind != "f" or not array.size:
        return vector
    given = np.flatnonzero(~np.isnan(array))
    return array[: max(int(given[-1]) + 1 if given.size else 1, 1)]


def _repeated(table: Table, keys: list[str]) -> list[Problem]:
    first: dict[str, int] = {}
    return [
        Problem(
            "CAL306",
            (table.key_column, i),
            f"row {i + 1} {table.key_column}: {brief(key)} is that of row {row + 1}",
        )
        for i, key in enumerate(keys)
        if (row := first.setdefault(key, i)) != i
    ]


def from_tree(
    spec: Spec, fields: tuple[Field, ...], metadata: Mapping[str, Any], tree: Mapping[Any, Any], form: str
) -> tuple[Content, list[Problem]]:
    """Take values out of a YAML or JSON document; see `from_columns`."""
    extracted = extract(tree)
    tree = extracted.remainder
    keywords, problems = normalise(metadata, tree)
    problems += extracted.problems + reconcile(extracted.provenance, keywords, extracted.places)
    content = Content(keywords, form=form, provenance=extracted.provenance)
    content.units, wrong = _units(tree.get("units"), fields)
    problems += wrong
    known = {"units", *IDENTITY_KEYS, *spec.ignored}
    for index, table in enumerate(spec.tables):
        if table.rows == "records":
            known.add(table.name)
            own = tuple(f for f in fields if f.table == index and not f.keyword)
            values, wrong = read_records(table, own, tree)
            content.values |= values
            problems += wrong
        elif table.group:
            known.add(table.group)
            own = tuple(f for f in fields if f.table == index and in_group(table, f))
            grouped, wrong = read_group(table, own, tree)
            content.values |= grouped
            problems += wrong
        elif table.rows == "record" and table.name:
            known.add(table.name)
            problems += read_record(table, tuple(f for f in fields if f.table == index), tree, content)
    for field in fields:
        table = spec.tables[field.table]
        if is_nested(table, field):
            continue
        known.update({field.key, *field.aliases})
        given = [n for n in (field.key, *field.aliases) if n in tree]
        name = given[0] if given else None
        problems += [
            Problem("CAL208", (n,), f"{n} is another name of {name}, which is given too") for n in given[1:]
        ]
        # The stack writes null for a table that is not there.
        if name is not None and not (tree[name] is None and spec.tables[field.table].optional):
            content.values[field.name] = tree[name]
            if table.rows == "record":
                content.places[field.name] = (name,)
    complete_keys(spec, fields, content)
    listed = ", ".join(sorted(known - IDENTITY_KEYS))
    problems += [
        Problem("CAL212", (key,), f"{brief(key)} is not one of {listed}") for key in tree if key not in known
    ]
    return content, problems


def _units(given: Any, fields: tuple[Field, ...]) -> tuple[dict[str, str], list[Problem]]:
    if given is None:
        return {}, []
    if not isinstance(given, Mapping):
        return {}, [Problem("CAL211", ("units",), "units is not a mapping from fields to units")]
    names = {field.name for field in fields}
    problems = []
    for name, unit in given.items():
        if name not in names:
            detail = f"units: {brief(name)} is not one of {', '.join(sorted(names))}"
            problems.append(Problem("CAL212", ("units", name), detail))
        elif not isinstance(unit, (str, type(None))):
            problems.append(
                Problem("CAL211", ("units", name), f"units: {brief(unit)} is not the name of a unit")
            )
    good = {
        name: unit or ""
        for name, unit in given.items()
        if isinstance(unit, (str, type(None))) and name in names
    }
    return good, problems
