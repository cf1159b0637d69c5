"""Find where values stand in a JSON document that is too large for a YAML parser."""

from __future__ import annotations

import json
import re
from functools import cache

from curated.core.diagnostic import Pointer
from curated.text.source import Locator

_BLANK = re.compile(r"[ \t\n\r]*")
_decode = json.JSONDecoder().raw_decode

_Child = tuple[int, int]
"""Offsets of a child, which is that of its key if it has one, and of its value."""


def json_locator(text: str) -> Locator:
    """Return a function that finds the line and column of a place in a JSON document.

    Parameters
    ----------
    text : `str`
        The document. In one that is not JSON, everything is at line 0.
    """

    @cache
    def children(start: int) -> dict[str | int, _Child]:
        return _children(text, start)

    def locate(pointer: Pointer) -> tuple[int, int]:
        place = start = _skip(text, 0)
        try:
            for step in pointer:
                child = children(start).get(step)
                if child is None:
                    break
                place, start = child
        except (ValueError, IndexError, RecursionError):
            return 0, 0
        return text.count("\n", 0, place) + 1, place - text.rfind("\n", 0, place)

    return locate


def _skip(text: str, offset: int) -> int:
    """Return the offset of the next character that is not blank."""
    match = _BLANK.match(text, offset)
    return match.end() if match else offset


def _children(text: str, start: int) -> dict[str | int, _Child]:
    """Return the children of the object or array at an offset, by key or index."""
    opening = text[start]
    if opening not in "{[":
        return {}
    children: dict[str | int, _Child] = {}
    offset = _skip(text, start + 1)
    while text[offset] not in "}]":
        place, name = offset, len(children)
        if opening == "{":
            name, offset = _decode(text, offset)
            # The colon.
            offset = _skip(text, _skip(text, offset) + 1)
        children[name] = place, offset
        _, offset = _decode(text, offset)
        offset = _skip(text, offset)
        if text[offset] == ",":
            offset = _skip(text, offset + 1)
    return children
