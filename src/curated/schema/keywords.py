"""The schema of ``metadata``: a plain mapping, or the rows that a plain parser sees under the stack's tag."""

from __future__ import annotations

from typing import Any

from curated.core.metadata import IDENTITY_KEYS, KEYWORD_DOCS, meaning
from curated.datasets.deprecation import MARK
from curated.declare import Field, Spec, required_sizes
from curated.declare.settings import setting_schema
from curated.schema.values import value_schema

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
