"""YAML and JSON documents to `Source`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import yaml

from curated.diagnostic import Pointer, Problem
from curated.text.source import Source
from curated.text.tags import PlainLoader, TagRefused

MAX_VALUES = 20_000_000
"""Most values that a document may stand for once its aliases are followed."""

_MIN_RUN = 16
_RUN = re.compile(
    r"^( *)(?:- )?[\w.~+-]+:\n"  # the key that the block sequence belongs to
    r"(?P<run>( *)- -?\d+\.\d+(?:e[-+]\d+)?\n"
    r"(?:\3- -?\d+\.\d+(?:e[-+]\d+)?\n){%d,})"
    r"(?! *\Z)(?=(?P<next> *)\S)" % (_MIN_RUN - 1),
    re.MULTILINE,
)
_PLACEHOLDER = "\x1acurated-run-"


def read_yaml(text: str) -> tuple[Source | None, list[Problem]]:
    """Read a YAML calibration: a mapping with the keywords under ``metadata``."""
    tree, problems = load_yaml(text)
    if tree is None:
        return None, problems
    source, more = _source("yaml", tree, yaml_locator(text))
    return source, problems + more


def read_json(text: str) -> tuple[Source | None, list[Problem]]:
    """Read a JSON calibration: a mapping, with the keywords under ``metadata`` or at the top."""
    repeated: list[Problem] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        mapping = dict(items)
        if len(mapping) < len(items):
            seen: set[str] = set()
            for key, _ in items:
                if key in seen:
                    repeated.append(Problem("CAL208", (key,), f"key {key!r} stands twice"))
                seen.add(key)
        return mapping

    try:
        tree = json.loads(text, object_pairs_hook=pairs)
    except json.JSONDecodeError as error:
        return None, [Problem("CAL206", (), error.msg, line=error.lineno, column=error.colno)]
    except (RecursionError, ValueError) as error:
        return None, [Problem("CAL209", (), f"cannot be read: {error}", line=1)]
    source, more = _source("json", tree, yaml_locator(text))
    return source, repeated + more


def _source(form: str, tree: Any, locator: Callable[[Pointer], tuple[int, int]]) -> tuple[Source | None, list[Problem]]:
    if not isinstance(tree, dict):
        return None, [Problem("CAL211", (), f"the document is {_kind(tree)}, not a mapping", line=1)]
    metadata = tree.pop("metadata", {})
    if metadata is None:
        metadata = {}
    if not isinstance(metadata, dict):
        return None, [Problem("CAL211", ("metadata",), f"metadata is {_kind(metadata)}, not a mapping", line=1)]
    return Source(form=form, metadata=metadata, tree=tree, locator=locator), []


def _kind(value: Any) -> str:
    names = {list: "a list", dict: "a mapping", str: "text", type(None): "empty", bool: "a boolean"}
    return names.get(type(value), "a number")


def load_yaml(text: str) -> tuple[Any, list[Problem]]:
    """Load one YAML document as plain data.

    Parameters
    ----------
    text : `str`
        The document.

    Returns
    -------
    data : `object`
        Its data; `None` where it could not be read, or is empty.
    problems : `list` [`Problem`]
        Syntax errors (``CAL204``), tags that are refused (``CAL207``), repeated keys (``CAL208``).
    """
    quick = _load_with_runs(text)
    if quick is not None:
        return quick
    loader: PlainLoader | None = None
    try:
        loader = PlainLoader(text)
        tree = loader.get_single_data()
    except TagRefused as error:
        return None, [_marked("CAL207", error)]
    except yaml.MarkedYAMLError as error:
        return None, [_marked("CAL204", error)]
    except yaml.YAMLError as error:
        return None, [Problem("CAL204", (), str(error), line=1)]
    except (RecursionError, TypeError, ValueError, OverflowError, AttributeError) as error:
        # The constructors of PyYAML raise these for malformed nodes of standard tags.
        return None, [Problem("CAL209", (), f"cannot be read: {type(error).__name__}: {error}"[:200], line=1)]
    if "&" in text and "*" in text and not _fits(tree):
        return None, [Problem("CAL209", (), f"aliases expand to more than {MAX_VALUES} values", line=1)]
    return tree, loader.problems


def _marked(code: str, error: yaml.MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    detail = ", ".join(part for part in (error.context, error.problem) if part)
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    return Problem(code, (), detail, line=line, column=column)


def _load_with_runs(text: str) -> tuple[Any, list[Problem]] | None:
    """Load with long block sequences of decimals taken out, which a YAML parser reads slowly.

    A run is only taken out where it is a whole sequence and the value of a plain key; if any of them does
    not come back as exactly that, the document is read again in full.
    """
    runs: list[list[float]] = []

    def take(match: re.Match[str]) -> str:
        indent = len(match[3])
        following = len(match["next"])
        if indent < len(match[1]) or following > indent:
            return match[0]
        if following == indent and text.startswith("-", match.end() + following):
            return match[0]
        run = match["run"]
        runs.append(list(map(float, run.split()[1::2])))
        start = match.start("run") - match.start()
        return f'{match[0][:start]}{match[3]}- "\\x1acurated-run-{len(runs) - 1}"\n'

    shortened = _RUN.sub(take, text)
    if not runs:
        return None
    try:
        loader = PlainLoader(shortened)
        tree = loader.get_single_data()
    except (yaml.YAMLError, RecursionError, TypeError, ValueError, OverflowError, AttributeError):
        return None
    if loader.problems or "&" in shortened:
        return None
    put = [0]
    tree = _put_back(tree, runs, put)
    return (tree, []) if put[0] == len(runs) else None


def _put_back(node: Any, runs: list[list[float]], put: list[int]) -> Any:
    if isinstance(node, dict):
        return {key: _put_back(value, runs, put) for key, value in node.items()}
    if isinstance(node, list):
        if len(node) == 1 and isinstance(node[0], str) and node[0].startswith(_PLACEHOLDER):
            put[0] += 1
            return runs[int(node[0][len(_PLACEHOLDER) :])]
        return [_put_back(value, runs, put) for value in node]
    return node


def _fits(tree: Any) -> bool:
    """Say whether the data, with shared parts counted each time, stays below `MAX_VALUES`."""
    sizes: dict[int, int] = {}
    stack: list[tuple[Any, bool]] = [(tree, False)]
    while stack:
        node, done = stack.pop()
        if not isinstance(node, (dict, list)):
            continue
        children = list(node.values()) if isinstance(node, dict) else node
        if done:
            sizes[id(node)] = 1 + sum(sizes.get(id(child), 1) for child in children)
            if sizes[id(node)] > MAX_VALUES:
                return False
        elif id(node) not in sizes:
            sizes[id(node)] = MAX_VALUES  # an alias to a part that is still open is endless
            stack.append((node, True))
            stack.extend((child, False) for child in children)
    return True


def yaml_locator(text: str, first_line: int = 0) -> Callable[[Pointer], tuple[int, int]]:
    """Return a function that finds the line and column of a place in a YAML or JSON document."""

    def locate(pointer: Pointer) -> tuple[int, int]:
        try:
            node = yaml.compose(text, Loader=PlainLoader)
        except (yaml.YAMLError, RecursionError):
            return 0, 0
        mark = node.start_mark if node else None
        for step in pointer:
            child = _step(node, step)
            if child is None:
                break
            mark, node = child
        return (mark.line + 1 + first_line, mark.column + 1) if mark else (0, 0)

    return locate


def _step(node: Any, step: str | int) -> tuple[Any, Any] | None:
    """Go one step down: a key of a mapping, of pairs or of a property list, or an index."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(step):
                return key.start_mark, value
        return None
    if not isinstance(node, yaml.SequenceNode):
        return None
    if isinstance(step, int):
        return (node.value[step].start_mark, node.value[step]) if step < len(node.value) else None
    for item in node.value:
        if isinstance(item, yaml.MappingNode):
            found = _step(item, step)
            if found:
                return found
        elif isinstance(item, yaml.SequenceNode) and item.value and item.value[0].value == step:
            value = item.value[2] if len(item.value) > 2 else item
            return value.start_mark, value
    return None
