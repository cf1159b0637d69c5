"""The schemas of ``curated.yaml`` and ``instrument.yaml``."""

from __future__ import annotations

from typing import Any

from curated.instrument import INSTRUMENT
from curated.package import CONFIG
from curated.schema.document import BASE, DIALECT, schema_name
from curated.settings import Setting

_TYPES = {"text": "string", "number": "integer", "list": "array", "mapping": "object"}
_VERSION = "1.0"


def config_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of ``curated.yaml``."""
    schema = _document("curated", "curated.yaml", CONFIG)
    # An empty file is a package with all defaults.
    return schema | {"type": ["object", "null"]}


def instrument_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of ``instrument.yaml``."""
    return _document("instrument", "instrument.yaml", INSTRUMENT)


def _document(name: str, title: str, setting: Setting) -> dict[str, Any]:
    head = {"$schema": DIALECT, "$id": BASE + schema_name(name, _VERSION), "title": title}
    return head | setting_schema(setting)


def setting_schema(setting: Setting) -> dict[str, Any]:
    """Return the schema of one value of a settings file."""
    schema: dict[str, Any] = {"description": setting.doc} if setting.doc else {}
    schema["type"] = _TYPES[setting.kind]
    if setting.kind == "text":
        schema |= _text(setting)
    elif setting.kind == "number":
        schema["minimum"] = 0
    elif setting.kind == "list" and setting.items:
        schema["items"] = setting_schema(setting.items)
    elif setting.keys:
        required = [key for key, inner in setting.keys.items() if inner.required]
        schema |= {"required": required} if required else {}
        schema["properties"] = {key: setting_schema(inner) for key, inner in setting.keys.items()}
        schema["additionalProperties"] = False
    elif setting.items:
        schema["additionalProperties"] = setting_schema(setting.items)
    return schema


def _text(setting: Setting) -> dict[str, Any]:
    pattern = setting.pattern or ("" if setting.blank else r"\S")
    return {"maxLength": setting.longest} | ({"pattern": pattern} if pattern else {})
