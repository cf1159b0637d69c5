"""Changes of gradients."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from support.demo import demo_calib
from support.readings import all_readings


def test_each_part() -> None:
    old = demo_calib("flat_gradient")
    largest = float(old.radialSplineNodes.max())
    values = old.radialSplineValues.copy()
    values[-1] *= 0.9
    (radial,) = all_readings(old, dataclasses.replace(old, radialSplineValues=values))["radial_change"]
    assert (radial.value, radial.of) == (pytest.approx(-10), {"radius": largest})
    tilted = dataclasses.replace(old, gradientX=old.gradientX + 3e-5, gradientY=old.gradientY - 4e-5)
    (plane,) = all_readings(old, tilted)["plane_change"]
    assert plane.value == pytest.approx(5e-3 * largest)
    moved = all_readings(old, dataclasses.replace(old, centroidX=old.centroidX + 2))["centre_shift"]
    assert [(r.value, r.of["centre"]) for r in moved] == [
        (pytest.approx(2), "plane"),
        (pytest.approx(2), "spline"),
    ]


def test_other_nodes_of_the_same_curve_change_nothing() -> None:
    old = demo_calib("flat_gradient")
    nodes = np.union1d(
        old.radialSplineNodes, old.radialSplineNodes[:-1] + 0.25 * np.diff(old.radialSplineNodes)
    )
    finer = np.interp(nodes, old.radialSplineNodes, old.radialSplineValues)
    values = all_readings(old, dataclasses.replace(old, radialSplineNodes=nodes, radialSplineValues=finer))
    assert abs(sum(r.value for r in values.get("radial_change", []))) < 1e-9
