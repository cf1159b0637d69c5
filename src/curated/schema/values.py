"""JSON Schemas of the values of fields."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from curated.declare import Field, Table, in_group

_TYPES = {
    "f": "number",
    "f8": "number",
    "n": "number",
    "i8": "integer",
    "bool": "boolean",
    "str": "string",
}


def scalar_schema(field: Field) -> dict[str, Any]:
    """Return the schema of one number, flag or text of a field."""
    schema: dict[str, Any] = {"type": _TYPES[field.dtype]}
    least = None if isinstance(field.minimum, tuple) else field.minimum
    for bound, word in (
        (least, "minimum"),
        (field.above, "exclusiveMinimum"),
        (field.maximum, "maximum"),
    ):
        if bound is not None:
            schema[word] = int(bound) if bound == int(bound) else bound
    if field.choices:
        schema["enum"] = list(field.choices)
    return schema


def value_schema(field: Field, *, rows: bool = False) -> dict[str, Any]:
    """Return the schema of one value of a field, in its shape.

    Parameters
    ----------
    field : `Field`
        Declaration of the field.
    rows : `bool`, optional
        Whether the value is a list of the values of all rows.
    """
    if field.dtype == "any":
        kinds = (value_schema(replace(field, dtype=dtype), rows=rows) for dtype in ("n", "str"))
        return {"anyOf": list(kinds)}
    minima = field.minimum if isinstance(field.minimum, tuple) else (field.minimum,)
    each = [scalar_schema(replace(field, minimum=least)) for least in minima]
    scalar = each[0]
    shape: tuple[str | int, ...] = ("*", *field.shape) if rows else field.shape
    nested = scalar
    for size in reversed(shape):
        nested = {"type": "array", "items": nested}
        if isinstance(size, int):
            nested |= {"minItems": size, "maxItems": size}
    if len(each) > 1:
        nested = {"type": "array", "prefixItems": each, "minItems": len(each), "maxItems": len(each)}
    if len(shape) < 2:
        return nested
    if rows:
        # Rows must be nested, since a flat list does not show where they begin; an empty list has no shape.
        return {"anyOf": [nested, {"type": "array", "maxItems": 0}]}
    return {"anyOf": [nested, {"type": "array", "items": scalar}]}


def field_schema(field: Field, table: Table) -> dict[str, Any]:
    """Return the schema of the value under a field's key, in a document with this table."""
    if (
        field.keyword
        or table.rows in ("one", "records")
        or (field.common and not field.prefix)
        or in_group(table, field)
    ):
        schema = value_schema(field)
    elif table.rows == "key":
        schema = {"type": "object", "additionalProperties": value_schema(field)}
        if table.optional:
            schema["type"] = ["object", "null"]
    else:
        schema = value_schema(field, rows=True)
        if table.optional:
            schema = {"anyOf": [schema, {"type": "null"}]}
    nullable = table.rows == "records" or in_group(table, field)
    if nullable and not field.keyword and not field.required:
        schema = {"anyOf": [schema, {"type": "null"}]} if "type" not in schema else _or_null(schema)
    schema = {"description": describe(field)} | schema
    default = field.default if field.fill is None else field.fill
    if not field.required and _is_plain(default):
        schema["default"] = default
    return schema


def _is_plain(value: Any) -> bool:
    """Return whether a default can be written in JSON."""
    if isinstance(value, list):
        return all(map(_is_plain, value))
    return isinstance(value, (bool, int, str)) or (isinstance(value, float) and math.isfinite(value))


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    schema = {**schema, "type": [schema["type"], "null"]}
    if "enum" in schema:
        schema["enum"] = [*schema["enum"], None]
    return schema


def describe(field: Field) -> str:
    """Return a field's sentence, with its unit and, for matrices, its shape."""
    parts = [field.doc]
    if field.unit:
        parts.append(f"Unit: {field.unit}.")
    if len(field.shape) > 1:
        parts.append(f"Shape: {shape_text(field.shape)}, nested or flat in row order.")
    return " ".join(parts)


def shape_text(shape: tuple[str | int, ...]) -> str:
    """Return a shape as text, such as ``4 x any``."""
    return " x ".join("any" if size == "*" else str(size) for size in shape)
