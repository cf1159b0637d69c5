"""``instrument.yaml``: what it declares, and its errors."""

from __future__ import annotations

from typing import Any

import pytest

from curated.core.diagnostic import CuratedError
from curated.package.instrument import Expected, Filter, Instrument, parse_instrument

DETECTORS = [
    {
        "id": 0,
        "name": "R00_S00",
        "raft": "R00",
        "slot": "S00",
        "width": 8,
        "height": 4,
        "amplifiers": ["C00"],
    },
    {"id": 1, "name": "R00 S01"},
]
TREE = {
    "name": "Cam",
    "detectors": DETECTORS,
    "filters": [{"name": "SDSS r", "band": "r"}, {"name": "clear"}],
    "expected": [{"type": "BFKERNEL"}, {"type": "transmission_filter", "filters": ["clear"]}],
    "visit_max": 1000,
    "utc_offset": -4.5,
}


def problems(changes: dict[str, Any]) -> list[tuple[tuple[str | int, ...], str]]:
    return [(p.pointer, p.detail) for p in parse_instrument({**TREE, **changes}, "cam")[1]]


def test_everything_that_is_declared() -> None:
    instrument, found = parse_instrument(TREE, "cam")
    assert not found
    assert (instrument.name, instrument.directory, instrument.declared) == ("Cam", "cam", True)
    assert list(instrument.detectors) == ["r00_s00", "r00_s01"]
    assert instrument.detectors["r00_s00"].amplifiers == ("C00",)
    assert instrument.filters == {
        "sdss_r": Filter("SDSS r", "r"),
        "clear": Filter("clear", "clear", ("band",)),
    }
    assert (instrument.inferred, instrument.aliases) == ((), ())
    assert instrument.expected == (Expected("bfk"), Expected("transmission_filter", filters=("clear",)))
    assert (instrument.visit_max, instrument.exposure_max, instrument.utc_offset) == (1000, None, -4.5)


def test_an_error_in_one_entry_leaves_the_others() -> None:
    spoilt = {**TREE, "detectors": [{"id": -1, "name": "d01"}, *DETECTORS], "filters": [5, {"name": "g"}]}
    instrument, found = parse_instrument(spoilt, "cam")
    assert list(instrument.detectors) == ["r00_s00", "r00_s01"]
    assert list(instrument.filters) == ["g"]
    assert [p.pointer for p in found] == [("detectors", 0, "id"), ("filters", 0), ("expected", 1, "filters")]
    assert {p.code for p in found} == {"CAL002"}


def test_an_error_at_the_top_leaves_nothing() -> None:
    for wrong in (5, {}, {**TREE, "detectors": 5}, {**TREE, "name": None}):
        instrument, found = parse_instrument(wrong, "cam")
        assert instrument == Instrument("cam", "cam")
        assert found


@pytest.mark.parametrize("offset", [25, -13, "two", float("nan")])
def test_a_wrong_offset_leaves_all_others(offset: Any) -> None:
    instrument, found = parse_instrument({**TREE, "utc_offset": offset}, "cam")
    assert [p.pointer for p in found] == [("utc_offset",)]
    assert instrument.utc_offset == 0
    assert instrument.declared
    assert list(instrument.detectors) == ["r00_s00", "r00_s01"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"detectors": [*DETECTORS, {"id": 0, "name": "x"}]},
            (("detectors", 2), "detector 0 'x' stands twice"),
        ),
        (
            {"detectors": [*DETECTORS, {"id": 2, "name": "r00_S00"}]},
            (("detectors", 2), "detector 2 'r00_S00' stands twice"),
        ),
        (
            {"filters": [{"name": "clear"}, {"name": "Clear"}]},
            (("filters", 1), "filter 'Clear' stands twice"),
        ),
        ({"expected": [{"type": "defect"}]}, (("expected", 0, "type"), "'defect' is not a calibration type")),
        (
            {"expected": [{"type": "defects", "detectors": ["R00_S00", "x"]}]},
            (("expected", 0, "detectors"), "x: not among the detectors of the instrument"),
        ),
        (
            {"expected": [{"type": "defects", "filters": ["clear"]}]},
            (("expected", 0, "filters"), "defects has no filters"),
        ),
    ],
    ids=lambda value: value[1] if isinstance(value, tuple) else "",
)
def test_what_no_schema_says(changes: dict[str, Any], expected: tuple[tuple[str | int, ...], str]) -> None:
    assert problems(changes) == [expected]


def test_without_detectors_any_can_be_expected() -> None:
    tree = {"name": "Cam", "expected": [{"type": "defects", "detectors": ["x"]}]}
    instrument, found = parse_instrument(tree, "cam")
    assert not found
    assert instrument.expected == (Expected("defects", ("x",)),)


def test_geometry_has_names_and_no_boxes() -> None:
    instrument, _ = parse_instrument(TREE, "cam")
    geometry = instrument.geometry("r00_s00")
    assert geometry == instrument.geometry(0)
    assert (geometry.name, geometry.id, geometry.width, geometry.height) == ("R00_S00", 0, 8, 4)
    assert [(a.name, a.box.width) for a in geometry.amplifiers] == [("C00", 0)]
    assert geometry.instrument == "Cam"
    assert parse_instrument(TREE, "workshop")[0].geometry(0).instrument == "workshop"
    with pytest.raises(CuratedError, match="there is no detector 'x'"):
        instrument.geometry("x")
