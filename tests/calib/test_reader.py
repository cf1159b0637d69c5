"""Columns and documents as values by field name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from curated.calib.content import Content
from curated.calib.reader import from_columns, from_tree
from curated.core.diagnostic import Problem
from curated.core.tables import TextColumn
from curated.declare import Table
from curated.types.gain_correction import GainCorrection
from support.declarations import make_field, make_spec

KEYED = Table(name="T", rows="key", key_column="AMP")
GROUPED = Table(name="T", rows="key", key_column="AMP", group="amps")
BOXES = Table(name="boxes", rows="records")


def columns_of(**values: Any) -> dict[str, TextColumn]:
    """Return columns, each with the unit that follows its values in a tuple."""
    pairs = {k: v if isinstance(v, tuple) else (v, "") for k, v in values.items()}
    return {name: TextColumn(np.array(rows), "float64", unit) for name, (rows, unit) in pairs.items()}


def read_columns(
    table: Table, fields: Any, form: str = "ecsv", **values: Any
) -> tuple[Content, list[Problem]]:
    return from_columns(make_spec(table), fields, {}, [columns_of(**values)], form)


def read_tree(table: Table, fields: Any, tree: dict[Any, Any], **more: Any) -> tuple[Content, list[Problem]]:
    return from_tree(make_spec(table, **more), fields, {}, tree, "yaml")


def summaries(problems: list[Problem]) -> list[tuple[str, Any]]:
    return [(problem.code, problem.pointer) for problem in problems]


# -- columns ----------------------------------------------------------------------------------------


def test_columns_are_values_with_units() -> None:
    field = make_field("x", aliases=("OLD",))
    for name in ("X", "OLD"):
        content, problems = read_columns(Table(name="T"), (field,), **{name: ([1.0, 2.0], "nm")})
        assert content.values["x"].tolist() == [1, 2]
        assert (content.units, problems) == ({"x": "nm"}, [])


def test_unknown_columns() -> None:
    _, problems = read_columns(Table(name="T"), (make_field("x"),), X=[1.0], Y=[2.0])
    assert [(p.code, p.pointer, p.detail) for p in problems] == [
        ("CAL219", ("Y",), "column 'Y' is not one of X")
    ]
    spec = make_spec(ignored={"Y": "old"})
    assert from_columns(spec, (make_field("x"),), {}, [columns_of(X=[1.0], Y=[2.0])], "ecsv")[1] == []


def test_rows_by_key() -> None:
    fields = (make_field("gain"), make_field("noise", fill=5.0))
    content, problems = read_columns(KEYED, fields, AMP=["C00", "C01"], GAIN=[1.5, 1.25])
    assert content.values == {"gain": {"C00": 1.5, "C01": 1.25}, "noise": {"C00": 5.0, "C01": 5.0}}
    assert problems == []
    _, problems = read_columns(KEYED, fields[:1], AMP=["C00", "C01", "C00"], GAIN=[1.0, 2.0, 3.0])
    assert [(p.code, p.pointer, p.detail) for p in problems] == [
        ("CAL306", ("AMP", 2), "row 3 AMP: 'C00' is that of row 1")
    ]
    assert ("CAL213", ()) in summaries(read_columns(KEYED, fields[:1], GAIN=[1.0])[1])


def test_a_table_with_one_row() -> None:
    table, field = Table(name="T", rows="one"), make_field("x", shape=(2,))
    content, problems = read_columns(table, (field,), X=[[1.0, 2.0]])
    assert content.values["x"].tolist() == [1, 2]
    assert problems == []
    _, problems = read_columns(table, (field, make_field("y")), X=[[1.0, 2.0]] * 2, Y=[1.0, 2.0])
    assert summaries(problems) == [("CAL215", ("X", 1))]


def test_columns_whose_rows_are_the_same() -> None:
    fields = (make_field("gain"), make_field("side", common=True))
    content, problems = read_columns(KEYED, fields, AMP=["a", "b"], GAIN=[1.0, 2.0], SIDE=[np.nan, np.nan])
    assert np.isnan(content.values["side"])
    assert problems == []
    _, problems = read_columns(KEYED, fields, AMP=["a", "b", "c"], GAIN=[1.0] * 3, SIDE=[4.0, 4.0, 5.0])
    assert summaries(problems) == [("CAL308", ("SIDE", 2))]


def test_columns_that_are_elements_of_a_vector() -> None:
    field = make_field("offset", column="", columns=("X", "Y"), shape=(2,))
    content, problems = read_columns(KEYED, (field,), AMP=["a", "b"], X=([1, 2], "mm"), Y=([3, 4], "mm"))
    assert content.values == {"offset": {"a": [1, 3], "b": [2, 4]}}
    assert (content.units, problems) == ({"offset": "mm"}, [])
    _, problems = read_columns(KEYED, (field,), AMP=["a"], X=([1], "mm"), Y=([3], "m"))
    assert summaries(problems) == [("CAL216", ("Y",))]
    assert "offset" not in read_columns(KEYED, (field,), AMP=["a"], X=[1])[0].values


def test_columns_with_a_common_prefix() -> None:
    field = make_field("extra", "any", column="", prefix="AUX_", common=True)
    content, problems = read_columns(KEYED, (field,), AMP=["a", "b"], AUX_T=[[1, 2]] * 2, AUX_S=[[3, 4]] * 2)
    assert {name: list(item) for name, item in content.values["extra"].items()} == {"T": [1, 2], "S": [3, 4]}
    assert problems == []


@pytest.mark.parametrize(
    ("vector", "result"),
    [
        ([1, 2, np.nan], [1, 2]),
        ([1, np.nan, 3], [1, np.nan, 3]),
        ([np.nan] * 3, [np.nan]),
        ([1, 2, 3], [1, 2, 3]),
    ],
)
def test_padding_is_taken_off(vector: list[float], result: list[float]) -> None:
    content, _ = read_columns(KEYED, (make_field("x", shape=("*",), padded=True),), AMP=["a"], X=[vector])
    np.testing.assert_array_equal(content.values["x"]["a"], result)


def test_records_have_defaults_for_columns_that_are_missing() -> None:
    fields = (make_field("x"), make_field("y", required=False, default=7.0))
    content, _ = read_columns(BOXES, fields, X=[1.0, 2.0])
    assert content.values["y"].tolist() == [7, 7]
    content, _ = read_columns(Table(name="boxes", rows="records", optional=True), fields)
    assert content.values == {"x": [], "y": []}


# -- documents --------------------------------------------------------------------------------------


def test_keys_of_a_document() -> None:
    field = make_field("x", aliases=("old",))
    content, problems = read_tree(Table(name="T"), (field,), {"old": [1.0], "units": {"x": "nm"}})
    assert (content.values, content.units, problems) == ({"x": [1.0]}, {"x": "nm"}, [])
    _, problems = read_tree(Table(name="T"), (field,), {"x": [1.0], "old": [2.0], "other": 1, "DETECTOR": 3})
    assert summaries(problems) == [("CAL208", ("old",)), ("CAL212", ("other",))]
    assert read_tree(Table(name="T"), (field,), {"x": [1.0], "other": 1}, ignored={"other": "old"})[1] == []


@pytest.mark.parametrize(
    ("units", "expected"),
    [
        (5, ("CAL211", ("units",))),
        ({"y": "nm"}, ("CAL212", ("units", "y"))),
        ({"x": 5}, ("CAL211", ("units", "x"))),
    ],
)
def test_units_that_are_wrong(units: Any, expected: tuple[str, Any]) -> None:
    _, problems = read_tree(Table(name="T"), (make_field("x"),), {"x": [1.0], "units": units})
    assert summaries(problems) == [expected]


def test_groups() -> None:
    fields = (make_field("gain"), make_field("noise", required=False, fill=5.0))
    tree = {"amps": {"C00": {"gain": 1.5, "noise": 4.0}, 1: {"gain": 1.25}}}
    content, problems = read_tree(GROUPED, fields, tree)
    assert content.values == {"gain": {"C00": 1.5, "1": 1.25}, "noise": {"C00": 4.0, "1": 5.0}}
    assert problems == []


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        ({}, ("CAL210", ())),
        ({"amps": None}, ("CAL211", ("amps",))),
        ({"amps": [1]}, ("CAL211", ("amps",))),
        ({"amps": {"C00": 5}}, ("CAL211", ("amps", "C00"))),
        ({"amps": {"C00": {}}}, ("CAL210", ("amps", "C00"))),
        ({"amps": {"C00": {"gain": 1.0, "colour": 2}}}, ("CAL212", ("amps", "C00", "colour"))),
    ],
)
def test_groups_that_are_wrong(tree: dict[str, Any], expected: tuple[str, Any]) -> None:
    _, problems = read_tree(GROUPED, (make_field("gain"),), tree)
    assert summaries(problems) == [expected]


def test_records() -> None:
    fields = (make_field("x", "i8"), make_field("note", "str", required=False, default="none"))
    content, problems = read_tree(BOXES, fields, {"boxes": [{"x": 1}, {"x": 2, "note": "a"}]})
    assert (content.values, problems) == ({"x": [1, 2], "note": ["none", "a"]}, [])
    tree = {"boxes": [{"x": 1}, {"x": 0.5}, {"x": "a"}, {}, 5, {"x": 1, "colour": 2}]}
    content, problems = read_tree(BOXES, fields, tree)
    assert sorted(summaries(problems), key=str) == [
        ("CAL210", ("boxes", 3, "x")),
        ("CAL211", ("boxes", 2, "x")),
        ("CAL211", ("boxes", 4)),
        ("CAL212", ("boxes", 5, "colour")),
        ("CAL305", ("boxes", 1, "x")),
    ]
    assert "x" not in content.values
    assert summaries(read_tree(BOXES, fields, {})[1]) == [("CAL210", ())]
    assert summaries(read_tree(BOXES, fields, {"boxes": 5})[1]) == [("CAL211", ("boxes",))]


def test_a_mapping_of_single_values() -> None:
    table, fields = Table(name="image", rows="record"), (make_field("width", keyword="WIDTH", column=""),)
    content, problems = read_tree(table, fields, {"image": {"width": 5}})
    assert (content.values, content.places, problems) == ({"width": 5}, {"width": ("image", "width")}, [])
    assert summaries(read_tree(table, fields, {"image": {"depth": 5}})[1]) == [("CAL212", ("image", "depth"))]
    assert summaries(read_tree(table, fields, {"image": [5]})[1]) == [("CAL211", ("image",))]


def test_columns_of_bytes() -> None:
    columns = {
        "AMP_NAME": TextColumn(np.array([b"C00 ", b"C01"]), "bytes32"),
        "GAIN_ADJUSTMENT": TextColumn(np.array([1.0, 1.01]), "float64"),
    }
    calib, problems = GainCorrection.from_columns({}, [columns], "fits")
    assert calib is not None
    assert (calib.ampNames.tolist(), problems) == (["C00", "C01"], [])
    columns["AMP_NAME"] = TextColumn(np.array([b"\xff", b"C01"]), "bytes8")
    assert [problem.code for problem in GainCorrection.from_columns({}, [columns], "fits")[1]] == ["CAL214"]
