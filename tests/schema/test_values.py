"""Schemas of the values of fields: bounds, shapes, tables and defaults."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from curated.declare import Field, Table
from curated.schema.values import describe, field_schema, scalar_schema, shape_text, value_schema

NUMBER = Field(dtype="f8", doc="A gain.", unit="electron / adu", name="gain", column="GAIN", minimum=0)


def accepts(schema: dict[str, Any], *values: Any) -> list[bool]:
    return [bool(Draft202012Validator(schema).is_valid(value)) for value in values]


def test_bounds() -> None:
    schema = scalar_schema(replace(NUMBER, above=0.5, maximum=2))
    assert schema == {"type": "number", "minimum": 0, "exclusiveMinimum": 0.5, "maximum": 2}
    assert accepts(schema, 0.5, 0.6, 2, 2.1, "1", True) == [False, True, True, False, False, False]
    text = replace(NUMBER, dtype="str", minimum=None, choices=("LL", "LR"))
    assert accepts(scalar_schema(text), "LL", "UL", 1) == [True, False, False]


@pytest.mark.parametrize(
    ("shape", "good", "bad"),
    [
        ((), [1], [[1]]),
        ((2,), [[1, 2]], [[1], [1, 2, 3], 1]),
        (("n",), [[], [1, 2, 3]], [1, [[1]]]),
        ((2, "n"), [[[1], [2]], [1, 2, 3]], [[[1]], [[1], [2], [3]], 1]),
    ],
)
def test_shapes(shape: tuple[str | int, ...], good: list[Any], bad: list[Any]) -> None:
    schema = value_schema(replace(NUMBER, shape=shape))
    assert all(accepts(schema, *good))
    assert not any(accepts(schema, *bad))


def test_rows_are_nested() -> None:
    schema = value_schema(replace(NUMBER, shape=(2,)), rows=True)
    assert accepts(schema, [], [[1, 2], [3, 4]], [1, 2], [[1]]) == [True, True, False, False]


def test_a_minimum_of_each_element() -> None:
    schema = value_schema(replace(NUMBER, shape=(2,), minimum=(0, 1)))
    assert accepts(schema, [0, 1], [-1, 1], [0, 0], [0]) == [True, False, False, False]


def test_numbers_or_texts() -> None:
    assert accepts(value_schema(replace(NUMBER, dtype="any", minimum=None)), 1, "a", None) == [
        True,
        True,
        False,
    ]


def test_tables() -> None:
    assert accepts(field_schema(NUMBER, Table(name="t", rows="free")), [1, 2], 1) == [True, False]
    assert accepts(field_schema(NUMBER, Table(name="t", rows="one")), 1, [1]) == [True, False]
    keyed = field_schema(NUMBER, Table(name="t", rows="key"))
    assert accepts(keyed, {"C00": 1}, {}, None, 1) == [True, True, False, False]
    optional = field_schema(NUMBER, Table(name="t", rows="key", optional=True))
    assert accepts(optional, {"C00": 1}, None, 1) == [True, True, False]


def test_defaults_and_descriptions() -> None:
    optional = replace(NUMBER, required=False, default=1.5)
    schema = field_schema(optional, Table(name="t", rows="records"))
    assert (schema["type"], schema["default"]) == (["number", "null"], 1.5)
    assert schema["description"] == "A gain. Unit: electron / adu."
    assert "default" not in field_schema(replace(optional, default=float("nan")), Table(name="t"))
    matrix = replace(NUMBER, shape=(4, "*"), unit="")
    assert describe(matrix) == "A gain. Shape: 4 x any, nested or flat in row order."
    assert shape_text(()) == ""
