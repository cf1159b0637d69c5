"""Detectors from a few numbers."""

from __future__ import annotations

import re
from typing import Any

import pytest

from curated.core.diagnostic import CuratedError
from curated.core.geometry import Box
from curated.drafts.geometry import GeometryOptions, make_detectors


def test_amplifiers_tile_the_detector_and_are_read_at_its_edges() -> None:
    options = GeometryOptions(detectors="2", size="40x20", amplifiers="4", overscan=3, prescan=2, gain="1.5")
    first, second = make_detectors(options)
    assert (first.name, first.id, second.name, second.id) == ("d00", 0, "d01", 1)
    assert [(a.name, a.x0, a.y0, a.width, a.height, a.corner) for a in first.amplifiers] == [
        ("C00", 0, 0, 20, 10, "LL"),
        ("C01", 20, 0, 20, 10, "LR"),
        ("C10", 0, 10, 20, 10, "UL"),
        ("C11", 20, 10, 20, 10, "UR"),
    ]
    upper_right = first.amplifiers[3]
    assert (upper_right.flip_x, upper_right.flip_y, upper_right.gain) == (True, True, 1.5)
    assert upper_right.raw == Box(2, 0, 20, 10)
    assert upper_right.serial_overscan == Box(22, 0, 3, 10)
    assert upper_right.parallel_overscan == Box(0, 0, 0, 0)
    # Side by side, and none over the other.
    assert second.x - first.x > 40 * first.pixel_size


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"detectors": "N1=3,S1=1"}, [(1, "S1"), (3, "N1")]),
        ({"detectors": "R22_S00 , R22_S01"}, [(0, "R22_S00"), (1, "R22_S01")]),
        ({"detectors": "1,2,7"}, [(1, "1"), (2, "2"), (7, "7")]),
        ({"detectors": "101"}, [(n, f"d{n:03d}") for n in range(101)]),
    ],
)
def test_names_and_numbers(options: dict[str, Any], expected: list[tuple[int, str]]) -> None:
    assert [(d.id, d.name) for d in make_detectors(GeometryOptions(**options))] == expected


def test_values_by_name_in_order_and_for_all() -> None:
    options = GeometryOptions(amplifiers="A,B", gain="B=2,A=1", read_noise="3,4", saturation="5e4")
    (detector,) = make_detectors(options)
    assert [(a.name, a.gain, a.read_noise, a.saturation) for a in detector.amplifiers] == [
        ("A", 1.0, 3.0, 5e4),
        ("B", 2.0, 4.0, 5e4),
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"detectors": "0"}, "--detectors is 0"),
        ({"detectors": "99999999999999"}, "--detectors is 9999"),
        ({"detectors": "a,,b"}, "nothing before or after a comma"),
        ({"detectors": "a=1,b=1"}, "that of another one"),
        ({"detectors": "a,A"}, "that of another one"),
        ({"detectors": "a=-1"}, "the number of 'a' is '-1'"),
        ({"size": "4000"}, "--size is '4000'"),
        ({"size": "0x10"}, "--size is '0x10'"),
        ({"size": "99999999x10"}, "--size is"),
        ({"size": "10x10", "amplifiers": "3"}, "10 columns of pixels cannot be divided among 3"),
        ({"size": "10x10", "amplifiers": "8", "grid": "4x2"}, "10 columns of pixels cannot be divided"),
        ({"amplifiers": "8", "grid": "3x2"}, "has 6 places for 8 amplifiers"),
        ({"amplifiers": "A,a"}, "a name twice"),
        ({"amplifiers": "4", "corners": "LL,XX,UL,UR"}, "--readout-corners is"),
        ({"amplifiers": "4", "corners": "LL,LR"}, "--readout-corners is"),
        ({"gain": "0"}, "not a number above zero"),
        ({"gain": "nan"}, "not a number above zero"),
        ({"read_noise": "-1"}, "not a number of at least 0"),
        ({"amplifiers": "A,B", "gain": "A=1,C=2"}, "no amplifier C"),
        ({"amplifiers": "A,B", "gain": "A=1"}, "lacks amplifier B"),
        ({"amplifiers": "4", "gain": "1,2"}, "2 values for 4 amplifiers"),
        ({"detectors": "2", "serials": "X"}, "1 serial numbers for 2 detectors"),
        ({"detectors": "5000", "amplifiers": "64"}, "are 320000 amplifiers"),
        ({"overscan": -1}, "--overscan is -1"),
        ({"pixel_size": 0.0}, "--pixel-size is 0.0"),
    ],
)
def test_what_cannot_be_meant_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(CuratedError, match=re.escape(message)) as caught:
        make_detectors(GeometryOptions(**options))
    assert caught.value.hint
