"""Gains: nominal values of a detector, images in electron, changes, and generated files through all forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from astropy.nddata import CCDData, StdDevUncertainty
from hypothesis import given
from hypothesis import strategies as st

from curated.calib import CalibrationError
from curated.core.diagnostic import CuratedError
from curated.core.geometry import Amplifier, Box, DetectorGeometry
from curated.declare import Conditions
from curated.types.gains import Gains
from support.plausibility import problems_of
from support.round_trips import Tree, assert_comes_back, keywords
from support.texts import examples

LEFT = Amplifier("C00", Box(0, 0, 3, 4), gain=1.5, read_noise=5.0, saturation=60_000.0)
RIGHT = Amplifier("C01", Box(3, 0, 3, 4), gain=1.4, read_noise=6.0, saturation=61_000.0)
DETECTOR = DetectorGeometry(name="d00", id=0, width=6, height=4, amplifiers=(LEFT, RIGHT), instrument="lab")


def gains(**values: dict[str, float]) -> Gains:
    return Gains.fromDict({"gain": {"C00": 1.5, "C01": 1.4}, **values})


def test_nominal_values_are_those_of_the_camera() -> None:
    calib = Gains.fromDetector(DETECTOR)
    assert (calib.source, calib.gain) == ("nominal", {"C00": 1.5, "C01": 1.4})
    assert calib.readNoise == {"C00": 5.0, "C01": 6.0}
    assert calib.saturation == {"C00": 60_000.0, "C01": 61_000.0}


def test_a_camera_without_gains_implies_none() -> None:
    bare = DetectorGeometry(name="d00", id=0, amplifiers=(LEFT, Amplifier("C01", Box(3, 0, 3, 4))))
    with pytest.raises(CuratedError, match="no gain of C01"):
        Gains.fromDetector(bare)
    partial = DetectorGeometry(name="d00", id=0, amplifiers=(Amplifier("C00", Box(0, 0, 3, 4), gain=2.0),))
    assert math.isnan(Gains.fromDetector(partial).readNoise["C00"])


def test_images_in_electron() -> None:
    image = np.full((4, 6), 100.0)
    expected = np.array([150.0] * 3 + [140.0] * 3)
    np.testing.assert_allclose(gains().apply(image, detector=DETECTOR)[0], expected)
    ccd = CCDData(image, unit="adu", uncertainty=StdDevUncertainty(np.full((4, 6), 2.0)))
    converted = gains().apply(ccd, detector=DETECTOR)
    assert str(converted.unit) == "electron"
    np.testing.assert_allclose(converted.uncertainty.array[0], [3.0] * 3 + [2.8] * 3)
    assert (image == 100).all()


@pytest.mark.parametrize(
    ("image", "detector", "message"),
    [
        (np.zeros((4, 6)), None, "need the amplifiers of the detector"),
        (CCDData(np.zeros((4, 6)), unit="electron"), DETECTOR, "in electron, not in adu"),
        (np.zeros((4, 5)), DETECTOR, "C01 lies outside of the image"),
        (np.zeros((4, 6)), DetectorGeometry(name="d", id=0, amplifiers=(LEFT,)), "C01"),
    ],
)
def test_images_that_are_not_the_detectors(
    image: object, detector: DetectorGeometry | None, message: str
) -> None:
    with pytest.raises(CuratedError, match=message):
        gains().apply(image, detector=detector)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"gain": {}}, "CAL308"),
        ({"gain": {"C00": 0.0}}, "CAL301"),
        ({"gain": {"C00": 1.5}, "readNoise": {"C00": -5.0}}, "CAL301"),
        ({"gain": {"C00": float("nan")}}, "CAL302"),
    ],
)
def test_values_that_are_wrong(values: dict[str, dict[str, float]], code: str) -> None:
    with pytest.raises(CalibrationError, match=code):
        Gains.fromDict(values)


@pytest.mark.parametrize(
    ("field", "value", "part"),
    [
        ("gain", 500.0, "above 30 electron/adu"),
        ("readNoise", 1e4, "above 200 electron"),
        ("saturation", 10.0, "below 100 adu"),
    ],
)
def test_values_that_no_amplifier_has(field: str, value: float, part: str) -> None:
    (problem,) = [
        p
        for p in problems_of(gains(**{field: {"C00": value, "C01": 1.4 if field == "gain" else 150.0}}))
        if part in p.detail
    ]
    assert problem.pointer == (field, "C00")


def test_changes() -> None:
    old, new = gains(readNoise={"C00": 5.0, "C01": 6.0}), gains(readNoise={"C00": 5.5, "C01": 6.0})
    readings = {m.name: list(m.compute(old, new, Conditions())) for m in Gains.SPEC.measures}
    (first, second) = readings["noise_change"]
    assert (first.of, round(first.value, 9), second.value) == ({"amplifier": "C00"}, 10.0, 0.0)
    assert [reading.value for reading in readings["gain_change"]] == [0.0, 0.0]


NUMBERS = st.floats(0.01, 1e5, allow_nan=False)
NAMES = st.lists(st.sampled_from(["C00", "C01", "C10", "amp 1", "1"]), min_size=1, unique=True)


@examples(30)
@given(
    names=NAMES,
    noise=st.booleans(),
    saturation=st.booleans(),
    source=st.sampled_from(["nominal", "measured"]),
    data=st.data(),
)
def test_round_trips(
    tmp_path_factory: pytest.TempPathFactory,
    names: list[str],
    noise: bool,
    saturation: bool,
    source: str,
    data: st.DataObject,
) -> None:
    def drawn() -> dict[str, float]:
        return {name: data.draw(NUMBERS) for name in names}

    tree: Tree = {"metadata": keywords("gains", GAINSRC=source), "gain": drawn()}
    tree |= ({"readNoise": drawn()} if noise else {}) | ({"saturation": drawn()} if saturation else {})
    assert_comes_back(Gains.fromDict(tree), tmp_path_factory.getbasetemp())
