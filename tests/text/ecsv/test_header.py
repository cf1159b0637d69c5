"""Headers of ECSV files: line by line, or through the YAML parser, they give the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from curated.text.ecsv import header as ecsv_header
from curated.text.ecsv.header import Header, read_header
from support.texts import FILLED_TEXTS, examples, plain_metadata, sampled

ODD_VALUES = ["y", "NO", "on", "Null", "~", "-", "---", "...", "=", "<<", "[1]2]", "[1, 2]", "[-0, 007]", "[]", "[1,2]", "-1", "-1.5",
     "1.5e-05", "-1.5e-05", "00:56:26", "12:30:45", "1:1.5", "2019-05-14", "2019-05-14T00:56:26.760751", "0x1F", "017", "08", "1_000",
     "+5", ".5", "5.", "1e5", "nan", ".inf", "-.inf", "'a'' b'", "'a'", "''", "'a' b", '"a"', "a b  c", "a: b", "a:b", "a #b", "a#b", "*x",
     "&x a", "!x a", "?", "? a", "a,b", "{a: b}", "}", "a}", "]", "%", "@x", "`x", "|", ">", "a\\b", "\u0663", "1.\u0665", "1\u0663", "[1, \u0663]", "'\x80'", "'\u2028'",
     "'a\\nb'", "True", "a=b (c) d/e", "lsst.ip.isr.Defects", "x" * 50, "9" * 30, "1." + "5" * 60, "- a", "a -", "a- b", ";", "$x", "^", "~a", "_", "__serialized_columns__"]  # fmt: skip

ODD = st.sampled_from(ODD_VALUES)

PLAIN_TEXTS = st.text(st.sampled_from("abcXYZ019 ./+-~()<>^$;=_:,#'\"[]{}&*!|%@`?\\"), max_size=10)

ANY_VALUES = ODD | PLAIN_TEXTS | st.integers().map(str) | st.floats().map(repr) | FILLED_TEXTS

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


def test_real_headers_take_either_way(corpus: Path) -> None:
    for path in sampled(sorted((corpus / "obs_lsst_data").rglob("*.ecsv")), 17):
        lines = [line[2:] for line in path.read_text().split("\n") if line.startswith("#")]
        header, problems = read_header(lines)
        assert (as_data(header), problems) == slow_header(lines)
