"""The quick way from decimals to float64 gives the bits that float gives."""

from __future__ import annotations

import math
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curated.text import decimals
from curated.text.decimals import parse_decimals
from text_support import examples

DIGITS = "0123456789"


def parse(tokens: list[str]) -> list[float]:
    text = " ".join(tokens)
    ends = np.cumsum([len(token) + 1 for token in tokens]) - 1
    starts = ends - [len(token) for token in tokens]
    codes = np.frombuffer(text.encode("ascii"), np.uint8)
    return parse_decimals(text, codes, starts, ends).tolist()


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


@pytest.mark.parametrize("wrong", ["1.2.3", "--1", "1-", "-", ".", "1e", "x", "0x10", "1a"])
def test_what_is_no_number(wrong: str) -> None:
    good = ["1.5"] * 10
    with pytest.raises(ValueError, match="could not convert"):
        parse([*good, wrong, *good])


def test_machines_without_80_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    given_tokens = ["0.1", "-1e-7", "123456789012345678901234567890.5"] * 10
    quick = parse(given_tokens)
    monkeypatch.setattr(decimals, "_HAS_EXTENDED", False)
    assert bits(parse(given_tokens)) == bits(quick)


def test_long_columns() -> None:
    random = np.random.default_rng(5)
    given_tokens = [
        repr(x) for x in (random.normal(size=5000) * 10.0 ** random.integers(-20, 20, 5000)).tolist()
    ]
    assert bits(parse(given_tokens)) == bits([float(token) for token in given_tokens])
