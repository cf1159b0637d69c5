"""Whatever a file holds, reading and checking it ends soon, and in findings."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curated.check.file import check_file
from curated.core.diagnostic import MAX_FINDINGS, Diagnostic, has_errors
from curated.package.layout import discover
from curated.text import read
from support.texts import case_files, examples

FORMS = ("ecsv", "yaml", "json")
SECONDS = 20
"""Far more than any of these takes, far less than what they would take unguarded."""

# YAML knows more ends of lines than ECSV.
LINE_END = re.compile(rb"\n|\r|\xc2\x85|\xe2\x80[\xa8\xa9]")

TYPES = {
    "ecsv": ["cam/defects/d00", "cam/crosstalk/d00", "cam/transmission_sensor/d00", "cam/transmission_filter/r", "cam/bfk/d00", "cam/linearizer/d00", "cam/ptc/d00"],
    "yaml": ["cam/defects/d00", "cam/crosstalk/d00", "cam/bfk/d00", "cam/camera", "cam/linearizer/d00", "cam/ptc/d00", "cam/cti/d00"],
    "json": ["cam/defects/d00", "cam/crosstalk/d00", "cam/bfk/d00"],
}  # fmt: skip


def check(data: bytes, form: str, directory: str = "") -> list[Diagnostic]:
    """Check a file as each type that has the form, within the time; the findings of the last."""
    diagnostics: list[Diagnostic] = []
    # Large ones as one type only: it is the reading that they try.
    for place in [directory] if directory else TYPES[form][: None if len(data) < 20_000 else 1]:
        (file,) = discover([f"{place}/20240101T000000.{form}"], "").files
        start = time.perf_counter()
        _, report = check_file(file, data)
        assert time.perf_counter() - start < SECONDS
        diagnostics = report.diagnostics
        for diagnostic in diagnostics:
            assert len(diagnostic.message) < 5000
            assert diagnostic.line <= len(LINE_END.findall(data)) + 2
            # Whoever prints it may have to.
            str(diagnostic.to_dict()).encode()
            diagnostic.message.encode()
    return diagnostics


def refused(data: str | bytes, form: str) -> set[str]:
    diagnostics = check(data if isinstance(data, bytes) else data.encode(), form)
    assert has_errors(diagnostics)
    return {d.code for d in diagnostics}


@pytest.mark.parametrize("form", FORMS)
def test_bytes_that_are_no_text_are_findings(form: str) -> None:
    source, problems = read(b"\xff\xfe\x00", form)
    assert source is None
    assert problems[0].code == "CAL202"


# -- arbitrary ----------------------------------------------------------------------------------------

GOOD = {
    form: [path.read_bytes() for path in case_files("good") if path.suffix.lower() == f".{form}"]
    for form in FORMS
}
PIECES = [b"\0", b"\xff", b"\t", b"\r", b"\n", b" ", b'"', b"'", b"#", b"# ", b"[", b"]", b"{", b"}", b":", b": ", b"- ", b"- - ", b"&a ", b"*a", b"!!omap ",
          b"!!int ", b"!!python/name:os.system ", b"|\n", b">-\n", b"? ", b"<<: ", b"---\n", b"...\n", b"%ECSV 1.0", b"meta:", b"datatype:", b"subtype: ", b"'float64[9,null]'",
          b"1e999", b"-", b"9" * 30, b".nan", b"NaN", b"null", b"~", b"\xe2\x80\xa8", b"\xc2\x85", b"\xef\xbb\xbf", b"\xd9\xa3", b"schema: astropy-2.0", b"<<<<<<< ", b"\\ud800", b"\\"]  # fmt: skip


@examples(300)
@given(st.binary(max_size=200), st.sampled_from(FORMS))
def test_arbitrary_bytes(data: bytes, form: str) -> None:
    check(data, form)


@examples(300)
@given(
    st.lists(st.sampled_from(PIECES) | st.text(max_size=4).map(str.encode), max_size=30).map(b"".join),
    st.sampled_from(FORMS),
)
def test_arbitrary_pieces(data: bytes, form: str) -> None:
    check((b"# %ECSV 1.0\n# ---\n# datatype:\n" + data) if form == "ecsv" else data, form)


@st.composite
def mutations(draw: st.DrawFn) -> tuple[bytes, str]:
    form = draw(st.sampled_from(FORMS))
    data = draw(st.sampled_from(GOOD[form]))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        length = draw(st.sampled_from([0, 0, 1, 2, 5, 40]))
        piece = draw(st.sampled_from(PIECES) | st.binary(max_size=3) | st.just(data[start : start + 30]))
        data = data[:start] + piece + data[start + length :]
    return data, form


@examples(500)
@given(mutations())
def test_mutations_of_good_files(mutated: tuple[bytes, str]) -> None:
    check(*mutated)


LINES = {form: sorted({line for data in GOOD[form] for line in data.split(b"\n")}) for form in FORMS}


@examples(300)
@given(
    st.sampled_from(FORMS).flatmap(
        lambda form: st.tuples(st.just(form), st.lists(st.sampled_from(LINES[form]), max_size=30))
    )
)
def test_lines_of_good_files_in_any_order(drawn: tuple[str, list[bytes]]) -> None:
    form, lines = drawn
    head = b"# %ECSV 1.0\n# ---\n" if form == "ecsv" else b""
    check(head + b"\n".join(lines), form)


# -- on purpose ---------------------------------------------------------------------------------------

HEAD = "# %ECSV 1.0\n# ---\n# datatype:\n"


def bomb(width: int, depth: int, opening: str = "[", closing: str = "]") -> str:
    lines = [f"a0: &a0 {opening}{', '.join(['1'] * width)}{closing}"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * width)}]" for i in range(1, depth)]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "piece", ["[", "{", "[]", "{}", '{"a":', "[[", "- ", "? ", ": ", "- - ", "[{", "!!omap ", "&a ", "!", "'", '"', "|", "#", "\\", "\t", "%", "a: ", "-", "1:", "1_", "*a ", "0x"]
)  # fmt: skip
@pytest.mark.parametrize("before", ["", "metadata: "])
def test_repeated_pieces(piece: str, form: str, before: str) -> None:
    text = before + piece * (100_000 // len(piece))
    if form == "ecsv":
        text = f"{HEAD}# - {text}\na\n1\n"
    diagnostics = check(text.encode(), form)
    assert has_errors(diagnostics)


@pytest.mark.parametrize("step", ["", "- ", "a:"])
def test_indentation_that_grows(step: str) -> None:
    text = "".join(" " * n + ("a:\n" if step == "a:" else "-\n") for n in range(2500))
    assert refused(text, "yaml") == {"CAL209"}
    header = "".join(f"# {' ' * n}a:\n" for n in range(2500))
    assert refused(f"# %ECSV 1.0\n# ---\n{header}a\n1\n", "ecsv") == {"CAL209"}


def test_deep_but_closed() -> None:
    for depth in (900, 5_000, 100_000):
        text = "[" * depth + "1" + "]" * depth
        assert refused(f'{{"metadata": {{"A": {text}}}}}', "json") & {"CAL209", "CAL502"}
        assert "CAL209" in refused(f"metadata:\n  A: {text}\n", "yaml")
        assert "CAL209" in refused(
            f"{HEAD}# - {{name: a, datatype: int64}}\n# meta: {{A: {text}}}\na\n1\n", "ecsv"
        )


@pytest.mark.parametrize(
    "text", [bomb(10, 9), bomb(2, 40), bomb(3, 400), bomb(10, 9).replace("a8:", "metadata:"), bomb(1, 300)]
)
def test_aliases_that_multiply(text: str) -> None:
    check(text.encode(), "yaml")
    check(
        f"{HEAD}# - {{name: a, datatype: int64}}\n# meta:\n{''.join(f'#   {line}' + chr(10) for line in text.splitlines())}a\n1\n".encode(),
        "ecsv",
    )


@pytest.mark.parametrize("text", ["a: &a [*a]\n", "a: &a {b: *a}\n", "metadata: &a {b: *a}\n", "&a metadata: *a\n", "a: &a [[[*a]]]\nb: *a\n", "&a - *a\n", "a: &a !!omap [b: *a]\n", "a: &a !!set {*a : 1}\n"])  # fmt: skip
def test_aliases_inside_of_themselves(text: str) -> None:
    assert refused(text, "yaml") <= {"CAL204", "CAL209", "CAL211"}


def test_merge_keys() -> None:
    text = "a: &a {x: 1}\n" + "".join(f"b{i}:\n  <<: [*a, *a]\n" for i in range(5))
    assert refused(text, "yaml") == {"CAL204"}


@pytest.mark.parametrize("number", ["9" * 100_000, "0x" + "f" * 100_000, "0b" + "1" * 100_000, "0" + "7" * 100_000, ":".join(["59"] * 50_000), ":".join(["59"] * 50_000) + ".5", "1e" + "9" * 1000, "1." + "9" * 100_000, "-" * 1000 + "1", "1_" * 50_000 + "1", "9" * 4000, "9" * 99])  # fmt: skip
@pytest.mark.parametrize("form", FORMS)
def test_numbers_of_any_length(number: str, form: str) -> None:
    keywords = {"ecsv": f"{HEAD}# - {{name: x0, datatype: int64}}\n# meta: {{DETECTOR: {number}, A: {number}}}\nx0\n{number}\n", "yaml": f"x0: [{number}]\nnAmp: {number}\nmetadata: {{DETECTOR: {number}, NAMP: {number}, KERNEL_DX: {number}}}\n", "json": f'{{"x0": [{number}], "nAmp": {number}, "metadata": {{"DETECTOR": {number}}}}}'}  # fmt: skip
    assert has_errors(check(keywords[form].encode(), form))


@pytest.mark.parametrize("shape", ["1000000000000", "999999999,999999999", "0", "1,1,1,1,1,1,1,1,1", "9" * 5000, "null,null", "999999999", "-1", "1.5", "", "null"])  # fmt: skip
@pytest.mark.parametrize("rows", ["", "[1]\n", "[1]\n[2]\n"])
def test_declared_shapes(shape: str, rows: str) -> None:
    check(
        f"{HEAD}# - {{name: CT_COEFFS, datatype: string, subtype: 'float64[{shape}]'}}\nCT_COEFFS\n{rows}".encode(),
        "ecsv",
    )


@pytest.mark.parametrize(
    "size",
    ["512", "4096", "100000", "1000000000000", "-1", "0", "true", "2.0", "'2'", "[2]", "null", "9" * 30],
)
def test_declared_sizes(size: str) -> None:
    text = f"hasCrosstalk: true\nnAmp: {size}\ncoeffs: [1]\nmetadata: {{NAMP: {size}, HAS_CROSSTALK: true, KERNEL_DX: {size}, KERNEL_DY: {size}}}\n"
    assert has_errors(check(text.encode(), "yaml", "cam/crosstalk/d00"))
    assert has_errors(check(text.encode(), "yaml", "cam/bfk/d00"))


def test_a_million_columns() -> None:
    names = [f"c{i}" for i in range(1_000_000)]
    header = "".join(f"# - {{name: {name}, datatype: int64}}\n" for name in names)
    assert refused(f"{HEAD}{header}{' '.join(names)}\n", "ecsv") == {"CAL209"}


def test_many_columns() -> None:
    names = [f"c{i}" for i in range(2_000)]
    header = "".join(f"# - {{name: {name}, datatype: int64}}\n" for name in names)
    assert refused(f"{HEAD}{header}{' '.join(names)}\n", "ecsv") == {"CAL209"}


@pytest.mark.parametrize("form", FORMS)
def test_lines_of_megabytes(form: str) -> None:
    long = "x" * 3_000_000
    text = {"ecsv": f"{HEAD}# - {{name: x0, datatype: int64}}\n# meta: {{INSTRUME: {long}, OBSTYPE: {long}, CALIB_ID: 'instrument={long}', {long}: 1}}\nx0\n{long}\n", "yaml": f"{long}: {long}\nx0: [{long}]\nmetadata: {{INSTRUME: {long}, CALIBDATE: {long}, CALIBCLS: {long}, INSTRUMENT: a}}\n", "json": f'{{"{long}": "{long}", "x0": ["{long}"], "metadata": {{"FILTER": "{long}"}}}}'}[form]  # fmt: skip
    refused(text, form)


@pytest.mark.parametrize("line", ["a" * 200_000, "1 " * 100_000, '"' * 200_001, '"a ' * 100_000, ' "" ' * 100_000, "[" * 100_000, "\t" * 1000, "\0" * 1000, "#" * 1000])  # fmt: skip
def test_odd_rows(line: str) -> None:
    for columns in ("x0", "x0 y0"):
        header = "".join(f"# - {{name: {name}, datatype: int64}}\n" for name in columns.split())
        check(f"{HEAD}{header}{columns}\n1 2\n{line}\n{line}\n".encode(), "ecsv")


def test_a_wrong_column_does_not_flood() -> None:
    rows = "x 5 5 5\n" * 50_000
    header = "".join(f"# - {{name: {name}, datatype: int64}}\n" for name in ("x0", "y0", "width", "height"))
    diagnostics = check(f"{HEAD}{header}x0 y0 width height\n{rows}".encode(), "ecsv", "cam/defects/d00")
    assert [d.code for d in diagnostics].count("CAL218") == MAX_FINDINGS + 1
    assert any("49900 more" in d.message for d in diagnostics)


def test_many_wrong_values_in_yaml() -> None:
    values = "".join(f"- x{i}\n" for i in range(20_000))
    diagnostics = check(f"x0:\n{values}metadata: {{}}\n".encode(), "yaml", "cam/defects/d00")
    assert [d.line for d in diagnostics if d.code == "CAL211"][:2] == [2, 3]
    assert [d.code for d in diagnostics].count("CAL211") == MAX_FINDINGS + 1


def test_many_keys_that_stand_twice() -> None:
    for form, text in {
        "yaml": "a: 1\n" * 5_000,
        "json": "{" + ", ".join(['"a": 1'] * 5_000) + "}",
        "ecsv": f"{HEAD}# - {{name: a, datatype: int64}}\n# meta: !!omap\n"
        + "# - {A: 1}\n" * 5_000
        + "a\n1\n",
    }.items():
        assert "CAL208" in {d.code for d in check(text.encode(), form)}


@pytest.mark.parametrize("date", ["0000-00-00", "2024-02-30", "9999-12-31T23:59:60", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2024-01-01T00:00:00+99:99", "1e5", "\ud7ff", "2024-W60",  "-2024-01-01", "x" * 10_000])  # fmt: skip
def test_impossible_dates(date: str) -> None:
    text = f"x0: []\ny0: []\nwidth: []\nheight: []\nmetadata:\n  CALIBDATE: '{date}'\n  VALIDEND: '{date}'\n  VALIDSTART: '{date}'\n"
    assert refused(text, "yaml") & {"CAL407", "CAL112"}


@pytest.mark.parametrize("value", ["[]", "{}", "[1, 2]", "{a: 1}", "[[1]]", "true", "1.5", ".nan", "!!binary eA==", "!!set {a}", "!!pairs [a: 1]", "''", "' '", "\"\\0\"", "\"\\U0001F600\"", "2024-01-01"])  # fmt: skip
@pytest.mark.parametrize("keyword", ["INSTRUME", "OBSTYPE", "DETECTOR", "DET_NAME", "RAFTNAME", "FILTER", "CALIB_ID", "CALIBDATE", "VALIDEND", "CALIBCLS", "NAMP", "HAS_CROSSTALK", "CROSSTALK_SHAPE", "LEVEL", "KERNEL_DX", "bfk_VERSION", "CROSSTALK_VERSION"])  # fmt: skip
def test_keywords_of_any_type(keyword: str, value: str) -> None:
    check(
        f"metadata: {{{keyword}: {value}}}\nx0: {value}\ncoeffs: {value}\nunits: {value}\nvalid: {value}\nrawMeans: {value}\nmetadata2: 1\n".encode(),
        "yaml",
    )


@pytest.mark.parametrize(
    "key",
    [
        "1",
        "1.5",
        "true",
        "null",
        "~",
        "[1]",
        "{a: 1}",
        "? [1]\n",
        "''",
        '"\\0"',
        "!!binary eA==",
        ".nan",
        "<<",
        "=",
        "2024-01-01",
    ],
)
def test_keys_of_any_type(key: str) -> None:
    check(f"{key}: 1\nmetadata:\n  {key}: 1\nunits:\n  {key}: 1\nvalid:\n  {key}: true\n".encode(), "yaml")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("data", [b"", b"\n", b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"# %ECSV 1.0", b"# %ECSV 1.0\n", b"# %ECSV 1.0\n# ---", b"#", b"null", b"5", b'"a"', b"[]", b"{}", b"---", b"%YAML 1.1\n---\n", b"# %ECSV 1.0\n\n\n", b"# %ECSV 1.0\n# meta:\n# datatype:\n"])  # fmt: skip
def test_hardly_anything(data: bytes, form: str) -> None:
    assert has_errors(check(data, form))


def test_characters_that_yaml_does_not_know() -> None:
    for character in ("\0", "\x07", "\x1b", "\x7f", "\x80", "\ufffe"):
        _, problems = read(f"a: 1\nb: x{character}y\n".encode(), "yaml")
        assert [(p.code, p.line, p.column) for p in problems] == [("CAL204", 2, 5)]


def test_expressions_that_backtrack() -> None:
    for text in (
        "a:\n" + "  - 1.5\n" * 20_000 + "   x",
        "a:\n- 1.5\n" * 10_000,
        "a" * 200_000 + ":\n- 1.5\n",
        " " * 200_000 + "a:\n- 1.5\n",
        "<" * 200_000,
        "<<<<<<<\n" * 20_000,
        "a: [" + "1, " * 50_000 + "]",
    ):
        for form in ("yaml", "ecsv"):
            check(text.encode() if form == "yaml" else f"{HEAD}# {text}\n".encode(), form)


def test_quick_ways_are_as_robust(tmp_path: Path) -> None:
    header = "# %ECSV 1.0\n# ---\n# datatype:\n# - {name: a, datatype: int64}\n# meta: !!omap\n"
    for value in (
        "[1]2]",
        "[" + "1, " * 50_000 + "1]",
        "9" * 50_000,
        "1." + "1" * 50_000,
        "a " * 50_000 + "a",
        "'" + "a" * 50_000,
        "[1, 2, ",
        "-",
        "- -",
        "[-]",
    ):
        check(f"{header}# - {{A: {value}}}\n# schema: astropy-2.0\na\n1\n".encode(), "ecsv")
