"""Where things stand in YAML and JSON documents, without making data of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import yaml

from curated.diagnostic import Pointer, Problem, brief
from curated.metadata import canonical
from curated.text.source import Locator
from curated.text.tags import PlainLoader

MAX_DEPTH = 1000
"""Deepest nesting that is handed to libyaml, whose recursion ends in the end of the stack."""

_LONGEST_KEY = 1024
"""Most characters of a key, as YAML has it."""

_INDENTED = re.compile(rf"^[ ?:-]{{{MAX_DEPTH // 2}}}", re.MULTILINE)


def is_too_deep(text: str) -> bool:
    """Say whether a document is nested so deeply that libyaml must not compose it."""
    if text.count("[") + text.count("{") < MAX_DEPTH and not _INDENTED.search(text):
        return False
    depth = 0
    try:
        for event in yaml.parse(text, Loader=PlainLoader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                return True
    except (yaml.YAMLError, ValueError):
        pass
    return False


def _compose(text: str) -> Any:
    """Return the nodes of a document; `None` where it is none."""
    if is_too_deep(text):
        return None
    try:
        return yaml.compose(text, Loader=PlainLoader)
    except (yaml.YAMLError, RecursionError, ValueError):
        return None


def yaml_locator(text: str) -> Locator:
    """Return a function that finds the line and column of a place in a YAML or JSON document."""

    @cache
    def root() -> Any:
        return _compose(text)

    index = _Index()

    def locate(pointer: Pointer) -> tuple[int, int]:
        node = root()
        if node is None:
            return 0, 0
        mark = node.start_mark
        for depth, step in enumerate(pointer):
            child = index.step(node, step)
            if child is None and depth == 1 and pointer[0] == "metadata":
                # YAML files may repeat keywords at the top.
                child = index.step(root(), step)
            if child is None:
                break
            mark, node = child
        return mark.line + 1, mark.column + 1

    return locate


_Place = tuple[Any, Any]
"""The mark and the value of an entry."""


class _Index:
    """The entries of nodes by name, listed once for each: a hundred findings may stand among as many entries as a file holds."""

    def __init__(self) -> None:
        self.listed: dict[int, tuple[dict[str, _Place], dict[str, _Place]]] = {}

    def step(self, node: Any, step: str | int) -> _Place | None:
        """Go one step down: a key of a mapping, of pairs or of a property list, or an index."""
        if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            return (node.value[step].start_mark, node.value[step]) if step < len(node.value) else None
        wanted = str(step)
        names, spelled = self._names(node)
        found = names.get(wanted) or spelled.get(canonical(wanted))
        if found is not None:
            return found
        for match in re.finditer(r"\.", wanted[:_LONGEST_KEY]):
            place = names.get(wanted[: match.start()])
            if place is not None:
                return self.step(place[1], wanted[match.end() :]) or place
        return None

    def _names(self, node: Any) -> tuple[dict[str, _Place], dict[str, _Place]]:
        """Return the entries by name as it is written, and in its canonical spelling; the first of each."""
        if id(node) not in self.listed:
            names: dict[str, _Place] = {}
            spelled: dict[str, _Place] = {}
            for key, mark, value in _entries(node):
                names.setdefault(key, (mark, value))
                spelled.setdefault(canonical(key), (mark, value))
            self.listed[id(node)] = names, spelled
        return self.listed[id(node)]


def _entries(node: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield name, place and value of each entry of a mapping, of pairs or of a property list."""
    if isinstance(node, yaml.MappingNode):
        yield from ((str(key.value), key.start_mark, value) for key, value in node.value)
    for item in node.value if isinstance(node, yaml.SequenceNode) else ():
        if isinstance(item, yaml.MappingNode):
            yield from ((str(key.value), key.start_mark, value) for key, value in item.value)
        elif isinstance(item, yaml.SequenceNode) and item.value:
            value = item.value[2] if len(item.value) > 2 else item
            yield str(item.value[0].value), value.start_mark, value


def repeated_keys(text: str) -> list[Problem]:
    """Find the keys that stand twice, in all mappings of a JSON document."""
    problems = []
    stack = [_compose(text)]
    while stack:
        node = stack.pop()
        if isinstance(node, yaml.SequenceNode):
            stack += node.value
        elif isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for key, value in node.value:
                if key.value in seen:
                    mark = key.start_mark
                    detail = f"key {brief(key.value)} stands twice"
                    problems.append(Problem("CAL208", (), detail, line=mark.line + 1, column=mark.column + 1))
                seen.add(key.value)
                stack.append(value)
    return problems
