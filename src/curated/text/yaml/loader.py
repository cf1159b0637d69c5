"""YAML through PyYAML to plain data: documents with all their problems, and the tags that are read.

The stack reads YAML with PyYAML's full Python loader (lsst.ip.isr.IsrCalib.readText), and public packages hold its tags.
Here each known tag becomes the plain data that it stands for; any other tag is a problem at its line.

Plain documents do without this module, which is imported where it is needed: importing PyYAML takes as long as checking a
dozen files.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

import yaml

from curated.core.diagnostic import Problem, brief
from curated.core.metadata import NEVER_DATES, canonical
from curated.text.yaml.numpy_states import PYTHON, RECONSTRUCT, SCALAR, RefusedError, array_of, scalar_of

try:
    from yaml import CSafeLoader as _Loader
except ImportError:  # libyaml is optional in PyYAML's source distribution
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]

_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


# -- documents --------------------------------------------------------------------------------------------


def load_document(text: str) -> tuple[Any, list[Problem]]:
    """Load a YAML document that is not nested too deeply; see `curated.text.yaml.reader.load_yaml`."""
    loader: PlainLoader | None = None
    tree, problems = None, []
    try:
        loader = PlainLoader(text)
        tree = loader.get_single_data()
    except yaml.reader.ReaderError:
        problems = [_unprintable(text)]
    except yaml.MarkedYAMLError as error:
        problems = [_marked(error, text)]
    except RecursionError:
        problems = [Problem("CAL209", (), "nested too deeply", line=1)]
    except (
        yaml.YAMLError,
        TypeError,
        ValueError,
        OverflowError,
        AttributeError,
        KeyError,
        IndexError,
    ) as error:
        # The constructors of PyYAML raise these for malformed nodes of standard tags.
        problems = [Problem("CAL204", (), f"cannot be read: {type(error).__name__}: {error}"[:200], line=1)]
    problems = (loader.problems if loader else []) + problems
    if "&" in text and "*" in text and not problems and _is_bomb(tree):
        problems = [Problem("CAL209", (), "its aliases (*) stand for far more than what is written", line=1)]
    usable = all(problem.code in READABLE for problem in problems)
    return (tree if usable else None), problems


def strict_problems(text: str) -> list[Problem]:
    """Return the problem of a document that libyaml reads and the parser in Python, which astropy uses, does not.

    The latter takes a microsecond a character, so that long documents are not looked at.
    """
    if len(text) > _MAX_STRICT:
        return []
    try:
        for _ in yaml.parse(text, Loader=yaml.SafeLoader):
            pass
    except yaml.MarkedYAMLError as error:
        return [_marked(error, text)]
    except yaml.YAMLError as error:
        return [Problem("CAL204", (), str(error)[:200], line=1)]
    except RecursionError:
        return [Problem("CAL209", (), "nested too deeply", line=1)]
    return []


_MAX_STRICT = 50_000


def load_fragment(text: str) -> Any:
    """Return the data of a part of a document; `None` if it is empty or has any problem."""
    try:
        loader = PlainLoader(text)
        data = loader.get_single_data()
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
    return None if loader.problems else data


def _unprintable(text: str) -> Problem:
    match = _UNPRINTABLE.search(text)
    start = match.start() if match else 0
    line, column = text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start)
    name = f"U+{ord(match[0]):04X}" if match else "a character"
    return Problem("CAL204", (), f"{name} is not allowed in YAML", line=line, column=column)


def _marked(error: yaml.MarkedYAMLError, text: str) -> Problem:
    # libyaml notices what is not closed far below the place to mend.
    is_open = any(
        words in (error.problem or "") for words in ("could not find expected ':'", "end of stream")
    )
    mark = (is_open and error.context_mark) or error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    message = ", ".join(part for part in (error.context, error.problem) if part)
    detail, hint = next((plain for words, plain in _PLAIN_WORDS.items() if words in message), (message, ""))
    if "cannot start any token" in message and mark:
        character = text[mark.index : mark.index + 1]
        detail, hint = f"a text that starts with {character!r}", "put it in quotes"
        if character == "\t":
            detail, hint = _PLAIN_WORDS["a tab character"]
    return Problem("CAL204", (), detail, hint, line=line, column=column)


_PLAIN_WORDS = {
    "mapping values are not allowed": (
        "a ':' that is not expected here",
        "a text that contains ': ' needs quotes; else compare the indentation with the lines above",
    ),
    "did not find expected ',' or": (
        "a bracket that is not closed, or a text that needs quotes",
        "close the bracket; a text that contains ': ' or ', ' needs quotes",
    ),
    "did not find expected key": (
        "a line that does not fit to those above",
        "compare the indentation; a text that starts with a quote or a bracket ends with it",
    ),
    "did not find expected '-'": (
        "a line that does not fit to the list above",
        "compare the indentation; an entry starts with '- '",
    ),
    "could not find expected ':'": ("a key without ':'", "a key needs a colon and a blank after it"),
    "a tab character": ("a tab, which cannot indent YAML", "use blanks"),
    "unexpected end of stream": ("a quote that is not closed before the file ends", "close the quote"),
    "recursive": ("an alias (*) inside the part that it stands for", "write the values out"),
    "undefined alias": ("an alias (*) without its anchor (&)", "a text that starts with * needs quotes"),
    "another document": ("a second document", "a file holds one document; remove the line '---'"),
}
"""Messages of libyaml in plain words, with a hint."""


def _is_bomb(tree: Any) -> bool:
    """Say whether the data, with shared parts counted each time, is far larger than its text."""
    sizes: dict[int, int] = {}
    stack: list[tuple[Any, bool]] = [(tree, False)]
    text_size = 0
    while stack:
        node, children_counted = stack.pop()
        # Visiting a shared part for each of its aliases may take for ever.
        if not isinstance(node, (dict, list, tuple, set)) or (id(node) in sizes and not children_counted):
            continue
        children = list(node.values()) if isinstance(node, dict) else list(node)
        if children_counted:
            sizes[id(node)] = 1 + sum(sizes.get(id(child), 1) for child in children)
        else:
            sizes[id(node)] = 10**18  # an alias to a part that is still open is endless
            text_size += 1 + len(children)
            stack.append((node, True))
            stack.extend((child, False) for child in children)
    return sizes.get(id(tree), 1) > 100_000 + 10 * text_size


READABLE = frozenset(("CAL208", "CAL222", "CAL223"))
"""Codes of problems that leave data to be checked further."""


# -- tags -------------------------------------------------------------------------------------------------


class PlainLoader(_Loader):
    """A safe loader that knows the tags of calibration packages, and collects the problems of a document."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self.problems: list[Problem] = []

    def note(self, code: str, detail: str, node: Any) -> None:
        """Add a problem at a node; loading goes on, so that all problems are reported."""
        mark = node.start_mark
        self.problems.append(Problem(code, (), detail, line=mark.line + 1, column=mark.column + 1))

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        """Construct a mapping; a repeated key is a problem, and its last value counts."""
        if not isinstance(node, yaml.MappingNode):
            raise yaml.constructor.ConstructorError(None, None, "expected a mapping", node.start_mark)
        mapping: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                self.note("CAL204", "merge keys (<<) are not read; repeat the values", key_node)
                continue
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, (str, int, float, bool, type(None))):
                self.note("CAL204", "a key that is not a scalar", key_node)
                continue
            if not isinstance(key, str) and str(key) != key_node.value:
                detail = f"the key {key_node.value} is {key!r} to YAML: put it in quotes"
                self.note("CAL222", detail, key_node)
            if key in mapping:
                self.note("CAL208", f"key {brief(key)} stands twice", key_node)
            if value_node.tag == "tag:yaml.org,2002:timestamp" and canonical(str(key)) in NEVER_DATES:
                date = value_node.value
                self.note("CAL222", f"{key} is the date {date}, not a text; put it in quotes", key_node)
            mapping[key] = self.construct_object(value_node, deep=deep)
        return mapping


def _text(loader: PlainLoader, node: Any) -> str:
    return str(loader.construct_scalar(node))


def _timestamp(loader: PlainLoader, node: Any) -> str:
    text = str(loader.construct_scalar(node))
    try:
        loader.construct_yaml_timestamp(node)
    except (ValueError, OverflowError, AttributeError) as error:
        reason = f": {error}" if isinstance(error, ValueError) else ""
        detail = f"{brief(text)} is no date that YAML can have{reason}; correct it, or put it in quotes"
        loader.note("CAL204", detail, node)
    return text


_MAX_DIGITS = 100
"""Longest text of a number; a sexagesimal number of a million parts would take minutes."""


_BASES = (
    (re.compile(r"[-+]?0[0-7_]+\Z"), "an octal number"),
    (re.compile(r"[-+]?0x", re.IGNORECASE), "a hexadecimal number"),
    (re.compile(r"[-+]?0b", re.IGNORECASE), "a binary number"),
    (re.compile(r"[^:]*:"), "a number in base 60"),
    (re.compile(r"[^_]*_"), "a number with '_' between its digits"),
)


def _base_of(text: str) -> str:
    """Return how YAML 1.1 reads a number that people read in another way; empty for an ordinary one."""
    return next((words for pattern, words in _BASES if pattern.match(text)), "")


def _number(loader: PlainLoader, node: Any) -> Any:
    construct = loader.construct_yaml_int if node.tag.endswith(":int") else loader.construct_yaml_float
    return _construct(loader, construct, node, "a number")


def _flag(loader: PlainLoader, node: Any) -> Any:
    return _construct(loader, loader.construct_yaml_bool, node, "true or false")


def _construct(loader: PlainLoader, construct: Any, node: Any, kind: str) -> Any:
    """Construct a scalar; PyYAML raises all of these for texts that do not fit the tag."""
    text = loader.construct_scalar(node)
    if kind == "a number" and len(text) <= _MAX_DIGITS and (base := _base_of(text)):
        with suppress(ValueError, OverflowError, IndexError, KeyError):
            loader.note("CAL223", f"{text} is {base} to YAML: {construct(node)}", node)
    try:
        if len(text) <= _MAX_DIGITS:
            return construct(node)
    except (ValueError, OverflowError, IndexError, KeyError):
        pass
    loader.note("CAL204", f"{brief(text)} is not {kind}", node)
    return None


def _pairs(loader: PlainLoader, node: Any) -> dict[Any, Any]:
    """Return an ordered mapping: a sequence of mappings with one key each."""
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    merged: dict[Any, Any] = {}
    if not isinstance(node, yaml.SequenceNode):
        raise yaml.constructor.ConstructorError(None, None, "expected an ordered mapping", node.start_mark)
    for item in node.value:
        pairs = loader.construct_mapping(item, deep=True)
        if len(pairs) != 1:
            detail = f"an entry of an ordered mapping with {len(pairs)} keys instead of one"
            loader.note("CAL204", detail, item)
        for key, value in pairs.items():
            if key in merged:
                loader.note("CAL208", f"key {brief(key)} stands twice", item)
            merged[key] = value
    return merged


def _property_list(loader: PlainLoader, node: Any) -> dict[str, Any]:
    """Return lsst.daf.base's property list: rows of name, type, value and (in lists) comment."""
    if isinstance(node, yaml.MappingNode):
        return {str(k): v for k, v in loader.construct_mapping(node, deep=True).items()}
    merged: dict[str, Any] = {}
    for item in node.value if isinstance(node, yaml.SequenceNode) else ():
        row = loader.construct_sequence(item, deep=True) if isinstance(item, yaml.SequenceNode) else []
        if len(row) not in (3, 4) or not isinstance(row[0], str):
            loader.note("CAL204", "a property is [name, type, value, comment]", item)
            continue
        if row[0] in merged:
            loader.note("CAL208", f"key {brief(row[0])} stands twice", item)
        merged[row[0]] = row[2]
    return merged


def _sequence(loader: PlainLoader, node: Any) -> list[Any]:
    return list(loader.construct_sequence(node, deep=True))


def _mapping(loader: PlainLoader, node: Any) -> dict[Any, Any]:
    return loader.construct_mapping(node, deep=True)


def _point(loader: PlainLoader, node: Any) -> list[Any]:
    values = _arguments(loader, node)
    if not _is_point(values):
        loader.note("CAL204", "a point is two whole numbers", node)
        return []
    return values


def _is_point(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(type(item) is int for item in value)


def _box(loader: PlainLoader, node: Any) -> list[int]:
    """Return corner and size of an ``lsst.geom.Box2I``, which gives minimum and inclusive maximum."""
    points = _arguments(loader, node)
    if [] in points:
        return []  # the problem of the point is known
    if len(points) != 2 or not all(map(_is_point, points)):
        loader.note("CAL204", "a box is two points", node)
        return []
    (x0, y0), (x1, y1) = points
    return [x0, y0, x1 - x0 + 1, y1 - y0 + 1]


def _arguments(loader: PlainLoader, node: Any) -> list[Any]:
    if isinstance(node, yaml.SequenceNode):
        return list(loader.construct_sequence(node, deep=True))
    arguments = loader.construct_mapping(node, deep=True).get("args", [])
    return list(arguments) if isinstance(arguments, (list, tuple)) else [arguments]


def _array(loader: PlainLoader, node: Any) -> Any:
    return _decoded(loader, array_of, node)


def _numpy_scalar(loader: PlainLoader, node: Any) -> Any:
    return _decoded(loader, scalar_of, node)


def _decoded(loader: PlainLoader, decode: Any, node: Any) -> Any:
    try:
        return decode(node)
    except RefusedError as refusal:
        loader.note("CAL207", refusal.detail, refusal.node)
        return None


def _refuse_astropy(loader: PlainLoader, suffix: str, node: Any) -> None:
    loader.note("CAL225", f"an object of astropy, {brief(f'astropy.{suffix}')}", node)


def _refuse(loader: PlainLoader, node: Any) -> None:
    if node.tag in ("tag:yaml.org,2002:merge", "tag:yaml.org,2002:value"):
        loader.note("CAL204", f"a bare {node.value} means something else in YAML; put it in quotes", node)
    else:
        tag = node.tag.replace("tag:yaml.org,2002:", "!!")
        loader.note("CAL207", f"tag {brief(tag)} is not read", node)


for _tag, _constructor in {
    "tag:yaml.org,2002:timestamp": _timestamp,
    "tag:yaml.org,2002:int": _number,
    "tag:yaml.org,2002:float": _number,
    "tag:yaml.org,2002:bool": _flag,
    "tag:yaml.org,2002:omap": _pairs,
    "tag:yaml.org,2002:map": _mapping,
    "lsst.daf.base.PropertyList": _property_list,
    "lsst.daf.base.PropertySet": _property_list,
    "lsst.daf.base.DateTime": _text,
    f"{PYTHON}tuple": _sequence,
    f"{PYTHON}object/apply:lsst.geom.Point2I": _point,
    f"{PYTHON}object/apply:lsst.geom.Box2I": _box,
    **dict.fromkeys(RECONSTRUCT, _array),
    **dict.fromkeys(SCALAR, _numpy_scalar),
    "!astropy.units.Unit": _mapping,
    "!astropy.table.SerializedColumn": _mapping,
}.items():
    PlainLoader.add_constructor(_tag, _constructor)
PlainLoader.add_multi_constructor("!astropy.", _refuse_astropy)
PlainLoader.add_constructor(None, _refuse)
