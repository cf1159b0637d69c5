"""YAML to plain data: the tags that are read, and nothing that data could name.

The stack's readers load with the full Python loader (FORMATS.md of the design, section 2.3); public
packages hold its tags. Here each known tag becomes the plain data that it stands for; any other tag is an
error with its line.
"""

from __future__ import annotations

from typing import Any

import yaml

from curated.diagnostic import Problem

try:
    from yaml import CSafeLoader as _Loader
except ImportError:  # libyaml is optional in PyYAML's source distribution
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]


class PlainLoader(_Loader):
    """A safe loader that knows the calibration packages' tags and reports keys that stand twice."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self.problems: list[Problem] = []

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        """Construct a mapping; a repeated key is noted and the last value kept."""
        if not isinstance(node, yaml.MappingNode):
            raise yaml.constructor.ConstructorError(None, None, "expected a mapping", node.start_mark)
        mapping: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                raise yaml.constructor.ConstructorError(
                    None, None, "merge keys (<<) are not read", key_node.start_mark
                )
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, (str, int, float, bool, type(None))):
                raise yaml.constructor.ConstructorError(
                    None, None, "a key that is not a scalar", key_node.start_mark
                )
            if key in mapping:
                mark = key_node.start_mark
                self.problems.append(
                    Problem("CAL208", (), f"key {key!r} stands twice", line=mark.line + 1, column=mark.column + 1)
                )
            mapping[key] = self.construct_object(value_node, deep=deep)
        return mapping


def _text(loader: PlainLoader, node: Any) -> str:
    return str(loader.construct_scalar(node))


def _number(loader: PlainLoader, node: Any) -> Any:
    construct = loader.construct_yaml_int if node.tag.endswith(":int") else loader.construct_yaml_float
    try:
        return construct(node)
    except (ValueError, OverflowError) as error:
        message = f"{node.value[:40]!r} is not a number"
        raise yaml.constructor.ConstructorError(None, None, message, node.start_mark) from error


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
                mark = item.start_mark
                loader.problems.append(
                    Problem("CAL208", (), f"key {key!r} stands twice", line=mark.line + 1, column=mark.column + 1)
                )
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
            message = "a property is [name, type, value, comment]"
            raise yaml.constructor.ConstructorError(None, None, message, item.start_mark)
        if row[0] in merged:
            mark = item.start_mark
            loader.problems.append(
                Problem("CAL208", (), f"key {row[0]!r} stands twice", line=mark.line + 1, column=mark.column + 1)
            )
        merged[row[0]] = row[2]
    return merged


def _sequence(loader: PlainLoader, node: Any) -> list[Any]:
    return list(loader.construct_sequence(node, deep=True))


def _mapping(loader: PlainLoader, node: Any) -> dict[Any, Any]:
    return loader.construct_mapping(node, deep=True)


def _point(loader: PlainLoader, node: Any) -> list[Any]:
    return [int(value) for value in _arguments(loader, node)]


def _box(loader: PlainLoader, node: Any) -> dict[str, list[Any]]:
    """``lsst.geom.Box2I``: two points, the minimum and the inclusive maximum."""
    minimum, maximum = _arguments(loader, node)
    return {"min": list(minimum), "max": list(maximum)}


def _arguments(loader: PlainLoader, node: Any) -> list[Any]:
    if isinstance(node, yaml.SequenceNode):
        return list(loader.construct_sequence(node, deep=True))
    mapping = loader.construct_mapping(node, deep=True)
    arguments = mapping.get("args", [])
    return list(arguments) if isinstance(arguments, (list, tuple)) else [arguments]


def _refuse(loader: PlainLoader, node: Any) -> Any:
    raise TagRefused(node.tag, node.start_mark)


class TagRefused(yaml.MarkedYAMLError):
    """A tag outside of the whitelist."""

    def __init__(self, tag: str, mark: Any) -> None:
        super().__init__(problem=f"tag {tag!r} is not read", problem_mark=mark)


_PYTHON = "tag:yaml.org,2002:python/"
for _tag, _constructor in {
    "tag:yaml.org,2002:timestamp": _text,
    "tag:yaml.org,2002:int": _number,
    "tag:yaml.org,2002:float": _number,
    "tag:yaml.org,2002:omap": _pairs,
    "tag:yaml.org,2002:map": _mapping,
    "lsst.daf.base.PropertyList": _property_list,
    "lsst.daf.base.PropertySet": _property_list,
    "lsst.daf.base.DateTime": _text,
    f"{_PYTHON}tuple": _sequence,
    f"{_PYTHON}object/apply:lsst.geom.Point2I": _point,
    f"{_PYTHON}object/apply:lsst.geom.Box2I": _box,
    "!astropy.units.Unit": _mapping,
    "!astropy.table.SerializedColumn": _mapping,
}.items():
    PlainLoader.add_constructor(_tag, _constructor)
PlainLoader.add_constructor(None, _refuse)
