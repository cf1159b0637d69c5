"""Values as tables of FITS and ECSV, and as plain data of YAML and JSON."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curated.calib.reader import from_columns, from_tree
from curated.calib.writer import column_unit, plain, plain_tree, table_data
from curated.core.tables import TextColumn
from curated.declare import Table
from support.declarations import make_field, make_spec

KEYED = Table(name="T", rows="key", key_column="AMP")


def make_calib(
    metadata: dict[str, Any] | None = None, units: dict[str, str] | None = None, **values: Any
) -> Any:
    return SimpleNamespace(metadata=metadata or {}, units=units or {}, **values)


@pytest.mark.parametrize(
    ("source", "keeps_unit", "unit"),
    [("declared", False, "Angstrom"), ("declared", True, "nm"), ("given", False, "nm"), ("none", False, "")],
)
def test_units_of_columns(source: Any, keeps_unit: bool, unit: str) -> None:
    field = make_field("x", unit="angstrom", keeps_unit=keeps_unit)
    assert column_unit(make_spec(Table(name="T", fits_units=source)), field, {"x": "nm"}) == unit


def test_rows_by_key() -> None:
    fields = (
        make_field("gain", unit="electron/adu"),
        make_field("good", "bool"),
        make_field("offset", column="", columns=("X", "Y"), shape=(2,)),
        make_field("side", "i8", common=True),
        make_field("extra", "any", column="", prefix="AUX_", common=True),
    )
    calib = make_calib(
        gain={"a": 1.5, "b": 1.25},
        good={"a": True, "b": False},
        offset={"a": [1.0, 2.0], "b": [3.0, 4.0]},
        side=4,
        extra={"T": np.array([7, 8])},
    )
    (table,) = table_data(make_spec(KEYED), fields, calib)
    assert table.carries_metadata
    assert {name: column.values.tolist() for name, column in table.columns.items()} == {
        "AMP": ["a", "b"],
        "GAIN": [1.5, 1.25],
        "GOOD": [1, 0],
        "X": [1, 3],
        "Y": [2, 4],
        "SIDE": [4, 4],
        "AUX_T": [[7, 8], [7, 8]],
    }
    assert table.columns["GAIN"].unit == "electron/adu"
    assert table.columns["GOOD"].values.dtype == "i8"


def test_vectors_of_different_lengths() -> None:
    rows = {"a": np.array([1.0, 2.0]), "b": np.array([3.0])}
    (table,) = table_data(make_spec(KEYED), (make_field("x", shape=("*",)),), make_calib(x=rows))
    assert table.columns["X"].variable == "P"
    assert [row.tolist() for row in table.columns["X"].values] == [[1, 2], [3]]
    (table,) = table_data(make_spec(KEYED), (make_field("x", shape=("*",), padded=True),), make_calib(x=rows))
    np.testing.assert_array_equal(table.columns["X"].values, [[1, 2], [3, np.nan]])


def test_other_tables() -> None:
    tables = (
        Table(name="A", rows="one", keywords=("MODEL",)),
        Table(name="B", optional=True),
        Table(name="C"),
    )
    fields = (
        make_field("matrix", shape=(2, 2)),
        make_field("b", table=1),
        make_field("name", "str", table=2, width=8),
        make_field("absent", table=2, required=False),
    )
    values = {"matrix": np.eye(2), "b": np.zeros(0), "name": np.array(["a", "bc"]), "absent": None}
    first, last = table_data(make_spec(*tables), fields, make_calib({"MODEL": "M"}, **values))
    assert first.columns["MATRIX"].values.tolist() == [[1, 0, 0, 1]]
    assert (first.keywords, first.carries_metadata, last.carries_metadata) == ({"MODEL": "M"}, True, False)
    assert last.columns.keys() == {"NAME"}
    assert last.columns["NAME"].values.dtype == "U8"
    repeated = table_data(make_spec(*tables, repeats_metadata=True), fields, make_calib(**values))
    assert [table.carries_metadata for table in repeated] == [True, True]


def test_plain_values() -> None:
    assert plain(np.eye(2)) == [1, 0, 0, 1]
    assert plain("text") == "text"


def test_documents() -> None:
    tables = (
        Table(name="T", rows="key", key_column="AMP", group="amps"),
        Table(name="boxes", rows="records"),
    )
    fields = (
        make_field("gain"),
        make_field("kernel", shape=(2, 2)),
        make_field("curve", shape=("*", 2)),
        make_field("x", "i8", table=1),
        make_field("note", "str", table=1, required=False, default=""),
        make_field("weight", keyword="WEIGHT", column="", required=False),
        make_field("height", keyword="HEIGHT", column="", required=False),
    )
    calib = make_calib(
        {"WEIGHT": 1.0},
        gain={"a": 1.5},
        kernel={"a": np.eye(2)},
        curve={"a": np.ones((1, 2))},
        x=np.array([1, 2]),
        note=np.array(["", "n"]),
        weight=1.0,
        height=3.0,
    )
    assert plain_tree(make_spec(*tables), fields, calib) == {
        "amps": {"a": {"gain": 1.5, "kernel": [1, 0, 0, 1], "curve": [[1, 1]]}},
        "boxes": [{"x": 1}, {"x": 2, "note": "n"}],
        "height": 3.0,
    }


@given(
    st.dictionaries(st.text("abc", min_size=1), st.tuples(st.floats(), st.floats()), min_size=1, max_size=4)
)
def test_the_reader_reads_what_is_written(values: dict[str, tuple[float, float]]) -> None:
    spec = make_spec(KEYED)
    fields = (make_field("x", column="", columns=("X0", "X1"), shape=(2,)), make_field("y"))
    calib = make_calib(x={k: np.array(v) for k, v in values.items()}, y={k: v[0] for k, v in values.items()})
    (table,) = table_data(spec, fields, calib)
    columns = {name: TextColumn(c.values, "float64", c.unit) for name, c in table.columns.items()}
    in_columns, problems = from_columns(spec, fields, {}, [columns], "ecsv")
    in_text, more_problems = from_tree(spec, fields, {}, plain_tree(spec, fields, calib), "yaml")
    assert problems == more_problems == []
    for content in (in_columns, in_text):
        for name in ("x", "y"):
            assert list(content.values[name]) == list(values)
            for key, item in content.values[name].items():
                np.testing.assert_array_equal(item, getattr(calib, name)[key])
