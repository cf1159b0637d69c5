"""Changes of the electrostatic distortion."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from support.demo import demo_calib
from support.readings import all_readings


def test_areas_and_boundaries() -> None:
    old = demo_calib("electroBfDistortionMatrix")
    area, north = old.aMatrixModel.copy(), old.aN.copy()
    area[0, 1] += 2e-8
    north[1, 0] -= 3e-8
    values = all_readings(old, dataclasses.replace(old, aMatrixModel=area, aN=north))
    assert values["area_change_at_100ke"] == [(pytest.approx(2e-3), None, None, {})]
    assert values["boundary_change_at_100ke"] == [(pytest.approx(3e-3), None, None, {"boundary": "north"})]


def test_matrices_of_other_sizes() -> None:
    old = demo_calib("electroBfDistortionMatrix")
    smaller = dataclasses.replace(old, aMatrixModel=old.aMatrixModel[:-1, :-1])
    rest = np.abs(old.aMatrixModel).copy()
    rest[:-1, :-1] = 0
    (reading,) = all_readings(old, smaller)["area_change_at_100ke"]
    assert reading.value == pytest.approx(1e5 * rest.max())
