"""Changes of photodiode readings and their corrections."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from support.demo import demo_calib
from support.readings import all_readings


def test_charges() -> None:
    old = demo_calib("photodiode")
    new = dataclasses.replace(old, currentSamples=1.01 * old.currentSamples)
    assert [r.value for r in all_readings(old, new)["charge_change"]] == [pytest.approx(1)]
    empty = dataclasses.replace(old, timeSamples=np.zeros(0), currentSamples=np.zeros(0))
    assert all_readings(old, empty) == {}
    unknown = dataclasses.replace(new, integrationMethod="MEAN")
    assert "charge_change" not in all_readings(old, unknown)


def test_corrections() -> None:
    old = demo_calib("photodiode_correction")
    pair = next(iter(old.pairs))
    new = dataclasses.replace(old, pairs={**old.pairs, pair: old.pairs[pair] + 0.01, "[1, 9]": 1.0})
    values = all_readings(old, new)
    assert [(r.value, r.of) for r in values["correction_change"]] == [(pytest.approx(0.01), {"pair": pair})]
    assert values["pairs_gained"] == [(1, 0, 1, {"pair": "[1, 9]"})]
