"""Differences and percentages of numbers by key."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curated.declare import Conditions
from curated.types._keyed_changes import difference, keyed_measure, percentage, set_measures

NUMBERS = st.floats(allow_nan=True, allow_infinity=True)


@given(NUMBERS, NUMBERS)
def test_differences_are_antisymmetric_and_zero_only_for_equal_numbers(old: float, new: float) -> None:
    value = difference(old, new)
    assert value == -difference(new, old) or math.isnan(value)
    is_same = old == new or (math.isnan(old) and math.isnan(new))
    assert (value == 0) == is_same
    assert math.isnan(value) == (math.isnan(old) != math.isnan(new))


@given(NUMBERS, NUMBERS)
def test_percentages_take_any_numbers(old: float, new: float) -> None:
    if old == new or (math.isnan(old) and math.isnan(new)):
        assert percentage(old, new) == 0
    elif math.isnan(old) or math.isnan(new):
        assert math.isnan(percentage(old, new))


def test_percentages() -> None:
    assert percentage(2, 3) == 50
    assert percentage(2, 0) == -100
    assert percentage(0, 3) == math.inf
    assert percentage(0, -3) == -math.inf


def test_only_keys_of_both_are_compared() -> None:
    measure = keyed_measure("a", "%", "A.", dict, notable=1)
    readings = list(measure.read({"x": 1.0, "y": 2.0, "w": 1}, {"y": 2.5, "z": 1.0, "w": 1}, Conditions()))
    assert readings == [(pytest.approx(25), 2.0, 2.5, {"amplifier": "y"})]


def test_keys_that_come_and_go() -> None:
    gained, lost = set_measures(("g", "l"), ("G.", "L."), list, key="pair", worse="more")
    assert list(gained.read("ab", "bcd", Conditions())) == [
        (1, 0, 1, {"pair": "c"}),
        (1, 0, 1, {"pair": "d"}),
    ]
    assert list(lost.read("ab", "bcd", Conditions())) == [(1, 1, 0, {"pair": "a"})]
    assert (gained.worse, lost.worse) == ("more", "either")
