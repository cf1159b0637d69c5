"""From the columns or the document of a file to values by field name, every problem with its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from curated.calib.arrays import KINDS, is_kind, with_texts
from curated.calib.content import Content
from curated.core.diagnostic import Problem, brief
from curated.core.metadata import IDENTITY_KEYS, normalise
from curated.core.tables import TextColumn
from curated.core.units import fits_unit, text_unit
from curated.declare import Field, Spec, Table, in_group, is_nested
from curated.provenance import extract, reconcile

# -- columns of ECSV and FITS -------------------------------------------------------------------------


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
    spec : `Spec`
        Declaration of the type.
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
        Unknown columns, tables with a wrong number of rows, repeated keys.
    """
    record = extract(metadata, ("metadata",))
    keywords, problems = normalise(record.remainder)
    problems += record.problems + reconcile(record.provenance, keywords, record.places)
    content = Content(keywords, form=form, provenance=record.provenance)
    for index, columns in enumerate(tables):
        own_fields = tuple(f for f in fields if f.table == index)
        problems += _read_table(spec, spec.tables[index], own_fields, columns, content)
    _fill_records(spec, fields, content)
    complete_keys(spec, fields, content)
    return content, problems


def _read_table(
    spec: Spec, table: Table, fields: tuple[Field, ...], columns: Mapping[str, TextColumn], content: Content
) -> Iterator[Problem]:
    """Put the columns of one table into the content."""
    columns = {name: with_texts(column) for name, column in columns.items()}
    field_of = {name: f for f in fields for name in f.names}
    field_of |= {name: f for f in fields if f.prefix for name in columns if name.startswith(f.prefix)}
    keys: list[str] = []
    if table.key_column in columns:
        keys = [str(key) for key in columns[table.key_column].values]
        yield from _repeated_keys(table, keys)
    elif table.rows == "key":
        yield Problem("CAL213", (), f"column {table.key_column!r} is missing (name of each row)")
    has_one_row = table.rows != "one"
    for name, column in columns.items():
        if name == table.key_column or name in spec.ignored:
            continue
        if name not in field_of:
            expected = ", ".join(sorted({*field_of, table.key_column} - {""}))
            yield Problem("CAL219", (name,), f"column {brief(name)} is not one of {expected}")
            continue
        if not has_one_row and len(column.values) != 1:
            has_one_row = True  # reported once
            detail = f"{len(column.values)} rows; the table has exactly one"
            yield Problem("CAL215", (name, 1), detail)
        if field_of[name].common:
            yield from _read_common(field_of[name], name, column, content)
        else:
            _read_column(field_of[name], table, column, keys, content)
    yield from _join_columns(fields, keys, columns, content)


def _read_column(field: Field, table: Table, column: TextColumn, keys: list[str], content: Content) -> None:
    """Put the values and the unit of a column where its field expects them."""
    if field.columns:
        return  # joined when all of them are there
    content.units[field.name] = _unit(field, column.unit, content.form)
    if table.rows == "key":
        values = map(_without_padding, column.values) if field.padded else column.values
        content.values[field.name] = dict(zip(keys, values, strict=False))
    elif table.rows != "one":
        content.values[field.name] = column.values
    elif len(column.values):
        content.values[field.name] = column.values[0]


def _unit(field: Field, unit: str, form: str) -> str:
    """Return the unit of a column; FITS may spell the declared one in its own way."""
    if form == "fits" and unit and unit != field.unit and unit == fits_unit(field.unit):
        return field.unit
    return text_unit(unit)


def _read_common(field: Field, name: str, column: TextColumn, content: Content) -> Iterator[Problem]:
    """Take the one value of a column whose rows are all the same; yield the first row that differs."""
    rows = column.values
    if not len(rows):
        return
    first = np.asarray(rows[0])
    if field.prefix:
        content.values.setdefault(field.name, {})[name.removeprefix(field.prefix)] = rows[0]
    else:
        content.units[field.name] = _unit(field, column.unit, content.form)
        content.values[field.name] = rows[0]
    is_float = first.dtype.kind == "f"
    for i, row in enumerate(rows):
        if not np.array_equal(first, np.asarray(row), equal_nan=is_float):
            detail = f"row {i + 1} {name}: another value than in row 1; all rows have the same"
            yield Problem("CAL308", (name, i), detail)
            return


def _join_columns(
    fields: tuple[Field, ...], keys: list[str], columns: Mapping[str, TextColumn], content: Content
) -> Iterator[Problem]:
    """Join columns that are elements of one vector; a vector with a missing column is missing."""
    for field in fields:
        names = [name for name in field.columns if name in columns]
        units = {name: text_unit(columns[name].unit) for name in names if columns[name].unit}
        first = next(iter(units), "")
        for name, unit in units.items():
            content.units.setdefault(field.name, unit)
            if unit != units[first]:
                detail = f"{name}: unit {unit!r}, but {first} has {units[first]!r}"
                yield Problem("CAL216", (name,), detail)
        if names and len(names) == len(field.columns):
            rows = zip(*(columns[name].values for name in names), strict=True)
            content.values[field.name] = dict(zip(keys, map(list, rows), strict=False))


def _without_padding(vector: Any) -> Any:
    """Return a vector without the NaN at its end; the first element stays, whatever it is."""
    array = np.asarray(vector)
    if array.dtype.kind != "f" or not array.size:
        return vector
    numbers = np.flatnonzero(~np.isnan(array))
    return array[: max(int(numbers[-1]) + 1 if numbers.size else 1, 1)]


def _repeated_keys(table: Table, keys: list[str]) -> Iterator[Problem]:
    """Yield keys that stand twice, and empty ones, which are missing values to astropy."""
    first_rows: dict[str, int] = {}
    for i, key in enumerate(keys):
        if not key:
            yield Problem(
                "CAL224", (table.key_column, i), f"row {i + 1} {table.key_column}: the name is empty"
            )
        row = first_rows.setdefault(key, i)
        if row != i:
            detail = f"row {i + 1} {table.key_column}: {brief(key)} is that of row {row + 1}"
            yield Problem("CAL306", (table.key_column, i), detail)


def _fill_records(spec: Spec, fields: tuple[Field, ...], content: Content) -> None:
    """Give ``records`` tables the columns that they may lack, and an optional table that is missing no rows."""
    for index, table in enumerate(spec.tables):
        if table.rows != "records":
            continue
        own_fields = [f for f in fields if f.table == index and f.column]
        columns = [content.values[f.name] for f in own_fields if f.name in content.values]
        rows = len(columns[0]) if columns else 0
        is_absent = table.optional and not columns
        for field in own_fields:
            if field.name not in content.values and (is_absent or not field.required):
                content.values[field.name] = np.full(rows, field.default) if rows else []


def complete_keys(spec: Spec, fields: tuple[Field, ...], content: Content) -> None:
    """Bring all mappings of a ``key`` table into one order, and fill in what keys may lack."""
    values = content.values
    for index, table in enumerate(spec.tables):
        own_fields = [f for f in fields if f.table == index and not (f.keyword or f.common)]
        if table.rows != "key" or not own_fields:
            continue
        mappings = [values[f.name] for f in own_fields if isinstance(values.get(f.name), Mapping)]
        keys = list(dict.fromkeys(key for mapping in mappings for key in mapping))
        for field in own_fields:
            mapping = values.get(field.name, {} if field.fill is not None else None)
            if isinstance(mapping, Mapping) and (keys or field.name in values):
                filled = dict.fromkeys(keys, field.fill) if field.fill is not None else {}
                merged = {**filled, **mapping}
                values[field.name] = {key: merged[key] for key in keys if key in merged}


# -- documents of YAML and JSON -----------------------------------------------------------------------


def from_tree(
    spec: Spec, fields: tuple[Field, ...], metadata: Mapping[str, Any], tree: Mapping[Any, Any], form: str
) -> tuple[Content, list[Problem]]:
    """Take values out of a YAML or JSON document; see `from_columns`."""
    record = extract(tree)
    tree = record.remainder
    keywords, problems = normalise(metadata, tree)
    problems += record.problems + reconcile(record.provenance, keywords, record.places)
    content = Content(keywords, form=form, provenance=record.provenance)
    content.units, unit_problems = _read_units(tree.get("units"), fields)
    problems += unit_problems
    keys = {"units", *IDENTITY_KEYS, *spec.ignored}
    for index, table in enumerate(spec.tables):
        own_fields = tuple(f for f in fields if f.table == index)
        if table.rows == "records":
            keys.add(table.name)
            problems += _read_records(table, own_fields, tree, content)
        elif table.group:
            keys.add(table.group)
            problems += _read_group(table, own_fields, tree, content)
        elif table.rows == "record" and table.name:
            keys.add(table.name)
            problems += _read_record(table, own_fields, tree, content)
    for field in fields:
        if not is_nested(spec.tables[field.table], field):
            keys.update({field.key, *field.aliases})
            problems += _read_key(spec.tables[field.table], field, tree, content)
    complete_keys(spec, fields, content)
    expected = ", ".join(sorted(keys - IDENTITY_KEYS))
    problems += [
        Problem("CAL212", (key,), f"{brief(key)} is not one of {expected}") for key in tree if key not in keys
    ]
    return content, problems


def _read_key(table: Table, field: Field, tree: Mapping[Any, Any], content: Content) -> Iterator[Problem]:
    """Take the value of a field that stands at the top of the document."""
    names = [name for name in (field.key, *field.aliases) if name in tree]
    for name in names[1:]:
        yield Problem("CAL208", (name,), f"{name} is another name of {names[0]}, which is given too")
    # The stack writes null for a table that is not there.
    if names and not (tree[names[0]] is None and table.optional):
        content.values[field.name] = tree[names[0]]
        if table.rows == "record":
            content.places[field.name] = (names[0],)


def _read_group(
    table: Table, fields: tuple[Field, ...], tree: Mapping[Any, Any], content: Content
) -> Iterator[Problem]:
    """Take the values of a ``key`` table out of its mapping from keys to fields."""
    fields = tuple(f for f in fields if in_group(table, f))
    values: dict[str, dict[str, Any]] = {field.name: {} for field in fields}
    content.values |= values
    group = tree.get(table.group)
    if not isinstance(group, Mapping):
        if group is not None or (table.group in tree and not table.optional):
            yield Problem("CAL211", (table.group,), f"{table.group} is not a mapping")
        elif not table.optional:
            yield Problem("CAL210", (), f"the mapping {table.group!r} is missing")
        return
    for key, entry in group.items():
        if isinstance(entry, Mapping):
            yield from _read_entry(table, fields, key, entry, values)
        else:
            yield Problem("CAL211", (table.group, key), f"{table.group} {key} is not a mapping")


def _read_entry(
    table: Table,
    fields: tuple[Field, ...],
    key: Any,
    entry: Mapping[Any, Any],
    values: dict[str, dict[str, Any]],
) -> Iterator[Problem]:
    """Put the values of one key of a group into the mappings of their fields."""
    label = f"{table.group} {key}"
    field_of = {name: field for field in fields for name in (field.key, *field.aliases)}
    for name, item in entry.items():
        if name not in field_of:
            detail = f"{label}: {brief(name)} is not one of {', '.join(sorted(field_of))}"
            yield Problem("CAL212", (table.group, key, name), detail)
        elif item is not None:
            values[field_of[name].name][str(key)] = item
    for field in fields:
        if field.required and str(key) not in values[field.name]:
            detail = f"{label}: field {field.key!r} is missing ({field.caption})"
            yield Problem("CAL210", (table.group, key), detail)


def _read_records(
    table: Table, fields: tuple[Field, ...], tree: Mapping[Any, Any], content: Content
) -> Iterator[Problem]:
    """Take the values of a ``records`` table out of its list of mappings.

    A record that lacks a field which is not required has its default. Fields with a wrong value are left out.
    """
    fields = tuple(f for f in fields if not f.keyword)
    records = tree.get(table.name)
    if records is None and table.optional:
        records = []
    if records is None:
        yield Problem("CAL210", (), f"the list {table.name!r} is missing")
        return
    if not isinstance(records, list):
        yield Problem("CAL211", (table.name,), f"{table.name} is not a list")
        return
    for i, record in enumerate(records):
        yield from _record_problems(table, fields, i, record)
    mappings = [record if isinstance(record, Mapping) else {} for record in records]
    for field in fields:
        items = [_item(field, record) for record in mappings]
        problems = [p for i, item in enumerate(items) if (p := _item_problem(table, field, i, item))]
        # A record that is no mapping is reported once, not once for each field.
        yield from (p for p in problems if isinstance(records[int(p.pointer[1])], Mapping))
        if not problems:
            content.values[field.name] = items


def _record_problems(table: Table, fields: tuple[Field, ...], index: int, record: Any) -> Iterator[Problem]:
    if not isinstance(record, Mapping):
        yield Problem("CAL211", (table.name, index), f"{table.name} {index + 1} is not a mapping")
        return
    keys = {name for field in fields for name in (field.key, *field.aliases)}
    for key in record:
        if key not in keys:
            detail = f"{table.name} {index + 1}: {key!r} is not one of {', '.join(sorted(keys))}"
            yield Problem("CAL212", (table.name, index, key), detail)


def _item(field: Field, record: Mapping[Any, Any]) -> Any:
    for name in (field.key, *field.aliases):
        if record.get(name) is not None:
            return record[name]
    return None if field.required else field.default


def _item_problem(table: Table, field: Field, index: int, item: Any) -> Problem | None:
    place = (table.name, index, field.key)
    if item is None:
        detail = f"{table.name} {index + 1}: field {field.key!r} is missing ({field.caption})"
        return Problem("CAL210", place, detail)
    # Whether a vector has the right shape and kind is a question to the whole column.
    if field.shape or is_kind(item, field.dtype):
        return None
    code = "CAL305" if field.dtype == "i8" and isinstance(item, float) else "CAL211"
    detail = f"{table.name} {index + 1} {field.key}: {item!r:.60} is not {KINDS[field.dtype]}"
    return Problem(code, place, detail)


def _read_record(
    table: Table, fields: tuple[Field, ...], tree: Mapping[Any, Any], content: Content
) -> Iterator[Problem]:
    """Take the values of a ``record`` table out of its mapping, which may be missing."""
    record = tree.get(table.name, {})
    field_of = {field.key: field for field in fields}
    if not isinstance(record, Mapping):
        detail = f"{table.name} is {brief(record)}, not a mapping of {', '.join(field_of)}"
        yield Problem("CAL211", (table.name,), detail)
        return
    for key, value in record.items():
        if key not in field_of:
            detail = f"{table.name}: {brief(key)} is not one of {', '.join(field_of)}"
            yield Problem("CAL212", (table.name, key), detail)
            continue
        content.values[field_of[key].name] = value
        content.places[field_of[key].name] = (table.name, key)


def _read_units(units: Any, fields: tuple[Field, ...]) -> tuple[dict[str, str], list[Problem]]:
    """Return the units of the document by field name, and what is wrong with them."""
    if units is None:
        return {}, []
    if not isinstance(units, Mapping):
        return {}, [Problem("CAL211", ("units",), "units is not a mapping from fields to units")]
    names = {field.name for field in fields}
    problems, units_by_name = [], {}
    for name, unit in units.items():
        if name not in names:
            detail = f"units: {brief(name)} is not one of {', '.join(sorted(names))}"
            problems.append(Problem("CAL212", ("units", name), detail))
        elif not isinstance(unit, (str, type(None))):
            detail = f"units: {brief(unit)} is not the name of a unit"
            problems.append(Problem("CAL211", ("units", name), detail))
        else:
            units_by_name[name] = text_unit(unit or "")
    return units_by_name, problems
