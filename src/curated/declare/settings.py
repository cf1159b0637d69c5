"""Declarations of settings files: their JSON Schemas, and their validation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

from curated.core.diagnostic import Pointer, Problem
from curated.declare.validation import Validator

Kind = Literal["text", "number", "real", "flag", "scalar", "plain", "list", "mapping"]

_TYPES: dict[Kind, str | list[str]] = {
    "text": "string",
    "number": "integer",
    "real": "number",
    "flag": "boolean",
    "scalar": ["string", "integer"],
    "plain": ["string", "number", "boolean", "null", "array", "object"],
    "list": "array",
    "mapping": "object",
}

DIALECT = "https://json-schema.org/draft/2020-12/schema"
BASE = "https://github.com/curated-calibs/curated/schemas/"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Setting:
    """One value of a settings file.

    Parameters
    ----------
    kind : `str`
        ``text``, ``number`` (whole, zero or more), ``real``, ``flag`` (true or false), ``scalar`` (a text or a whole number), ``plain``
        (anything that JSON holds), ``list`` or ``mapping``.
    doc : `str`
        Description in one sentence.
    required : `bool`
        Whether the mapping that holds it is wrong without it.
    blank : `bool`
        Whether a text may be empty.
    longest : `int`
        Most characters of a text.
    pattern : `str`
        Regular expression that a text matches.
    choices : `tuple` [`str`]
        The texts that there are; empty for any text.
    says : `str`
        Message for a text that does not match or a number out of range, such as ``not a date such as 2026-12-31``.
    minimum, maximum : `float`, optional
        Bounds of a ``real``.
    most : `int`
        Most entries of a list; 0 for any number.
    keys : `dict` [`str`, `Setting`]
        Keys that a mapping may have; empty if users choose the keys.
    names, names_say : `str`
        Regular expression that keys match which users choose, and the message for one that does not.
    items : `Setting`, optional
        Entries of a list, or values of a mapping whose keys users choose.
    """

    kind: Kind
    doc: str = ""
    required: bool = False
    blank: bool = False
    longest: int = 256
    pattern: str = ""
    choices: tuple[str, ...] = ()
    says: str = ""
    minimum: float | None = None
    maximum: float | None = None
    most: int = 0
    keys: Mapping[str, Setting] = field(default_factory=dict)
    names: str = ""
    names_say: str = ""
    items: Setting | None = None


def check_setting(
    setting: Setting,
    value: Any,
    code: str,
    at: Pointer = (),
    codes: Mapping[str, str] | None = None,
) -> Iterator[Problem]:
    """Yield everything that is wrong with a value of a settings file.

    Parameters
    ----------
    setting : `Setting`
        Declaration of the value.
    value : `object`
        Plain data, as a YAML parser returns it.
    code : `str`
        Code of the problems.
    at : `tuple`, optional
        Place of the value in the document.
    codes : `dict` [`str`, `str`], optional
        Codes of the problems with some keywords of JSON Schema, such as ``minimum``; see `Fault.keyword`.
    """
    name = at[-1] if at and isinstance(at[-1], str) else ""
    for fault in _validator(setting).faults(value, name):
        yield Problem((codes or {}).get(fault.keyword, code), (*at, *fault.pointer), fault.detail)


@lru_cache(maxsize=64)
def _validator(setting: Setting) -> Validator:
    return Validator(setting_schema(setting))


def schema_name(name: str, version: object) -> str:
    """Return the file name of a schema."""
    return f"{name}-{version}.schema.json"


def document_schema(file_name: str, title: str, setting: Setting) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a settings file.

    Parameters
    ----------
    file_name : `str`
        Name of the schema's file.
    title : `str`
        Name of the settings file.
    setting : `Setting`
        Declaration of the settings file.
    """
    return {"$schema": DIALECT, "$id": BASE + file_name, "title": title} | setting_schema(setting)


def setting_schema(setting: Setting) -> dict[str, Any]:
    """Return the JSON Schema of one value of a settings file."""
    schema: dict[str, Any] = {"description": setting.doc} if setting.doc else {}
    schema["type"] = _TYPES[setting.kind]
    if setting.kind in ("text", "scalar"):
        schema |= _text_schema(setting)
    elif setting.kind == "number":
        schema["minimum"] = 0
    elif setting.kind == "real":
        bounds = {
            "minimum": setting.minimum,
            "maximum": setting.maximum,
            "errorMessage": setting.says or None,
        }
        schema |= {keyword: bound for keyword, bound in bounds.items() if bound is not None}
    elif setting.kind == "list" and setting.items:
        schema["items"] = setting_schema(setting.items)
        schema |= {"maxItems": setting.most} if setting.most else {}
    elif setting.keys:
        required = [key for key, inner in setting.keys.items() if inner.required]
        schema |= {"required": required} if required else {}
        schema["properties"] = {key: setting_schema(inner) for key, inner in setting.keys.items()}
        schema["additionalProperties"] = False
    elif setting.items:
        names = {"pattern": setting.names, "patternErrorMessage": setting.names_say}
        schema |= {"propertyNames": names} if setting.names else {}
        schema["additionalProperties"] = setting_schema(setting.items)
    return schema


def _text_schema(setting: Setting) -> dict[str, Any]:
    if setting.choices:
        return {"enum": list(setting.choices)}
    pattern = setting.pattern or ("" if setting.blank else r"\S")
    schema = {"maxLength": setting.longest, "pattern": pattern, "patternErrorMessage": setting.says}
    return {keyword: value for keyword, value in schema.items() if value}
