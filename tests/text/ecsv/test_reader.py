"""ECSV files are read as astropy reads them, whichever way is taken."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from astropy.io.ascii import InconsistentTableError
from astropy.table import Table
from hypothesis import example, given
from hypothesis import strategies as st

from curated.text import read
from curated.text.ecsv import header as ecsv_header
from curated.text.ecsv import reader as ecsv_reader
from curated.text.ecsv.header import Header, read_header
from curated.text.ecsv.reader import read_ecsv
from curated.text.yaml.reader import load_yaml
from support.texts import (
    FULL,
    as_plain,
    assert_same_as_astropy,
    astropy_table,
    case_files,
    examples,
    plain_metadata,
)

# -- generated tables ---------------------------------------------------------------------------------

# Line ends apart, which astropy takes for ends of rows inside of quotes, too.
CHARACTERS = st.characters(
    exclude_categories=["Cc", "Cs", "Zl", "Zp", "Cn", "Co"], exclude_characters="\ufeff\ufffe\uffff"
)
TEXTS = st.text(CHARACTERS | st.sampled_from(" \"'#,;[]{}:-?&*!|>%@`~"), max_size=12).map(str.strip)
TEXTS = TEXTS.filter(lambda text: "<<<<<<<" not in text and ">>>>>>>" not in text)
FILLED = TEXTS.filter(bool)
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
    return st.booleans() if dtype == "bool" else FILLED


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
VALUES = SCALARS | st.lists(SCALARS, max_size=3) | st.dictionaries(FILLED, SCALARS, max_size=2)
METADATA = st.dictionaries(NAMES.map(str.strip).filter(bool) | FILLED, VALUES, max_size=8)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    rows = draw(st.sampled_from([0, 1, 2, 9, 12]))
    names = draw(st.lists(COLUMN_NAMES, min_size=1, max_size=4, unique=True))
    table = Table({name: draw(columns(rows)) for name in names}, names=names)
    for name in names:
        table[name].unit = draw(UNITS)
        table[name].description = draw(st.none() | FILLED)
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
    theirs = astropy_table(text)
    source, problems = read(text.encode(), "ecsv")
    assert problems == []
    assert source is not None
    assert_same_as_astropy(source, theirs)


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
            FILLED.filter(lambda t: " " not in t),
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


# -- the header ---------------------------------------------------------------------------------------

ODD_VALUES = ["y", "NO", "on", "Null", "~", "-", "---", "...", "=", "<<", "[1]2]", "[1, 2]", "[-0, 007]", "[]", "[1,2]", "-1", "-1.5",
     "1.5e-05", "-1.5e-05", "00:56:26", "12:30:45", "1:1.5", "2019-05-14", "2019-05-14T00:56:26.760751", "0x1F", "017", "08", "1_000",
     "+5", ".5", "5.", "1e5", "nan", ".inf", "-.inf", "'a'' b'", "'a'", "''", "'a' b", '"a"', "a b  c", "a: b", "a:b", "a #b", "a#b", "*x",
     "&x a", "!x a", "?", "? a", "a,b", "{a: b}", "}", "a}", "]", "%", "@x", "`x", "|", ">", "a\\b", "\u0663", "1.\u0665", "1\u0663", "[1, \u0663]", "'\x80'", "'\u2028'",
     "'a\\nb'", "True", "a=b (c) d/e", "lsst.ip.isr.Defects", "x" * 50, "9" * 30, "1." + "5" * 60, "- a", "a -", "a- b", ";", "$x", "^", "~a", "_", "__serialized_columns__"]  # fmt: skip
ODD = st.sampled_from(ODD_VALUES)
PLAIN_TEXTS = st.text(st.sampled_from("abcXYZ019 ./+-~()<>^$;=_:,#'\"[]{}&*!|%@`?\\"), max_size=10)
ANY_VALUES = ODD | PLAIN_TEXTS | st.integers().map(str) | st.floats().map(repr) | FILLED
ANY_KEYS = st.text(st.sampled_from("abXYZ019 ._-"), min_size=1, max_size=6) | st.sampled_from(["y", "N", "no", "On", "null", "True", "a b", "a ", "\u00e4", "LSST CALIB DEFECTS", "5", "1.5"])  # fmt: skip


@st.composite
def header_lines(draw: st.DrawFn) -> list[str]:
    style = draw(st.sampled_from(["- {{{}: {}}}", "- {}: {}", "  {}: {}"]))
    pairs = draw(st.lists(st.tuples(ANY_KEYS, ANY_VALUES), max_size=5))
    return [
        "%ECSV 1.0",
        "---",
        "datatype:",
        *draw(st.lists(st.sampled_from(["- {name: a, datatype: int64}", "- {name: b, unit: nm, datatype: float64}", "# c", "- name: c", "  datatype: bool"]), max_size=3)),
        "meta: !!omap" if "-" in style else "meta:",
        *(style.format(key, value) for key, value in pairs),
        *draw(st.sampled_from([[], ["- __serialized_columns__:", "    a: {unit: m}"], ["  __serialized_columns__: {a: {unit: m}}"]])),
        *draw(st.sampled_from([["schema: astropy-2.0"], [], ["schema: astropy-2.0", "# end"]])),
    ]  # fmt: skip


def as_data(header: Header | None) -> Any:
    if header is None:
        return None
    columns = [(c.name, c.dtype, c.unit, c.doc, c.subtype) for c in header.columns]
    return columns, list(header.metadata), plain_metadata(header.metadata), header.delimiter


def slow_header(lines: list[str]) -> tuple[Any, Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ecsv_header, "_plain_header", lambda _: None)
        header, problems = read_header(lines)
    return as_data(header), problems


@examples(800)
@given(header_lines())
def test_quick_header_equals_yaml(lines: list[str]) -> None:
    header, problems = read_header(lines)
    assert (as_data(header), problems) == slow_header(lines)


STYLES = ["- {{{}: {}}}", "- {}: {}", "  {}: {}"]
ODD_KEYS = [
    "y",
    "N",
    "no",
    "On",
    "null",
    "True",
    "a b",
    "a ",
    "a  b",
    "\u00e4",
    "5",
    "1.5",
    "a.b",
    "_",
    "~",
    "a:b",
    "<<",
    "=",
]


def one_pair(style: str, key: str, value: str) -> list[str]:
    meta = "meta: !!omap" if style.startswith("-") else "meta:"
    pair = style.format(key, value)
    return [
        "%ECSV 1.0",
        "---",
        "datatype:",
        "- {name: a, datatype: int64}",
        meta,
        pair,
        "schema: astropy-2.0",
    ]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("value", ODD_VALUES)
def test_odd_values(style: str, value: str) -> None:
    lines = one_pair(style, "KEY", value)
    header, problems = read_header(lines)
    assert (as_data(header), problems) == slow_header(lines)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("key", ODD_KEYS)
def test_odd_keys(style: str, key: str) -> None:
    lines = one_pair(style, key, "1")
    header, problems = read_header(lines)
    assert (as_data(header), problems) == slow_header(lines)


def test_the_quick_header_is_taken() -> None:
    lines = [
        "%ECSV 1.0",
        "---",
        "datatype:",
        "- {name: a, datatype: int64}",
        "meta: !!omap",
        "- {A: b}",
        "schema: astropy-2.0",
    ]
    assert ecsv_header._plain_header(lines) is not None


FLOW_META = [
    "%ECSV 1.0",
    "---",
    "datatype:",
    "- {name: a, datatype: int64}",
    "meta: {A: x.y.Z, DATE: '1970-01-01T00:00:00', CALIB_ID: detector=S00 filter=None,",
    "  N: 0, L: [1, 2], E: '', V: 2.0}",
    "schema: astropy-2.0",
]


@st.composite
def flow_header_lines(draw: st.DrawFn) -> list[str]:
    pairs = draw(st.lists(st.tuples(ANY_KEYS, ANY_VALUES), max_size=5))
    breaks = draw(
        st.lists(st.sampled_from([", ", ",\n  ", ",\n", ",\n\n ", "\n  # c\n  , "]), min_size=5, max_size=5)
    )
    flow = "".join(f"{key}: {value}{after}" for (key, value), after in zip(pairs, breaks, strict=False))
    head = draw(
        st.sampled_from([["---"], ["# c", "---"], ["", "--- "], ["---", "---"], [" ---"], ["--- # c"], []])
    )
    return [
        "%ECSV 1.0",
        *head,
        "datatype:",
        "- {name: a, datatype: int64}",
        *f"meta: {{{flow}}}".split("\n"),
        "schema: astropy-2.0",
    ]  # fmt: skip


@examples(400)
@given(flow_header_lines())
@example(FLOW_META)
def test_header_with_keywords_in_braces_equals_yaml(lines: list[str]) -> None:
    header, problems = read_header(lines)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("curated.text.yaml.reader.parse_plain", lambda _: None)
        assert (as_data(header), problems) == slow_header(lines)


def test_no_yaml_parser_is_needed_for_keywords_in_braces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "curated.text.yaml.loader.load_document", lambda _: pytest.fail("the parser is called")
    )
    monkeypatch.setattr(
        "curated.text.yaml.loader.load_fragment", lambda _: pytest.fail("the parser is called")
    )
    header, _ = read_header(FLOW_META)
    assert header is not None
    assert list(header.metadata) == ["A", "DATE", "CALIB_ID", "N", "L", "E", "V"]


def test_what_a_header_gives_is_nobody_elses() -> None:
    lines = [
        "%ECSV 1.0",
        "---",
        "datatype:",
        "- {name: a, datatype: int64}",
        "meta: !!omap",
        "- A: [4, 4]",
        "schema: astropy-2.0",
    ]
    first, second = read_header(lines)[0], read_header(lines)[0]
    assert first is not None
    assert second is not None
    first.metadata["A"].append(5)
    assert second.metadata["A"] == [4, 4]


# -- what differs from astropy, on purpose ------------------------------------------------------------

HEAD = "# %ECSV 1.0\n# ---\n# datatype:\n"


def cells(declaration: str, *rows: str) -> Any:
    name = yaml.safe_load(f"[{declaration}]")[0]["name"]
    source, problems = read_ecsv(f"{HEAD}# - {declaration}\n{name}\n" + "".join(f"{row}\n" for row in rows))
    return source.columns[name].values if source else [(p.code, p.line, p.detail) for p in problems]


@pytest.mark.parametrize(
    ("declaration", "cell", "code"),
    [
        ("{name: a, datatype: string, subtype: 'int64[2]'}", "[1,2.5]", "CAL218"),
        ("{name: a, datatype: string, subtype: 'int8[2]'}", "[1,128]", "CAL218"),
        ("{name: a, datatype: string, subtype: 'uint8[2]'}", "[1,-1]", "CAL218"),
        ("{name: a, datatype: string, subtype: 'bool[2]'}", "[true,2]", "CAL218"),
        ("{name: a, datatype: string, subtype: 'bool[1]'}", '"[""no""]"', "CAL218"),
        ("{name: a, datatype: string, subtype: 'float64[1]'}", '"[""1.5""]"', "CAL218"),
        ("{name: a, datatype: string, subtype: 'float64[2]'}", "[1,[2]]", "CAL218"),
        ("{name: a, datatype: string, subtype: 'float64[2]'}", "[1]", "CAL215"),
        ("{name: a, datatype: string, subtype: 'float64[2]'}", "5", "CAL215"),
        ("{name: a, datatype: string, subtype: 'float64[null]'}", "[[1]]", "CAL215"),
        ("{name: a, datatype: string, subtype: 'float64[2]'}", "[1,", "CAL218"),
        ("{name: a, datatype: int8}", "128", "CAL218"),
        ("{name: a, datatype: uint8}", "-1", "CAL218"),
        ("{name: a, datatype: int64}", "1.0", "CAL218"),
        ("{name: a, datatype: int64}", "1_0", "CAL218"),
        ("{name: a, datatype: float64}", "1_0.5", "CAL218"),
        ("{name: a, datatype: float64}", '""', "CAL218"),
        ("{name: a, datatype: bool}", "true", "CAL218"),
        ("{name: a, datatype: bool}", "yes", "CAL218"),
        ("{name: a, datatype: complex128}", "1", "CAL205"),
        ("{name: a, datatype: string, subtype: json}", "1", "CAL205"),
        ("{name: a, datatype: float64, subtype: 'float64[1]'}", "[1]", "CAL205"),
    ],
)
def test_cells_that_would_be_changed_without_a_word(declaration: str, cell: str, code: str) -> None:
    assert [found[0] for found in cells(declaration, cell)] == [code]


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
    text = f"{HEAD}# - {{name: a b, datatype: int64}}\na b\n1\n"
    assert [p.code for p in read_ecsv(text)[1]] == ["CAL205"]
    source, _ = read_ecsv(text.replace("\na b\n", '\n"a b"\n'))
    assert source is not None
    assert source.columns["a b"].values.tolist() == [1]


def test_null_among_floats_is_nan() -> None:
    assert np.isnan(cells("{name: a, datatype: string, subtype: 'float32[2]'}", "[null,1]"))[0].tolist() == [
        True,
        False,
    ]


def test_vectors_of_varying_length() -> None:
    values = cells("{name: a, datatype: string, subtype: 'float64[null]'}", "[1,2]", "[]", "[3]")
    assert [v.tolist() for v in values] == [[1, 2], [], [3]]


def test_cells_longer_than_the_csv_module_takes() -> None:
    long = json.dumps([0.5] * 40_000, separators=(",", ":"))
    source, problems = read_ecsv(
        f"{HEAD}# - {{name: a, datatype: string, subtype: 'float64[40000]'}}\n# - {{name: b, datatype: string}}\na b\n{long} \"x y\"\n"
    )
    assert problems == []
    assert source is not None
    assert source.columns["a"].values.shape == (1, 40_000)
    assert source.columns["b"].values == ["x y"]


def test_every_wrong_cell_has_its_line() -> None:
    rows = ["1", "x", "# comment", "", "2", "y", '"z"']
    assert [line for _, line, _ in cells("{name: a, datatype: int64}", *rows)] == [7, 11, 12]


def test_every_wrong_row_has_its_line() -> None:
    text = f"{HEAD}# - {{name: a, datatype: int64}}\n\n# - {{name: b, datatype: int64}}\n\na b\n1\n# comment\n1 2\n1 2 3\n"
    _, problems = read_ecsv(text)
    assert [(p.code, p.line) for p in problems] == [("CAL217", 9), ("CAL217", 12)]


def test_blank_lines_in_the_header() -> None:
    text = f"{HEAD}\n# - {{name: a, datatype: int64}}\n   \n# meta: {{A: 1}}\n\na\n1\n"
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


def sampled(paths: list[Path], stride: int) -> Iterator[Path]:
    # The stride has no factor in common with the files of a raft.
    yield from paths if FULL else paths[::stride]


def test_real_files_as_astropy(corpus: Path) -> None:
    paths = sorted((corpus / "obs_lsst_data").rglob("*.ecsv"))
    assert len(paths) == 2079
    for path in sampled(paths, 17):
        data = path.read_bytes()
        source, problems = read(data, "ecsv")
        assert problems == []
        assert source is not None
        assert_same_as_astropy(source, astropy_table(data.decode()))


def test_real_headers_take_either_way(corpus: Path) -> None:
    for path in sampled(sorted((corpus / "obs_lsst_data").rglob("*.ecsv")), 17):
        lines = [line[2:] for line in path.read_text().split("\n") if line.startswith("#")]
        header, problems = read_header(lines)
        assert (as_data(header), problems) == slow_header(lines)


def test_real_yaml_takes_either_way(corpus: Path) -> None:
    paths = sorted((corpus / "obs_lsst_data").rglob("*.yaml"))
    assert len(paths) == 189
    for path in sampled(paths, 17):
        text = path.read_text()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("curated.text.yaml.reader.parse_plain", lambda _: None)
            slow = load_yaml(text)
        assert load_yaml(text) == slow
