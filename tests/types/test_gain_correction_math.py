"""Changes of gain corrections."""

from __future__ import annotations

import dataclasses

import pytest

from support.demo import demo_calib
from support.readings import all_readings


def test_adjustments() -> None:
    old = demo_calib("gain_correction")
    values = old.gainAdjustments.copy()
    values[1] *= 1.01
    (reading,) = all_readings(old, dataclasses.replace(old, gainAdjustments=values))["gain_change"]
    assert (reading.value, reading.of) == (pytest.approx(1), {"amplifier": str(old.ampNames[1])})
    order = slice(None, None, -1)
    turned = dataclasses.replace(
        old, ampNames=old.ampNames[order], gainAdjustments=old.gainAdjustments[order]
    )
    assert all_readings(old, turned) == {}
