"""Values that calibrations start from."""

from __future__ import annotations

import math

import numpy as np
import pytest

from curated.core.diagnostic import CuratedError
from curated.core.geometry import Amplifier, Box, DetectorGeometry
from curated.types import _nominal
from curated.types.gain_correction import GainCorrection
from curated.types.gains import Gains
from curated.types.linearizer import Linearizer
from curated.types.ptc import PhotonTransferCurve

BOX = Box(0, 0, 8, 16)
DETECTOR = DetectorGeometry(
    "d00",
    0,
    16,
    16,
    (Amplifier("A", BOX, "LL", 1.5, 6.0, 5e4), Amplifier("B", Box(8, 0, 8, 16))),
    "Cam",
)


def test_known_values_are_those_of_the_detector_and_others_have_defaults() -> None:
    ptc = PhotonTransferCurve.fromDetector(DETECTOR)
    assert (ptc.gain, ptc.noise) == ({"A": 1.5, "B": 1.0}, {"A": 6.0, "B": 5.0})
    assert Gains.draft(DETECTOR)["saturation"] == {"A": 5e4, "B": 65535.0}


def test_what_changes_nothing_changes_nothing() -> None:
    image = np.arange(256.0).reshape(16, 16)
    assert np.array_equal(Linearizer.fromDetector(DETECTOR).apply(image), image)
    assert GainCorrection.fromDetector(DETECTOR).gainAdjustments.tolist() == [1.0, 1.0]


def test_boxes_stand_side_by_side_where_they_are_not_known() -> None:
    amplifiers = tuple(Amplifier(name, Box(0, 0, 0, 0)) for name in "AB")
    boxes = _nominal.linearizer(DetectorGeometry("d", 0, 16, 4, amplifiers))["linearityBBox"]
    assert boxes == {"A": [0, 0, 8, 4], "B": [8, 0, 8, 4]}


@pytest.mark.parametrize("detector", [None, DetectorGeometry("d00", 0)])
def test_values_of_amplifiers_need_amplifiers(detector: DetectorGeometry | None) -> None:
    for function in (_nominal.linearizer, _nominal.ptc, _nominal.cti, _nominal.gains, _nominal.electrostatic):
        with pytest.raises(CuratedError, match="are not known") as caught:
            function(detector)
        assert caught.value.hint


def test_curves_let_all_light_pass() -> None:
    values = _nominal.curve(None)
    assert values["wavelength"][[0, -1]].tolist() == [300.0, 1100.0]
    assert math.isclose(float(values["efficiency"].mean()), 100.0)
