"""Events: lists of names in either form, and generated events through all forms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curated.calib.base import CalibrationError
from curated.types.events import Events, names_of
from support.readings import all_readings
from support.round_trips import TEXTS, Tree, assert_comes_back
from support.texts import examples

COATED = {"date": "2023-06-20", "what": "mirrors coated", "affects": ["flat", "transmission_optics"]}


def events(*rows: dict[str, Any]) -> Events:
    return Events.fromDict({"events": list(rows)})


def test_lists_are_texts_with_commas(tmp_path: Path) -> None:
    first = events({**COATED, "detectors": ["d00"], "filters": ["r", "g"]})
    second = events({**COATED, "affects": "flat, transmission_optics", "detectors": "d00", "filters": "r, g"})
    assert first == second
    assert first.claims().events == [
        ["2023-06-20", "mirrors coated", "flat, transmission_optics", "d00", "r, g"]
    ]
    assert names_of(" flat,,transmission_optics , ") == ["flat", "transmission_optics"]
    first.writeText(tmp_path / "events.yaml")
    assert Events.readText(tmp_path / "events.yaml") == first


@pytest.mark.parametrize("affects", [[1], [["flat"]], {"flat": 1}])
def test_other_lists_are_refused(affects: Any) -> None:
    with pytest.raises(CalibrationError, match="affects"):
        events({**COATED, "affects": affects})


@pytest.mark.parametrize(
    ("change", "message"),
    [({"date": "60115"}, "MJD"), ({"what": " "}, "what happened"), ({"affects": []}, "affects no type")],
)
def test_incomplete_events(change: dict[str, Any], message: str) -> None:
    with pytest.raises(CalibrationError, match=message):
        events(COATED, {**COATED, **change})


def test_changes() -> None:
    old, new = events(COATED), events(COATED, {**COATED, "date": "2024-06-20"})
    (reading,) = all_readings(old, new)["events_gained"]
    assert reading.of == {"event": "2024-06-20 mirrors coated flat, transmission_optics"}
    assert set(all_readings(new, old)) == {"events_lost"}


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    word = TEXTS.filter(str.strip)
    names = st.lists(st.sampled_from(["flat", "dark", "bias"]), min_size=1, max_size=3)
    row = st.fixed_dictionaries({"date": st.just("2023-06-20"), "what": word, "affects": names})
    return {"events": draw(st.lists(row, max_size=4))}


@examples(40)
@given(tree=trees())
def test_round_trips(tree: Tree, tmp_path_factory: pytest.TempPathFactory) -> None:
    metadata = {"INSTRUME": "Lab", "OBSTYPE": "events"}
    assert_comes_back(Events.fromDict({**tree, "metadata": metadata}), tmp_path_factory.getbasetemp())
