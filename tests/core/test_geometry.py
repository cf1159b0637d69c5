"""Detectors and amplifiers: chosen by name or number, with other gains, within an image."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from curated.core.diagnostic import CuratedError
from curated.core.geometry import Amplifier, Box, DetectorGeometry, choose, with_gains, within

DETECTOR = DetectorGeometry(
    "R22_S11",
    94,
    width=8,
    height=4,
    amplifiers=(
        Amplifier("C00", Box(0, 0, 4, 4), gain=1.5),
        Amplifier("C01", Box(4, 0, 4, 4), gain=1.6),
    ),
)


def test_a_box_is_an_index() -> None:
    image = np.arange(24).reshape(4, 6)
    assert image[Box(1, 2, 3, 1).slices].tolist() == [[13, 14, 15]]


@pytest.mark.parametrize(("name", "index"), [("R22_S11", 1), ("r22_s11", 1), (94, 1), ("94", 1), (0, 0)])
def test_choose(name: str | int, index: int) -> None:
    assert choose(name, ["R00_S00", "R22_S11"], [0, 94]) == index


def test_no_such_detector() -> None:
    with pytest.raises(CuratedError, match="there is no detector 'x'") as error:
        choose("x", ["R00_S00", "R22_S11"], [0, 94])
    assert error.value.hint == "known detectors: R00_S00 (0), R22_S11 (94)"
    with pytest.raises(CuratedError) as error:
        choose("x", [], [])
    assert error.value.hint == "known detectors: none"


def test_with_gains() -> None:
    assert with_gains(DETECTOR, None) is DETECTOR
    changed = with_gains(DETECTOR, {"C01": 2})
    assert [amplifier.gain for amplifier in changed.amplifiers] == [1.5, 2.0]
    assert changed.amplifiers[1] == replace(DETECTOR.amplifiers[1], gain=2.0)
    with pytest.raises(CuratedError, match="detector R22_S11 has no amplifier C09"):
        with_gains(DETECTOR, {"C09": 2})


def test_within() -> None:
    assert within(DETECTOR, (4, 8)) is DETECTOR


@pytest.mark.parametrize(
    ("detector", "message"),
    [
        (None, "the amplifiers must be known"),
        (replace(DETECTOR, amplifiers=()), "the amplifiers of detector R22_S11 must be known"),
        (
            replace(DETECTOR, amplifiers=(Amplifier("C00", Box(0, 0, 0, 0)),)),
            "the pixels of amplifier C00 of detector R22_S11 are not known",
        ),
        (
            replace(DETECTOR, amplifiers=(Amplifier("C00", Box(5, 0, 4, 4)),)),
            "amplifier C00 of detector R22_S11 reaches beyond an image of 8 x 4 pixels",
        ),
    ],
    ids=["none", "no amplifiers", "no pixels", "beyond"],
)
def test_not_within(detector: DetectorGeometry | None, message: str) -> None:
    with pytest.raises(CuratedError, match=message):
        within(detector, (4, 8))
