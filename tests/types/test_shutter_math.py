"""Changes of the motion of a shutter."""

from __future__ import annotations

import dataclasses

import pytest

from support.demo import demo_calib
from support.readings import all_readings


def test_a_motion() -> None:
    old = demo_calib("shutter")
    path = old.position.copy()
    path[1] += 2
    new = dataclasses.replace(old, position=path, actionDuration=old.actionDuration + 0.01)
    values = all_readings(old, new)
    assert [r.value for r in values["duration_change"]] == [pytest.approx(0.01)]
    (change,) = values["position_change"]
    assert (change.value, change.of["seconds"]) == (pytest.approx(2), pytest.approx(old.seconds[1], abs=1e-6))
    # A motion at another time is the same motion.
    assert "position_change" not in all_readings(old, dataclasses.replace(old, mjd=old.mjd + 0.0))
