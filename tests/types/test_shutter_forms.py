"""The nested text of shutter motions: both versions, and the places of what is wrong in it."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from curated.calib import CalibrationError
from curated.calib.arrays import is_equal
from curated.types._shutter_forms import ShutterText
from curated.types.shutter import ShutterMotionProfile
from support.demo import demo_calib


def test_both_versions_of_a_shutters_text_say_the_same() -> None:
    tree = demo_calib("shutter").toDict()
    first = dataclasses.replace(ShutterMotionProfile.fromDict(tree), version=1.0).toDict()
    assert "time" in first["motionProfile"]["encodeSamples"][0]
    assert "isot" in tree["motionProfile"]["encodeSamples"][0]["tai"]
    from_first, from_second = ShutterMotionProfile.fromDict(first), ShutterMotionProfile.fromDict(tree)
    assert [
        f.name
        for f in ShutterMotionProfile.FIELDS
        if not is_equal(getattr(from_first, f.name), getattr(from_second, f.name))
    ] == ["version"]


def test_wrong_shutters_are_told_all_that_is_wrong() -> None:
    tree = demo_calib("shutter").toDict()
    tree["motionProfile"]["encodeSamples"][0] = "nothing"
    tree["motionProfile"]["fitResults"]["motorEncoderFit"] = 5
    del tree["motionProfile"]["endPosition"]
    with pytest.raises(CalibrationError) as caught:
        ShutterMotionProfile.fromDict(tree)
    assert {p.pointer[:2] for p in caught.value.problems} >= {
        ("motionProfile", "encodeSamples"),
        ("motionProfile", "fitResults"),
    }
    assert any("endPosition" in p.detail for p in caught.value.problems)


KEYWORDS = {field.key: field.keyword for field in ShutterMotionProfile.FIELDS if field.keyword}


def read(tree: Any) -> ShutterText:
    return ShutterText(tree, KEYWORDS)


def test_times_of_both_versions_become_the_same() -> None:
    first = {"time": {"tai": "2024-01-01T00:00:00", "mjd": 60310.0}, "position": 1.5}
    second = {"tai": {"isot": "2024-01-01T00:00:00", "mjd": 60310.0}, "position": 1.5}
    flat = {"tai": "2024-01-01T00:00:00", "mjd": 60310.0, "position": 1.5}
    for sample, start in ((first, first["time"]), (second, {"tai": second["tai"]})):
        text = read({"motionProfile": {"startTime": start, "encodeSamples": [sample]}})
        assert text.problems == []
        assert text.flat["encodeSamples"] == [flat]
        assert (text.flat["startTime_tai"], text.flat["startTime_mjd"]) == (flat["tai"], flat["mjd"])


def test_a_sample_in_a_mixture_of_versions_has_no_time() -> None:
    for sample in (
        {"time": {"tai": {"isot": "x", "mjd": 1.0}}, "position": 1.5},
        {"tai": "x", "mjd": 1.0, "position": 1.5},
    ):
        (record,) = read({"motionProfile": {"encodeSamples": [sample]}}).flat["encodeSamples"]
        assert "tai" not in record
        assert record["position"] == 1.5


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        ({}, ("CAL210", ("motionProfile",))),
        ({"motionProfile": [1]}, ("CAL211", ("motionProfile",))),
        ({"motionProfile": {"fitResults": 5}}, ("CAL211", ("motionProfile", "fitResults"))),
        ({"motionProfile": {"fitResults": {"fit": 5}}}, ("CAL211", ("motionProfile", "fitResults", "fit"))),
        ({"motionProfile": {"colour": 5}}, ("CAL212", ("motionProfile", "colour"))),
        ({"motionProfile": {}, "endPosition": 5}, ("CAL212", ("endPosition",))),
        ({"motionProfile": {}, "fits": []}, ("CAL212", ("fits",))),
    ],
)
def test_nesting_that_is_wrong(tree: dict[str, Any], expected: tuple[str, Any]) -> None:
    text = read(tree)
    assert [(p.code, p.pointer) for p in text.problems] == [expected]
    assert text.is_unreadable == (not isinstance(tree.get("motionProfile"), dict))


@pytest.mark.parametrize(
    ("flat", "nested"),
    [
        ((), ()),
        (("fitModel",), ("motionProfile", "fitResults", "Model")),
        (("fits",), ("motionProfile", "fitResults")),
        (("fits", 1, "Jerk0"), ("motionProfile", "fitResults", "hall", "Jerk0")),
        (("encodeSamples", 3, "mjd"), ("motionProfile", "encodeSamples", 3)),
        (("encodeSamples", 3, "position"), ("motionProfile", "encodeSamples", 3, "position")),
        (("startTime_mjd",), ("motionProfile", "startTime")),
        (("endPosition",), ("motionProfile", "endPosition")),
        (("metadata", KEYWORDS["endPosition"]), ("motionProfile", "endPosition")),
        (("metadata", "SOURCE"), ("metadata", "SOURCE")),
        (("version",), ("version",)),
    ],
)
def test_places_in_the_nested_text(flat: Any, nested: Any) -> None:
    text = read({"motionProfile": {"fitResults": {"Model": "M", "encoder": {}, "hall": {}}}})
    assert text.place(flat) == nested


@pytest.mark.parametrize("version", [1.0, 2.0])
def test_nesting_is_the_inverse_of_reading(version: float) -> None:
    tree = dataclasses.replace(demo_calib("shutter"), version=version).toDict()
    text = read({key: value for key, value in tree.items() if key != "metadata"})
    assert text.problems == []
    assert ShutterText.nest(text.flat) == {key: value for key, value in tree.items() if key != "metadata"}
