"""Plain data to YAML on one line; unlike a library's, the same bytes with and without libyaml."""

from __future__ import annotations

import json
import re
from typing import Any

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_RESERVED = frozenset("y yes n no on off true false null none".split())
# What a YAML reader refuses in a stream, and line ends that it would fold.
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


def flow(value: Any) -> str:
    """Return mappings, lists, numbers, flags and text as YAML in flow style.

    Parameters
    ----------
    value : `object`
        Plain data; floats are finite.
    """
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_name(key)}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, str):
        return quoted(value)
    text = json.dumps(value)
    # YAML 1.1 takes an exponent for that of a number only after a point.
    return text.replace("e", ".0e") if isinstance(value, float) and "." not in text else text


def quoted(text: str) -> str:
    """Return a text in quotes."""
    escaped = json.dumps(text, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", escaped)


def _name(key: str) -> str:
    return key if _PLAIN.match(key) and key.lower() not in _RESERVED else quoted(key)
