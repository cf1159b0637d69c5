"""Detectors of lsst-images in JSON: the forms of its versions, places in the focal plane, and damage of every kind."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from curated.core.diagnostic import CuratedError
from curated.core.geometry import Box
from curated.drafts.detector_json import is_json, read_detectors
from support.detector_files import box, json_detector, write_json

Change = Callable[[dict[str, Any]], object]


def changed(change: Change) -> dict[str, Any]:
    content = json_detector()
    change(content)
    return content


def test_a_detector(tmp_path: Path) -> None:
    (camera_detector,) = read_detectors([write_json(tmp_path / "a.json", json_detector())])
    assert (camera_detector.id, camera_detector.name, camera_detector.serial) == (3, "R21_S11", "LAB-003")
    assert (camera_detector.purpose, camera_detector.width, camera_detector.height) == ("SCIENCE", 64, 64)
    assert (camera_detector.x, camera_detector.y, camera_detector.rotation) == (-127, 42.5, 90)
    first, second = camera_detector.amplifiers
    assert (first.name, first.x0, first.width, first.height, first.corner) == ("C00", 0, 32, 64, "LL")
    assert (second.name, second.x0, second.corner) == ("C01", 32, "LR")
    assert (second.gain, second.read_noise, second.saturation) == (1.5, 5.25, 60000)
    # In the amplifier's own raw image.
    assert first.raw == second.raw == Box(4, 2, 32, 64)
    assert second.serial_overscan == Box(36, 2, 4, 64)
    assert second.parallel_overscan == Box(4, 66, 32, 4)


def test_other_places_and_units(tmp_path: Path) -> None:
    def change(content: dict[str, Any]) -> None:
        orientation = content["attributes"]["orientation"]
        orientation |= {"yaw": {"value": 90, "unit": "deg"}, "pixel_reference_x": 1.5}

    (camera_detector,) = read_detectors([write_json(tmp_path / "a.json", changed(change))])
    # The centre is 30 columns beyond the reference, and columns go up by a yaw of 90 degrees.
    assert (camera_detector.x, camera_detector.y) == pytest.approx((-127, 42.5 + 0.3))
    assert camera_detector.rotation == 90


def test_earlier_names_and_flips(tmp_path: Path) -> None:
    def change(content: dict[str, Any]) -> None:
        for entry in content["amplifiers"]:
            del entry["readout_corner"]
            raw = entry["unassembled_raw_geometry"]
            raw["horizontal_overscan_bbox"] = raw.pop("serial_overscan_bbox")
            raw["vertical_overscan_bbox"] = raw.pop("parallel_overscan_bbox")
            raw |= {"flip_x": entry["name"] == "C01", "flip_y": True}

    (camera_detector,) = read_detectors([write_json(tmp_path / "a.json", changed(change))])
    assert [a.corner for a in camera_detector.amplifiers] == ["UL", "UL"]
    assert [(a.flip_x, a.flip_y) for a in camera_detector.amplifiers] == [(False, True), (True, True)]
    assert camera_detector.amplifiers[0].serial_overscan == Box(36, 2, 4, 64)


def test_what_is_not_known(tmp_path: Path) -> None:
    def change(content: dict[str, Any]) -> None:
        first, second = content["amplifiers"]
        first |= {"nominal_calibrations": None, "unassembled_raw_geometry": None}
        second["nominal_calibrations"] |= {"read_noise": "NaN", "saturation": math.inf}

    (camera_detector,) = read_detectors([write_json(tmp_path / "a.json", changed(change))])
    first, second = camera_detector.amplifiers
    assert math.isnan(first.gain)
    assert first.raw == Box(0, 0, 0, 0)
    assert second.gain == 1.5
    assert math.isnan(second.read_noise)
    assert math.isnan(second.saturation)


def test_several_files(tmp_path: Path) -> None:
    paths = [write_json(tmp_path / f"{i}.json", json_detector(i, f"S{i}")) for i in (2, 1)]
    assert [d.name for d in read_detectors(paths)] == ["S1", "S2"]
    paths.append(write_json(tmp_path / "again.json", json_detector(2, "s1")))
    with pytest.raises(CuratedError, match="number '2'; several files have a detector of the name 's1'"):
        read_detectors(paths)
    assert is_json("a.JSON")
    assert not is_json("a.json.fits")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "it is no JSON"),
        ("{", "it is no JSON"),
        ("[" * 100_000, "it is no JSON"),
        ("[]", "it is no detector"),
        ("{}", "it is no detector"),
        (changed(lambda c: c.update(min_read_version=2)), "its min_read_version is '2'"),
        (changed(lambda c: c.update(min_read_version="1")), "its min_read_version"),
        (changed(lambda c: c.update(attributes=[])), "attributes is '[]', not a mapping"),
        (changed(lambda c: c.update(amplifiers={})), "amplifiers is '{}', not a list of mappings"),
        (changed(lambda c: c.update(amplifiers=[1])), "not a list of mappings"),
        (changed(lambda c: c["attributes"].pop("id")), "attributes.id is missing"),
        (changed(lambda c: c["attributes"].update(id=True)), "attributes.id is 'true'"),
        (changed(lambda c: c["attributes"].update(id=-1)), "not a whole number from 0 on"),
        (changed(lambda c: c["attributes"].update(id=10**400)), "attributes.id is"),
        (changed(lambda c: c["attributes"].update(name=" ")), "attributes.name"),
        (changed(lambda c: c["attributes"].update(type="SKY")), "not one of SCIENCE, FOCUS"),
        (changed(lambda c: c["attributes"].update(pixel_size="1")), "attributes.pixel_size is"),
        (changed(lambda c: c["attributes"].update(pixel_size=math.nan)), "attributes.pixel_size is"),
        (changed(lambda c: c["attributes"].update(bbox=box((0, 0), (0, 64)))), "bbox has no pixels"),
        (changed(lambda c: c["attributes"].update(bbox=box((9, 0), (0, 64)))), "ends before it starts"),
        (changed(lambda c: c["attributes"]["bbox"].pop("y")), "attributes.bbox.y is missing"),
        (changed(lambda c: c["attributes"]["bbox"]["x"].update(stop=1.5)), "attributes.bbox.x.stop is '1.5'"),
        (changed(lambda c: c["attributes"].update(orientation=None)), "attributes.orientation is missing"),
        (
            changed(lambda c: c["attributes"]["orientation"].update(yaw={"value": 1, "unit": "mm"})),
            "yaw.unit is",
        ),
        (changed(lambda c: c["amplifiers"][1].update(name="C00")), "amplifier 'C00' is there twice"),
        (changed(lambda c: c["amplifiers"][1].update(name=7)), "amplifiers[1].name is '7'"),
        (changed(lambda c: c["amplifiers"][0].update(readout_corner="XX")), "not one of LL, LR, UR, UL"),
        (changed(lambda c: c["amplifiers"][0]["nominal_calibrations"].update(gain="high")), "gain is"),
        (changed(lambda c: c["amplifiers"][0]["nominal_calibrations"].pop("gain")), "gain is missing"),
        (
            changed(lambda c: c["amplifiers"][0]["unassembled_raw_geometry"].update(flip_x=1)),
            "flip_x is '1', not true or false",
        ),
        (
            changed(lambda c: c["amplifiers"][0]["unassembled_raw_geometry"].pop("data_bbox")),
            "data_bbox is missing",
        ),
    ],
)
def test_damage(tmp_path: Path, content: Any, message: str) -> None:
    path = write_json(tmp_path / "a.json", content)
    with pytest.raises(CuratedError) as raised:
        read_detectors([path])
    assert message in raised.value.message
    assert raised.value.message.startswith(f"--camera {path}: ")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(CuratedError, match="it cannot be read: No such file"):
        read_detectors([str(tmp_path / "none.json")])
    with pytest.raises(CuratedError, match=r"it cannot be read|no regular file"):
        read_detectors([str(tmp_path)])
