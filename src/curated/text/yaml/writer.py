"""Plain data to YAML and JSON that people read: one keyword a line, a matrix row by row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from curated.text.yaml.scalar_writer import json_scalar, yaml_scalar

_WIDTH = 100
"""Longest line of a list of numbers."""

Rows = Mapping[str, int]
"""How many values stand on a line, by top-level key: the length of a matrix's rows."""


def yaml_text(metadata: Mapping[str, Any], tree: Mapping[str, Any], rows: Rows) -> str:
    """Return a YAML document: the keywords, then the values in the order of the tree.

    Parameters
    ----------
    metadata : `dict`
        Keywords.
    tree : `dict`
        Plain values by key.
    rows : `dict` [`str`, `int`]
        Length of a row of the values that are matrices.
    """
    lines = list(_yaml("metadata", metadata, "", 0))
    for key, value in tree.items():
        lines += _yaml(key, value, "", rows.get(key, 0))
    return "\n".join(lines) + "\n"


def _yaml(key: str, value: Any, indent: str, row: int) -> Iterator[str]:
    name = f"{indent}{yaml_scalar(key)}:"
    if isinstance(value, Mapping) and value:
        yield name
        for inner, item in value.items():
            yield from _yaml(inner, item, f"{indent}  ", row)
    elif isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
        yield name
        yield from (f"{indent}- {yaml_flow(item)}" for item in value)
    elif isinstance(value, list):
        yield f"{name} {_list(value, indent, row, yaml_flow)}"
    else:
        yield f"{name} {yaml_flow(value)}"


def yaml_flow(value: Any) -> str:
    """Return plain data as YAML on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{yaml_scalar(k)}: {yaml_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(yaml_flow, value)) + "]"
    return yaml_scalar(value)


def _list(values: Sequence[Any], indent: str, row: int, show: Any) -> str:
    """Return a list: on one line if it fits, else a line for each row, or as much as a line takes."""
    items = [show(value) for value in values]
    if 0 < row < len(items):
        lines = [", ".join(items[i : i + row]) for i in range(0, len(items), row)]
    elif sum(len(item) + 2 for item in items) <= _WIDTH or row == len(items):
        return f"[{', '.join(items)}]"
    else:
        lines = list(_wrapped(items))
    return f"[\n{indent}  " + f",\n{indent}  ".join(lines) + f"\n{indent}]"


def _wrapped(items: list[str]) -> Iterator[str]:
    line = ""
    for item in items:
        if line and len(line) + len(item) + 2 > _WIDTH:
            yield line
            line = ""
        line += f", {item}" if line else item
    yield line


def json_text(metadata: Mapping[str, Any], tree: Mapping[str, Any], rows: Rows) -> str:
    """Return a JSON document laid out as the YAML is; see `yaml_text`."""
    parts = [
        _json(key, value, "  ", rows.get(key, 0)) for key, value in {"metadata": metadata, **tree}.items()
    ]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _json(key: str, value: Any, indent: str, row: int) -> str:
    return f"{indent}{json_scalar(key)}: {_json_value(value, indent, row)}"


def _json_value(value: Any, indent: str, row: int) -> str:
    deeper = f"{indent}  "
    if isinstance(value, Mapping) and value:
        parts = [_json(inner, item, deeper, row) for inner, item in value.items()]
        return "{\n" + ",\n".join(parts) + f"\n{indent}}}"
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        return "[\n" + ",\n".join(f"{deeper}{_json_flow(item)}" for item in value) + f"\n{indent}]"
    if isinstance(value, list):
        return _list(value, indent, row, _json_flow)
    return _json_flow(value)


def _json_flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json_scalar(k)}: {_json_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_json_flow, value)) + "]"
    return json_scalar(value)
