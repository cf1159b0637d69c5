"""The order and totals of changes."""

from __future__ import annotations

import math

from curated.core.keys import CalibKey
from curated.declare import Measure, Reading
from curated.difference.change import Change, Difference, Effect, find_totals, part_text

PIXELS = Measure(name="pixels", unit="pix", doc="Pixels.", compute=lambda *_: (), additive=True, notable=100)
SHIFT = Measure(name="shift", unit="mmag", doc="Shift.", compute=lambda *_: (), notable=5)


def make_change(name: str, *effects: Effect, **options: tuple[str, ...]) -> Change:
    path = f"cam/kind/{name}/20200101T000000.ecsv"
    return Change(CalibKey("cam", "kind", name, ""), path, path, effects=effects, **options)


def test_the_largest_change_comes_first() -> None:
    small = make_change("d00", Effect(SHIFT, Reading(-6.0)))
    large = make_change("d01", Effect(PIXELS, Reading(500.0)))
    unreadable = make_change("d02", unreadable=("x",))
    unmeasured = make_change("d03", fields=("values",))
    same = make_change("d04", keywords=("DATE",))
    difference = Difference.of("A", "B", [same, unmeasured, small, large, unreadable])
    assert difference.changes == (unreadable, large, small, unmeasured)
    assert difference.unchanged == (same,)
    assert difference.counts == {"kind": 4}


def test_what_begins_or_ends_is_physical() -> None:
    key = CalibKey("cam", "kind", "", "")
    assert Change(key, None, "a").is_physical
    assert Change(key, "a", None).is_physical
    assert not Change(key, "a", "a").is_physical


def test_totals_add_up_or_are_the_largest() -> None:
    changes = [
        make_change("d00", Effect(PIXELS, Reading(500.0)), Effect(SHIFT, Reading(3.0, of={"band": "u"}))),
        make_change("d01", Effect(PIXELS, Reading(-20.0)), Effect(SHIFT, Reading(2.0, of={"band": "u"}))),
        make_change(
            "d02",
            Effect(SHIFT, Reading(-9.0, of={"band": "g"})),
            Effect(SHIFT, Reading(8.0, of={"band": "r"})),
        ),
    ]
    pixels, shift = find_totals(changes)
    assert (pixels.measure, pixels.calibrations, pixels.value, pixels.worst) == (PIXELS, 2, 480.0, changes[0])
    assert (shift.calibrations, shift.value, shift.of, shift.worst) == (3, -9.0, {"band": "g"}, changes[2])


def test_a_value_that_is_no_number_weighs_most() -> None:
    assert make_change("d00", Effect(SHIFT, Reading(math.nan))).weight == math.inf


def test_parts_as_text() -> None:
    assert part_text({"band": "u", "amplifier": "C00"}) == "u, C00"
    assert part_text({}) == ""


def test_a_value_that_is_no_number_hides_no_other() -> None:
    readings = [Reading(math.nan, of={"band": "u"}), Reading(-7.0, of={"band": "g"})]
    changes = [
        make_change("d00", *(Effect(SHIFT, reading) for reading in readings)),
        make_change("d01", Effect(SHIFT, Reading(3.0))),
    ]
    (total,) = find_totals(changes)
    assert (total.value, total.calibrations, total.worst, total.of) == (-7.0, 2, changes[0], {"band": "g"})
    (total,) = find_totals([make_change("d00", Effect(SHIFT, readings[0]))])
    assert math.isnan(total.value)


def test_totals_of_many_effects_take_no_time() -> None:
    effects = [Effect(PIXELS, Reading(float(i))) for i in range(20_000)]
    (total,) = find_totals([make_change("d00", *effects)])
    assert total.value == sum(range(20_000))
