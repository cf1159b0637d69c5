"""Amplifiers out of use: which at a time, masks of images, and generated lists through all forms."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import Any

import numpy as np
import pytest
from astropy.nddata import CCDData
from hypothesis import given
from hypothesis import strategies as st

from curated.core.diagnostic import CuratedError
from curated.core.geometry import Amplifier, AmplifiersOutOfUse, Box, DetectorGeometry
from curated.types._bad_amps_math import entries
from curated.types.bad_amps import BadAmps
from support.readings import all_readings
from support.round_trips import TEXTS, Tree, assert_comes_back
from support.texts import examples

HALVES = DetectorGeometry(
    name="d00",
    id=0,
    width=6,
    height=4,
    amplifiers=(Amplifier("C00", Box(0, 0, 3, 4)), Amplifier("C01", Box(3, 0, 3, 4))),
)


def bad_amps(*rows: dict[str, str]) -> BadAmps:
    return BadAmps.fromDict({"amplifiers": [{"reason": "dead", **row} for row in rows]})


ALWAYS = {"detector": "d00", "amplifier": "C01"}
LATER = {"detector": "d00", "amplifier": "C00", "from": "2024-03-01", "to": "2024-06-01T12:00:00+02:00"}


@pytest.mark.parametrize(
    ("time", "names"),
    [
        ("2024-02-29T23:59:59", ["C01"]),
        ("2024-03-01", ["C00", "C01"]),
        ("2024-06-01T09:59:59", ["C00", "C01"]),
        (datetime(2024, 6, 1, 10), ["C01"]),
    ],
)
def test_amplifiers_at_a_time(time: Any, names: list[str]) -> None:
    listed = bad_amps(ALWAYS, LATER, {"detector": "d01", "amplifier": "C07"})
    assert listed.amplifiers_at("D00", time) == names
    assert listed.amplifiers_at("d02", time) == []
    assert isinstance(listed, AmplifiersOutOfUse)


def test_without_a_time_there_must_be_no_period() -> None:
    assert bad_amps(ALWAYS, {**LATER, "detector": "d01"}).amplifiers_at("d00") == ["C01"]
    with pytest.raises(CuratedError, match="C00 is not always out of use"):
        bad_amps(ALWAYS, LATER).amplifiers_at("d00")


@pytest.mark.parametrize("dtype", ["f4", ">f4", "u2"])
def test_pixels_of_an_array_become_nan(dtype: str) -> None:
    image = np.arange(24).reshape(4, 6).astype(dtype)
    masked = bad_amps(ALWAYS).apply(image, detector=HALVES)
    assert np.isnan(masked[:, 3:]).all()
    np.testing.assert_array_equal(masked[:, :3], np.arange(24).reshape(4, 6)[:, :3])


def test_pixels_are_added_to_a_mask() -> None:
    mask = np.zeros((4, 6), bool)
    mask[0, 0] = True
    ccd = CCDData(np.ones((4, 6)), unit="adu", mask=mask)
    masked = bad_amps(ALWAYS, LATER).apply(ccd, detector=HALVES, time="2024-01-01")
    assert masked.mask.sum() == 13
    assert masked.mask[0, 0]
    assert masked.mask[:, 3:].all()
    assert ccd.mask.sum() == 1
    np.testing.assert_array_equal(masked.data, ccd.data)


@pytest.mark.parametrize(
    ("detector", "message"),
    [
        (None, "must be known"),
        (
            dataclasses.replace(HALVES, amplifiers=(HALVES.amplifiers[0],)),
            "no amplifier C01, *it has C00|C01",
        ),
        (dataclasses.replace(HALVES, amplifiers=(Amplifier("C01", Box(0, 0, 0, 0)),)), "not known"),
    ],
)
def test_amplifiers_without_pixels(detector: Any, message: str) -> None:
    with pytest.raises(CuratedError, match=message):
        bad_amps(ALWAYS).apply(np.ones((4, 6)), detector=detector)


def test_changes() -> None:
    old, new = bad_amps(ALWAYS), bad_amps(ALWAYS, LATER)
    (reading,) = all_readings(old, new)["bad_amplifiers_gained"]
    assert reading.of == {"amplifier": "d00 C00 from 2024-03-01 to 2024-06-01T12:00:00+02:00"}
    assert set(all_readings(new, old)) == {"bad_amplifiers_lost"}
    assert entries(old) == {"d00 C01"}


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    names = draw(st.lists(TEXTS.filter(str.strip), max_size=4, unique=True))
    moments = st.sampled_from(["", "2024-03-01", "2024-03-01T12:00:00.5"])
    return {
        "amplifiers": [
            {
                "detector": "d00",
                "amplifier": name,
                "from": draw(moments),
                "reason": "dead",
                "name": draw(TEXTS),
            }
            for name in names
        ]
    }


@examples(40)
@given(tree=trees())
def test_round_trips(tree: Tree, tmp_path_factory: pytest.TempPathFactory) -> None:
    metadata = {"INSTRUME": "Lab", "OBSTYPE": "bad_amps"}
    assert_comes_back(BadAmps.fromDict({**tree, "metadata": metadata}), tmp_path_factory.getbasetemp())
