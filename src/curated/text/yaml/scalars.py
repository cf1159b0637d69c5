"""Scalars whose meaning in YAML 1.1 is plain from their first characters, without a parser."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

NOT_QUICK = object()
"""Stands for a value that a YAML parser has to read."""

NO_WORD = r"(?!(?:y|n|yes|no|true|false|on|off|null)\b)"
"""YAML 1.1 takes these words, in any case, for something else than text."""

_CONSTANTS = {"true": True, "false": False, "null": None}
_QUOTED = re.compile(r"'[ -&(-~]*'\Z")
_INTEGER = re.compile(r"-?(?:0|[1-9]\d{0,17})\Z", re.ASCII)
_DECIMAL = re.compile(r"-?\d{1,40}\.\d{1,40}(?:[eE][-+]\d{1,3})?\Z", re.ASCII)
# What starts with a letter, and is none of those words, is text. A colon ends a key only before a blank.
_WORD = re.compile(
    rf"{NO_WORD}[A-Z](?:[\w./+()=-]|:(?=[^ ]))*(?: (?:[\w./+()=-]|:(?=[^ ]))+)*\Z", re.IGNORECASE | re.ASCII
)


@lru_cache(maxsize=8192)
def quick_scalar(text: str) -> Any:
    """Return the value of a scalar that stands alone on its line, or `NOT_QUICK`."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _QUOTED.match(text):
        return text[1:-1]
    if _INTEGER.match(text):
        # A leading zero would be octal in YAML 1.1; the pattern has none.
        return int(text)
    if _DECIMAL.match(text):
        return float(text)
    return text if _WORD.match(text) else NOT_QUICK
