"""Cells of ECSV files: numbers have the bits that float gives, and what does not fit its type is a finding."""

from __future__ import annotations

import json
import math
import struct
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from curated.text import read
from curated.text.ecsv.cells import JSON_NUMBERS, parse_floats, parse_json
from curated.text.ecsv.reader import read_ecsv
from support.texts import ECSV_HEAD, examples

DIGITS = "0123456789"


def parse(tokens: list[str]) -> list[float]:
    """Read a column of a file, alone or beside one of texts."""
    columns = []
    for extra, header in (("", ""), ("a ", "# - {name: n, datatype: string}\n")):
        rows = "".join(f"{extra}{token}\n" for token in tokens)
        text = f"# %ECSV 1.0\n# ---\n# datatype:\n{header}# - {{name: x, datatype: float64}}\n{'n ' * bool(extra)}x\n{rows}"
        source, problems = read(text.encode(), "ecsv")
        if source is None:
            raise ValueError(problems[0].detail)
        columns.append(source.columns["x"].values.tolist())
    assert bits(columns[0]) == bits(columns[1])
    return columns[0]


def bits(values: list[float]) -> list[bytes]:
    return [b"nan" if math.isnan(value) else struct.pack("<d", value) for value in values]


digits = st.text(DIGITS, min_size=1, max_size=25)
signs = st.sampled_from(["", "-", "+"])
plain = st.builds("{}{}.{}".format, signs, digits, digits)
whole = st.builds("{}{}".format, signs, digits)
open_ended = st.builds("{}{}.".format, signs, digits) | st.builds("{}.{}".format, signs, digits)
exponents = st.builds(
    "{}{}{}{}".format, plain | whole, st.sampled_from("eE"), signs, st.text(DIGITS, min_size=1, max_size=3)
)
shortest = st.floats(allow_nan=False, allow_infinity=False).map(repr)
padded = st.builds(
    "{}{}.{}{}".format, st.sampled_from(["", "000"]), digits, digits, st.sampled_from(["", "00000000"])
)
words = st.sampled_from(["nan", "NaN", "-inf", "inf", "Infinity", "1e400", "-0.0", "0", "-0", "1e-400"])
tokens = st.lists(
    st.one_of(plain, whole, open_ended, exponents, shortest, padded, words), min_size=1, max_size=40
)


@examples(200)
@given(tokens)
def test_same_bits_as_float(given_tokens: list[str]) -> None:
    assert bits(parse(given_tokens)) == bits([float(token) for token in given_tokens])


@examples(200)
@given(st.lists(st.integers(2**53, 2**64).map(lambda n: f"{n}.5"), min_size=8, max_size=40))
def test_half_way_between_two_floats(given_tokens: list[str]) -> None:
    assert bits(parse(given_tokens)) == bits([float(token) for token in given_tokens])


@examples(200)
@given(
    st.lists(
        st.tuples(st.integers(2**52, 2**53 - 1), st.integers(0, 6), st.sampled_from([-1, 0, 1])),
        min_size=8,
        max_size=30,
    )
)
def test_around_exact_ties(parts: list[tuple[int, int, int]]) -> None:
    # (2n + 1) / 2**k has a finite decimal form, and for odd numerators of 54 bits lies on a tie.
    given_tokens = []
    for n, k, nudge in parts:
        numerator = (2 * n + 1) * 5**k + nudge
        text = str(numerator).rjust(k + 1, "0")
        given_tokens.append(f"{text[:-k]}.{text[-k:]}" if k else text)
    assert bits(parse(given_tokens)) == bits([float(token) for token in given_tokens])


@pytest.mark.parametrize(
    "wrong",
    ["1.2.3", "--1", "1-", "-", ".", "1e", "x", "0x10", "1a", "1,2", "[1]", "true", "null", "1_0", "{}", ","],
)
def test_what_is_no_number(wrong: str) -> None:
    good = ["1.5"] * 10
    with pytest.raises(ValueError, match=r"is not a number \(float64\)"):
        parse([*good, wrong, *good])


@examples(200)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False).map(repr), min_size=1, max_size=20))
def test_the_quick_way_is_taken(given_tokens: list[str]) -> None:
    joined = ",".join(given_tokens).encode()
    assert not joined.translate(None, JSON_NUMBERS + b",")
    values = parse_floats(joined, len(given_tokens))
    assert values is not None
    assert bits(values.tolist()) == bits(list(map(float, given_tokens)))


@examples(200)
@given(st.text("0123456789.eE+-,", max_size=30), st.integers(0, 6))
def test_other_text_is_left_to_the_slow_way(joined: str, count: int) -> None:
    values = parse_floats(joined.encode(), count)
    if values is not None:
        assert bits(values.tolist()) == bits([float(token) for token in joined.split(",") if joined])
        assert len(values) == count


@examples(200)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=4),
    )
)
def test_json_as_the_standard_library_reads_it(value: object) -> None:
    text = json.dumps(value)
    assert repr(parse_json(text)) == repr(json.loads(text))


def test_long_columns() -> None:
    random = np.random.default_rng(5)
    given_tokens = [
        repr(x) for x in (random.normal(size=5000) * 10.0 ** random.integers(-20, 20, 5000)).tolist()
    ]
    assert bits(parse(given_tokens)) == bits([float(token) for token in given_tokens])


# -- cells of all data types --------------------------------------------------------------------------------


def cells(declaration: str, *rows: str) -> Any:
    name = yaml.safe_load(f"[{declaration}]")[0]["name"]
    source, problems = read_ecsv(
        f"{ECSV_HEAD}# - {declaration}\n{name}\n" + "".join(f"{row}\n" for row in rows)
    )
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
    assert [problem[0] for problem in cells(declaration, cell)] == [code]


def test_null_among_floats_is_nan() -> None:
    assert np.isnan(cells("{name: a, datatype: string, subtype: 'float32[2]'}", "[null,1]"))[0].tolist() == [
        True,
        False,
    ]


def test_vectors_of_varying_length() -> None:
    values = cells("{name: a, datatype: string, subtype: 'float64[null]'}", "[1,2]", "[]", "[3]")
    assert [v.tolist() for v in values] == [[1, 2], [], [3]]


def test_every_wrong_cell_has_its_line() -> None:
    rows = ["1", "x", "# comment", "", "2", "y", '"z"']
    assert [line for _, line, _ in cells("{name: a, datatype: int64}", *rows)] == [7, 11, 12]
