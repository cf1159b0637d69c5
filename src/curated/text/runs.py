"""Parts of YAML documents that are read without the parser: long runs of decimals, property lists.

A parser takes a microsecond for each character of these, and they are most of a calibration's text. A part
is only taken out where it is a whole value of a plain key; if any of them does not come back from the parser
as exactly that, the document is read again in full.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from curated.diagnostic import Problem
from curated.text.scalars import NOT_QUICK, quick_scalar
from curated.text.tags import PlainLoader

_MIN_RUN = 16
_RUN = re.compile(
    r"^( *)(?:- )?[\w.~+-]+:\n"  # the key that the block sequence belongs to
    r"(?P<run>( *)- -?[0-9]+\.[0-9]+(?:e[-+][0-9]+)?\n"
    rf"(?:\3- -?[0-9]+\.[0-9]+(?:e[-+][0-9]+)?\n){{{_MIN_RUN - 1},}})"
    r"(?! *\Z)(?=(?P<next> *)\S)",
    re.MULTILINE,
)
_PROPERTIES = re.compile(
    r"^metadata: !<lsst\.daf\.base\.PropertyList>\n"
    r"(?P<rows>(?:- - [^\n]+\n  - [^\n]+\n  - [^\n]+\n  - ''\n)+)(?![ #-])",
    re.MULTILINE,
)
_PLACEHOLDER = "\x1acurated-part-"


def load_quickly(text: str) -> tuple[Any, list[Problem]] | None:
    """Load a document with such parts taken out; `None` where it has none, or is not what it seems."""
    if "\\" in text:
        # Without escapes nothing in the document can look like our placeholders.
        return None
    parts: dict[str, Any] = {}

    def replace(shown: str, value: Any) -> str:
        name = f"{_PLACEHOLDER}{len(parts)}"
        parts[name] = value
        return shown.replace("@", f'"{name}"'.replace("\x1a", "\\x1a"))

    def take_run(match: re.Match[str]) -> str:
        indent, following = len(match[3]), len(match["next"])
        if indent < len(match[1]) or following > indent:
            return match[0]
        if following == indent and text.startswith("-", match.end() + following):
            return match[0]
        start = match.start("run") - match.start()
        values = list(map(float, match["run"].split()[1::2]))
        return match[0][:start] + replace(f"{match[3]}- @\n", values)

    def take_properties(match: re.Match[str]) -> str:
        values = _properties(match["rows"])
        return match[0] if values is None else replace("metadata: @\n", values)

    shortened = _PROPERTIES.sub(take_properties, _RUN.sub(take_run, text))
    if not parts:
        return None
    try:
        loader = PlainLoader(shortened)
        tree = loader.get_single_data()
        if loader.problems or "&" in shortened:
            return None
        tree = _put_back(tree, parts)
    except (
        yaml.YAMLError,
        RecursionError,
        TypeError,
        ValueError,
        OverflowError,
        AttributeError,
        LookupError,
    ):
        return None
    return None if parts else (tree, [])


def _properties(rows: str) -> dict[str, Any] | None:
    """Return a property list of scalars; `None` where it is not one."""
    lines = rows.split("\n")
    values: dict[str, Any] = {}
    for name, value in zip(lines[0::4], lines[2::4], strict=False):
        key, item = quick_scalar(name[4:]), quick_scalar(value[4:])
        if not isinstance(key, str) or item is NOT_QUICK or key in values:
            return None
        values[key] = item
    return values


def _put_back(node: Any, parts: dict[str, Any]) -> Any:
    """Return the data with each part in its place, and take it out of ``parts``."""
    if isinstance(node, dict):
        return {key: _put_back(value, parts) for key, value in node.items()}
    if isinstance(node, str) and node.startswith(_PLACEHOLDER):
        value = parts.pop(node)
        if not isinstance(value, dict):
            raise LookupError(node)
        return value
    if isinstance(node, list):
        if len(node) == 1 and isinstance(node[0], str) and node[0].startswith(_PLACEHOLDER):
            value = parts.pop(node[0])
            if not isinstance(value, list):
                raise LookupError(node[0])
            return value
        return [_put_back(value, parts) for value in node]
    return node
