"""Akima splines, against the formulas of the paper, and changes of corrections."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curated.core.geometry import Amplifier, Box, DetectorGeometry
from curated.declare import Conditions
from curated.types._linearizer_math import akima
from curated.types.linearizer import Linearizer
from support.akima import slow_akima
from support.readings import all_readings, readings
from support.texts import examples

SPLINES = st.integers(2, 9).flatmap(
    lambda n: st.tuples(
        st.lists(st.floats(0.5, 20), min_size=n - 1, max_size=n - 1),
        st.lists(st.floats(-50, 50), min_size=n, max_size=n),
        st.lists(st.floats(0, 1), min_size=3, max_size=3),
    )
)


@examples(300)
@given(SPLINES, st.floats(-100, 100))
def test_akima_is_the_papers(spline: tuple[list[float], list[float], list[float]], first: float) -> None:
    steps, values, places = spline
    nodes = [first, *(first + np.cumsum(steps))]
    x = np.array([nodes[0] + place * (nodes[-1] - nodes[0]) for place in places])
    y = akima(np.array(nodes), np.array(values), x)
    np.testing.assert_allclose(y, [slow_akima(nodes, values, v) for v in x], rtol=1e-9, atol=1e-9)


def test_akima_at_its_nodes_on_lines_and_parabolas() -> None:
    nodes = np.array([0.0, 1.0, 2.5, 3.0, 7.0, 8.0])
    values = np.array([1.0, -2.0, 4.0, 4.0, 0.0, 3.0])
    np.testing.assert_allclose(akima(nodes, values, nodes), values, atol=1e-12)
    x = np.linspace(0, 8, 33)
    np.testing.assert_allclose(akima(nodes, 3 * nodes - 1, x), 3 * x - 1, atol=1e-12)
    # Akima's method is exact for parabolas on nodes of equal distance (section 2.3 of the paper).
    even = np.arange(7.0)
    np.testing.assert_allclose(akima(even, even**2 - even, x[x <= 6]), (x**2 - x)[x <= 6], atol=1e-12)


def linearizer(kind: str, coeffs: list[float], **more: Any) -> Linearizer:
    amplifier = {
        "linearityType": kind,
        "linearityCoeffs": coeffs,
        "linearityBBox": [0, 0, 5, 5],
        "linearityMaxSignal": 9e4,
    }
    tree = {"hasLinearity": True, "amplifiers": {"C00": amplifier}, **more}
    return Linearizer.fromDict({"metadata": {"HAS_LINEARITY": True}, **tree})


def test_change_of_a_square_is_closed_form() -> None:
    old, new = linearizer("Squared", [1e-8]), linearizer("Squared", [3e-8])
    # 2e-8 S, largest at saturation.
    (change,) = readings(old, new, "nonlinearity_change")
    assert (change.value, change.of) == (pytest.approx(2000), {"amplifier": "C00", "signal": 100_000.0})
    (signal,) = readings(old, new, "correction_change_at_saturation")
    assert signal == (pytest.approx(200), pytest.approx(100), pytest.approx(300), {"amplifier": "C00"})


def test_a_square_and_the_polynomial_of_it_are_the_same() -> None:
    pair = linearizer("Squared", [1e-8]), linearizer("Polynomial", [1e-8])
    assert all_readings(*pair) == {}


def test_saturation_and_gain_are_those_of_the_detector() -> None:
    amplifier = Amplifier("C00", Box(0, 0, 5, 5), gain=2.0, saturation=50_000.0)
    conditions = Conditions(detector=DetectorGeometry("d00", 0, 5, 5, (amplifier,)))
    pair = [linearizer("Squared", [c], linearityUnits="electron") for c in (0.0, 1e-8)]
    # 100,000 electrons: 100 electrons, or 50 adu, are added.
    (signal,) = readings(pair[0], pair[1], "correction_change_at_saturation", conditions)
    assert signal.value == pytest.approx(50)


def test_other_types_and_corrections_that_are_lost() -> None:
    spline = linearizer("Spline", [0.0, 5e4, 1e5, 0.0, 50.0, 0.0])
    (change,) = readings(linearizer("None", [0.0]), spline, "nonlinearity_change")
    signals = np.arange(1, 1001) * 100.0
    nodes, values = np.array([0.0, 5e4, 1e5]), np.array([0.0, 50.0, 0.0])
    expected = max(abs(slow_akima(nodes, values, min(s, 1e5 - 0.1))) / s for s in signals)
    assert change.value == pytest.approx(1e6 * expected)
    lost = linearizer("Spline", [0.0, 5e4, 1e5, 0.0, np.nan, 0.0])
    assert np.isnan(readings(spline, lost, "nonlinearity_change")[0].value)
    assert readings(lost, lost, "nonlinearity_change") == []


def test_the_range_in_which_only_one_is_defined_is_in_adu() -> None:
    amplifier = Amplifier("C00", Box(0, 0, 5, 5), gain=2.0, saturation=50_000.0)
    conditions = Conditions(detector=DetectorGeometry("d00", 0, 5, 5, (amplifier,)))
    old, new = linearizer("Squared", [0.0]), linearizer("Squared", [0.0], linearityUnits="electron")
    old = dataclasses.replace(old, linearityMaxSignal={"C00": 60_000.0})
    new = dataclasses.replace(new, linearityMaxSignal={"C00": 140_000.0})
    # From 60,000 to 70,000 adu only the new one is defined.
    (change,) = readings(old, new, "range_change", conditions)
    assert change == (10_000, 60_000, 70_000, {"amplifier": "C00"})
    assert next(m for m in new.SPEC.measures if m.name == "range_change").unit == "adu"


def test_corrections_are_compared_where_both_are_defined() -> None:
    metadata = {"HAS_LINEARITY": True, "HAS_TABLE": True}
    plain = linearizer("LookupTable", [0, 0], tableData=[[0.0, 0.0]], metadata=metadata)
    tables = [np.zeros((1, 100_001)), np.full((1, 100_001), 3.0)]
    tables[0][:, 60_001:] = np.nan
    tables[1][:, :20_000] = np.nan
    old, new = (dataclasses.replace(plain, tableData=table) for table in tables)
    (change,) = readings(old, new, "nonlinearity_change")
    # 3 adu weigh most at the least common signal.
    assert change.value == pytest.approx(3e6 / 20_000)
    assert change.of == {"amplifier": "C00", "signal": 20_000, "range": "20000 to 60000 adu in common"}
    tables[1][:, :70_000] = np.nan
    apart = dataclasses.replace(plain, tableData=tables[1])
    assert np.isnan(readings(old, apart, "nonlinearity_change")[0].value)
