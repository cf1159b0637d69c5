"""Shutter motion profiles: few samples, the table of the model, and generated motions through all forms."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from curated.calib.arrays import is_equal
from curated.types.shutter import ShutterMotionProfile
from support.demo import demo_calib
from support.round_trips import MODERATE, NUMBERS, TEXTS, Tree, assert_comes_back, increasing
from support.texts import examples


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("version", [1.0, 2.0])
def test_shutters_with_few_samples(version: float, number: int, tmp_path: Path) -> None:
    """The stack's reader makes bare scalars of a table of one row."""
    tree = demo_calib("shutter").toDict()
    profile = tree["motionProfile"]
    tree["version"] = 2.0
    for name in ("encodeSamples", "hallTransitions"):
        profile[name] = profile[name][:number]
    profile["fitResults"] = {"Model": "M"} | dict(list(profile["fitResults"].items())[1 : 1 + number])
    calib = dataclasses.replace(ShutterMotionProfile.fromDict(tree), version=version)
    assert calib.position.shape == (number,)
    calib.writeFits(tmp_path / "shutter.fits")
    result = ShutterMotionProfile.readFits(tmp_path / "shutter.fits")
    assert result.toDict()["motionProfile"]["fitResults"]["Model"] == "M"
    for field in ShutterMotionProfile.FIELDS:
        if field.name != "version":
            assert is_equal(getattr(result, field.name), getattr(calib, field.name)), field.name


def test_a_shutters_model_stands_in_its_own_table(tmp_path: Path) -> None:
    calib = demo_calib("shutter")
    calib.writeFits(tmp_path / "shutter.fits")
    with fits.open(tmp_path / "shutter.fits") as hdus:
        assert ["FIT_MODEL" in hdu.header for hdu in hdus] == [False, False, False, True]
        assert [name for name in ("startPosition", "startTime_tai") if name not in hdus[1].header] == []


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    version = draw(st.sampled_from([1.0, 2.0]))
    texts = st.datetimes().map(lambda t: t.isoformat())

    def time(mjd: float, **more: Any) -> Tree:
        text = draw(texts)
        if version == 2.0:
            return {"tai": {"isot": text, "mjd": mjd}, **more}
        return {"time": {"tai": text, "mjd": mjd}, **more}

    start = time(draw(NUMBERS))
    profile: Tree = {
        "startTime": start if version == 2.0 else start["time"],
        "side": draw(TEXTS),
        "isOpen": draw(st.booleans()),
        "startPosition": 0.0,
        "targetPosition": draw(MODERATE),
        "endPosition": draw(NUMBERS),
        "targetDuration": draw(MODERATE),
        "actionDuration": draw(MODERATE),
        "encodeSamples": [time(mjd, position=draw(NUMBERS)) for mjd in draw(increasing(0))],
        "hallTransitions": [
            time(
                mjd,
                position=draw(NUMBERS),
                sensorId=draw(st.integers(0, 2**40)),
                isOn=draw(st.booleans()),
            )
            for mjd in draw(increasing(0))
        ],
    }
    keys = ("ModelStartTime", "PivotPoint1", "PivotPoint2", "Jerk0", "Jerk1", "Jerk2")
    fits = draw(st.lists(TEXTS.filter(lambda name: name != "Model"), max_size=3, unique=True))
    profile["fitResults"] = {"Model": draw(TEXTS)} | {
        name: {key: draw(NUMBERS) for key in keys} for name in fits
    }
    tree = {"fileType": "shutterMotionProfile", "version": version, "motionProfile": profile}
    return tree | draw(st.just({}) | st.fixed_dictionaries({"fileName": TEXTS, "obsId": TEXTS}))


@examples(60)
@given(tree=trees(), source=TEXTS)
def test_round_trips(tree: Tree, source: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    metadata = {"INSTRUME": "Lab", "OBSTYPE": ShutterMotionProfile.SPEC.obstype, "SOURCE": source}
    calib = ShutterMotionProfile.fromDict({**tree, "metadata": metadata})
    assert_comes_back(calib, tmp_path_factory.getbasetemp(), has_tables=False)
