"""The JSON Schema of a calibration type's YAML and JSON text, generated from its declaration."""

from __future__ import annotations

import sys
from typing import Any

from curated.calib import Calib
from curated.core.metadata import IDENTITY_KEYS, KEYWORD_DOCS, LISTS, meaning
from curated.datasets.deprecation import MARK
from curated.declare import Field, Spec, Table, in_group, is_nested, required_sizes
from curated.declare.settings import BASE, DIALECT, schema_name, setting_schema
from curated.provenance.record import PROVENANCE
from curated.schema.values import field_schema, value_schema

_NOTHING = {"enum": [None, ""]}
"""Values that stand for none; the stack writes either."""

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
        Class with ``SPEC`` and ``FIELDS``.
    """
    spec, fields = cls.SPEC, cls.FIELDS
    properties: dict[str, Any] = {"metadata": metadata_schema(spec, fields)}
    conditions = presence(spec)
    required = ["metadata"]
    for index, table in enumerate(spec.tables):
        columns = [field for field in fields if field.table == index and not field.keyword]
        if table.rows == "records":
            properties[table.name] = _records(table, columns)
            required += [] if table.optional else [table.name]
        elif table.group:
            properties[table.group] = _group(table, [field for field in columns if in_group(table, field)])
            required += [] if table.optional else [table.group]
        elif table.rows == "record" and table.name:
            values = [field for field in fields if field.table == index]
            properties[table.name] = _mapping(table, values)
            conditions += [{"anyOf": _places_in(table, field)} for field in values if field.required]
    for field in fields:
        table = spec.tables[field.table]
        if is_nested(table, field):
            continue
        for name in (field.key, *field.aliases):
            properties[name] = field_schema(field, table)
        if field.required and len(_places(field)) == 1:
            required.append(field.key)
        elif field.required:
            conditions.append({"anyOf": _places(field)})
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
    """Return the first line of a type's docstring, which Python drops with ``-OO``."""
    # Without docstrings, those of dataclasses are their signatures.
    docstring = _source_docstring(cls) if sys.flags.optimize > 1 else cls.__doc__
    return (docstring or "").strip().partition("\n")[0]


def _source_docstring(cls: type) -> str:
    """Return a class's docstring as its source file has it; empty where there is none."""
    import ast  # rare
    import inspect
    import textwrap

    try:
        (node,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    except (OSError, SyntaxError, ValueError):
        return ""
    return (ast.get_docstring(node) if isinstance(node, ast.ClassDef) else "") or ""


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
    conditions = [{"anyOf": _places(field)} for field in fields if field.required and field.aliases]
    if conditions:
        record["allOf"] = conditions
    return record


def _mapping(table: Table, fields: list[Field]) -> dict[str, Any]:
    return {
        "description": f"The mapping {table.name}.",
        "type": "object",
        "properties": {field.key: field_schema(field, table) for field in fields},
        "additionalProperties": False,
    }


def _places_in(table: Table, field: Field) -> list[dict[str, Any]]:
    """Return the schemas of the places of a field of a mapping: there, or in the metadata."""
    in_mapping = {"required": [table.name], "properties": {table.name: {"required": [field.key]}}}
    return [in_mapping, {"properties": {"metadata": has_keyword(field.keyword)}}]


def _places(field: Field) -> list[dict[str, Any]]:
    """Return the schemas of the places of a field: under any of its names, or in the metadata."""
    places: list[dict[str, Any]] = [{"required": [name]} for name in (field.key, *field.aliases)]
    return [*places, {"properties": {"metadata": has_keyword(field.keyword)}}] if field.keyword else places


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
    """Return the schema of a type's ``metadata``: a mapping, or the rows that a plain parser sees under the stack's tag."""
    keywords = _keywords(spec, fields)
    always = [keyword for keyword in spec.required_keywords if not _at_top(keyword)]
    always += required_sizes(spec, fields)
    return {
        "description": (
            "Keywords that identify the calibration. A plain mapping, or the rows [name, type, value, comment] "
            "of the tag !<lsst.daf.base.PropertyList>."
        ),
        "type": ["object", "array"],
        "properties": keywords,
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
            "allOf": [_row(name) for name, value in keywords.items() if "$ref" not in value],
        },
        "allOf": [has_keyword(keyword) for keyword in always],
    }


def identity_schemas(spec: Spec) -> dict[str, Any]:
    """Return the schemas of the keys at the top of a document that repeat keywords."""
    keywords = _keywords(spec, ())
    schemas = {}
    for key in sorted(IDENTITY_KEYS):
        keyword = meaning(key)
        schema = {k: v for k, v in keywords[keyword].items() if k != "description"}
        schemas[key] = {"description": f"Repeats the keyword {keyword}, or stands for it."} | schema
    return schemas


def presence(spec: Spec) -> list[dict[str, Any]]:
    """Return a condition for each required keyword that a key at the top can replace."""
    conditions = []
    for keyword in spec.required_keywords:
        keys = _at_top(keyword)
        if keys:
            in_metadata = {"properties": {"metadata": has_keyword(keyword)}}
            at_top = ({"required": [key], "properties": {key: _SOMETHING}} for key in keys)
            # A shared file lists what it is for.
            in_lists = [
                {"properties": {"metadata": has_keyword(name)}} for name in LISTS if name == f"{keyword}S"
            ]
            conditions.append({"anyOf": [in_metadata, *at_top, *in_lists]})
    return conditions


def has_keyword(keyword: str) -> dict[str, Any]:
    """Return the condition that a keyword in ``metadata`` has a value."""
    return {"required": [keyword], "properties": {keyword: _SOMETHING}, "contains": _row_of(keyword)}


def _at_top(keyword: str) -> list[str]:
    return sorted(key for key in IDENTITY_KEYS if meaning(key) == keyword)


def _row_of(keyword: str) -> dict[str, Any]:
    return {"prefixItems": [{"const": keyword}, True, _SOMETHING], "minItems": 3}


def _list_schema(keyword: str) -> dict[str, Any]:
    """Return the schema of the names that a shared file is for."""
    noun = keyword.lower()
    return {
        "description": f"In a directory 'shared': 'all', or the {noun} that the file is for, instead of {keyword[:-1]}.",
        "anyOf": [_NOTHING, {"type": "string"}, {"type": "array", "items": {"type": "string"}}],
        "examples": ["all"],
    }


def _row(keyword: str) -> dict[str, Any]:
    """Return the condition that the row of a keyword has a value that its key in a mapping can have."""
    value = {"$ref": f"#/properties/metadata/properties/{keyword}"}
    return {"if": {"prefixItems": [{"const": keyword}]}, "then": {"prefixItems": [True, True, value]}}


def _keywords(spec: Spec, fields: tuple[Field, ...]) -> dict[str, Any]:
    """Return the schemas of the keywords that curated interprets, by name."""
    keywords: dict[str, Any] = {name: {"$ref": "#/$defs/keyword"} for name in KEYWORD_DOCS}
    keywords["OBSTYPE"] = {"type": "string", "minLength": 1, "examples": [spec.obstype]}
    keywords["INSTRUME"] = {"type": ["string", "null"]}
    keywords["CALIBDATE"] = {"type": "string", "minLength": 1, "examples": ["2024-01-31T00:00:00"]}
    keywords |= {name: {"type": ["string", "null"]} for name in ("VALIDSTART", "VALIDEND")}
    number = {"anyOf": [_NOTHING, {"type": "integer", "minimum": 0}]}
    keywords["DETECTOR"] = number if spec.has_detector else {"enum": [None, "", "None"]}
    keywords["FILTER"] = {"type": ["string", "null"]} if spec.has_filter else {"enum": [None, "", "None"]}
    for name, schema in keywords.items():
        keywords[name] = {"description": KEYWORD_DOCS[name]} | schema
    for name, has_level in zip(LISTS, (spec.has_detector, spec.has_filter), strict=True):
        if has_level:
            keywords[name] = _list_schema(name)
    for name, part in MARK.keys.items():
        schema = setting_schema(part)
        keywords[name] = {"description": schema.pop("description"), "anyOf": [_NOTHING, schema]}
    keywords[f"{spec.obstype}_SCHEMA"] = {"$ref": "#/$defs/keyword"}
    version = {"enum": [None, *spec.versions]} if spec.versions else {"$ref": "#/$defs/keyword"}
    keywords[f"{spec.obstype}_VERSION"] = {"description": "Version of the stack's class."} | version
    # In the stack's spelling and in the canonical one.
    keywords |= {
        f"{spec.obstype}_{k}".upper(): keywords[f"{spec.obstype}_{k}"] for k in ("SCHEMA", "VERSION")
    }
    for name, keyword in spec.sizes.items():
        keywords[keyword] = {
            "description": f"The size {name}.",
            "anyOf": [_NOTHING, {"type": "integer", "minimum": 0}],
        }
    for field in fields:
        if field.keyword:
            keywords[field.keyword] = {"description": field.doc, "anyOf": [_NOTHING, value_schema(field)]}
    return keywords
