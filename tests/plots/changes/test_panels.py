"""What plots of changes share: changes of values, and limits of axes."""

from __future__ import annotations

import numpy as np
import pytest

from support.demo import demo_calib, shown_types
from support.differences import make_change

pytest.importorskip("matplotlib")

from curated.plots.canvas import new_figure
from curated.plots.changes.panels import Pair, compared, fit_limits


def test_changes_are_ratios_or_differences() -> None:
    old, new = np.array([2.0, 4.0, 1e-9, np.nan]), np.array([3.0, 2.0, 5.0, 1.0])
    assert compared(old, new, "difference")[:2].tolist() == [1, -2]
    ratios = compared(old, new, "ratio")
    assert ratios[:2].tolist() == [50, -50]
    assert np.isnan(ratios[2:]).all()
    assert np.isnan(compared(np.zeros(2), np.ones(2), "ratio")).all()
    assert np.isnan(compared(np.full(2, np.nan), np.ones(2), "ratio")).all()


def test_ratios_are_drawn_of_what_is_measured_in_ratios() -> None:
    relative = set()
    for name in shown_types():
        calib = demo_calib(name)
        if Pair(make_change(calib, calib), calib, calib).is_relative:
            relative.add(name)
    assert {"transmission_filter", "qe_curve", "flat", "ptc", "gain_correction", "illum"} <= relative
    assert relative.isdisjoint({"bias", "dark", "defects", "crosstalk", "linearizer", "camera", "fringe"})


def test_one_wild_value_does_not_flatten_the_others() -> None:
    axes = new_figure().subplots()
    values = np.append(np.linspace(-5, 5, 1000), 1e9)
    fit_limits(axes, values)
    assert axes.get_ylim()[1] < 10
    fit_limits(axes, np.array([1.0, 2.0]))
    low, high = axes.get_ylim()
    assert low < 0
    assert high > 2
