"""Tables that astropy wrote itself: quantities and masks are understood, objects are refused with a hint that helps."""

from __future__ import annotations

import io
import warnings
from typing import Any

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.table import MaskedColumn, QTable, Table
from astropy.time import Time

from curated.core.tables import TextColumn
from curated.text import read
from curated.text.ecsv.serialized import masked_values


def written(table: Table, **options: Any) -> bytes:
    stream = io.StringIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table.write(stream, format="ascii.ecsv", **options)
    return stream.getvalue().encode()


@pytest.mark.parametrize("unit", ["nm", "Angstrom", "um", "%", "electron / adu", "1 / mm", ""])
@pytest.mark.parametrize("meta", [{}, {"INSTRUME": "cam"}])
def test_quantities(unit: str, meta: dict[str, str]) -> None:
    table = QTable({"a": [1.0, 2.0] * u.Unit(unit), "b": [1, 2]}, meta=meta)
    source, problems = read(written(table), "ecsv")
    assert problems == []
    assert source is not None
    assert source.columns["a"].unit == str(table["a"].unit)
    assert source.columns["a"].values.tolist() == [1.0, 2.0]
    assert source.metadata == meta


@pytest.mark.parametrize("dtype", ["i4", "f8", "?"])
@pytest.mark.parametrize("masked", [[], [0], [1, 2], [0, 1, 2]])
@pytest.mark.parametrize("method", ["data_mask", "null_value"])
def test_masked_columns(dtype: str, masked: list[int], method: str) -> None:
    column = MaskedColumn(np.array([1, 0, 1], dtype), mask=[i in masked for i in range(3)], name="x")
    column.info.serialize_method["ecsv"] = method
    table = Table([column, [4, 5, 6]], names=["x", "y"])
    source, problems = read(written(table), "ecsv")
    code = "CAL224" if method == "data_mask" else "CAL218"
    assert [(p.code, p.line) for p in problems if masked] == [(code, p.line) for p in problems]
    assert len(problems) == len(masked)
    for i, problem in zip(masked, problems, strict=True):
        assert problem.detail.startswith(f"row {i + 1} x: ")
    if not masked:
        assert source is not None
        assert list(source.columns) == ["x", "y"]


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (Time(["2020-01-01", "2020-01-02"]), "ISO 8601"),
        (Time([58000.0, 58001.0], format="mjd"), "MJD"),
        (SkyCoord([1, 2], [3, 4], unit="deg"), ""),
        (Time(["2020-01-01", "2020-01-02"]) - Time("2019-01-01"), "unit s"),
    ],
)
def test_objects_are_refused_with_a_hint(column: Any, words: str) -> None:
    _, problems = read(written(Table({"x": column, "y": [1, 2]})), "ecsv")
    assert {p.code for p in problems} == {"CAL225"}
    assert any(words in p.hint and p.line for p in problems)


INDEX_COLUMNS = "# - {name: x, datatype: int64}\n# - {name: __index__, datatype: int64}\n"


def indexed(entry: str) -> bytes:
    meta = f"# - {{INSTRUME: cam}}\n# - __table_indices__: {entry}\n"
    text = f"# %ECSV 1.0\n# ---\n# datatype:\n{INDEX_COLUMNS}# meta: !!omap\n{meta}# schema: astropy-2.0\n"
    return f"{text}x __index__\n1 0\n3 1\n".encode()


def test_indices_of_a_table_are_no_data() -> None:
    text = indexed("{indices: [{colnames: [x], index_colname: __index__}], primary_key: [x]}")
    assert Table.read(text.decode().splitlines(), format="ascii.ecsv").colnames == ["x"]
    source, problems = read(text, "ecsv")
    assert problems == []
    assert source is not None
    assert list(source.columns) == ["x"]
    assert source.metadata == {"INSTRUME": "cam"}


@pytest.mark.parametrize("entry", ["1", "[]", "{}", "{indices: []}", "{primary_key: [x], indices: [1]}", "{primary_key: [x], indices: [{index_colname: y}]}", "text"])  # fmt: skip
def test_indices_that_astropy_cannot_make(entry: str) -> None:
    source, problems = read(indexed(entry), "ecsv")
    assert source is None
    assert [(p.code, p.line) for p in problems] == [("CAL225", 8)]


def test_a_mask_whose_explanation_was_lost() -> None:
    columns = {
        "x": TextColumn(np.arange(300), "int64"),
        "x.mask": TextColumn(np.ones(300, bool), "bool"),
        "y.mask": TextColumn(np.ones(300, bool), "bool"),
    }
    problems = masked_values(columns, {})
    assert len(problems) == 300
    assert {p.pointer[0] for p in problems} == {"x"}
    assert len(masked_values(columns, {"x": "y.mask"})) == 300


HEAD = "# %ECSV 1.0\n# ---\n# datatype:\n# - {name: x, unit: nm, datatype: float64}\n# meta: !!omap\n"


@pytest.mark.parametrize(
    "entry",
    [
        "1", "[]", "{x: 1}", "{x: {}}", "{x: {__class__: 1}}", "{x: {__class__: os.system, value: {name: x}}}",
        "{x: {__class__: astropy.units.quantity.Quantity}}",
        "{x: {__class__: astropy.units.quantity.Quantity, value: {name: x}}}",
        "{x: {__class__: astropy.units.quantity.Quantity, value: {name: y}, unit: nm}}",
        "{x: {__class__: astropy.units.quantity.Quantity, value: {name: {name: x}}, unit: nm}}",
        "{y: {__class__: astropy.units.quantity.Quantity, value: {name: y}, unit: nm}}",
        "{1: {__class__: astropy.units.quantity.Quantity, value: {name: x}, unit: nm}}",
        "{x: {__class__: astropy.units.quantity.Quantity, value: {name: x}, mask: {name: x}, unit: nm}}",
        "{x: {__class__: astropy.table.column.MaskedColumn, data: {name: x}, mask: {name: x}}}",
        "{x: {__class__: astropy.table.column.MaskedColumn, value: {name: x}}}",
        "{x: {__class__: astropy.table.column.Column, value: {name: x}}}",
    ],
)  # fmt: skip
def test_entries_that_mean_nothing(entry: str) -> None:
    text = f"{HEAD}# - __serialized_columns__: {entry}\n# schema: astropy-2.0\nx\n1.5\n"
    source, problems = read(text.encode(), "ecsv")
    assert source is None
    assert {p.code for p in problems} == {"CAL225"}
    assert all(p.line == 6 for p in problems)
