"""The state of the camera: what differs, and what cannot be compared."""

from __future__ import annotations

from typing import Any

import pytest

from curated.history.exposure.state import StateOfFile, compare_state


@pytest.mark.parametrize(
    ("state", "keywords", "messages"),
    [
        ({"SEQNAME": "S1"}, {"SEQNAME": "S1"}, []),
        ({"SEQNAME": "S1"}, {"SEQNAME": " S1 "}, []),
        ({"SEQNAME": 5}, {"SEQNAME": 5.0}, []),
        ({"SEQNAME": "5"}, {"SEQNAME": 5}, []),
        ({"SEQNAME": "S1"}, {"SEQNAME": "S2"}, ["CAL480 SEQNAME is 'S2', and 'S1' of raw.fits"]),
        ({"SEQNAME": "s1"}, {"SEQNAME": "S1"}, ["CAL480 SEQNAME is 'S1', and 's1' of raw.fits"]),
        ({"SEQNAME": "S1"}, {}, ["CAL481 a.ecsv has no SEQNAME, which is 'S1' of raw.fits"]),
        ({}, {"SEQNAME": "S1"}, ["CAL481 raw.fits has no SEQNAME, which calibrations are compared with"]),
    ],
)
def test_one_calibration(state: dict[str, Any], keywords: dict[str, Any], messages: list[str]) -> None:
    found = compare_state(state, ["SEQNAME"], [StateOfFile("a.ecsv", keywords)], "raw.fits")
    assert [f"{finding.code} {finding.message}" for finding in found] == messages


def test_calibrations_without_a_keyword_are_one_finding() -> None:
    files = [StateOfFile("a", {}), StateOfFile("b", {"SEQNAME": "S2"}), StateOfFile("c", {})]
    found = list(compare_state({"SEQNAME": "S1"}, ["SEQNAME"], files, "raw.fits"))
    assert [(finding.code, finding.file) for finding in found] == [("CAL480", "b"), ("CAL481", "raw.fits")]
    assert "a and 1 more calibrations have no SEQNAME" in found[1].message
