"""Tables with a row for each key: groups of YAML, values that all rows share, columns that are one value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from curated.calib.content import Content
from curated.core.diagnostic import Problem, brief
from curated.core.tables import TextColumn
from curated.declare import Field, Spec, Table


def is_nested(table: Table, field: Field) -> bool:
    """Say whether a field stands below its table's key in YAML, not at the top of the document."""
    if table.rows == "record":
        return bool(table.name)
    return (table.rows == "records" and not field.keyword) or in_group(table, field)


def in_group(table: Table, field: Field) -> bool:
    """Say whether a field stands in YAML under its table's group, by key."""
    return bool(table.group) and not field.keyword and not field.common


def read_group(
    table: Table, fields: tuple[Field, ...], tree: Mapping[Any, Any]
) -> tuple[dict[str, dict[str, Any]], list[Problem]]:
    """Take the values of a table out of its mapping from keys to fields.

    Parameters
    ----------
    table : `Table`
        The table.
    fields : `tuple` [`Field`]
        Those of its fields that stand in the group.
    tree : `~collections.abc.Mapping`
        The document.

    Returns
    -------
    values : `dict` [`str`, `dict`]
        Values by field name and key; a key that lacks a field is left out there.
    problems : `list` [`Problem`]
        All that is wrong, each at its key.
    """
    values: dict[str, dict[str, Any]] = {field.name: {} for field in fields}
    group = tree.get(table.group)
    if group is None and (table.optional or table.group not in tree):
        missing = [Problem("CAL210", (), f"the mapping {table.group!r} is missing")]
        return values, [] if table.optional else missing
    if not isinstance(group, Mapping):
        return values, [Problem("CAL211", (table.group,), f"{table.group} is not a mapping")]
    known = {name: field for field in fields for name in (field.key, *field.aliases)}
    problems = []
    for key, entry in group.items():
        label = f"{table.group} {key}"
        if not isinstance(entry, Mapping):
            problems.append(Problem("CAL211", (table.group, key), f"{label} is not a mapping"))
            continue
        for name, item in entry.items():
            if name not in known:
                detail = f"{label}: {brief(name)} is not one of {', '.join(sorted(known))}"
                problems.append(Problem("CAL212", (table.group, key, name), detail))
            elif item is not None:
                values[known[name].name][str(key)] = item
        for field in fields:
            if field.required and str(key) not in values[field.name]:
                detail = f"{label}: field {field.key!r} is missing ({field.doc})"
                problems.append(Problem("CAL210", (table.group, key), detail))
    return values, problems


def take_shared(field: Field, name: str, column: TextColumn, content: Content) -> Iterator[Problem]:
    """Put the one value of a column, whose rows are all the same, where its field expects it.

    Yields
    ------
    problem : `Problem`
        At a row that differs from the first.
    """
    rows = column.values
    if not len(rows):
        return
    first = np.asarray(rows[0])
    if field.prefix:
        content.values.setdefault(field.name, {})[name.removeprefix(field.prefix)] = rows[0]
    else:
        content.values[field.name] = rows[0]
    floats = first.dtype.kind == "f"
    for i, row in enumerate(rows):
        if not np.array_equal(first, np.asarray(row), equal_nan=floats):
            detail = f"row {i + 1} {name}: another value than in row 1; all rows have the same"
            yield Problem("CAL308", (name, i), detail)
            return


def join_columns(
    fields: tuple[Field, ...], keys: list[str], columns: Mapping[str, TextColumn], content: Content
) -> None:
    """Put the columns that are elements of one value together; where one is missing, so is the value."""
    for field in fields:
        if field.columns and all(name in columns for name in field.columns):
            rows = zip(*(columns[name].values for name in field.columns), strict=True)
            content.values[field.name] = dict(zip(keys, map(list, rows), strict=False))


def complete_keys(spec: Spec, fields: tuple[Field, ...], content: Content) -> None:
    """Give all mappings of a table one order, and fill in what keys may lack.

    Parameters
    ----------
    spec : `Spec`
        The type.
    fields : `tuple` [`Field`]
        Its fields.
    content : `Content`
        What was read; completed in place.
    """
    for index, table in enumerate(spec.tables):
        own = [f for f in fields if f.table == index and not (f.keyword or f.common)]
        if table.rows != "key" or not own:
            continue
        values = content.values
        given = [values[f.name] for f in own if isinstance(values.get(f.name), Mapping)]
        keys = list(dict.fromkeys(key for mapping in given for key in mapping))
        for field in own:
            mapping = values.get(field.name, {} if field.fill is not None else None)
            if isinstance(mapping, Mapping) and (keys or field.name in values):
                filled = dict.fromkeys(keys, field.fill) if field.fill is not None else {}
                merged = {**filled, **mapping}
                values[field.name] = {key: merged[key] for key in keys if key in merged}


def key_problems(fields: tuple[Field, ...], calib: object, index: int) -> Iterator[Problem]:
    """Yield the mappings of a table that do not have the same keys as the others.

    Parameters
    ----------
    fields : `tuple` [`Field`]
        Those of the type.
    calib : `Calib`
        Where the values are.
    index : `int`
        Number of the table.
    """
    own = [f for f in fields if f.table == index and not (f.keyword or f.common)]
    mappings = {f.key: getattr(calib, f.name) or {} for f in own}
    every = dict.fromkeys(key for mapping in mappings.values() for key in mapping)
    for name, mapping in mappings.items():
        lacking = ", ".join(key for key in every if key not in mapping)
        if lacking:
            yield Problem("CAL308", (name,), f"{name} has no entry for amplifiers {lacking}")
