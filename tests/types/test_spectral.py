"""Curves against wavelength: their order, their amplifiers, and fractions and wavelengths in a wrong unit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curated.core.diagnostic import Problem
from curated.types.qe_curve import QECurve
from curated.types.transmission_filter import FilterTransmission


def throughput(wavelengths: Any, values: Any, names: Any = None, unit: str = "nm") -> FilterTransmission:
    """Return a curve of fractions, whether or not it is sound."""
    return FilterTransmission(
        amp_name=None if names is None else np.array(names),
        wavelength=np.array(wavelengths, float),
        throughput=np.array(values, float),
        units={"wavelength": unit},
    )


def qe(wavelengths: Any, values: Any) -> QECurve:
    """Return a curve in percent, whether or not it is sound."""
    units = {"wavelength": "nm", "efficiencies": "%"}
    return QECurve(wavelength=np.array(wavelengths, float), efficiencies=np.array(values, float), units=units)


def summaries(curve: Any) -> list[tuple[str, Any]]:
    problems: list[Problem] = list(curve.problems())
    return [(problem.code, problem.pointer) for problem in problems]


def test_fractions_are_of_one() -> None:
    np.testing.assert_allclose(qe([400, 500], [40, 80]).fractions, [0.4, 0.8], rtol=1e-15)
    assert throughput([400, 500], [0.4, 0.8]).fractions.tolist() == [0.4, 0.8]
    single = QECurve(
        wavelength=np.array([400, 500], "f4"),
        efficiencies=np.array([40, 80], "f4"),
        units={"efficiencies": "%"},
    )
    assert single.fractions.dtype == np.dtype("f4")


@pytest.mark.parametrize(
    ("wavelengths", "values", "names", "expected"),
    [
        ([400, 500], [0.1, 0.2], None, []),
        ([400, 500, 400, 500], [0.1] * 4, ["A", "A", "B", "B"], []),
        ([400, 400, 500, 500], [0.1] * 4, ["A", "B", "A", "B"], []),
        ([400, 500, 450, 600], [0.1] * 4, None, [("CAL303", ("wavelength", 2))]),
        (
            [400, 400, 600, 600, 500, 500],
            [0.1] * 6,
            ["A", "B"] * 3,
            [("CAL303", ("wavelength", 4)), ("CAL303", ("wavelength", 5))],
        ),
        ([400, 400], [0.1] * 2, None, [("CAL303", ("wavelength", 1))]),
        ([400, 500, 400, 501], [0.1] * 4, ["A", "A", "B", "B"], [("CAL311", ("amp_name", 2))]),
        ([400, 500, 400], [0.1] * 3, ["A", "A", "B"], [("CAL311", ("amp_name", 2))]),
        ([400], [0.1], None, [("CAL215", ("wavelength",))]),
        ([400, 500], [0.1], None, [("CAL215", ("throughput",))]),
        ([400, 500], [0.1, 0.2], ["A"], [("CAL215", ("throughput",))]),
    ],
)
def test_samples(wavelengths: Any, values: Any, names: Any, expected: list[Any]) -> None:
    assert summaries(throughput(wavelengths, values, names)) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 1.0], []),
        ([-0.009, 1.009], []),
        ([-0.02, 1.0], [("CAL304", ("throughput", 0))]),
        ([1.02, 55.0], [("CAL304", ("throughput", 1))]),
    ],
)
def test_fractions_beyond_what_noise_explains(values: list[float], expected: list[Any]) -> None:
    assert summaries(throughput([400, 500], values)) == expected


def test_the_worst_fraction_is_named_in_the_unit_of_the_file() -> None:
    (problem,) = qe([400, 500, 600], [102, 50, -90]).problems()
    assert (problem.code, problem.pointer) == ("CAL304", ("efficiency", 2))
    assert problem.detail == "row 3 efficiency: -90 %, the worst of 2 outside of 0 to 100 %"


@pytest.mark.parametrize(
    ("wavelengths", "unit", "codes"),
    [
        ([300, 1100], "nm", []),
        ([3000, 11000], "Angstrom", []),
        ([0.3, 1.1], "um", []),
        ([0.3, 1.1], "nm", ["CAL334"]),
        ([101, 29_999], "nm", []),
        ([99, 1100], "nm", ["CAL334"]),
        ([300, 30_001], "nm", ["CAL334"]),
        ([300, 1100], "um", ["CAL334"]),
    ],
)
def test_wavelengths_in_a_wrong_unit(wavelengths: list[float], unit: str, codes: list[str]) -> None:
    assert [code for code, _ in summaries(throughput(wavelengths, [0.1, 0.2], unit=unit))] == codes


@pytest.mark.parametrize("shortest", [0, 1, 2, 3])
def test_the_shortest_wavelength_may_stand_anywhere(shortest: int) -> None:
    wavelengths = [400.0, 500.0, 400.0, 500.0]
    wavelengths[shortest] = 40.0
    problems = throughput(wavelengths, [0.1] * 4, ["B", "B", "A", "A"]).problems()
    assert ("CAL334", "wavelengths from 40 to 500 nm") in [(p.code, p.detail) for p in problems]


@pytest.mark.parametrize(("largest", "codes"), [(0.9, ["CAL335"]), (1.0, ["CAL335"]), (1.5, []), (0.0, [])])
def test_fractions_that_are_called_percent(largest: float, codes: list[str]) -> None:
    assert [code for code, _ in summaries(qe([400, 500], [0, largest]))] == codes


def test_amplifiers() -> None:
    curve = throughput([400, 500, 400, 500], [0.1] * 4, ["B", "B", "A", "A"])
    claims = curve.claims()
    assert claims is not None
    assert (claims.place, claims.amplifiers, claims.complete) == ("amp_name", ["B", "A"], False)
    assert throughput([400, 500], [0.1, 0.2]).claims() is None


@given(st.permutations("AAABBBCCC"))
def test_rows_of_amplifiers_may_be_mixed(names: list[str]) -> None:
    grids = {name: iter((400, 500, 600)) for name in "ABC"}
    wavelengths = [next(grids[name]) for name in names]
    assert summaries(throughput(wavelengths, [0.1] * 9, names)) == []
