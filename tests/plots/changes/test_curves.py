"""Changes of curves: ratios, differences, units, and curves that have nothing in common."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from curated.types.transmission_optics import OpticsTransmission
from support.demo import demo_calib
from support.differences import changed_copy, make_change

pytest.importorskip("matplotlib")

from curated.plots.changes import draw_change

WAVELENGTHS = np.arange(300.0, 1101.0, 10.0)


def make_curve(
    fractions: Any, wavelengths: Any = WAVELENGTHS, unit: str = "nm", names: Any = None
) -> OpticsTransmission:
    return OpticsTransmission(
        wavelength=np.asarray(wavelengths),
        efficiency=100 * np.broadcast_to(np.asarray(fractions, float), np.shape(wavelengths)),
        amp_name=names,
        units={"wavelength": unit, "efficiency": "%"},
    )


def draw(old: Any, new: Any) -> Any:
    return draw_change(make_change(old, new), old, new)


def changes_of(axes: Any) -> list[Any]:
    """Return the lines of a panel but that of no change."""
    return [line.get_ydata() for line in axes.lines if len(line.get_xdata()) > 2]


def test_the_ratio_of_curves_and_the_shift_in_each_band() -> None:
    figure = draw(make_curve(0.5), make_curve(0.45))
    overlay, ratio = figure.axes
    assert [line.get_label() for line in overlay.lines] == ["before", "after"]
    (values,) = changes_of(ratio)
    assert values == pytest.approx(-10)
    assert ratio.get_ylabel() == "Change (%)"
    shown = [text.get_text() for text in ratio.texts]
    assert shown == [f"{band}\n-114.4" for band in "ugrizy"]
    assert overlay.get_xlim() == ratio.get_xlim() == (300, 1100)


def test_other_units_are_the_same_curve() -> None:
    old = make_curve(0.5, 10 * WAVELENGTHS, "Angstrom")
    figure = draw(old, make_curve(0.4))
    xs = [line.get_xdata()[0] for line in figure.axes[0].lines]
    assert xs == pytest.approx([300, 300])
    assert changes_of(figure.axes[1])[0] == pytest.approx(-20)


def test_there_is_no_change_where_only_one_curve_is() -> None:
    figure = draw(make_curve(0.5, WAVELENGTHS[:40]), make_curve(0.5))
    (values,) = changes_of(figure.axes[1])
    assert np.isfinite(values).sum() == 40
    figure = draw(make_curve(0.5, np.array([200.0, 250.0])), make_curve(0.5))
    assert "nowhere do both have values" in [text.get_text() for text in figure.axes[1].texts]


def test_an_amplifier_of_nan_is_no_line() -> None:
    names = np.repeat(["A", "B", "C"], len(WAVELENGTHS))
    wavelengths = np.tile(WAVELENGTHS, 3)
    old = make_curve(0.5, wavelengths, names=names)
    new = make_curve(np.where(names == "B", np.nan, 0.6), wavelengths, names=names)
    lines = changes_of(draw(old, new).axes[1])
    assert sorted(bool(np.isnan(line).all()) for line in lines) == [False, False, True]


def test_a_ratio_is_not_taken_of_nearly_nothing() -> None:
    old = make_curve(np.where(WAVELENGTHS < 400, 1e-6, 0.5))
    values = changes_of(draw(old, make_curve(0.5)).axes[1])[0]
    assert np.isnan(values[WAVELENGTHS < 400]).all()
    assert values[WAVELENGTHS >= 400] == pytest.approx(0)


def test_numbers_by_name_have_a_stem_each() -> None:
    old = demo_calib("gain_correction")
    new = changed_copy(old)
    above, below = draw(old, new).axes
    points = {line.get_label(): np.asarray(line.get_ydata(), float) for line in above.lines}
    expected = 100 * (points["after"] / points["before"] - 1)
    drawn = np.concatenate([line.get_ydata() for line in below.lines if line.get_marker() == "o"])
    assert sorted(drawn) == pytest.approx(sorted(expected))


def test_a_number_that_is_none_is_a_cross() -> None:
    old = demo_calib("gain_correction")
    values = old.gainAdjustments.copy()
    values[0] = np.nan
    new = dataclasses.replace(old, gainAdjustments=values)
    below = draw(old, new).axes[1]
    assert [len(line.get_xdata()) for line in below.lines if line.get_marker() == "x"] == [1]


def test_many_long_names_keep_their_room() -> None:
    calib = demo_calib("gain_correction")
    names = np.array([f"{'amplifier' * 20}{i}" for i in range(300)])
    old = dataclasses.replace(calib, ampNames=names, gainAdjustments=np.linspace(0.9, 1.1, 300))
    figure = draw(old, changed_copy(old))
    ticks = figure.axes[1].get_xticklabels()
    assert len(ticks) <= 45
    assert max(len(tick.get_text()) for tick in ticks) <= 32
