"""Measures: bands, spectra, conditions, and readings that are not zero."""

from __future__ import annotations

import math
import pickle
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from curated.core.geometry import Amplifier, Box, DetectorGeometry
from curated.declare import BANDS, Band, Conditions, Measure, Reading, Spectrum
from curated.declare.measure import DEFAULT_SATURATION


def readings(old: Any, new: Any, _: Conditions) -> Iterator[Reading]:
    yield Reading(0.0, old, new)
    yield Reading(math.nan, old, new)
    yield Reading((new or 0) - (old or 0), old, new)


def make_measure(**options: Any) -> Measure:
    return Measure(name="change", unit="adu", doc="The change.", compute=readings, **options)


def test_readings_of_zero_are_left_out() -> None:
    values = [reading.value for reading in make_measure().read(3, 5, Conditions())]
    assert math.isnan(values[0])
    assert values[1:] == [2]


@pytest.mark.parametrize(("needs_both", "count"), [(True, 0), (False, 2)])
def test_a_measure_may_need_both_calibrations(needs_both: bool, count: int) -> None:
    measure = make_measure(needs_both=needs_both)
    for pair in ((None, 5), (5, None)):
        assert len(list(measure.read(*pair, Conditions()))) == count


def test_rounding_is_no_change() -> None:
    measure = make_measure(notable=5)
    assert [r.value for r in measure.read(1.0, 1.0 + 4e-9, Conditions()) if r.value == r.value] == []
    assert len(list(measure.read(1.0, 1.0 + 6e-9, Conditions()))) == 2


def test_weights_compare_measures_of_different_units() -> None:
    assert make_measure(notable=5).weight(-20) == 4
    assert make_measure().weight(-20) == 20
    assert make_measure(notable=5).weight(math.nan) == math.inf


def test_samples_of_a_band_leave_its_end_out() -> None:
    samples = Band("x", 500.0, 501.0).samples()
    assert len(samples) == 10
    assert samples[0] == 500.0
    assert samples[-1] == pytest.approx(500.9)
    assert Band("x", 500.0, 501.0).samples(0.5).tolist() == [500.0, 500.5]


def test_bands_do_not_overlap() -> None:
    for band, following in pairwise(BANDS):
        assert band.begin < band.end <= following.begin


def test_a_spectrum_is_constant_beyond_its_ends() -> None:
    wavelengths = np.array([400.0, 500.0, 550.0, 700.0])
    assert Spectrum().at(wavelengths).tolist() == [1, 1, 1, 1]
    star = Spectrum("star", np.array([500.0, 600.0]), np.array([1.0, 3.0]))
    assert star.at(wavelengths).tolist() == [1, 1, 2, 3]


def test_saturation_is_that_of_the_amplifier_or_a_typical_one() -> None:
    amplifiers = (Amplifier("A", Box(0, 0, 1, 1), saturation=90_000.0), Amplifier("B", Box(0, 0, 1, 1)))
    conditions = Conditions(detector=DetectorGeometry("D", 0, amplifiers=amplifiers))
    assert [conditions.saturation(i) for i in range(3)] == [90_000.0, DEFAULT_SATURATION, DEFAULT_SATURATION]
    assert Conditions().saturation(0) == DEFAULT_SATURATION


def test_measures_and_readings_can_be_sent_to_another_process() -> None:
    """Functions of functions and read-only mappings cannot."""
    limit = 3

    def compute(*_: Any) -> Iterator[Reading]:
        yield Reading(limit)

    measure = Measure(name="a", unit="adu", doc="A.", compute=compute, worse="less", notable=2, additive=True)
    sent, reading = pickle.loads(pickle.dumps((measure, next(measure.read(0, 1, Conditions())))))
    assert reading == Reading(3.0)
    names = ("name", "unit", "doc", "worse", "notable", "additive", "needs_both")
    assert [getattr(sent, name) for name in names] == [getattr(measure, name) for name in names]
    assert sent.weight(4) == 2
    with pytest.raises(RuntimeError):
        list(sent.read(0, 1, Conditions()))
