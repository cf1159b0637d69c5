"""Documents of every type, valid and spoiled, for tests that the schema and the reader agree about them."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from curated.calib import Calib
from curated.check.file import check_file
from curated.core.diagnostic import Diagnostic
from curated.core.keys import CalibFile
from curated.docs import find_example
from curated.package.layout import Layout, discover
from curated.registry import own_types
from curated.schema import type_schema

ROOT = Path(__file__).parents[2]
Document = dict[str, Any]
Place = tuple[Any, ...]


class Rows(list[Any]):
    """Metadata as the rows of a property list, which a plain parser reads as a list."""


class _Dumper(yaml.CSafeDumper):
    def ignore_aliases(self, _: Any) -> bool:
        return True


_Dumper.add_representer(Rows, lambda d, rows: d.represent_sequence("lsst.daf.base.PropertyList", rows))


class PlainLoader(yaml.SafeLoader):
    """Loads YAML like other programs: tags are dropped, and times are strings (YAML 1.2 has no times)."""


def _drop_tag(loader: Any, _: str, node: Any) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    return loader.construct_scalar(node)


PlainLoader.add_multi_constructor("", _drop_tag)
PlainLoader.add_constructor("tag:yaml.org,2002:timestamp", lambda loader, node: loader.construct_scalar(node))


def load_plain(path: Path) -> Any:
    """Load a YAML file as another program would."""
    return yaml.load(path.read_text("utf-8"), Loader=PlainLoader)


@cache
def validator(name: str) -> Draft202012Validator:
    """Return the validator of a type."""
    return Draft202012Validator(type_schema(own_types()[name]))


def schema_accepts(name: str, document: Document) -> bool:
    """Whether a type's schema accepts a document."""
    return bool(validator(name).is_valid(document))


def reader_findings(file: CalibFile, document: Document) -> list[Diagnostic]:
    """Return the findings of ``curated check`` for a document in the place of a file."""
    text = yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True)
    return list(check_file(file, text.encode())[1].diagnostics)


@cache
def demo_layout() -> Layout:
    """Return the layout of the demonstration package."""
    top = ROOT / "calibs"
    return discover([p.relative_to(top).as_posix() for p in sorted(top.rglob("*")) if p.is_file()], "")


def demo_file(name: str) -> CalibFile:
    """Return the smallest demonstration file with rows of a type."""
    example = find_example(own_types()[name], ROOT / "calibs")
    assert example is not None
    return next(file for file in demo_layout().files if ROOT / "calibs" / file.path == example)


@cache
def document_of(name: str) -> tuple[CalibFile, Document]:
    """Return a demonstration file of a type and its content, cut to a few rows."""
    file = demo_file(name)
    cls = own_types()[name]
    return file, _cut(cls, cls.readText(ROOT / "calibs" / file.path).toDict())


def _cut(cls: type[Calib], tree: Document) -> Document:
    """Keep a few rows, since all of them are checked alike."""
    if cls.SPEC.name == "electroBfDistortionMatrix":
        return tree  # where lists and mappings have the same names
    groups = [table.group for table in cls.SPEC.tables if table.group]
    keys: list[str] = []
    for field in cls.FIELDS:
        table = cls.SPEC.tables[field.table]
        if table.rows == "free" and not field.keyword and field.key in tree:
            tree[field.key] = tree[field.key][:3]
        elif table.rows == "key" and not (field.keyword or field.common) and field.key in tree:
            tree[field.key] = dict(list(tree[field.key].items())[:2])
            keys = keys or list(tree[field.key])
    for group in groups:
        keys = keys or list(tree[group])[:2]
        tree[group] = {key: value for key, value in tree[group].items() if key in keys}
    for field in cls.FIELDS:
        if field.common and isinstance(tree.get(field.key), list):
            tree[field.key] = [name for name in tree[field.key] if name in keys]
    if cls.SPEC.name == "camera":
        tree["detectors"] = tree["detectors"][:1]
        tree["amplifiers"] = [a for a in tree["amplifiers"] if a["detector"] == tree["detectors"][0]["name"]]
    return tree


def with_property_list(document: Document) -> Document:
    """Return a document with its metadata as the rows of a property list."""
    rows = Rows([key, "String", value, ""] for key, value in document["metadata"].items())
    return {**document, "metadata": rows}


def places(value: Any, at: Place = ()) -> Iterator[Place]:
    """Yield the places of a document; for a list, those of its first two entries and its last."""
    if at:
        yield at
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*at, key))
    elif isinstance(value, list):
        for i in sorted({0, 1, len(value) - 1} & set(range(len(value)))):
            yield from places(value[i], (*at, i))


WRONG_VALUES: list[Any] = [
    None, "", "None", "text", True, False, 0, 1, 2.0, -1, -7.5, 1.5, 10**25, float("nan"), float("inf"),
    [], [1.0], [True], ["a"], [None], [[]], [[1]], [[1, 2], [3]], [[[1]]], [1, True], [1, "a"], [{"a": 1}],
    {}, {"a": 1}, {"a": {}}, {"a": "b"}, {"C00": [1.0]}, {"C00": True}, "2024-01-01",
]  # fmt: skip
"""Values of every kind, which are wrong in most places."""


@st.composite
def mutations(draw: st.DrawFn, document: Document) -> Document:
    """Draw a document with one or two changes."""
    spoiled = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, 2))):
        place = draw(st.sampled_from(list(places(spoiled)) or [("metadata",)]))
        holder = spoiled
        for key in place[:-1]:
            holder = holder[key]
        kind = draw(st.sampled_from(["drop", "replace", "replace", "replace", "wrap", "scale", "add"]))
        _spoil(draw, holder, place[-1], kind)
    return spoiled


def _spoil(draw: st.DrawFn, holder: Any, key: Any, kind: str) -> None:
    value = holder[key] if isinstance(holder, list) or key in holder else None
    if kind == "drop":
        del holder[key]
    elif kind == "replace":
        holder[key] = copy.deepcopy(draw(st.sampled_from(WRONG_VALUES)))
    elif kind == "wrap":
        holder[key] = [value]
    elif kind == "scale" and isinstance(value, (int, float)):
        holder[key] = draw(st.sampled_from([-1, 0, 0.5, 1e6])) * value
    elif isinstance(value, dict):
        value["surplus"] = copy.deepcopy(draw(st.sampled_from(WRONG_VALUES)))
    elif isinstance(value, list):
        value.append(copy.deepcopy(draw(st.sampled_from(WRONG_VALUES))))
