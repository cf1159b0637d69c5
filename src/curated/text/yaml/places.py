"""Where things stand in YAML and JSON documents, without making data of them."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from curated.core.diagnostic import Pointer
from curated.text.source import Locator

MAX_DEPTH = 1000
"""Deepest nesting that is handed to libyaml, whose recursion ends in the end of the stack."""

_INDENTED = re.compile(rf"^[ ?:-]{{{MAX_DEPTH // 2}}}", re.MULTILINE)


def is_too_deep(text: str) -> bool:
    """Say whether a document is nested so deeply that libyaml must not compose it."""
    if text.count("[") + text.count("{") < MAX_DEPTH and not _INDENTED.search(text):
        return False
    from curated.text.yaml.nodes import is_deeper

    return is_deeper(text, MAX_DEPTH)


def yaml_locator(text: str) -> Locator:
    """Return a function that finds the line and column of a place in a YAML or JSON document."""

    @cache
    def nodes() -> tuple[Any, Any]:
        from curated.text.yaml.nodes import Index, compose

        return (None if is_too_deep(text) else compose(text)), Index()

    def locate(pointer: Pointer) -> tuple[int, int]:
        root, index = nodes()
        if root is None:
            return 0, 0
        mark, node = root.start_mark, root
        for depth, step in enumerate(pointer):
            child = index.step(node, step)
            if child is None and depth == 1 and pointer[0] == "metadata":
                # YAML files may repeat keywords at the top.
                child = index.step(root, step)
            if child is None:
                break
            mark, node = child
        return mark.line + 1, mark.column + 1

    return locate
