"""Nodes of YAML and JSON documents, as the parser composes them without making data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from curated.core.diagnostic import Problem, brief
from curated.core.metadata import canonical
from curated.text.yaml.tags import PlainLoader

_LONGEST_KEY = 1024
"""Most characters of a key, as YAML has it."""


def is_deeper(text: str, limit: int) -> bool:
    """Say whether a document is nested more deeply than a limit."""
    depth = 0
    try:
        for event in yaml.parse(text, Loader=PlainLoader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > limit:
                return True
    except (yaml.YAMLError, ValueError):
        pass
    return False


def compose(text: str) -> Any:
    """Return the nodes of a document; `None` where it is none."""
    try:
        return yaml.compose(text, Loader=PlainLoader)
    except (yaml.YAMLError, RecursionError, ValueError):
        return None


Place = tuple[Any, Any]
"""The mark and the value of an entry."""


class Index:
    """The entries of nodes by name, listed once for each: a hundred findings may stand among as many entries as a file holds."""

    def __init__(self) -> None:
        self.listed: dict[int, tuple[dict[str, Place], dict[str, Place]]] = {}

    def step(self, node: Any, step: str | int) -> Place | None:
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

    def _names(self, node: Any) -> tuple[dict[str, Place], dict[str, Place]]:
        """Return the entries by name as it is written, and in its canonical spelling; the first of each."""
        if id(node) not in self.listed:
            names: dict[str, Place] = {}
            spelled: dict[str, Place] = {}
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
    stack = [compose(text)]
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
