"""Mismatches with detectors and other calibrations."""

from __future__ import annotations

from typing import Any

import pytest

from curated.calib.mismatch import (
    amplifier_mismatches,
    detector_keywords,
    identity_keywords,
    identity_mismatches,
)
from curated.core.geometry import Amplifier, Box, DetectorGeometry
from curated.core.metadata import Metadata
from curated.types.defects import Defects

AMPLIFIERS = tuple(Amplifier(name, Box(0, 0, 5, 20)) for name in ("C00", "C01"))
DETECTOR = DetectorGeometry("R22_S11", 94, 10, 20, AMPLIFIERS, instrument="Cam", raft="R22", slot="S11")


@pytest.mark.parametrize(
    ("keywords", "codes"),
    [
        ({}, []),
        ({"INSTRUME": "CAM", "DETECTOR": 94, "DET_NAME": "r22_s11"}, []),
        ({"INSTRUME": "Lab"}, ["CAL108"]),
        ({"DETECTOR": 95, "DET_NAME": "R22_S12"}, ["CAL110", "CAL110"]),
        ({"DET_SER": "ITL-1"}, []),  # the detector does not say
        ({"FILTER": "r"}, []),
    ],
)
def test_keywords_that_contradict_a_detector(keywords: dict[str, Any], codes: list[str]) -> None:
    problems = list(identity_mismatches(Metadata(keywords), DETECTOR))
    assert [problem.code for problem in problems] == codes
    assert all(problem.pointer == ("metadata", problem.detail.split()[0]) for problem in problems)


def test_another_calibration_may_name_raft_and_slot() -> None:
    empty: dict[str, Any] = {"x0": [], "y0": [], "width": [], "height": []}
    other = Defects.fromDict({"metadata": {"RAFTNAME": "R22", "DET_NAME": "S11", "FILTER": "g"}, **empty})
    assert list(identity_mismatches(Metadata({"DET_NAME": "R22_S11"}), other)) == []
    (problem,) = identity_mismatches(Metadata({"FILTER": "r"}), other)
    assert (problem.code, problem.detail) == (
        "CAL111",
        "FILTER is 'r', but 'g' is what it is to be used with",
    )


@pytest.mark.parametrize(
    ("names", "details"),
    [
        (["C00", "C01"], []),
        (["C00"], ["the calibration has no amplifier C01"]),
        (["C00", "C01", "C02", "C03"], ["the detector has no amplifier C02, C03"]),
        (["X"], ["the calibration has no amplifier C00, C01", "the detector has no amplifier X"]),
    ],
)
def test_amplifiers(names: list[str], details: list[str]) -> None:
    problems = list(amplifier_mismatches(names, DETECTOR, "gain"))
    assert [(p.code, p.pointer, p.detail) for p in problems] == [("CAL308", ("gain",), d) for d in details]
    assert list(amplifier_mismatches(names, DetectorGeometry("d00", 0), "gain")) == []


def test_keywords_of_a_detector() -> None:
    assert identity_keywords(DETECTOR)["DET_SER"] == ""
    keywords = detector_keywords(Defects.SPEC, DETECTOR)
    assert (keywords["OBSTYPE"], keywords["DETECTOR"], keywords["SLOTNAME"]) == ("defects", 94, "S11")
    assert "DET_SER" not in keywords
