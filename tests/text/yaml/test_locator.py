"""Lines and columns of values in YAML and JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curated.text import read
from curated.text.yaml.locator import json_locator, yaml_locator
from support.texts import case_files

PLACES = """\
# comment
b: [1,
    2]
metadata:
  INSTRUME: cam
  detectorId: 5
  NESTED: {inner: {deep: 1}}
list:
- x: 1
- x: 2
detectorName: d00
"""

PROPERTIES = """\
metadata: !<lsst.daf.base.PropertyList>
- - OBSTYPE
  - String
  - bfk
  - ''
- - bfk_VERSION
  - Double
  - 1.0
  - ''
"""


@pytest.mark.parametrize(
    ("pointer", "place"),
    [
        ((), (2, 1)),
        (("b",), (2, 1)),
        (("b", 1), (3, 5)),
        (("b", 7), (2, 1)),
        (("metadata", "INSTRUME"), (5, 3)),
        (("metadata", "instrume"), (5, 3)),
        (("metadata", "DETECTOR"), (6, 3)),
        (("metadata", "DET_NAME"), (11, 1)),
        (("metadata", "NESTED.inner.deep"), (7, 20)),
        (("metadata", "absent"), (4, 1)),
        (("list", 1, "x"), (10, 3)),
        (("absent", 1), (2, 1)),
    ],
)
def test_places(pointer: tuple[str | int, ...], place: tuple[int, int]) -> None:
    assert yaml_locator(PLACES)(pointer) == place


def test_places_in_property_lists() -> None:
    assert yaml_locator(PROPERTIES)(("metadata", "bfk_VERSION")) == (8, 5)
    assert yaml_locator(PROPERTIES)(("metadata", "BFK_VERSION")) == (8, 5)


def test_places_in_json() -> None:
    text = '{\n\t"a\\/b": "x\\/y",\n\t"metadata": {"INSTRUME": "cam",\n\t\t"DETECTOR": 5}}\n'
    source, _ = read(text.encode(), "json")
    assert source is not None
    assert source.locator(("metadata", "DETECTOR")) == (4, 3)


@pytest.mark.parametrize(
    "path", [*case_files("good"), *case_files("bad")], ids=lambda p: "-".join(p.parts[-6:])
)
def test_every_keyword_of_every_case_is_found(path: Path) -> None:
    data = path.read_bytes()
    source, _ = read(data, path.suffix[1:].lower())
    if source is None:
        return
    lines = data.decode().replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for key in source.metadata:
        line, column = source.locator(("metadata", key))
        assert str(key) in lines[line - 1][column - 1 :] or str(key) in lines[line - 3], key
    for name in source.columns:
        line, column = source.locator((name,))
        assert name in lines[line - 1][column - 1 :]


KEYS = st.text(st.characters(codec="ascii"), max_size=4)
VALUES = st.recursive(
    st.none() | st.integers() | KEYS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)


def pointers(value: Any) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [(), *((key, *rest) for key, inner in items for rest in pointers(inner))]


@given(VALUES, st.sampled_from([None, 0, 1, 2]))
def test_places_are_those_that_a_yaml_parser_finds(value: Any, indent: int | None) -> None:
    text = json.dumps(value, indent=indent)
    locate, expected = json_locator(text), yaml_locator(text)
    for pointer in pointers(value):
        if pointer and pointer[0] == "metadata":
            continue
        assert locate(pointer) == expected(pointer), pointer


def test_a_missing_value_is_at_what_should_hold_it() -> None:
    text = '{\n "a": [\n  {"b": 1}\n ]\n}\n'
    locate = json_locator(text)
    assert locate(("a", 0, "c")) == (3, 3)
    assert locate(("a", 7)) == (2, 2)
    assert locate(("x",)) == (1, 1)


@pytest.mark.parametrize("text", ["", "{", '{"a"', '{"a": }', "[1,", "[" * 100_000])
def test_what_is_not_json_has_no_places(text: str) -> None:
    assert json_locator(text)(("a",)) in {(0, 0), (1, 1)}
    assert json_locator(text)((0, 0, 0)) in {(0, 0), (1, 1)}
