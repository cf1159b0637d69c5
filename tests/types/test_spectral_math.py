"""Synthetic photometry of curves, against closed forms and a finer grid."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from curated.declare import Band, Conditions, Reading, Spectrum
from curated.types._spectral_math import MEASURES, Curve, half_edges, integrate
from curated.types.qe_curve import QECurve
from curated.types.transmission_optics import OpticsTransmission
from curated.types.transmission_sensor import SensorTransmission

WAVELENGTHS = np.arange(300.0, 1101.0, 1.0)


def make_curve(fractions: Any, wavelengths: Any = WAVELENGTHS, amplifiers: Any = None) -> OpticsTransmission:
    units = {"wavelength": "nm", "efficiency": "%"}
    values = 100 * np.broadcast_to(np.asarray(fractions, float), np.shape(wavelengths))
    names = None if amplifiers is None else np.array(amplifiers)
    return OpticsTransmission(
        wavelength=np.asarray(wavelengths), efficiency=values, amp_name=names, units=units
    )


def read(name: str, old: Any, new: Any, **options: Any) -> dict[Any, Reading]:
    measure = next(m for m in MEASURES if m.name == name)
    readings = list(measure.read(old, new, Conditions(**options)))
    return {tuple(reading.of.values()): reading for reading in readings}


def test_integrals_of_a_constant_throughput() -> None:
    wavelengths = Band("x", 400.0, 500.05).samples()
    integrals = integrate(wavelengths, np.full(len(wavelengths), 0.5))
    assert integrals.photons == pytest.approx(0.5 * np.log(500 / 400), rel=1e-7)
    assert integrals.pivot == pytest.approx(np.sqrt((500**2 - 400**2) / 2 / np.log(500 / 400)), rel=1e-7)


def test_integrals_of_no_light() -> None:
    integrals = integrate(np.array([400.0, 500.0]), np.zeros(2))
    assert integrals.photons == 0
    assert np.isnan(integrals.pivot)


def test_a_tenth_less_light_is_the_same_shift_in_all_bands() -> None:
    shifts = read("zero_point_shift", make_curve(0.5), make_curve(0.45))
    assert [key[0] for key in shifts] == list("ugrizy")
    for reading in shifts.values():
        assert reading.value == pytest.approx(2500 * np.log10(0.9), abs=1e-9)
        assert reading.new == pytest.approx(reading.old + reading.value)
    assert read("pivot_shift", make_curve(0.5), make_curve(0.45)) == {}
    assert read("peak_change", make_curve(0.5), make_curve(0.45))[()].value == pytest.approx(-5)


def test_a_red_star_feels_the_red_side_of_a_band() -> None:
    star = Spectrum("red", np.array([400.0, 600.0]), np.array([0.1, 1.0]))
    old, new = make_curve(0.5), make_curve(0.5 + (WAVELENGTHS - 550) / 4000)
    flat = read("zero_point_shift", old, new)["g",].value
    assert read("zero_point_shift", old, new, source=star)["g",].value > flat + 5


def test_a_filter_is_compared_over_its_whole_curve() -> None:
    wavelengths = np.linspace(540.0, 700.0, 161)
    old, new = (make_curve(np.exp(-(((wavelengths - c) / 20) ** 2)), wavelengths) for c in (620.0, 622.0))
    shifts = read("pivot_shift", old, new, filter_name="r_03")
    assert list(shifts) == [("r_03",)]
    assert shifts["r_03",].value == pytest.approx(2.0, abs=0.02)


def test_a_tilted_throughput_has_another_mean_wavelength() -> None:
    grid = np.linspace(402.0, 552.0, 200_001)
    tilted = 0.5 + (grid - 550) / 4000
    mean = np.sum(grid * tilted) / np.sum(tilted)
    new = make_curve(0.5 + (WAVELENGTHS - 550) / 4000)
    reading = read("mean_wavelength_shift", make_curve(0.5), new)["g",]
    assert reading.old == pytest.approx(477.0, abs=0.06)
    assert reading.new == pytest.approx(mean, abs=0.06)
    assert reading.value == pytest.approx(mean - 477.0, abs=0.005)
    assert read("mean_wavelength_shift", make_curve(0.5), make_curve(0.4)) == {}


def test_bands_beyond_both_curves_are_left_out() -> None:
    short = np.arange(390.0, 710.0, 1.0)
    assert [key[0] for key in read("zero_point_shift", make_curve(0.5, short), make_curve(0.4, short))] == [
        "g",
        "r",
    ]
    # Light that one of the curves lets through where the other has none is a change.
    assert "i" in {key[0] for key in read("zero_point_shift", make_curve(0.5, short), make_curve(0.5))}


def test_exchanged_amplifiers_show_though_the_mean_is_the_same() -> None:
    names = ["A"] * len(WAVELENGTHS) + ["B"] * len(WAVELENGTHS)
    wavelengths, fractions = np.tile(WAVELENGTHS, 2), np.repeat([0.8, 0.4], len(WAVELENGTHS))
    old, new = make_curve(fractions, wavelengths, names), make_curve(fractions[::-1], wavelengths, names)
    assert read("zero_point_shift", old, new) == {}
    shifts = read("amplifier_zero_point_shift", old, new)
    assert shifts["r", "A"].value == pytest.approx(2500 * np.log10(0.5))
    assert shifts["r", "B"].value == pytest.approx(2500 * np.log10(2.0))


def test_edges_at_half_the_peak() -> None:
    fractions = np.interp(WAVELENGTHS, [400, 420, 600, 640], [0, 0.8, 0.8, 0])
    assert half_edges(Curve(*make_curve(fractions).samples())) == pytest.approx((410, 620))
    shifts = read("edge_shift", make_curve(fractions), make_curve(np.roll(fractions, 3)))
    assert {key[0]: reading.value for key, reading in shifts.items()} == pytest.approx({"blue": 3, "red": 3})


def test_ratios_where_there_is_light() -> None:
    old = make_curve(np.interp(WAVELENGTHS, [400, 420, 600, 640], [0, 0.8, 0.8, 0]))
    factors = np.interp(WAVELENGTHS, [450, 500, 550], [1, 1.2, 1])
    new = make_curve(old.samples()[1] * factors)
    readings = read("ratio_change", old, new)
    assert readings["largest", 500.0].value == pytest.approx(20)
    is_used = old.samples()[1] > 0.01 * 0.8
    assert readings["mean",].value == pytest.approx(100 * (factors[is_used].mean() - 1))
    assert set(readings) == {("mean",), ("largest", 500.0)}


def test_efficiencies_have_the_same_measures() -> None:
    curves = [
        QECurve(
            wavelength=WAVELENGTHS, efficiencies=np.full(len(WAVELENGTHS), value), units={"efficiencies": "%"}
        )
        for value in (80.0, 72.0)
    ]
    assert read("zero_point_shift", *curves)["u",].value == pytest.approx(2500 * np.log10(0.9))


def test_curves_without_numbers() -> None:
    lost, good = make_curve(np.full(len(WAVELENGTHS), np.nan)), make_curve(np.ones(len(WAVELENGTHS)))
    for pair in ((lost, good), (good, lost), (lost, lost)):
        for measure in good.SPEC.measures:
            list(measure.read(*pair, Conditions()))


def make_amplifiers(**levels: float) -> OpticsTransmission:
    """Return constant curves of amplifiers; that of a NaN was not measured."""
    names = np.repeat(list(levels), len(WAVELENGTHS))
    return make_curve(
        np.repeat(list(levels.values()), len(WAVELENGTHS)), np.tile(WAVELENGTHS, len(levels)), names
    )


def test_an_amplifier_without_numbers_does_not_hide_the_others() -> None:
    old, new = make_amplifiers(A=0.8, B=0.4, C=0.5), make_amplifiers(A=0.88, B=0.44, C=np.nan)
    for pair, sign in (((old, new), 1), ((new, old), -1)):
        shifts = read("zero_point_shift", *pair)
        assert [round(reading.value, 6) for reading in shifts.values()] == [
            round(sign * 2500 * np.log10(1.1), 6)
        ] * 6
        by_amplifier = read("amplifier_zero_point_shift", *pair)
        assert by_amplifier["r", "A"].value == pytest.approx(sign * 2500 * np.log10(1.1))
        # It is said once, not in each band.
        assert [key for key, reading in by_amplifier.items() if np.isnan(reading.value)] == [("C",)]


def test_an_amplifier_that_was_never_measured_is_no_change() -> None:
    old, new = make_amplifiers(A=0.8, B=np.nan), make_amplifiers(A=0.4, B=np.nan)
    by_amplifier = read("amplifier_zero_point_shift", old, new)
    assert {key[-1] for key in by_amplifier} == {"A"}
    assert read("zero_point_shift", old, new)["r",].value == pytest.approx(2500 * np.log10(0.5))
    assert read("peak_change", old, new)[()].value == pytest.approx(-40)


def test_samples_that_neither_curve_has_are_left_out() -> None:
    fractions = np.where(WAVELENGTHS == 600, np.nan, 0.5)
    shifts = read("zero_point_shift", make_curve(fractions), make_curve(0.9 * fractions))
    assert shifts["r",].value == pytest.approx(2500 * np.log10(0.9))
    assert read("zero_point_shift", make_curve(fractions), make_curve(fractions)) == {}
    lost = read("zero_point_shift", make_curve(0.5), make_curve(fractions))
    assert np.isnan(lost["r",].value)
    assert "g" not in {key[0] for key in lost}


def test_single_and_double_precision_of_the_same_numbers_are_the_same() -> None:
    amplifiers = np.repeat(["C00", "C01"], len(WAVELENGTHS))
    grid = np.tile(WAVELENGTHS, 2)
    fractions = (0.4 + 0.3 * np.sin(grid / 70 + np.repeat([0, 0.1], len(WAVELENGTHS)))).astype("f4")
    single, double = (
        SensorTransmission(
            wavelength=grid,
            efficiency=(np.float32(100) * fractions).astype(dtype),
            amp_name=amplifiers,
            units={"wavelength": "nm", "efficiency": "%"},
        )
        for dtype in ("f4", "f8")
    )
    assert single.samples()[1].dtype == "f8"
    assert [measure.name for measure in MEASURES if list(measure.read(single, double, Conditions()))] == []


@pytest.mark.parametrize("longest", [1e9, 1e15, np.inf])
def test_wavelengths_of_no_filter_take_no_memory(longest: float) -> None:
    wavelengths = np.array([400.0, 500.0, longest])
    old, new = make_curve(0.5, wavelengths), make_curve(0.4, wavelengths)
    shifts = read("zero_point_shift", old, new, filter_name="r_03")
    assert len(Band("r", 400.0, 1e9).samples()) <= 200_001
    assert list(shifts) == ([] if np.isinf(longest) else [("r_03",)])
