"""Corrections of frames: overscan, the order of calibrations, units and bad pixels, against numpy."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from curated.core.diagnostic import CuratedError
from curated.core.geometry import Amplifier, Box, DetectorGeometry
from curated.reduction.assembly import AssembledFrame
from curated.reduction.correction import (
    ORDER,
    CorrectedFrame,
    apply_calibration,
    mark_bad,
    subtract_overscan,
    types_before,
)
from curated.registry import all_types
from curated.types.bias import Bias
from curated.types.dark import Dark
from curated.types.defects import Defects

DETECTOR = DetectorGeometry(
    "d0", 0, 8, 4, (Amplifier("A", Box(0, 0, 4, 4), gain=2.0), Amplifier("B", Box(4, 0, 4, 4), gain=4.0))
)
METADATA = {"INSTRUME": "Demo", "DETECTOR": 0, "CALIBDATE": "2024-01-01T00:00:00"}
RANDOM = np.random.default_rng(5)


def frame(unit: str = "adu", seconds: float = 10.0) -> CorrectedFrame:
    pixels = RANDOM.normal(100, 5, (4, 8)).astype("f4")
    return CorrectedFrame(pixels, np.ones((4, 8), bool), unit, seconds)


def test_the_level_of_each_row_is_subtracted() -> None:
    pixels = RANDOM.normal(500, 3, (4, 8)).astype("f4")
    levels = RANDOM.normal(480, 3, 4).astype("f4")
    corrected = subtract_overscan(AssembledFrame(pixels, levels={"A": levels}, is_raw=True), DETECTOR)
    np.testing.assert_array_equal(corrected[:, :4], pixels[:, :4] - levels[:, None])
    np.testing.assert_array_equal(corrected[:, 4:], pixels[:, 4:])


def test_every_type_in_the_order_exists_and_comes_after_those_before() -> None:
    assert set(ORDER) <= set(all_types())
    assert types_before("bias") == ("dnl_lut", "crosstalk", "linearizer")
    assert types_before("flat")[-3:] == ("bias", "dark", "bfk")
    assert types_before("defects") == types_before("flat")
    assert types_before("gains") == types_before("bias")
    assert types_before("qe_curve") == ()


def test_a_bias_in_electrons_takes_the_frame_there(tmp_path: Path) -> None:
    level = RANDOM.normal(3, 1, (4, 8)).astype("f4")
    bias = Bias.from_pixels(level, metadata=METADATA, unit="electron")
    before = frame()
    after = apply_calibration(bias, before, DETECTOR)
    gains = np.repeat([[2.0] * 4 + [4.0] * 4], 4, axis=0).astype("f4")
    assert after.unit == "electron"
    np.testing.assert_allclose(after.pixels, before.pixels * gains - level, rtol=1e-6)


def test_a_dark_needs_the_time_of_the_exposure() -> None:
    level = RANDOM.normal(0.2, 0.1, (4, 8)).astype("f4")
    dark = Dark.from_pixels(level, metadata=METADATA, unit="adu/s")
    before = frame(seconds=7.0)
    np.testing.assert_allclose(
        apply_calibration(dark, before, DETECTOR).pixels, before.pixels - 7 * level, rtol=1e-6
    )
    with pytest.raises(CuratedError, match="needs the time"):
        apply_calibration(dark, frame(seconds=math.nan), DETECTOR)


def test_a_gain_that_is_needed_and_not_known() -> None:
    bias = Bias.from_pixels(np.zeros((4, 8), "f4"), metadata=METADATA, unit="electron")
    unknown = DetectorGeometry("d0", 0, 8, 4, (Amplifier("A", Box(0, 0, 8, 4)),))
    with pytest.raises(CuratedError, match="gain of amplifier A of d0 is not known"):
        apply_calibration(bias, frame(), unknown)


def test_defects_leave_pixels_and_mark_them() -> None:
    defects = Defects.fromDict(
        {"metadata": {**METADATA, "OBSTYPE": "defects"}, "x0": [1], "y0": [0], "width": [2], "height": [3]}
    )
    before = frame()
    for after in (apply_calibration(defects, before, DETECTOR), mark_bad([defects], before)):
        np.testing.assert_array_equal(after.pixels, before.pixels)
        expected = np.ones((4, 8), bool)
        expected[0:3, 1:3] = False
        np.testing.assert_array_equal(after.usable, expected)
