"""A calibration type's declaration to the JSON Schema of its YAML and JSON text."""

from __future__ import annotations

from typing import Any

from curated.calib import Calib
from curated.declare import Field, Spec, Table, in_group, is_nested
from curated.provenance.declaration import PROVENANCE
from curated.schema.keywords import DEFINITIONS, has_keyword, identity_schemas, metadata_schema, presence
from curated.schema.setting import setting_schema
from curated.schema.values import field_schema

DIALECT = "https://json-schema.org/draft/2020-12/schema"
BASE = "https://github.com/curated-calibs/curated/schemas/"


def schema_name(name: str, version: object) -> str:
    """Return the file name of a schema."""
    return f"{name}-{version}.schema.json"


def type_schema(cls: type[Calib]) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the YAML and JSON text of a calibration type.

    Parameters
    ----------
    cls : `type`
        The type; its ``SPEC`` and ``FIELDS`` are all that is looked at.
    """
    spec, fields = cls.SPEC, cls.FIELDS
    properties: dict[str, Any] = {"metadata": metadata_schema(spec, fields)}
    conditions = presence(spec)
    required = ["metadata"]
    for index, table in enumerate(spec.tables):
        own = [field for field in fields if field.table == index and not field.keyword]
        if table.rows == "records":
            properties[table.name] = _records(table, own)
            required += [] if table.optional else [table.name]
        elif table.group:
            properties[table.group] = _group(table, [field for field in own if in_group(table, field)])
            required += [] if table.optional else [table.group]
        elif table.rows == "record" and table.name:
            inside = [field for field in fields if field.table == index]
            properties[table.name] = _mapping(table, inside)
            conditions += [{"anyOf": _ways_into(table, field)} for field in inside if field.required]
    for field in fields:
        table = spec.tables[field.table]
        if is_nested(table, field):
            continue
        for name in (field.key, *field.aliases):
            properties[name] = field_schema(field, table)
        if field.required and len(_ways(field)) == 1:
            required.append(field.key)
        elif field.required:
            conditions.append({"anyOf": _ways(field)})
    conditions += [
        {"oneOf": [{"required": [name]} for name in names]} for names in _alternatives(spec, fields)
    ]
    properties |= _extras(spec, fields)
    schema = {
        "$schema": DIALECT,
        "$id": BASE + schema_name(spec.name, spec.schema_version),
        "title": spec.title,
        "description": f"Text of a calibration of type {spec.name}, in YAML or JSON. {summary(cls)}",
        "type": "object",
        "required": required,
        "properties": properties,
        "additionalProperties": False,
        "allOf": conditions,
        "$defs": {**DEFINITIONS, **{key: setting_schema(part) for key, part in PROVENANCE.keys.items()}},
    }
    return cls.text_schema(schema)


def summary(cls: type) -> str:
    """Return the first sentence of a type's documentation."""
    return (cls.__doc__ or "").strip().splitlines()[0]


def _records(table: Table, fields: list[Field]) -> dict[str, Any]:
    return {
        "description": f"The table {table.name}, a mapping for each row.",
        "type": ["array", "null"] if table.optional else "array",
        "items": _record(table, fields),
    }


def _group(table: Table, fields: list[Field]) -> dict[str, Any]:
    return {
        "description": f"The table {table.name}, a mapping for each row by its name.",
        "type": ["object", "null"] if table.optional else "object",
        "additionalProperties": _record(table, fields),
    }


def _record(table: Table, fields: list[Field]) -> dict[str, Any]:
    """Return the schema of one row that is a mapping."""
    record: dict[str, Any] = {
        "type": "object",
        "required": [field.key for field in fields if field.required and not field.aliases],
        "properties": {n: field_schema(f, table) for f in fields for n in (f.key, *f.aliases)},
        "additionalProperties": False,
    }
    spelled = [{"anyOf": _ways(field)} for field in fields if field.required and field.aliases]
    if spelled:
        record["allOf"] = spelled
    return record


def _mapping(table: Table, fields: list[Field]) -> dict[str, Any]:
    return {
        "description": f"The mapping {table.name}.",
        "type": "object",
        "properties": {field.key: field_schema(field, table) for field in fields},
        "additionalProperties": False,
    }


def _ways_into(table: Table, field: Field) -> list[dict[str, Any]]:
    """Return the ways to give a field of a mapping: in it, or in the metadata."""
    inside = {"required": [table.name], "properties": {table.name: {"required": [field.key]}}}
    return [inside, {"properties": {"metadata": has_keyword(field.keyword)}}]


def _ways(field: Field) -> list[dict[str, Any]]:
    """Return the ways to give a field: under any of its names, or in the metadata."""
    ways: list[dict[str, Any]] = [{"required": [name]} for name in (field.key, *field.aliases)]
    return [*ways, {"properties": {"metadata": has_keyword(field.keyword)}}] if field.keyword else ways


def _alternatives(spec: Spec, fields: tuple[Field, ...]) -> list[list[str]]:
    keys = {field.name: field.key for field in fields}
    return [[keys[name] for name in names] for names in spec.alternatives]


def _extras(spec: Spec, fields: tuple[Field, ...]) -> dict[str, Any]:
    unit = {"type": ["string", "null"]}
    units = {
        "description": "Units of fields, where they are not those of the schema.",
        "type": ["object", "null"],
        "properties": {
            f.name: {**unit, "description": f"Unit that converts to {f.unit or 'a plain number'}."}
            for f in fields
        },
        "additionalProperties": False,
    }
    ignored = {key: {"description": f"{doc} It is not read."} for key, doc in spec.ignored.items()}
    record = {key: {"$ref": f"#/$defs/{key}"} for key in PROVENANCE.keys}
    return {"units": units, **ignored, **record, **identity_schemas(spec)}
