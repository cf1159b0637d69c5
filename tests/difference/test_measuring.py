"""Measures of pairs of calibrations, of images with their pixels, and of types from other packages."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import ClassVar

import numpy as np
import pytest

from conftest import MakePackage
from curated.calib import Calib, calibration
from curated.check.instruments import read_instruments
from curated.core.keys import CalibFile, CalibKey
from curated.declare import Array, Conditions, Measure, Reading, Spec, Table, column
from curated.difference.measuring import (
    Version,
    changed_keys,
    compare,
    different_detectors,
    find_effects,
    is_selected,
    measure_changes,
    read_pair,
)
from curated.difference.revisions import open_states
from curated.package.package import open_package
from support.changes import EPOCHS, MIDDLE, OLD, version
from support.demo import demo_calib
from support.packages import defects_path

KEY = CalibKey("lab", "persistence", "d00", "")


@calibration
class Persistence(Calib):
    """A type of another package, with a measure of its own."""

    SPEC: ClassVar = Spec(
        name="persistence",
        title="Persistence",
        obstype="persistence",
        dimensions=("instrument", "detector"),
        storage_class="IsrCalib",
        calibcls="other.Persistence",
        tables=(Table(name="CHARGE"),),
        measures=(
            Measure(
                name="charge_change",
                unit="electron",
                doc="Largest change.",
                compute=lambda old, new, conditions: [
                    Reading(float(np.max(new.charge - old.charge)), of={"filter": conditions.filter_name})
                ],
            ),
        ),
    )
    charge: Array = column("f8", column="CHARGE", unit="electron", doc="Charge.")


def persistence(*values: float) -> Version:
    return Version(f"{values}.ecsv", Persistence(charge=np.array(values)))


def test_a_type_of_another_package_has_its_measures() -> None:
    change = compare(KEY, persistence(1, 2), persistence(1, 5), (), Conditions(filter_name="r"))
    (effect,) = change.effects
    assert (effect.measure.name, effect.reading.value, effect.reading.of) == (
        "charge_change",
        3,
        {"filter": "r"},
    )
    assert (change.fields, change.is_physical) == (("charge",), True)


def test_what_cannot_be_read_is_not_measured() -> None:
    change = compare(KEY, Version("a", None), persistence(1), (), Conditions())
    assert (change.unreadable, change.effects) == (("a",), ())
    assert compare(KEY, Version("a", None), Version("a", None), (), Conditions()).unreadable == ("a",)


def test_one_calibration_alone_has_no_measures_that_need_two() -> None:
    assert list(find_effects(None, persistence(1).calib, Conditions())) == []
    assert list(find_effects(None, None, Conditions())) == []
    assert compare(KEY, None, persistence(1), (), Conditions()).is_physical


def test_paths_select_what_is_below_them() -> None:
    assert is_selected("a/b/c.ecsv", ["a/b"])
    assert is_selected("a/b", ["x", "a/b"])
    assert not is_selected("a/bc", ["a/b"])


def test_keys_have_the_names_of_their_directories(make_package: MakePackage) -> None:
    package = make_package({path.replace("/lab/", "/LabCam/"): text for path, text in EPOCHS.items()})
    package.write({OLD.replace("/lab/", "/LabCam/"): version(OLD, x0=3)})
    states = open_states(open_package(package.path), ())
    (files,) = changed_keys(states.changes)
    assert files.key == CalibKey("LabCam", "defects", "d00", "")
    assert [type(file) for file in files.before] == [CalibFile, CalibFile]


DETECTORS = "detectors: [{id: 0, name: D00, width: 100, height: 40}]"


@pytest.mark.parametrize(("declaration", "share"), [(f"name: Lab\n{DETECTORS}\n", True), (None, False)])
def test_shares_are_those_of_the_declared_detector(
    make_package: MakePackage, declaration: str | None, share: bool
) -> None:
    files = {"calibs/lab/instrument.yaml": declaration} if declaration else {}
    package = make_package({**EPOCHS, **files})
    package.write({OLD: version(OLD, x0=3), defects_path(1): version(OLD, detector=1, x0=3)})
    states = open_states(open_package(package.path), ())
    declared = read_instruments(states.changes.now)[0]
    measured = measure_changes(states.changes, changed_keys(states.changes), Conditions(), declared, jobs=1)
    changes = {change.key.detector: {effect.measure.name for effect in change.effects} for change in measured}
    # The share stays the same where a box moves, and is measured where a list begins.
    assert changes == {"d00": {"pixels_gained", "pixels_lost"}, "d01": {"pixels_gained", "pixels_lost"}}
    package.write({OLD: None})
    states = open_states(open_package(package.path), ())
    (ended, *_) = measure_changes(
        states.changes, changed_keys(states.changes, [OLD]), Conditions(), declared, jobs=1
    )
    names = {effect.measure.name for effect in ended.effects}
    assert names == {"pixels_lost"} | ({"masked_fraction_change"} if share else set())
    assert ended.ranges[0].start == datetime(2020, 1, 1)


def test_features_have_the_names_of_the_comments_above_their_rows(make_package: MakePackage) -> None:
    package = make_package(EPOCHS)
    rows = "# Glow of\n# the amplifier\n50 60 10 10\n55 60 10 10\n\n500 0 1 7\n"
    package.write({OLD: version(OLD) + rows})
    states = open_states(open_package(package.path), [])
    (change,) = measure_changes(
        states.changes, changed_keys(states.changes), Conditions(), read_instruments(states.changes.now)[0]
    )
    readings = {effect.measure.name: effect.reading for effect in change.effects}
    assert readings["feature_pixels_gained"] == (150, 0, 150, {"feature": "Glow of the amplifier"})
    assert readings["pixels_gained"].value == 157
    assert readings.keys() == {"feature_pixels_gained", "pixels_gained"}
    # A comment alone is no change.
    package.commit()
    package.write({OLD: version(OLD) + rows.replace("Glow of", "Hot pixels of")})
    states = open_states(open_package(package.path), [])
    (change,) = measure_changes(states.changes, changed_keys(states.changes), Conditions(), {})
    assert not change.is_physical


def test_the_pair_of_a_change_is_what_was_and_what_is_in_force(make_package: MakePackage) -> None:
    package = make_package(EPOCHS)
    added = defects_path(0, "20210101T000000")
    text = version(OLD, x0=9).replace("2020-01-01", "2021-01-01")
    package.write({added: text, OLD: version(OLD, x0=3), MIDDLE: None, defects_path(1): "no calibration"})
    changes = open_states(open_package(package.path), ()).changes
    measured = list(measure_changes(changes, changed_keys(changes), Conditions(), {}, jobs=1))
    columns = {}
    for change in measured:
        pair = read_pair(changes, change)
        columns[change.old, change.new] = [calib and calib.x0.tolist() for calib in pair]
    assert columns == {
        (OLD, OLD): [[1], [3]],
        (OLD, added): [[1], [9]],  # the new epoch takes the place of what was in force
        (MIDDLE, added): [[2], [9]],  # and goes on where the removed one began
        (defects_path(1), defects_path(1)): [[1], None],
    }


@pytest.mark.parametrize(
    ("fields", "detectors"),
    [
        ({}, ()),
        ({"detector_x": 1}, ("d01",)),
        ({"amplifier_gain": 0}, ("d00",)),
        ({"detector_x": 2, "amplifier_gain": -1}, ("d02", "d03")),
        ({"amplifier_gain": 0, "filter_wavelength": 0}, None),
    ],
)
def test_detectors_whose_rows_differ(fields: dict[str, int], detectors: tuple[str, ...] | None) -> None:
    camera = demo_calib("camera")
    values = {}
    for name, row in fields.items():
        values[name] = getattr(camera, name).copy()
        values[name][row] += 1
    changed = replace(camera, **values)
    assert different_detectors(camera, changed) == detectors
    change = compare(
        CalibKey("demo", "camera"), Version("a", camera), Version("b", changed), (), Conditions()
    )
    assert change.detectors == detectors


def test_the_order_of_detectors_does_not_matter() -> None:
    camera = demo_calib("camera")
    columns = [column for column in camera.FIELDS if column.table == 0]
    reordered = replace(camera, **{column.name: getattr(camera, column.name)[::-1] for column in columns})
    assert different_detectors(camera, reordered) == ()


def test_calibrations_of_one_detector_have_no_rows_of_others() -> None:
    old, new = demo_calib("ptc"), demo_calib("ptc")
    assert different_detectors(old, new) is None


def failing(*_: object) -> list[Reading]:
    raise IndexError("columns of other lengths")


@pytest.mark.parametrize("is_sound", [True, False])
def test_a_measure_may_fail_for_what_is_in_error(monkeypatch: pytest.MonkeyPatch, is_sound: bool) -> None:
    measure = Measure(name="fails", unit="", doc="", compute=failing)
    monkeypatch.setattr(Persistence, "SPEC", replace(Persistence.SPEC, measures=(measure,)))
    pair = persistence(1)._replace(is_sound=is_sound), persistence(2)
    if is_sound:
        with pytest.raises(IndexError):
            compare(KEY, *pair, (), Conditions())
    else:
        assert compare(KEY, *pair, (), Conditions()).unreadable == (pair[0].path,)


def test_infinite_values_are_no_warning(recwarn: pytest.WarningsRecorder) -> None:
    change = compare(KEY, persistence(np.inf, 1e308), persistence(np.inf, -1e308), (), Conditions())
    assert change.effects
    assert not recwarn.list
