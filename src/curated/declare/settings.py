"""What a settings file may say, declared once: its check and its schema both walk the declaration."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from curated.core.diagnostic import Pointer, Problem, brief

Kind = Literal["text", "number", "real", "scalar", "plain", "list", "mapping"]

_PYTHON: dict[Kind, type | tuple[type, ...]] = {
    "text": str,
    "number": int,
    "real": (int, float),
    "scalar": (str, int),
    "plain": (str, int, float, bool, list, dict, type(None)),
    "list": list,
    "mapping": dict,
}
_NAMES: dict[Kind, str] = {
    "text": "text",
    "number": "a whole number",
    "real": "a number",
    "scalar": "text or a whole number",
    "plain": "plain data",
    "list": "a list",
    "mapping": "a mapping",
}


_LONGEST_KEY = 256
"""Most characters of a key of plain data; YAML itself takes no more than 1024."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Setting:
    """One value of a settings file.

    Parameters
    ----------
    kind : `str`
        ``text``, ``number`` (whole, zero or more), ``real`` (its range is for the reader to check), ``scalar``
        (a text, or a whole number of 64 bits), ``plain`` (anything that JSON holds), ``list`` or ``mapping``.
    doc : `str`
        One sentence.
    required : `bool`
        Whether the mapping that holds it is wrong without it.
    blank : `bool`
        Whether a text may be empty.
    longest : `int`
        Most characters of a text.
    pattern, says : `str`
        Regular expression that a text matches, and what a text is that does not.
    minimum : `float`, optional
        Least value of a ``real``.
    most : `int`
        Most entries of a list, for the reader to check; 0 for any number.
    keys : `dict` [`str`, `Setting`]
        Keys that a mapping may have; empty where they are the user's names.
    names, names_say : `str`
        Regular expression that the user's names match, and what a name is that does not.
    items : `Setting`, optional
        The entries of a list, and of a mapping whose keys are the user's names.
    """

    kind: Kind
    doc: str = ""
    required: bool = False
    blank: bool = False
    longest: int = 256
    pattern: str = ""
    says: str = ""
    minimum: float | None = None
    most: int = 0
    keys: Mapping[str, Setting] = field(default_factory=dict)
    names: str = ""
    names_say: str = ""
    items: Setting | None = None


def check_setting(setting: Setting, value: Any, code: str, at: Pointer = ()) -> Iterator[Problem]:
    """Yield everything that is wrong with a value of a settings file.

    Parameters
    ----------
    setting : `Setting`
        Its declaration.
    value : `object`
        Untrusted data.
    code : `str`
        Code of the problems.
    at : `tuple`, optional
        Its place in the document.
    """
    name = f"{at[-1]} is " if at and isinstance(at[-1], str) else ""
    if not _is_kind(setting.kind, value):
        said = f"{name}{brief(value)}, " if name else ""
        yield Problem(code, at, f"{said}not {_NAMES[setting.kind]}")
    elif setting.kind == "plain":
        yield from _plain(setting, value, code, at)
    elif isinstance(value, str):
        wrong = _text(setting, value)
        if wrong:
            yield Problem(code, at, f"{name}{brief(value)}, {wrong}")
    elif isinstance(value, int):
        if value < 0 and setting.kind == "number":
            yield Problem(code, at, f"{name}{value}, less than zero")
    elif isinstance(value, list):
        for i, item in enumerate(value if setting.items else ()):
            yield from check_setting(setting.items or setting, item, code, (*at, i))
    elif isinstance(value, dict):
        yield from _mapping(setting, value, code, at)


def _is_kind(kind: Kind, value: Any) -> bool:
    if not isinstance(value, _PYTHON[kind]) or (isinstance(value, bool) and kind != "plain"):
        return False
    return kind not in ("scalar", "plain") or not isinstance(value, int) or -(2**63) <= value < 2**63


def _plain(setting: Setting, value: Any, code: str, at: Pointer) -> Iterator[Problem]:
    """Look into lists and mappings of any shape; numbers are finite and keys are text, as in JSON."""
    if isinstance(value, float) and not math.isfinite(value):
        yield Problem(code, at, f"{brief(value)}, not a finite number")
    for key, item in value.items() if isinstance(value, dict) else ():
        if not isinstance(key, str):
            yield Problem(code, at, f"key {brief(key)} is not text; put it in quotes")
        elif len(key) > _LONGEST_KEY:
            yield Problem(code, at, f"key {brief(key)} is longer than {_LONGEST_KEY} characters")
        else:
            yield from check_setting(setting, item, code, (*at, key))
    for i, item in enumerate(value if isinstance(value, list) else ()):
        yield from check_setting(setting, item, code, (*at, i))


def _text(setting: Setting, value: str) -> str:
    if not value.strip() and not setting.blank:
        return "which says nothing"
    if len(value) > setting.longest:
        return f"longer than {setting.longest} characters"
    return setting.says if setting.pattern and not re.search(setting.pattern, value) else ""


def _mapping(setting: Setting, value: Mapping[Any, Any], code: str, at: Pointer) -> Iterator[Problem]:
    for key, inner in setting.keys.items():
        if inner.required and key not in value:
            yield Problem(code, at, f"{key!r} is missing")
    for key, item in value.items():
        declared = setting.keys.get(key) if setting.keys else setting.items
        if setting.names and not (isinstance(key, str) and re.search(setting.names, key)):
            yield Problem(code, (*at, key), f"{brief(key)}, {setting.names_say}")
        elif declared is None:
            yield Problem(code, (*at, key), f"{brief(key)} is not one of {', '.join(setting.keys)}")
        else:
            yield from check_setting(declared, item, code, (*at, key))
