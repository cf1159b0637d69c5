"""Places in JSON documents are where a YAML parser finds them, too."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curated.text.json_places import json_locator
from curated.text.yaml.locator import yaml_locator

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
