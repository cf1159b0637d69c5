"""A calibration type's declaration to the JSON Schema of its YAML and JSON text."""

from __future__ import annotations

from typing import Any

from curated.calib import Calib
from curated.core.metadata import IDENTITY_KEYS, KEYWORD_DOCS, meaning
from curated.datasets.deprecation import MARK
from curated.declare import Field, Spec, Table, in_group, is_nested, required_sizes
from curated.declare.settings import BASE, DIALECT, schema_name, setting_schema
from curated.provenance.record import PROVENANCE
from curated.schema.values import field_schema, value_schema

_NOTHING = {"enum": [None, ""]}
"""What stands for no value; the stack writes either."""

_SOMETHING = {"$ref": "#/$defs/something"}

DEFINITIONS: dict[str, Any] = {
    "something": {"description": "A value that says something.", "not": _NOTHING},
    "keyword": {
        "description": "A value that a FITS header can hold; nested mappings become dotted keywords.",
        "type": ["string", "number", "boolean", "null", "array", "object"],
        "items": {"type": ["string", "number", "boolean", "null"]},
        "minProperties": 1,
        "additionalProperties": {"$ref": "#/$defs/keyword"},
    },
}


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


def metadata_schema(spec: Spec, fields: tuple[Field, ...]) -> dict[str, Any]:
    """Return the schema of a type's ``metadata``.

    Parameters
    ----------
    spec : `Spec`
        The type.
    fields : `tuple` [`Field`]
        Its fields.
    """
    known = _keywords(spec, fields)
    always = [keyword for keyword in spec.required_keywords if not _at_top(keyword)]
    always += required_sizes(spec, fields)
    return {
        "description": (
            "Keywords that identify the calibration. A plain mapping, or the rows [name, type, value, comment] "
            "of the tag !<lsst.daf.base.PropertyList>."
        ),
        "type": ["object", "array"],
        "properties": known,
        "additionalProperties": {"$ref": "#/$defs/keyword"},
        "items": {
            "type": "array",
            "prefixItems": [
                {"type": "string", "description": "Name of the keyword."},
                {"description": "Type: Bool, Int, LongLong, Double, String and others; it is not read."},
                {"$ref": "#/$defs/keyword"},
                {"description": "Comment; it is not read."},
            ],
            "minItems": 3,
            "maxItems": 4,
            "allOf": [_row(name) for name, value in known.items() if "$ref" not in value],
        },
        "allOf": [has_keyword(keyword) for keyword in always],
    }


def identity_schemas(spec: Spec) -> dict[str, Any]:
    """Return the schemas of the keys at the top of a document that repeat keywords."""
    known = _keywords(spec, ())
    repeated = {}
    for key in sorted(IDENTITY_KEYS):
        keyword = meaning(key)
        schema = {k: v for k, v in known[keyword].items() if k != "description"}
        repeated[key] = {"description": f"Repeats the keyword {keyword}, or stands for it."} | schema
    return repeated


def presence(spec: Spec) -> list[dict[str, Any]]:
    """Return a condition for each required keyword that a key at the top can stand for."""
    conditions = []
    for keyword in spec.required_keywords:
        others = _at_top(keyword)
        if others:
            inside = {"properties": {"metadata": has_keyword(keyword)}}
            conditions.append(
                {"anyOf": [inside, *({"required": [k], "properties": {k: _SOMETHING}} for k in others)]}
            )
    return conditions


def has_keyword(keyword: str) -> dict[str, Any]:
    """Return the condition that ``metadata`` says something under a keyword."""
    return {"required": [keyword], "properties": {keyword: _SOMETHING}, "contains": _row_of(keyword)}


def _at_top(keyword: str) -> list[str]:
    return sorted(key for key in IDENTITY_KEYS if meaning(key) == keyword)


def _row_of(keyword: str) -> dict[str, Any]:
    return {"prefixItems": [{"const": keyword}, True, _SOMETHING], "minItems": 3}


def _row(keyword: str) -> dict[str, Any]:
    """Return the condition that a keyword's row holds what its key in a mapping holds."""
    value = {"$ref": f"#/properties/metadata/properties/{keyword}"}
    return {"if": {"prefixItems": [{"const": keyword}]}, "then": {"prefixItems": [True, True, value]}}


def _keywords(spec: Spec, fields: tuple[Field, ...]) -> dict[str, Any]:
    """Return the schema of each keyword that has a meaning for us, by name."""
    known: dict[str, Any] = {name: {"$ref": "#/$defs/keyword"} for name in KEYWORD_DOCS}
    known["OBSTYPE"] = {"type": "string", "minLength": 1, "examples": [spec.obstype]}
    known["INSTRUME"] = {"type": ["string", "null"]}
    known["CALIBDATE"] = {"type": "string", "minLength": 1, "examples": ["2024-01-31T00:00:00"]}
    known |= {name: {"type": ["string", "null"]} for name in ("VALIDSTART", "VALIDEND")}
    number = {"anyOf": [_NOTHING, {"type": "integer", "minimum": 0}]}
    known["DETECTOR"] = number if spec.has_detector else {"enum": [None, "", "None"]}
    known["FILTER"] = {"type": ["string", "null"]} if spec.has_filter else {"enum": [None, "", "None"]}
    for name, schema in known.items():
        known[name] = {"description": KEYWORD_DOCS[name]} | schema
    for name, part in MARK.keys.items():
        schema = setting_schema(part)
        known[name] = {"description": schema.pop("description"), "anyOf": [_NOTHING, schema]}
    known[f"{spec.obstype}_SCHEMA"] = {"$ref": "#/$defs/keyword"}
    version = {"enum": [None, *spec.versions]} if spec.versions else {"$ref": "#/$defs/keyword"}
    known[f"{spec.obstype}_VERSION"] = {"description": "Version of the stack's class."} | version
    # The stack's spelling and the canonical one.
    known |= {f"{spec.obstype}_{k}".upper(): known[f"{spec.obstype}_{k}"] for k in ("SCHEMA", "VERSION")}
    for name, keyword in spec.sizes.items():
        known[keyword] = {
            "description": f"The size {name}.",
            "anyOf": [_NOTHING, {"type": "integer", "minimum": 0}],
        }
    for field in fields:
        if field.keyword:
            known[field.keyword] = {"description": field.doc, "anyOf": [_NOTHING, value_schema(field)]}
    return known
