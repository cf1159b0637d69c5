"""Nodes of YAML and JSON documents, as the parser composes them without making data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from curated.diagnostic import Problem, brief
from curated.metadata import canonical
from curated.text.tags import PlainLoader


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


def step_down(node: Any, step: str | int) -> tuple[Any, Any] | None:
    """Go one step down: a key of a mapping, of pairs or of a property list, or an index."""
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
        return (node.value[step].start_mark, node.value[step]) if step < len(node.value) else None
    entries = list(_entries(node))
    wanted = str(step)
    for key, mark, value in entries:
        if key == wanted:
            return mark, value
    for key, mark, value in entries:
        if canonical(key) == canonical(wanted):
            return mark, value
        if wanted.startswith(f"{key}."):
            return step_down(value, wanted[len(key) + 1 :]) or (mark, value)
    return None


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
