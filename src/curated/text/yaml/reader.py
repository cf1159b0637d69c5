"""YAML and JSON documents to `Source`."""

from __future__ import annotations

import json
import re
from typing import Any

from curated.core.diagnostic import Problem
from curated.text.source import Locator, Source
from curated.text.yaml.fast_parser import parse_plain
from curated.text.yaml.locator import MAX_DEPTH, is_too_deep, repeated_keys, yaml_locator, yaml_spelling

_SLASH = re.compile(r"(?<!\\)((?:\\\\)*)\\/")


def read_yaml(text: str) -> tuple[Source | None, list[Problem]]:
    """Read a YAML calibration: a mapping with the keywords under ``metadata``."""
    tree, problems = load_strictly(text)
    if tree is None and problems:
        return None, problems
    source, more = _source("yaml", tree, yaml_locator(text))
    if source is not None:
        source.spelling = yaml_spelling(text)
    return source, problems + more


def read_json(text: str) -> tuple[Source | None, list[Problem]]:
    """Read a JSON calibration: a mapping with the keywords under ``metadata``."""
    repeated: list[bool] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        mapping = dict(items)
        if len(mapping) < len(items):
            repeated.append(True)
        return mapping

    try:
        tree = json.loads(text, object_pairs_hook=pairs)
        if "\\u" in text:
            json.dumps(tree, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        return None, [Problem("CAL206", (), error.msg, line=error.lineno, column=error.colno)]
    except UnicodeEncodeError:
        return None, [Problem("CAL206", (), "an escape \\ud800 to \\udfff without its other half", line=1)]
    except RecursionError:
        return None, [Problem("CAL209", (), "nested too deeply", line=1)]
    except ValueError:
        # Python turns no more than 4300 digits into an integer.
        return None, [Problem("CAL209", (), "a number of thousands of digits", line=1)]
    readable = _as_yaml(text)
    source, problems = _source("json", tree, yaml_locator(readable))
    if repeated and not is_too_deep(readable):
        problems = repeated_keys(readable) + problems
    return source, problems


def _as_yaml(text: str) -> str:
    """Return a JSON document with tabs and escaped slashes, which YAML refuses, replaced place for place."""
    return _SLASH.sub(r"\1//", text.replace("\t", " "))


def _source(form: str, tree: Any, locator: Locator) -> tuple[Source | None, list[Problem]]:
    if not isinstance(tree, dict):
        return None, [Problem("CAL211", (), f"the document is {_kind(tree)}, not a mapping", line=1)]
    metadata = tree.pop("metadata", {})
    if metadata is None:
        metadata = {}
    if not isinstance(metadata, dict):
        line, column = locator(("metadata",))
        detail = f"metadata is {_kind(metadata)}, not a mapping"
        return None, [Problem("CAL211", ("metadata",), detail, line=line, column=column)]
    return Source(form=form, metadata=metadata, tree=tree, locator=locator), []


def _kind(value: Any) -> str:
    names = {list: "a list", dict: "a mapping", str: "text", type(None): "empty", bool: "a boolean"}
    return names.get(type(value), "a number")


def load_yaml(text: str) -> tuple[Any, list[Problem]]:
    """Load one YAML document as plain data, numbers in any base; see `load_strictly`."""
    data, problems = load_strictly(text)
    return data, [problem for problem in problems if problem.code not in ("CAL222", "CAL223")]


def load_strictly(text: str) -> tuple[Any, list[Problem]]:
    """Load one YAML document as plain data.

    Returns
    -------
    data : `object`
        The data; `None` if the document cannot be read, or is empty.
    problems : `list` [`Problem`]
        Syntax errors (``CAL204``), tags that are refused (``CAL207``), repeated keys (``CAL208``), keys that are no
        texts (``CAL222``) and numbers in another base than ten (``CAL223``).
    """
    if is_too_deep(text):
        return None, [Problem("CAL209", (), f"nested more than {MAX_DEPTH} levels deep", line=1)]
    plain = parse_plain(text)
    if plain is not None:
        return plain
    from curated.text.yaml.loader import load_document

    return load_document(text)
