"""What a settings file may say, declared once: its check and its schema both walk the declaration."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from curated.diagnostic import Pointer, Problem, brief

Kind = Literal["text", "number", "list", "mapping"]

_PYTHON: dict[Kind, type] = {"text": str, "number": int, "list": list, "mapping": dict}
_NAMES: dict[Kind, str] = {
    "text": "text",
    "number": "a whole number",
    "list": "a list",
    "mapping": "a mapping",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One value of a settings file.

    Parameters
    ----------
    kind : `str`
        ``text``, ``number`` (whole, zero or more), ``list`` or ``mapping``.
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
    keys : `dict` [`str`, `Setting`]
        Keys that a mapping may have; empty where they are the user's names.
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
    keys: Mapping[str, Setting] = field(default_factory=dict)
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
    if not isinstance(value, _PYTHON[setting.kind]) or isinstance(value, bool):
        said = f"{name}{brief(value)}, " if name else ""
        yield Problem(code, at, f"{said}not {_NAMES[setting.kind]}")
    elif isinstance(value, str):
        wrong = _text(setting, value)
        if wrong:
            yield Problem(code, at, f"{name}{brief(value)}, {wrong}")
    elif isinstance(value, int):
        if value < 0:
            yield Problem(code, at, f"{name}{value}, less than zero")
    elif isinstance(value, list):
        for i, item in enumerate(value if setting.items else ()):
            yield from check_setting(setting.items or setting, item, code, (*at, i))
    elif isinstance(value, dict):
        yield from _mapping(setting, value, code, at)


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
        if declared is None:
            yield Problem(code, (*at, key), f"{brief(key)} is not one of {', '.join(setting.keys)}")
        else:
            yield from check_setting(declared, item, code, (*at, key))
