"""Limits of changes: where they are set, what exceeds them, and which errors follow."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

import pytest

from conftest import GitPackage, MakePackage
from curated.core.diagnostic import CuratedError
from curated.core.keys import CalibKey
from curated.declare import Reading
from curated.difference.change import Change, Effect
from curated.difference.limits import Limits, find_excesses, find_limit_findings, find_limits, parse_options
from curated.difference.notes import Notes
from curated.difference.revisions import find_difference, open_states
from curated.package.package import open_package
from curated.package.validity import Range
from curated.registry import get_type
from support.changes import EPOCHS, MIDDLE, OLD, version
from support.packages import defects_path

KEY = CalibKey("cam", "transmission_optics", "", "")
ALWAYS = (Range(datetime(2020, 1, 1), None),)


def effect(type_name: str, name: str, value: float, **of: Any) -> Effect:
    measure = next(m for m in get_type(type_name).SPEC.measures if m.name == name)
    return Effect(measure, Reading(value, of=of))


def shifts(*values: float, ranges: tuple[Range, ...] = ALWAYS, old: str | None = "a") -> Change:
    effects = tuple(
        effect("transmission_optics", "zero_point_shift", value, band=f"b{i}")
        for i, value in enumerate(values)
    )
    return Change(KEY, old, "b", ranges, effects)


def excesses(change: Change, limit: float) -> list[tuple[float, int, dict[str, Any]]]:
    limits = Limits({(change.key.type, change.effects[0].measure.name): limit})
    return [(e.size, e.more, dict(e.worst.reading.of)) for e in find_excesses([change], limits)]


# -- what exceeds a limit -----------------------------------------------------------------------------------


def test_the_value_farthest_from_zero_is_compared() -> None:
    change = shifts(3.0, -21.0, 20.5)
    assert excesses(change, 20) == [(-21.0, 1, {"band": "b1"})]
    assert excesses(change, 21) == []
    assert excesses(change, 20.99) == [(-21.0, 0, {"band": "b1"})]


def test_what_is_not_a_number_exceeds_every_limit() -> None:
    ((size, more, of),) = excesses(shifts(3.0, math.nan), 1e9)
    assert (math.isnan(size), more, of) == (True, 0, {"band": "b1"})
    assert excesses(shifts(-math.inf), 1e9) == [(-math.inf, 0, {"band": "b0"})]


def test_values_that_add_up_are_added_up() -> None:
    lost = tuple(effect("crosstalk", "coefficients_lost", 1, pair=str(i)) for i in range(4))
    change = Change(CalibKey("cam", "crosstalk", "d0", ""), "a", "b", ALWAYS, lost)
    assert [size for size, _, _ in excesses(change, 3)] == [4]
    assert excesses(change, 4) == []


def test_first_calibrations_and_those_never_in_force_have_no_limit() -> None:
    assert excesses(shifts(100.0, old=None), 1) == []
    assert excesses(shifts(100.0, ranges=()), 1) == []


# -- options --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("nonlinearity_change=20", {("linearizer", "nonlinearity_change"): 20.0}),
        ("linearizer.nonlinearity_change = 2e1 ppm", {("linearizer", "nonlinearity_change"): 20.0}),
        ("defects.pixels_gained=0pix", {("defects", "pixels_gained"): 0.0}),
        ("ptc.gain_change=.5%", {("ptc", "gain_change"): 0.5}),
        ("crosstalk.sign_changes=0", {("crosstalk", "sign_changes"): 0.0}),
    ],
)
def test_options(text: str, limits: dict[tuple[str, str], float]) -> None:
    assert parse_options([text]) == limits


def test_a_measure_of_several_types_is_limited_in_all_and_a_type_goes_before() -> None:
    limits = parse_options(["transmission_filter.zero_point_shift=5", "zero_point_shift=20 mmag"])
    assert limits["transmission_filter", "zero_point_shift"] == 5
    assert limits["transmission_optics", "zero_point_shift"] == limits["qe_curve", "zero_point_shift"] == 20
    # One name, two units: the unit chooses the types.
    assert sorted(parse_options(["median_difference=2 adu/s"])) == [
        ("dark", "median_difference"),
        ("straylight", "median_difference"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is no limit"),
        ("pixels_gained", "is no limit"),
        ("pixels_gained=", "is no limit"),
        ("pixels_gained=-3", "is no limit"),
        ("pixels_gained=nan", "is no limit"),
        ("pixels_gained=inf", "is no limit"),
        ("pixels_gained=1e999", "is no limit"),
        ("=3", "is no limit"),
        ("pixels_gaind=3", "did you mean 'pixels_gained'"),
        ("defects.gain=3", "these are: pixels_gained, "),
        ("defcts.pixels_gained=3", "unknown calibration type 'defcts'"),
        ("zero_point_shift=3 nm", "the unit of zero_point_shift is 'mmag'"),
        ("sign_changes=3 pix", "the unit of sign_changes is none"),
        ("zero_point_shift=3 " + "m" * 5000, "the unit of zero_point_shift"),
    ],
)
def test_options_that_are_no_limits(text: str, message: str) -> None:
    with pytest.raises(CuratedError, match=message):
        parse_options([text])


# -- packages -------------------------------------------------------------------------------------------------

CONFIG = "calibs: calibs\nlimits: {defects: {pixels_gained: 7, pixels_lost: 7}}\n"


@pytest.fixture
def package(make_package: MakePackage) -> GitPackage:
    return make_package({**EPOCHS, "curated.yaml": CONFIG})


def findings(
    package: GitPackage, *revisions: str, options: tuple[str, ...] = ()
) -> list[tuple[str, str, str]]:
    states = open_states(open_package(package.path), revisions)
    limits, faults = find_limits(states.changes.now, parse_options(options))
    difference = find_difference(states, jobs=1)
    notes = Notes(states.changes, states.after if len(revisions) == 2 else "")
    diagnostics = [*faults, *find_limit_findings(difference.changes, limits, notes)]
    return [(d.code, d.file, d.message.split(" UTC; ")[-1]) for d in diagnostics]


GAINED = ("CAL446", OLD, "the limit in curated.yaml is 7 pix")


def test_a_large_change_without_a_note_is_an_error(package: GitPackage) -> None:
    package.write({OLD: version(OLD, x0=3)})
    assert findings(package) == [GAINED, GAINED]
    assert findings(package, options=("pixels_gained=8", "pixels_lost=8")) == []
    assert findings(package, options=("pixels_gained=6", "pixels_lost=8")) == [
        ("CAL446", OLD, "the limit of --max is 6 pix")
    ]
    package.commit(None, "Move it\n\nCalibration-Change: pixels_lost")
    assert findings(package, "HEAD~", "HEAD") == [GAINED]


def test_a_small_change_is_none(package: GitPackage) -> None:
    package.write({OLD: version(OLD, x0=2)})
    assert findings(package) == []


def test_limits_of_the_instrument_go_before(package: GitPackage) -> None:
    package.commit(
        {"calibs/lab/instrument.yaml": "name: lab\nlimits: {defects: {pixels_gained: 8}}\n"}, "Declare"
    )
    package.write({OLD: version(OLD, x0=3)})
    assert findings(package) == [GAINED]  # of pixels_lost
    package.write({"curated.yaml": CONFIG + "instruments: {lab: {limits: {defects: {pixels_lost: 3}}}}\n"})
    assert findings(package) == [GAINED, ("CAL446", OLD, "the limit in curated.yaml is 3 pix")]


def test_wrong_limits_are_errors(package: GitPackage) -> None:
    package.write({OLD: version(OLD, x0=3), "curated.yaml": "calibs: calibs\nlimits: {defects: {lost: 1}}\n"})
    ((code, file, message),) = findings(package)
    assert (code, file) == ("CAL001", "curated.yaml")
    assert message.startswith("'lost' is not a measure of defects")


def test_a_removed_epoch_has_a_limit_and_an_added_detector_has_none(package: GitPackage) -> None:
    package.commit({defects_path(1): None, defects_path(2): version(OLD, detector=2)}, "Exchange")
    assert findings(package, "HEAD~", "HEAD") == [
        ("CAL446", defects_path(1), "the limit in curated.yaml is 7 pix")
    ]


def test_what_cannot_be_read_is_a_warning(package: GitPackage) -> None:
    package.write({MIDDLE: "nothing\n"})
    assert findings(package) == [
        ("CAL447", MIDDLE, f"{MIDDLE} cannot be read, so that no limit was applied to the change")
    ]
    package.write({"curated.yaml": "calibs: calibs\n"})
    assert findings(package) == []
