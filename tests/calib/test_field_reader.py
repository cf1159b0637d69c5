"""Values of fields: dtype, shape, unit, bounds, and the places of what does not fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from curated.calib.content import Content
from curated.calib.field_reader import FieldReader
from curated.core.diagnostic import Problem
from curated.declare import Field, Table
from support.declarations import make_field, make_spec


def read(
    field: Field, value: Any, *, form: str = "yaml", unit: str = "", table: Table | None = None, **sizes: int
) -> tuple[Any, list[Problem], Content]:
    """Read one value of the only field of a type; none if it is `None`."""
    values = {} if value is None else {field.name: value}
    content = Content({}, values, {field.name: unit} if unit else {}, form)
    reader = FieldReader(make_spec(table or Table(name="T")), (field,), content, sizes)
    return reader.read(field), reader.problems, content


def test_values_are_converted_to_the_declared_unit() -> None:
    value, problems, content = read(make_field("x", unit="nm"), [1.0, 2.5], unit="um")
    np.testing.assert_allclose(value, [1000, 2500], rtol=1e-15)
    assert (problems, content.units) == ([], {"x": "nm"})
    value, _, content = read(make_field("x", unit="nm", keeps_unit=True), [1.0], unit="um")
    assert (value.tolist(), content.units) == ([1.0], {"x": "um"})
    single, _, _ = read(make_field("x", "f", unit="nm"), np.array([2.5], "f4"), unit="um")
    assert single.dtype == np.dtype("f4")
    assert single.tolist() == [2500.0]


@pytest.mark.parametrize(
    ("more", "values", "problem"),
    [
        ({}, [1.0, "a"], ("CAL211", ("x", 1), "x value 2: 'a' is not a number")),
        ({"dtype": "i8"}, [1, 0.5], ("CAL305", ("x", 1), "x value 2: 0.5 is not a whole number")),
        ({}, [1.0, np.inf], ("CAL302", ("x", 1), "x value 2: inf is not finite")),
        ({"minimum": 0}, [-1.0, 0.0], ("CAL301", ("x", 0), "x value 1: -1.0 is less than 0")),
        ({"above": 0}, [0.0, 1.0], ("CAL301", ("x", 0), "x value 1: 0.0 is not positive")),
        ({"maximum": 2}, [2.0, 3.0], ("CAL301", ("x", 1), "x value 2: 3.0 is more than 2")),
        (
            {"dtype": "str", "choices": ("a", "b")},
            ["c"],
            ("CAL301", ("x", 0), "x value 1: 'c' is not one of a, b"),
        ),
        (
            {"shape": (2,)},
            [[1.0], [2.0]],
            ("CAL215", ("x",), "x: 2 x 1 values given, any number x 2 expected"),
        ),
        ({}, [[1.0], [2.0, 3.0]], ("CAL215", ("x",), "x: rows of different lengths")),
    ],
)
def test_what_does_not_fit_is_named_at_its_place(
    more: dict[str, Any], values: list[Any], problem: tuple[Any, ...]
) -> None:
    _, problems, _ = read(make_field("x", **more), values)
    assert [(p.code, p.pointer, p.detail) for p in problems] == [problem]


def test_bounds_themselves_and_nan_where_it_is_allowed() -> None:
    field = make_field("x", minimum=0, maximum=2, finite=False)
    assert read(field, [0.0, 2.0])[1] == []
    elements = make_field("x", shape=(2,), minimum=(0.0, 1.0))
    assert read(elements, [[0.0, 1.0]])[1] == []
    _, problems, _ = read(elements, [[0.0, 1.0], [-1.0, 0.5]])
    assert [(p.pointer, p.detail) for p in problems] == [
        (("x", 1), "x value 2: -1.0 is less than 0"),
        (("x", 1), "x value 2: 0.5 is less than 1"),
    ]


def test_a_number_that_yaml_takes_for_a_text() -> None:
    _, (problem,), _ = read(make_field("x"), ["1e-9"])
    assert "1.0e-9" in problem.hint
    _, (problem,), _ = read(make_field("x"), ["one"])
    assert problem.hint == ""


def test_mappings_have_the_key_in_the_place() -> None:
    table = Table(name="T", rows="key", key_column="KEY")
    field = make_field("gain", above=0, table=0)
    value, problems, _ = read(field, {"C00": 1.5, "C01": -1.0}, table=table)
    assert value == {"C00": 1.5, "C01": -1.0}
    assert [(p.code, p.pointer) for p in problems] == [("CAL301", ("gain", "C01"))]
    _, (problem,), _ = read(field, {"C00": 1.5, "C01": -1.0}, table=table, form="ecsv")
    assert problem.pointer == ("GAIN", 1)
    value, (problem,), _ = read(field, [1.5], table=table)
    assert (value, problem.code, problem.detail) == (None, "CAL211", "gain is not a mapping")


def test_vectors_take_their_length_from_a_keyword() -> None:
    table = Table(name="T", rows="key", key_column="KEY")
    field = make_field("kernel", shape=("height", 2))
    value, problems, _ = read(field, {"a": [1.0, 2.0, 3.0, 4.0]}, table=table, height=2)
    assert value["a"].tolist() == [[1, 2], [3, 4]]
    assert problems == []
    value, problems, _ = read(field, {"a": [1.0, 2.0, 3.0, 4.0]}, table=table, height=3)
    assert value == {"a": None}
    assert [p.detail for p in problems] == ["kernel of a: 4 values given, 3 x 2 expected (height is 3)"]


@pytest.mark.parametrize(
    ("form", "code", "detail"),
    [
        ("yaml", "CAL210", "field 'x' is missing (Some x (nm).)"),
        ("ecsv", "CAL213", "column 'X' is missing (Some x (nm).)"),
    ],
)
def test_missing_fields(form: str, code: str, detail: str) -> None:
    value, (problem,), _ = read(make_field("x", unit="nm"), None, form=form)
    assert (value, problem.code, problem.detail) == (None, code, detail)
    assert read(make_field("x", required=False, default=2.5), None, form=form)[:2] == (2.5, [])
    assert read(make_field("x", required=False, default=dict), None, form=form)[:2] == ({}, [])


def test_columns_of_another_kind_are_reported_once() -> None:
    value, problems, _ = read(make_field("x"), np.array(["a", "b"]), form="fits")
    assert value is None
    assert [(p.code, p.pointer, p.detail) for p in problems] == [
        ("CAL214", ("X",), "column X holds texts, not numbers")
    ]


def test_places_of_keys_become_rows_of_columns() -> None:
    fields = (make_field("gain"), make_field("weight", column="WEIGHT", keyword="WEIGHT"))
    content = Content({}, {"gain": {"C00": 1.0, "C01": 2.0}}, form="ecsv")
    reader = FieldReader(make_spec(Table(name="T", rows="key", key_column="KEY")), fields, content, {})
    places = {("gain", "C01"): ("GAIN", 1), ("gain", "C99"): ("GAIN",), ("weight",): ("weight",), (): ()}
    for place, expected in places.items():
        assert reader.in_columns(Problem("CAL301", place, "x")).pointer == expected
    content.form = "yaml"
    in_text = FieldReader(reader.spec, fields, content, {})
    assert in_text.in_columns(Problem("CAL301", ("gain", "C01"), "x")).pointer == ("gain", "C01")
