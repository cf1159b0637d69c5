"""Tables of ``records``: in YAML and JSON a list of mappings, in FITS a row for each; and of one ``record``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from curated.calib.arrays import KINDS, is_kind
from curated.calib.content import Content
from curated.core.diagnostic import Problem, brief
from curated.declare import Field, Spec, Table


def read_records(
    table: Table, fields: tuple[Field, ...], tree: Mapping[Any, Any]
) -> tuple[dict[str, list[Any]], list[Problem]]:
    """Take the values of a table out of its list of mappings.

    A record may lack a field that is not required, and has its default then.

    Parameters
    ----------
    table : `Table`
        The table.
    fields : `tuple` [`Field`]
        Its fields.
    tree : `~collections.abc.Mapping`
        The document.

    Returns
    -------
    values : `dict` [`str`, `list`]
        Values by field name, one for each record; fields with a wrong value are left out.
    problems : `list` [`Problem`]
        All that is wrong, each at its record.
    """
    records = tree.get(table.name)
    if records is None and table.optional:
        records = []
    if records is None:
        return {}, [Problem("CAL210", (), f"the list {table.name!r} is missing")]
    if not isinstance(records, list):
        return {}, [Problem("CAL211", (table.name,), f"{table.name} is not a list")]
    problems = [problem for i, record in enumerate(records) for problem in _shape(table, fields, i, record)]
    mappings = [record if isinstance(record, Mapping) else {} for record in records]
    values = {}
    for field in fields:
        items = [_item(field, record) for record in mappings]
        wrong = [p for i, item in enumerate(items) if (p := _wrong(table, field, i, item)) is not None]
        # A record that is no mapping is reported once, not once for each field.
        problems += [p for p in wrong if isinstance(records[int(p.pointer[1])], Mapping)]
        if not wrong:
            values[field.name] = items
    return values, problems


def _shape(table: Table, fields: tuple[Field, ...], index: int, record: Any) -> Iterator[Problem]:
    if not isinstance(record, Mapping):
        yield Problem("CAL211", (table.name, index), f"{table.name} {index + 1} is not a mapping")
        return
    known = {name for field in fields for name in (field.key, *field.aliases)}
    for key in record:
        if key not in known:
            detail = f"{table.name} {index + 1}: {key!r} is not one of {', '.join(sorted(known))}"
            yield Problem("CAL212", (table.name, index, key), detail)


def _item(field: Field, record: Mapping[Any, Any]) -> Any:
    for name in (field.key, *field.aliases):
        if record.get(name) is not None:
            return record[name]
    return None if field.required else field.default


def _wrong(table: Table, field: Field, index: int, item: Any) -> Problem | None:
    place = (table.name, index, field.key)
    if item is None:
        detail = f"{table.name} {index + 1}: field {field.key!r} is missing ({field.doc})"
        return Problem("CAL210", place, detail)
    if field.shape:
        # Which shape and what in it is a question to the whole column.
        return None
    if is_kind(item, field.dtype):
        return None
    code = "CAL305" if field.dtype == "i8" and isinstance(item, float) else "CAL211"
    detail = f"{table.name} {index + 1} {field.key}: {item!r:.60} is not {KINDS[field.dtype]}"
    return Problem(code, place, detail)


def fill_columns(spec: Spec, fields: tuple[Field, ...], content: Content) -> None:
    """Give ``records`` tables of FITS the columns that they may lack, and the rows that an absent one has.

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
        if table.rows != "records":
            continue
        own = [f for f in fields if f.table == index and f.column]
        given = [content.values[f.name] for f in own if f.name in content.values]
        rows = len(given[0]) if given else 0
        for field in own:
            absent = table.optional and not given
            if field.name not in content.values and (absent or not field.required):
                content.values[field.name] = np.full(rows, field.default) if rows else []


def read_record(
    table: Table, fields: tuple[Field, ...], tree: Mapping[Any, Any], content: Content
) -> list[Problem]:
    """Take the values of a ``record`` table out of its mapping; one that is missing has none.

    Parameters
    ----------
    table : `Table`
        The table.
    fields : `tuple` [`Field`]
        Its fields.
    tree : `~collections.abc.Mapping`
        The document.
    content : `Content`
        Gets the values and their places.

    Returns
    -------
    problems : `list` [`Problem`]
        Unknown keys, and what is no mapping.
    """
    record = tree.get(table.name, {})
    if not isinstance(record, Mapping):
        detail = f"{table.name} is {brief(record)}, not a mapping of {', '.join(f.key for f in fields)}"
        return [Problem("CAL211", (table.name,), detail)]
    known = {field.key: field for field in fields}
    problems = []
    for key, value in record.items():
        if key not in known:
            detail = f"{table.name}: {brief(key)} is not one of {', '.join(known)}"
            problems.append(Problem("CAL212", (table.name, key), detail))
            continue
        content.values[known[key].name] = value
        content.places[known[key].name] = (table.name, key)
    return problems
