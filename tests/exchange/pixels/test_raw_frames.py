"""Raw images and images of other sizes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from curated.core.geometry import DetectorGeometry
from curated.exchange.foreign import Target
from curated.exchange.pixels.raw_frames import RawArea, fit_image, raw_areas, trim_boxes
from curated.types.camera import CameraGeometry
from support.foreign import make_target

DETECTOR = np.arange(30 * 40).reshape(30, 40)
RAW = np.pad(DETECTOR, ((2, 2), (5, 5)), constant_values=-1)


@pytest.fixture(scope="module")
def camera() -> CameraGeometry:
    path = next(Path("calibs/demo/camera").glob("*.yaml"))
    return CameraGeometry.readText(path)


def target(**conventions: Any) -> Target:
    return make_target(**conventions)


def test_a_raw_image_is_trimmed_by_its_header() -> None:
    header = {"TRIMSEC": "[6:45,3:32]", "DATASEC": "nonsense"}
    _, problems = fit_image(RAW, header, target())
    assert [(p.code, "--untrimmed" in p.hint) for p in problems] == [("CAL713", True)]
    image, problems = fit_image(RAW, header, target(untrimmed=True))
    assert not problems
    assert np.array_equal(image, DETECTOR)


@pytest.mark.parametrize(
    ("image", "conventions", "hint"),
    [
        (DETECTOR.T, {}, "--transposed"),
        (RAW, {}, "binned"),
        (RAW, {"untrimmed": True}, "camera calibration"),
        (DETECTOR, {"untrimmed": True}, "camera calibration"),
    ],
)
def test_images_of_another_size(image: Any, conventions: dict[str, Any], hint: str) -> None:
    _, problems = fit_image(image, {}, target(**conventions))
    assert [problem.code for problem in problems] == ["CAL713"]
    assert hint in problems[0].hint


def test_axes_are_exchanged_if_asked() -> None:
    image, problems = fit_image(DETECTOR.T, {}, target(transposed=True))
    assert not problems
    assert np.array_equal(image, DETECTOR)


def test_boxes_are_cut_and_turned_by_areas() -> None:
    left = RawArea(4, 0, 10, 10)
    right = RawArea(20, 0, 10, 10, x0=10, flip_x=True)
    boxes = np.array([[2, 1, 4, 2], [20, 3, 1, 1], [0, 0, 3, 3], [10, 0, 15, 1]])
    trimmed, rows, lost = trim_boxes(boxes, [left, right])
    assert trimmed.tolist() == [[0, 1, 2, 2], [19, 3, 1, 1], [6, 0, 4, 1], [15, 0, 5, 1]]
    assert (rows.tolist(), lost) == ([0, 1, 3, 3], 1)


def test_amplifiers_with_raw_images_of_their_own_have_no_common_one(camera: CameraGeometry) -> None:
    detector = DetectorGeometry("d00", 0, 1024, 1024)
    demo = replace(make_target(), camera=camera, detector=detector)
    assert raw_areas(demo) == []
    step = np.where(camera.amplifier_x0 > 0, 600, 0)
    spread = replace(camera, raw_x0=camera.raw_x0 + step, raw_y0=camera.raw_y0 + camera.amplifier_y0)
    areas = raw_areas(replace(demo, camera=spread))
    assert len(areas) == 4
    assert {(area.x0, area.y0) for area in areas} == {(0, 0), (512, 0), (0, 512), (512, 512)}
