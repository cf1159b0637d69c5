"""Changes of cameras."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from curated.core.metadata import Metadata
from curated.fits.camera_archive import CameraAmplifier, CameraArchive, CameraDetector
from curated.types.stack_camera import StackCamera
from support.demo import demo_calib
from support.readings import all_readings


def changed(name: str, row: int, value: Any) -> Any:
    camera = demo_calib("camera")
    values = getattr(camera, name).copy()
    values[row] = value
    return dataclasses.replace(camera, **{name: values})


def test_a_move() -> None:
    camera = demo_calib("camera")
    moved = changed("detector_x", 1, camera.detector_x[1] + 0.003)
    moved = dataclasses.replace(moved, detector_y=camera.detector_y + np.array([0, 0.004, 0, 0]))
    values = all_readings(camera, moved)
    assert values == {"detector_move": [(pytest.approx(5), None, None, {"detector": "d01"})]}
    turned = all_readings(camera, changed("detector_rotation", 2, 180.5))
    assert turned == {"rotation_change": [(0.5, 180, 180.5, {"detector": "d02"})]}


@pytest.mark.parametrize(
    ("field", "measure"),
    [
        ("amplifier_gain", "gain_change"),
        ("amplifier_read_noise", "noise_change"),
        ("amplifier_saturation", "saturation_change"),
    ],
)
def test_electronics(field: str, measure: str) -> None:
    camera = demo_calib("camera")
    values = all_readings(camera, changed(field, 0, 1.5 * getattr(camera, field)[0]))
    place = {"detector": str(camera.amplifier_detector[0]), "amplifier": str(camera.amplifier_name[0])}
    assert [(round(r.value, 9), r.of) for r in values.pop(measure)] == [(50, place)]
    assert values == {}


@pytest.mark.parametrize(
    ("field", "value"), [("flip_x", None), ("amplifier_x0", 3), ("readout_corner", "UR")]
)
def test_geometry_is_an_alarm(field: str, value: Any) -> None:
    camera = demo_calib("camera")
    row = next(i for i, v in enumerate(getattr(camera, field)) if value is None or v != value)
    new = changed(field, row, not getattr(camera, field)[row] if value is None else value)
    (reading,) = all_readings(camera, new).pop("geometry_changes")
    assert (reading.value, reading.of) == (1, {"detector": str(camera.amplifier_detector[row])})
    measure = next(m for m in camera.SPEC.measures if m.name == "geometry_changes")
    assert measure.weight(reading.value) >= 100


def test_amplifiers_that_are_gone() -> None:
    camera = demo_calib("camera")
    fields = [f.name for f in camera.FIELDS if f.table == 1]
    new = dataclasses.replace(camera, **{name: getattr(camera, name)[1:] for name in fields})
    assert sum(r.value for r in all_readings(camera, new)["geometry_changes"]) == 1


def stack_camera(gain: float, width: int = 10) -> StackCamera:
    amplifier = CameraAmplifier("C00", width, 20, gain)
    detectors = (CameraDetector(0, "d00", "X1", "SCIENCE", 10, 20, (amplifier,)),)
    return StackCamera(
        metadata=Metadata({}), file="", sha256="", size=0, archive=CameraArchive("Demo", detectors)
    )


def test_camera_files_of_the_stack() -> None:
    old = stack_camera(1.5)
    assert all_readings(old, stack_camera(1.5)) == {}
    assert all_readings(stack_camera(np.nan), stack_camera(np.nan)) == {}
    place = {"detector": "d00", "amplifier": "C00"}
    assert all_readings(old, stack_camera(1.8)) == {"gain_change": [(pytest.approx(20), 1.5, 1.8, place)]}
    assert all_readings(old, stack_camera(1.5, 9)) == {
        "geometry_changes": [(1, None, None, {"detector": "d00"})]
    }
    assert all_readings(dataclasses.replace(old, archive=None), old) == {}
