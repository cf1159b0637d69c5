"""The schema of one value of a settings file or of a provenance record."""

from __future__ import annotations

from typing import Any

from curated.declare.settings import Setting

_TYPES: dict[str, str | list[str]] = {
    "text": "string",
    "number": "integer",
    "real": "number",
    "scalar": ["string", "integer"],
    "plain": ["string", "number", "boolean", "null", "array", "object"],
    "list": "array",
    "mapping": "object",
}


def setting_schema(setting: Setting) -> dict[str, Any]:
    """Return the schema of one value of a settings file."""
    schema: dict[str, Any] = {"description": setting.doc} if setting.doc else {}
    schema["type"] = _TYPES[setting.kind]
    if setting.kind == "text":
        schema |= _text(setting)
    elif setting.kind == "number":
        schema["minimum"] = 0
    elif setting.kind == "real" and setting.minimum is not None:
        schema["minimum"] = setting.minimum
    elif setting.kind == "scalar":
        schema |= _text(setting)
    elif setting.kind == "list" and setting.items:
        schema["items"] = setting_schema(setting.items)
        schema |= {"maxItems": setting.most} if setting.most else {}
    elif setting.keys:
        required = [key for key, inner in setting.keys.items() if inner.required]
        schema |= {"required": required} if required else {}
        schema["properties"] = {key: setting_schema(inner) for key, inner in setting.keys.items()}
        schema["additionalProperties"] = False
    elif setting.items:
        schema |= {"propertyNames": {"pattern": setting.names}} if setting.names else {}
        schema["additionalProperties"] = setting_schema(setting.items)
    return schema


def _text(setting: Setting) -> dict[str, Any]:
    pattern = setting.pattern or ("" if setting.blank else r"\S")
    return {"maxLength": setting.longest} | ({"pattern": pattern} if pattern else {})
