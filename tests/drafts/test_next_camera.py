"""Cameras of instruments that a package has."""

from __future__ import annotations

from datetime import datetime

import pytest

from curated.core.diagnostic import CuratedError
from curated.drafts.next_camera import draft_next_camera
from curated.package.instrument import Detector, Instrument

START = datetime(2026, 1, 1)


def instrument(**size: int) -> Instrument:
    detectors = {f"d{n}": Detector(n, f"D{n}", amplifiers=("A", "B"), **size) for n in range(2)}
    return Instrument("Cam", "cam", detectors)


def test_amplifiers_stand_side_by_side_without_an_earlier_camera() -> None:
    draft = draft_next_camera(instrument(width=20, height=10), None, START, "a test")
    boxes = [amplifier.box for amplifier in draft.calib.detector("D1").amplifiers]
    assert [(box.x0, box.y0, box.width, box.height) for box in boxes] == [(0, 0, 10, 10), (10, 0, 10, 10)]
    assert "gain" in draft.unknown


def test_amplifiers_are_those_of_the_earlier_camera() -> None:
    first = draft_next_camera(instrument(width=20, height=10), None, START, "a test").calib
    changed = first.fromDict(
        {**first.toDict(), "amplifiers": [{**row, "gain": 2.5} for row in first.toDict()["amplifiers"]]}
    )
    again = draft_next_camera(instrument(width=20, height=10), changed, START, "a test").calib
    assert {amplifier.gain for amplifier in again.detector("D0").amplifiers} == {2.5}


def test_sizes_must_be_known() -> None:
    with pytest.raises(CuratedError, match="size and the amplifiers") as caught:
        draft_next_camera(instrument(), None, START, "a test")
    assert "cam/instrument.yaml" in caught.value.hint
