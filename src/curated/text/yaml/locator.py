"""Lines and columns of values in YAML and JSON documents.

Places are found in the nodes that PyYAML composes, and only when there is a problem to report: importing PyYAML takes
as long as checking a dozen files.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from curated.core.diagnostic import Pointer, Problem, brief
from curated.core.metadata import canonical
from curated.text.source import Locator

MAX_DEPTH = 1000
"""Deepest nesting that is handed to libyaml, which recurses until the stack overflows."""

_INDENTED = re.compile(rf"^[ ?:-]{{{MAX_DEPTH // 2}}}", re.MULTILINE)
_LONGEST_KEY = 1024
"""Most characters of a key in YAML."""

_Place = tuple[Any, Any]
"""Mark and value of an entry."""


def yaml_locator(text: str) -> Locator:
    """Return a function that finds the line and column of a place in a YAML or JSON document."""
    find = _finder(text)

    def locate(pointer: Pointer) -> tuple[int, int]:
        place, _ = find(pointer)
        return (0, 0) if place is None else (place[0].line + 1, place[0].column + 1)

    return locate


def yaml_spelling(text: str) -> Callable[[Pointer], str]:
    """Return a function that returns the text of a scalar without quotes as it is written; empty for anything else."""
    find = _finder(text)

    def spelling(pointer: Pointer) -> str:
        place, is_exact = find(pointer)
        is_plain = is_exact and place is not None and place[1].id == "scalar" and place[1].style in (None, "")
        return str(place[1].value) if is_plain and place is not None else ""

    return spelling


def _finder(text: str) -> Callable[[Pointer], tuple[_Place | None, bool]]:
    """Return a function that finds the entry at a place, or the last one on the way to it, and says whether it is that."""

    @cache
    def nodes() -> tuple[Any, _Index]:
        return (None if is_too_deep(text) else compose(text)), _Index()

    def find(pointer: Pointer) -> tuple[_Place | None, bool]:
        root, index = nodes()
        if root is None:
            return None, False
        place = root.start_mark, root
        for depth, step in enumerate(pointer):
            child = index.step(place[1], step)
            if child is None and depth == 1 and pointer[0] == "metadata":
                # YAML files may repeat keywords at the top.
                child = index.step(root, step)
            if child is None:
                return place, False
            place = child
        return place, True

    return find


def plain_scalar(text: str, pointer: Pointer) -> str:
    """Return a scalar without quotes as it is written in a YAML document; empty if there is none at a place."""
    node, index = None if is_too_deep(text) else compose(text), _Index()
    for step in pointer:
        child = index.step(node, step) if node is not None else None
        node = child[1] if child is not None else None
    return str(node.value) if node is not None and node.id == "scalar" and not node.style else ""


def is_too_deep(text: str) -> bool:
    """Say whether a document is nested so deeply that libyaml must not compose it."""
    if text.count("[") + text.count("{") < MAX_DEPTH and not _INDENTED.search(text):
        return False
    import yaml

    from curated.text.yaml.loader import PlainLoader

    depth = 0
    try:
        for event in yaml.parse(text, Loader=PlainLoader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                return True
    except (yaml.YAMLError, ValueError):
        pass
    return False


def compose(text: str) -> Any:
    """Return the root node of a document; `None` if it is empty or not YAML."""
    import yaml

    from curated.text.yaml.loader import PlainLoader

    try:
        return yaml.compose(text, Loader=PlainLoader)
    except (yaml.YAMLError, RecursionError, ValueError):
        return None


class _Index:
    """Entries of nodes by name, cached: a hundred problems may lie among as many entries as a file holds."""

    def __init__(self) -> None:
        self.names: dict[int, tuple[dict[str, _Place], dict[str, _Place]]] = {}

    def step(self, node: Any, step: str | int) -> _Place | None:
        """Go one step down: a key of a mapping, of pairs or of a property list, or an index."""
        if node.id == "sequence" and isinstance(step, int):
            return (node.value[step].start_mark, node.value[step]) if step < len(node.value) else None
        key = str(step)
        exact, canonical_names = self._entries(node)
        place = exact.get(key) or canonical_names.get(canonical(key))
        if place is not None:
            return place
        for match in re.finditer(r"\.", key[:_LONGEST_KEY]):
            place = exact.get(key[: match.start()])
            if place is not None:
                return self.step(place[1], key[match.end() :]) or place
        return None

    def _entries(self, node: Any) -> tuple[dict[str, _Place], dict[str, _Place]]:
        """Return the first entry of each name, by the name as it is written and by its canonical spelling."""
        if id(node) not in self.names:
            exact: dict[str, _Place] = {}
            canonical_names: dict[str, _Place] = {}
            for key, mark, value in _entries(node):
                exact.setdefault(key, (mark, value))
                canonical_names.setdefault(canonical(key), (mark, value))
            self.names[id(node)] = exact, canonical_names
        return self.names[id(node)]


def _entries(node: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield name, mark and value of each entry of a mapping, of pairs or of a property list."""
    if node.id == "mapping":
        yield from ((str(key.value), key.start_mark, value) for key, value in node.value)
    for item in node.value if node.id == "sequence" else ():
        if item.id == "mapping":
            yield from ((str(key.value), key.start_mark, value) for key, value in item.value)
        elif item.id == "sequence" and item.value:
            value = item.value[2] if len(item.value) > 2 else item
            yield str(item.value[0].value), value.start_mark, value


def repeated_keys(text: str) -> list[Problem]:
    """Return a problem for each repeated key, in all mappings of a JSON document."""
    problems = []
    stack = [compose(text)]
    while stack:
        node = stack.pop()
        if node is None:
            continue
        if node.id == "sequence":
            stack += node.value
        elif node.id == "mapping":
            keys: set[str] = set()
            for key, value in node.value:
                if key.value in keys:
                    mark = key.start_mark
                    detail = f"key {brief(key.value)} stands twice"
                    problems.append(Problem("CAL208", (), detail, line=mark.line + 1, column=mark.column + 1))
                keys.add(key.value)
                stack.append(value)
    return problems


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
