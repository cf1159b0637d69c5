"""YAML and JSON from plain data.

There are three ways to write a scalar. Texts that people edit have the quotes that PyYAML gives them, one keyword a line
and matrices row by row (`yaml_text`, `yaml_flow`). JSON is laid out alike (`json_text`). Files that only programs write
have every text in double quotes (`quoted_flow`), or all but plain words (`compact_flow`): the same with and without
libyaml, and thousands a second.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

_WIDTH = 100
"""Longest line of a list of numbers."""

Rows = Mapping[str, int]
"""Length of the rows of matrices, by top-level key; as many values stand on a line."""

# -- documents --------------------------------------------------------------------------------------------


def yaml_text(metadata: Mapping[str, Any], tree: Mapping[str, Any], rows: Rows) -> str:
    """Return a YAML document: the keywords, then the values in the order of the tree.

    Parameters
    ----------
    metadata : `dict`
        Keywords, in order.
    tree : `dict`
        Plain values by key.
    rows : `dict` [`str`, `int`]
        Length of the rows of values that are matrices; see `Rows`.
    """
    lines = list(_yaml_lines("metadata", metadata, "", 0))
    for key, value in tree.items():
        lines += _yaml_lines(key, value, "", rows.get(key, 0))
    return "\n".join(lines) + "\n"


def _yaml_lines(key: str, value: Any, indent: str, row: int) -> Iterator[str]:
    name = f"{indent}{yaml_scalar(key)}:"
    if isinstance(value, Mapping) and value:
        yield name
        for inner, item in value.items():
            yield from _yaml_lines(inner, item, f"{indent}  ", row)
    elif isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
        yield name
        yield from (f"{indent}- {yaml_flow(item)}" for item in value)
    elif isinstance(value, list):
        yield f"{name} {_list(value, indent, row, yaml_flow)}"
    else:
        yield f"{name} {yaml_flow(value)}"


def json_text(metadata: Mapping[str, Any], tree: Mapping[str, Any], rows: Rows) -> str:
    """Return a JSON document laid out as the YAML is; see `yaml_text`."""
    parts = [
        _json_entry(key, value, "  ", rows.get(key, 0))
        for key, value in {"metadata": metadata, **tree}.items()
    ]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _json_entry(key: str, value: Any, indent: str, row: int) -> str:
    return f"{indent}{json_scalar(key)}: {_json_value(value, indent, row)}"


def _json_value(value: Any, indent: str, row: int) -> str:
    deeper = f"{indent}  "
    if isinstance(value, Mapping) and value:
        parts = [_json_entry(inner, item, deeper, row) for inner, item in value.items()]
        return "{\n" + ",\n".join(parts) + f"\n{indent}}}"
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        return "[\n" + ",\n".join(f"{deeper}{_json_flow(item)}" for item in value) + f"\n{indent}]"
    if isinstance(value, list):
        return _list(value, indent, row, _json_flow)
    return _json_flow(value)


def _list(values: Sequence[Any], indent: str, row: int, flow: Callable[[Any], str]) -> str:
    """Return a list: on one line if it fits, else a line for each row, or as much as a line takes."""
    items = [flow(value) for value in values]
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


# -- plain data on one line -------------------------------------------------------------------------------


def yaml_flow(value: Any) -> str:
    """Return plain data as YAML on one line, with the quotes that PyYAML gives."""
    return _flow(value, yaml_scalar, yaml_scalar)


def quoted_flow(value: Any) -> str:
    """Return plain data as YAML on one line, with every text in double quotes; floats are finite."""
    return _flow(value, _quoted_key, _quoted_scalar)


def compact_flow(value: Any) -> str:
    """Return plain data as YAML on one line, with double quotes around texts other than plain words."""
    return _flow(value, _quoted_key, compact_scalar)


def _json_flow(value: Any) -> str:
    return _flow(value, json_scalar, json_scalar)


_SCALARS = (str, int, float, type(None))


def _flow(value: Any, key: Callable[[Any], str], scalar: Callable[[Any], str]) -> str:
    if isinstance(value, _SCALARS):
        return scalar(value)
    if isinstance(value, Mapping):
        # Most values are scalars: a bundle has hundreds of thousands of them, so they are not worth another call.
        items = [
            f"{key(k)}: {scalar(v) if isinstance(v, _SCALARS) else _flow(v, key, scalar)}"
            for k, v in value.items()
        ]
        return "{" + ", ".join(items) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join([_flow(item, key, scalar) for item in value]) + "]"
    return scalar(value)


# -- scalars ----------------------------------------------------------------------------------------------

_NUMBER_LIKE = re.compile(r"[-+]?\.?[0-9][0-9a-z_.:+-]*\Z", re.IGNORECASE | re.ASCII)
"""Texts that some reader takes for a number or a time: YAML 1.1 and 1.2 differ about them."""

_WORDS = frozenset("yes no true false on off null none nan inf ~".split())


def yaml_scalar(value: Any) -> str:
    """Return a scalar as YAML on one line, for block and flow style and for every version of YAML.

    Floats are the shortest decimals that read back as the same bits.
    """
    if isinstance(value, str):
        return _yaml_str(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return _yaml_float(value) if isinstance(value, float) else str(int(value))


def _yaml_float(value: float) -> str:
    if not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    text = float.__repr__(value)
    # YAML 1.1 takes an exponent for a number only after a point.
    return text if "e" not in text or "." in text else text.replace("e", ".0e")


@lru_cache(maxsize=4096)
def _yaml_str(text: str) -> str:
    if not text.isprintable():
        style = '"'
    else:
        style = "'" if text.lower() in _WORDS or _NUMBER_LIKE.match(text) else ""
    shown = _dump(text, style, allow_unicode=True)
    # Characters that turn the direction of writing, or are invisible, cannot be reviewed.
    return shown if shown.isprintable() else _dump(text, '"', allow_unicode=False)


def _dump(text: str, style: str, *, allow_unicode: bool) -> str:
    import yaml

    dumped: str = yaml.safe_dump(
        [text],
        default_flow_style=True,
        default_style=style or None,
        allow_unicode=allow_unicode,
        width=10**9,
    )
    return dumped.strip().removeprefix("[").removesuffix("]")


def json_scalar(value: Any) -> str:
    """Return a scalar as JSON; NaN and infinity are the words that Python's and astropy's readers know."""
    if isinstance(value, float):
        if not math.isfinite(value):
            return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        return float.__repr__(value)
    return json.dumps(value, ensure_ascii=False)


_PLAIN_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*\Z")
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_RESERVED = frozenset("y yes n no on off true false null none".split())
# Characters that YAML readers refuse in a stream, and line ends that they would fold.
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


def compact_scalar(value: Any) -> str:
    """Return a scalar as YAML, with double quotes around a text other than a plain word."""
    if isinstance(value, str) and _PLAIN_WORD.match(value) and value.lower() not in _RESERVED:
        return value
    return _quoted_scalar(value)


@lru_cache(maxsize=1024)
def _quoted_key(key: str) -> str:
    return key if _PLAIN_KEY.match(key) and key.lower() not in _RESERVED else _quoted_scalar(key)


def _quoted_scalar(value: Any) -> str:
    if isinstance(value, str):
        escaped = json.dumps(value, ensure_ascii=False)
        return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", escaped)
    if value.__class__ is int:
        return str(value)
    text = json.dumps(value)
    # YAML 1.1 takes an exponent for that of a number only after a point.
    return text.replace("e", ".0e") if isinstance(value, float) and "." not in text else text
