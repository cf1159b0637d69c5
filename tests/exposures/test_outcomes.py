"""What happens to exposures between boundaries of validity: thresholds, and the part that an exposure uses."""

from __future__ import annotations

import math
from datetime import datetime

import pytest

from curated.core.diagnostic import CuratedError
from curated.core.keys import CalibKey
from curated.declare import Measure, Reading
from curated.difference.change import Change, Effect
from curated.exposures.moments import LEAST_NS, MOST_NS
from curated.exposures.names import FilterName
from curated.exposures.outcomes import Ranking, Timeline, parse_thresholds
from curated.package.validity import Range

ALWAYS = (Range(datetime(2024, 1, 1), None),)
SHIFT = Measure(name="zero_point_shift", unit="mmag", doc="", compute=lambda *_: (), notable=5)
EDGE = Measure(name="edge_shift", unit="nm", doc="", compute=lambda *_: (), notable=0.1)
GAIN = Measure(name="gain_change", unit="%", doc="", compute=lambda *_: (), notable=0.5)


def timeline(*changes: Change, **thresholds: float) -> Timeline:
    types = sorted({change.key.type for change in changes})
    return Timeline(changes, types, Ranking.of(changes, thresholds), thresholds, frozenset("ugr"))


def curve(*effects: Effect, key: CalibKey | None = None) -> Change:
    key = key or CalibKey("lab", "transmission_optics")
    return Change(key, "old", "new", ALWAYS, effects, ("throughputs",))


def hit(line: Timeline, band: str = "", detector: str = "") -> tuple[str, float | None]:
    """Return level and largest measure of the only change in the last interval."""
    filter_name = FilterName(f"{band}_1", band) if band else None
    (result,) = line.outcome(len(line.bounds) - 1, filter_name, detector).hits
    return result.level, None if result.effect is None else result.effect.reading.value


def test_of_a_curve_the_band_of_the_filter_counts() -> None:
    line = timeline(
        curve(
            Effect(SHIFT, Reading(-400.0, of={"band": "u"})),
            Effect(SHIFT, Reading(2.0, of={"band": "g"})),
            Effect(EDGE, Reading(40.0, of={"edge": "blue"})),
        )
    )
    assert hit(line, "u") == ("effect", -400.0)
    assert hit(line, "g") == ("content", 2.0)
    assert hit(line, "r") == ("content", None)
    # Nothing is known of this band, nor of an exposure without a filter: all measures count.
    assert hit(line, "VR") == hit(line) == ("effect", 40.0)


def test_a_curve_of_a_filter_counts_whole() -> None:
    key = CalibKey("lab", "transmission_filter", "", "g_1")
    line = timeline(curve(Effect(SHIFT, Reading(-400.0, of={"band": "g_1"})), key=key))
    assert hit(line, "g") == ("effect", -400.0)
    assert line.outcome(len(line.bounds) - 1, FilterName("r_1", "r"), "").hits == ()


def test_of_a_table_of_detectors_the_rows_of_the_detector_count() -> None:
    effects = (Effect(GAIN, Reading(3.0, of={"detector": "D00", "amplifier": "C00"})),)
    change = Change(CalibKey("lab", "camera"), "old", "new", ALWAYS, effects, ("gain",), detectors=("D00",))
    line = timeline(change)
    assert hit(line, detector="d00") == ("effect", 3.0)
    assert hit(line, detector="d01") == ("file", None)
    assert hit(line) == ("effect", 3.0)


@pytest.mark.parametrize(
    ("value", "threshold", "level"),
    [
        (5.0, None, "effect"),
        (-4.99, None, "content"),
        (math.nan, None, "effect"),
        (-math.inf, None, "effect"),
        (-4.99, 4.99, "effect"),
        (400.0, 401.0, "content"),
        (1e-9, 0.0, "effect"),
    ],
)
def test_thresholds(value: float, threshold: float | None, level: str) -> None:
    thresholds = {} if threshold is None else {"zero_point_shift": threshold}
    line = timeline(curve(Effect(SHIFT, Reading(value, of={"band": "g"}))), **thresholds)
    assert hit(line, "g")[0] == level


def test_thresholds_decide_which_effect_is_the_largest() -> None:
    effects = Effect(SHIFT, Reading(10.0, of={"band": "g"})), Effect(GAIN, Reading(1.5, of={"band": "g"}))
    assert hit(timeline(curve(*effects)), "g")[1] == 1.5
    assert hit(timeline(curve(*effects), zero_point_shift=1.0), "g")[1] == 10.0


def test_ranges_beyond_all_exposures() -> None:
    ranges = Range(datetime(1, 1, 1), datetime(2024, 1, 1)), Range(datetime(2025, 1, 1), datetime(9999, 1, 1))
    line = timeline(Change(CalibKey("lab", "defects", "d00"), "old", "new", ranges))
    assert (line.bounds[0], line.bounds[-1]) == (LEAST_NS, MOST_NS)
    assert [len(line.outcome(index, None, "").hits) for index in range(5)] == [0, 1, 0, 1, 0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("zero_point_shift", "is no threshold"),
        ("zero_point_shift=x", "is no threshold"),
        ("zero_point_shift=-1", "is no threshold"),
        ("zero_point_shift=nan", "is no threshold"),
        ("=1", "is no threshold"),
        ("zeropoint_shift=1", "no calibration type has a measure"),
    ],
)
def test_wrong_thresholds(text: str, message: str) -> None:
    with pytest.raises(CuratedError, match=message) as raised:
        parse_thresholds([text])
    assert "zero_point_shift" in raised.value.hint


def test_texts_of_thresholds() -> None:
    assert parse_thresholds(["zero_point_shift = 5", "pixels_gained=1e3"]) == {
        "zero_point_shift": 5.0,
        "pixels_gained": 1000.0,
    }
    with pytest.raises(CuratedError, match="two thresholds"):
        parse_thresholds(["pixels_gained=1", "pixels_gained=2"])
