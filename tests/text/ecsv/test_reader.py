"""ECSV files are read as astropy reads them, whichever way is taken."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io.ascii import InconsistentTableError
from astropy.table import Table
from hypothesis import given
from hypothesis import strategies as st

from curated.text import read
from curated.text.ecsv import reader as ecsv_reader
from curated.text.ecsv.reader import read_ecsv
from support.texts import (
    ECSV_HEAD,
    FILLED_TEXTS,
    TEXTS,
    as_plain,
    assert_same_as_astropy,
    astropy_table,
    case_files,
    examples,
    sampled,
)

# -- generated tables ---------------------------------------------------------------------------------

NAMES = st.text(
    st.characters(codec="ascii", categories=["Ll", "Lu", "Nd"]) | st.sampled_from("_-. "),
    min_size=1,
    max_size=8,
)

COLUMN_NAMES = NAMES.map(str.strip).filter(lambda name: name and name not in ("metadata", "datatype"))

INTEGERS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]

FLOATS = ["float16", "float32", "float64"]

UNITS = st.sampled_from([None, "nm", "Angstrom", "pix", "adu", "electron", "%", "m / s2", "1 / electron2"])


def values(dtype: str) -> st.SearchStrategy[Any]:
    if dtype in INTEGERS:
        info = np.iinfo(dtype)
        return st.integers(int(info.min), int(info.max))
    if dtype in FLOATS:
        width = int(dtype[5:])
        return st.floats(width=width) | st.integers(-1000, 1000).map(float)
    return st.booleans() if dtype == "bool" else FILLED_TEXTS


@st.composite
def columns(draw: st.DrawFn, rows: int) -> Any:
    dtype = draw(st.sampled_from([*INTEGERS, *FLOATS, "bool", "str"]))
    # Astropy cannot read the vectors of an empty table that it writes.
    shape = draw(st.sampled_from([(), (), (3,), (2, 2), (1,)])) if rows else ()
    count = rows * math.prod(shape)
    items = draw(st.lists(values(dtype), min_size=count, max_size=count))
    return (
        np.array(items, dtype=dtype).reshape(rows, *shape)
        if items or dtype != "str"
        else np.zeros((0, *shape), "U1")
    )


SCALARS = st.one_of(
    TEXTS,
    st.integers(-(2**63), 2**63),
    st.floats(allow_nan=False),
    st.booleans(),
    st.none(),
    st.sampled_from(
        [
            "1e-5",
            "1.0e-5",
            "0x1F",
            "017",
            "1_000",
            "12:30:45",
            "2024-01-01",
            "2024-01-01T00:00:00",
            "yes",
            "null",
            "~",
            ".5",
            "1.",
            "=",
            "<<",
            "nan",
            ".nan",
            "-",
            "---",
            "...",
            "'",
            "''",
        ]
    ),
)

VALUES = SCALARS | st.lists(SCALARS, max_size=3) | st.dictionaries(FILLED_TEXTS, SCALARS, max_size=2)

METADATA = st.dictionaries(NAMES.map(str.strip).filter(bool) | FILLED_TEXTS, VALUES, max_size=8)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    rows = draw(st.sampled_from([0, 1, 2, 9, 12]))
    names = draw(st.lists(COLUMN_NAMES, min_size=1, max_size=4, unique=True))
    table = Table({name: draw(columns(rows)) for name in names}, names=names)
    for name in names:
        table[name].unit = draw(UNITS)
        table[name].description = draw(st.none() | FILLED_TEXTS)
    table.meta.update(draw(METADATA))
    return table


def written(table: Table, delimiter: str = " ") -> str:
    stream = io.StringIO()
    table.write(stream, format="ascii.ecsv", delimiter=delimiter)
    return stream.getvalue()


@examples(300)
@given(tables(), st.sampled_from([" ", ","]))
def test_generated_tables(table: Table, delimiter: str) -> None:
    text = written(table, delimiter)
    astropys = astropy_table(text)
    source, problems = read(text.encode(), "ecsv")
    assert problems == []
    assert source is not None
    assert_same_as_astropy(source, astropys)


@examples(100)
@given(tables(), st.sampled_from(["\r\n", "\r"]))
def test_other_line_ends(table: Table, end: str) -> None:
    text = written(table)
    source, problems = read(text.replace("\n", end).encode(), "ecsv")
    assert problems == []
    assert source is not None
    assert_same_as_astropy(source, astropy_table(text))


@examples(100)
@given(
    st.lists(
        st.tuples(
            st.integers(-(2**63), 2**63 - 1),
            st.floats(),
            st.floats(width=32),
            FILLED_TEXTS.filter(lambda t: " " not in t),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_quick_rows_equal_slow_rows(rows: list[tuple[int, float, float, str]]) -> None:
    table = Table(rows=rows, names=["a", "b", "c", "d"], dtype=["i8", "f8", "f4", "str"])
    text = written(table)
    # A comment after the column names sends everything the slow way.
    head, names, body = text.partition("\na b c d\n")
    quick, _ = read(text.encode(), "ecsv")
    slow, _ = read(f"{head}{names}# a comment\n{body}".encode(), "ecsv")
    assert quick is not None
    assert slow is not None
    for name in "abcd":
        assert as_plain(np.asarray(quick.columns[name].values)) == as_plain(
            np.asarray(slow.columns[name].values)
        )


def test_the_quick_way_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    text = written(Table({"x": np.arange(20.0), "y": np.arange(20)}, meta={"INSTRUME": "cam", "N": "5"}))

    def fail(*args: Any) -> Any:
        raise AssertionError("the slow way is taken")

    monkeypatch.setattr(ecsv_reader.csv, "reader", fail)
    monkeypatch.setattr(ecsv_reader.Body, "rows", property(fail))
    source, problems = read(text.encode(), "ecsv")
    assert problems == []
    assert source is not None
    assert source.columns["x"].values.tolist() == list(range(20))


# -- what differs from astropy, on purpose ------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [" ", ","])
@pytest.mark.parametrize(
    "row",
    ["x y", '"x" "y"', '"\u00a0x\u00a0" y', "\u00a0x y", "x\u00a0 y", '"a b" "c ""d"" e"', "'a' 'b'", '"#x" y', "  x   y  ", "x,y", '"x,y" z', '"x" , "y"', "\tx y\t",
     '"x\ty" z', 'x"y z', '"a b" "', '"a"b c', "\u3000x y", '"" y', "x,", ",x"],
)  # fmt: skip
def test_rows_as_astropy(row: str, delimiter: str) -> None:
    declared = f"# delimiter: '{delimiter}'\n" if delimiter != " " else ""
    columns = "# - {name: a, datatype: string}\n# - {name: b, datatype: string}\n"
    text = f"# %ECSV 1.0\n# ---\n{declared}# datatype:\n{columns}a{delimiter}b\nu{delimiter}v\n{row}\n"
    source, problems = read_ecsv(text)
    try:
        table = astropy_table(text)
    except (ValueError, InconsistentTableError):
        assert source is None
        return
    if table.has_masked_values:
        # An empty text is a missing one to astropy.
        table = table.filled("")
    if source is None:
        assert [p.code for p in problems] == ["CAL205"], "astropy passes over a quote that does not end"
        assert row.count('"') % 2
        return
    assert_same_as_astropy(source, table)


def test_names_with_blanks_are_not_two_names() -> None:
    text = f"{ECSV_HEAD}# - {{name: a b, datatype: int64}}\na b\n1\n"
    assert [p.code for p in read_ecsv(text)[1]] == ["CAL205"]
    source, _ = read_ecsv(text.replace("\na b\n", '\n"a b"\n'))
    assert source is not None
    assert source.columns["a b"].values.tolist() == [1]


def test_cells_longer_than_the_csv_module_takes() -> None:
    long = json.dumps([0.5] * 40_000, separators=(",", ":"))
    source, problems = read_ecsv(
        f"{ECSV_HEAD}# - {{name: a, datatype: string, subtype: 'float64[40000]'}}\n# - {{name: b, datatype: string}}\na b\n{long} \"x y\"\n"
    )
    assert problems == []
    assert source is not None
    assert source.columns["a"].values.shape == (1, 40_000)
    assert source.columns["b"].values == ["x y"]


def test_every_wrong_row_has_its_line() -> None:
    text = f"{ECSV_HEAD}# - {{name: a, datatype: int64}}\n\n# - {{name: b, datatype: int64}}\n\na b\n1\n# comment\n1 2\n1 2 3\n"
    _, problems = read_ecsv(text)
    assert [(p.code, p.line) for p in problems] == [("CAL217", 9), ("CAL217", 12)]


def test_blank_lines_in_the_header() -> None:
    text = f"{ECSV_HEAD}\n# - {{name: a, datatype: int64}}\n   \n# meta: {{A: 1}}\n\na\n1\n"
    source, problems = read_ecsv(text)
    assert problems == []
    assert source is not None
    assert source.metadata == {"A": 1}
    assert source.locator(("metadata", "A")) == (7, 10)
    assert source.locator(("a", 0)) == (10, 1)
    assert_same_as_astropy(source, astropy_table(text))


# -- real files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", [p for p in case_files("good") if p.suffix == ".ecsv"], ids=lambda p: "-".join(p.parts[-6:])
)
def test_good_cases_as_astropy(path: Path) -> None:
    data = path.read_bytes()
    source, _ = read(data, "ecsv")
    assert source is not None
    text = data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    assert_same_as_astropy(source, astropy_table(text))


def test_real_files_as_astropy(corpus: Path) -> None:
    paths = sorted((corpus / "obs_lsst_data").rglob("*.ecsv"))
    assert len(paths) == 2079
    for path in sampled(paths, 17):
        data = path.read_bytes()
        source, problems = read(data, "ecsv")
        assert problems == []
        assert source is not None
        assert_same_as_astropy(source, astropy_table(data.decode()))
