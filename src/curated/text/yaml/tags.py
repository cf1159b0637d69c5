"""YAML to plain data: the tags that are read, and nothing that data could name.

The stack's readers load with the full Python loader (FORMATS.md of the design, section 2.3); public
packages hold its tags. Here each known tag becomes the plain data that it stands for; any other tag is an
error with its line.
"""

from __future__ import annotations

from typing import Any

import yaml

from curated.core.diagnostic import Problem, brief
from curated.text.yaml.numpy_states import PYTHON, RECONSTRUCT, SCALAR, RefusedError, array_of, scalar_of

try:
    from yaml import CSafeLoader as _Loader
except ImportError:  # libyaml is optional in PyYAML's source distribution
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]


class PlainLoader(_Loader):
    """A safe loader that knows the calibration packages' tags and notes all that it does not take."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self.problems: list[Problem] = []

    def note(self, code: str, detail: str, node: Any) -> None:
        """Note a problem at a node; loading goes on, so that all of them are found."""
        mark = node.start_mark
        self.problems.append(Problem(code, (), detail, line=mark.line + 1, column=mark.column + 1))

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        """Construct a mapping; a repeated key is noted and the last value kept."""
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
            if key in mapping:
                self.note("CAL208", f"key {brief(key)} stands twice", key_node)
            mapping[key] = self.construct_object(value_node, deep=deep)
        return mapping


def _text(loader: PlainLoader, node: Any) -> str:
    return str(loader.construct_scalar(node))


_MAX_DIGITS = 100
"""Longest text of a number; sexagesimal ones of a million parts would take minutes."""


def _number(loader: PlainLoader, node: Any) -> Any:
    construct = loader.construct_yaml_int if node.tag.endswith(":int") else loader.construct_yaml_float
    return _construct(loader, construct, node, "a number")


def _flag(loader: PlainLoader, node: Any) -> Any:
    return _construct(loader, loader.construct_yaml_bool, node, "true or false")


def _construct(loader: PlainLoader, construct: Any, node: Any, kind: str) -> Any:
    """Construct a scalar; PyYAML raises all of these for texts that its tag does not fit."""
    text = loader.construct_scalar(node)
    try:
        if len(text) <= _MAX_DIGITS:
            return construct(node)
    except (ValueError, OverflowError, IndexError, KeyError):
        pass
    loader.note("CAL204", f"{brief(text)} is not {kind}", node)
    return None


def _pairs(loader: PlainLoader, node: Any) -> dict[Any, Any]:
    """Ordered mapping: a sequence of mappings with one key each."""
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    merged: dict[Any, Any] = {}
    if not isinstance(node, yaml.SequenceNode):
        raise yaml.constructor.ConstructorError(None, None, "expected an ordered mapping", node.start_mark)
    for item in node.value:
        for key, value in loader.construct_mapping(item, deep=True).items():
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
    """``lsst.geom.Box2I``, minimum and inclusive maximum, to corner and size, as boxes are everywhere here."""
    points = _arguments(loader, node)
    if [] in points:
        return []  # what is wrong with the point is noted
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


def _refuse(loader: PlainLoader, node: Any) -> None:
    if node.tag in ("tag:yaml.org,2002:merge", "tag:yaml.org,2002:value"):
        loader.note("CAL204", f"a bare {node.value} means something else in YAML; put it in quotes", node)
    else:
        tag = node.tag.replace("tag:yaml.org,2002:", "!!")
        loader.note("CAL207", f"tag {brief(tag)} is not read", node)


for _tag, _constructor in {
    "tag:yaml.org,2002:timestamp": _text,
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
PlainLoader.add_constructor(None, _refuse)
