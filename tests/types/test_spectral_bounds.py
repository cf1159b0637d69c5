"""Tests of the bounds of curves: fractions, wavelengths and steps."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from curated.declare import InstrumentBound
from curated.registry import own_types
from curated.types._spectral_bounds import is_plain
from support.plausibility import curve, problems_of

CURVES = [name for name in own_types() if name.startswith("transmission_")]


@pytest.mark.parametrize("name", [*CURVES, "qe_curve"])
@pytest.mark.parametrize(
    ("factor", "unit", "is_wrong"),
    [
        (1, "nm", False),
        (10, "Angstrom", False),
        (0.001, "um", False),
        (1e-9, "m", False),
        (10, "nm", True),
        (1, "Angstrom", True),
        (1, "um", True),
        (10, "um", True),
        (0.001, "nm", True),
        (1, "m", True),
        (1000, "nm", True),
    ],
)
def test_wavelengths_in_another_unit_than_they_seem(
    name: str, factor: float, unit: str, is_wrong: bool
) -> None:
    wavelengths = np.arange(350, 1001, 10.0)
    bump = np.sin(np.pi * (wavelengths - 350) / 650) * (90 if name == "qe_curve" else 0.9)
    codes = {p.code for p in problems_of(curve(name, wavelengths * factor, bump, unit))}
    assert codes == ({"CAL364"} if is_wrong else set())


def test_a_table_that_begins_in_the_dark() -> None:
    wavelengths = np.arange(1000, 12001, 50.0)
    band = np.exp(-(((wavelengths - 6200) / 700) ** 8))
    assert not problems_of(curve("transmission_filter", wavelengths, band, "Angstrom"))
    assert [p.detail for p in problems_of(curve("transmission_filter", wavelengths, band, "nm"))] == [
        "rise_wavelength is 5550 nm, above 2500 nm"
    ]


GRID = np.arange(300, 1101, 1.0)
BAND = np.clip((GRID - 396) / 3, 0, 1) * np.clip((553 - GRID) / 3, 0, 1) * 0.95
"""A filter that rises and falls within 3 nm."""

SMOOTH = 0.8 * np.exp(-(((GRID - 650) / 250) ** 4))


def with_value(values: Any, index: Any, value: float) -> Any:
    changed = values.copy()
    changed[index] = value
    return changed


@pytest.mark.parametrize("name", ["transmission_filter", "transmission_filter_detector"])
def test_sharp_filters_are_right(name: str) -> None:
    assert not problems_of(curve(name, GRID, BAND))
    narrow = np.exp(-(((GRID - 656.3) / 1.5) ** 2))
    assert not problems_of(curve(name, GRID, narrow))


@pytest.mark.parametrize(
    ("name", "values", "quantities"),
    [
        ("transmission_filter", with_value(BAND, 150, 0.095), ["step", "spike"]),
        ("transmission_filter", with_value(BAND, slice(0, 96), 0.9), ["step", "spike"]),
        ("transmission_filter", with_value(BAND, 0, 0.5), ["edge_step", "spike"][:1]),
        ("transmission_filter", with_value(BAND, slice(-150, None), 0.6), []),
        ("transmission_optics", with_value(SMOOTH, slice(350, 352), 0.3), ["step"]),
        ("transmission_optics", np.where(GRID < 500, SMOOTH / 2, SMOOTH), ["step"]),
        ("transmission_atmosphere", with_value(SMOOTH + 0.2, -1, 0.0), ["edge_step"]),
        ("transmission_atmosphere", with_value(SMOOTH, 460, 0.05), []),
        ("transmission_system", with_value(SMOOTH + 0.2, 0, 0.0), ["edge_step"]),
    ],
)
def test_steps_that_no_optics_makes(name: str, values: Any, quantities: list[str]) -> None:
    problems = problems_of(curve(name, GRID, values))
    assert {p.code for p in problems} <= {"CAL365"}
    assert [p.detail.split()[0] for p in problems] == sorted(
        quantities, key=["edge_step", "step", "spike"].index
    )


def test_amplifiers_are_curves_of_their_own() -> None:
    wavelengths, names = np.tile(np.arange(300, 1101, 5.0), 2), ["C00"] * 161 + ["C01"] * 161
    values = np.tile(np.linspace(30, 90, 161), 2)
    assert not problems_of(curve("qe_curve", wavelengths, values, amplifiers=names))
    mixed = np.argsort(wavelengths, kind="stable")
    arguments = ("qe_curve", wavelengths[mixed], values[mixed])
    assert not problems_of(curve(*arguments, amplifiers=[names[i] for i in mixed]))
    values[161 + 80] = 0.0
    problem = problems_of(curve("qe_curve", wavelengths, values, amplifiers=names))[0]
    assert problem.pointer == ("efficiency", 241)
    assert "spike of row 242 (700 nm, C01)" in problem.detail


def test_an_instrument_moves_the_limit_of_a_step() -> None:
    calib = curve("transmission_optics", GRID, np.where(GRID < 500, SMOOTH / 2, SMOOTH))
    bound = InstrumentBound("transmission_optics", "step", "a dichroic mirror", maximum=0.9)
    assert problems_of(calib)
    assert not problems_of(calib, bounds=(bound,))
    strict = InstrumentBound("transmission_optics", "step", "one mirror", maximum=0.001)
    assert problems_of(curve("transmission_optics", GRID, SMOOTH), bounds=(strict,))


@pytest.mark.parametrize("seed", range(5))
def test_steps_are_those_of_all_pairs(seed: int) -> None:
    chance = np.random.default_rng(seed)
    wavelengths = np.sort(chance.uniform(400, 430, 60))
    values = chance.uniform(0, 0.9, 60)
    far = np.abs(wavelengths[:, np.newaxis] - wavelengths) > 2
    differences = np.where(far, 0, np.abs(values[:, np.newaxis] - values))
    largest = differences.max() / values.max()
    messages = [p.detail for p in problems_of(curve("transmission_optics", wavelengths, values))]
    step = next(message for message in messages if message.startswith("step "))
    assert float(step.split(" is ")[1].split()[0]) == pytest.approx(largest, rel=1e-5)


def test_dense_tables_take_no_longer() -> None:
    wavelengths = np.linspace(500, 502, 100_000)
    values = np.where(wavelengths < 501, 0.2, 0.9)
    start = time.process_time()
    assert problems_of(curve("transmission_optics", wavelengths, values))
    assert time.process_time() - start < 3


@pytest.mark.parametrize("name", ["transmission_sensor", "transmission_filter"])
@pytest.mark.parametrize("seed", range(30))
def test_the_quick_look_hides_nothing(name: str, seed: int) -> None:
    chance = np.random.default_rng(seed)
    wavelengths = np.tile(np.sort(chance.uniform(400, 600, 40)), 2)
    values = np.abs(np.cumsum(chance.normal(0, [0.01, 0.1, 0.3][seed % 3], 80)))
    values *= chance.uniform(0.5, 1.2) / values.max()
    calib = curve(name, wavelengths, values, amplifiers=["C00"] * 40 + ["C01"] * 40)
    if is_plain(calib):
        unscreened = replace(calib, units=calib.units)
        for bound in calib.SPEC.bounds:
            numbers = bound.values(unscreened)
            assert numbers is None or bound.maximum is None or numbers.max() <= bound.maximum


def line_filter(wavelengths: Any, width: float) -> Any:
    """Return the transmission of a filter around H alpha, by its full width at half maximum (nm)."""
    return 0.9 * np.exp(-4 * np.log(2) * ((wavelengths - 656.3) / width) ** 2)


@pytest.mark.parametrize("width", [0.1, 0.3, 0.5, 1.0, 3.0])
@pytest.mark.parametrize("spacing", [0.1, 0.5, 1.0])
def test_filters_of_lines_have_no_steps(width: float, spacing: float) -> None:
    wavelengths = np.arange(640, 672, spacing)
    problems = problems_of(curve("transmission_filter", wavelengths, line_filter(wavelengths, width)))
    assert not [p.detail for p in problems]


def test_a_bright_sample_in_a_faint_filter_is_no_line() -> None:
    wavelengths = np.arange(300, 1101, 1.0)
    fractions = 0.35 * BAND
    fractions[180] = 0.95
    problems = problems_of(curve("transmission_filter", wavelengths, fractions))
    assert any(p.detail.startswith("spike of row 181") for p in problems), problems


@pytest.mark.parametrize("name", ["transmission_sensor", "transmission_optics", "qe_curve"])
def test_curves_without_light(name: str) -> None:
    percent = 100 if name == "qe_curve" else 1
    for factor, codes in ((1, []), (1e-3, [] if percent > 1 else ["CAL370"]), (0, ["CAL370"])):
        assert [p.code for p in problems_of(curve(name, GRID, factor * percent * SMOOTH))] == codes
    assert not problems_of(curve("transmission_filter", GRID, 1e-4 * BAND))
