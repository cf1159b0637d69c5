"""Keywords that are missing or wrong, and what they should be; see also test_corrections.py."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from curated.core.keys import CalibFile, CalibKey
from curated.editing.expectations import (
    corrected_id,
    detector_keywords,
    filter_keywords,
    id_parts,
    instrument_keywords,
)
from curated.editing.surroundings import Surroundings
from curated.package.instrument import Detector, Filter, Instrument

FILE = CalibFile(
    "x", CalibKey("lab", "transmission_filter_detector", "r1_s2", "big_r"), datetime(2020, 1, 1), "ecsv"
)
LAB = Instrument(
    name="Lab",
    directory="lab",
    detectors={"r1_s2": Detector(5, "R1_S2", "R1", "S2")},
    filters={"big_r": Filter("Big r", "r")},
    declared=True,
)


def expected(
    keywords: dict[str, Any], instrument: Instrument | None = LAB, file: CalibFile = FILE
) -> dict[str, Any]:
    around = Surroundings({"lab": instrument} if instrument is not None else {})
    pairs = [
        pair
        for check in (instrument_keywords, detector_keywords, filter_keywords)
        for pair in check(around, file, keywords)
    ]
    return {keyword: value.value if value is not None else None for keyword, value in pairs}


RIGHT = {
    "INSTRUME": "Lab",
    "DETECTOR": 5,
    "DET_NAME": "R1_S2",
    "RAFTNAME": "R1",
    "SLOTNAME": "S2",
    "FILTER": "Big r",
}


@pytest.mark.parametrize(
    ("keywords", "result"),
    [
        (RIGHT, {}),
        ({}, RIGHT),
        ({**RIGHT, "DETECTOR": 4}, {"DETECTOR": 5}),
        ({**RIGHT, "DETECTOR": "five"}, {"DETECTOR": 5}),
        ({**RIGHT, "DETECTOR": True}, {"DETECTOR": 5}),
        ({**RIGHT, "DET_NAME": "r1_s2"}, {"DET_NAME": "R1_S2"}),
        ({**RIGHT, "DET_NAME": "S2"}, {}),
        ({**RIGHT, "SLOTNAME": "S3"}, {"SLOTNAME": "S2"}),
        ({**RIGHT, "FILTER": "big_r"}, {"FILTER": "Big r"}),
        ({**RIGHT, "INSTRUME": "LAB"}, {}),
        ({**RIGHT, "INSTRUME": 5}, {"INSTRUME": "Lab"}),
    ],
)
def test_declared(keywords: dict[str, Any], result: dict[str, Any]) -> None:
    assert expected(keywords) == result


@pytest.mark.parametrize(
    ("keywords", "result"),
    [
        ({}, {"INSTRUME": None, "DETECTOR": None, "FILTER": None}),
        ({"INSTRUME": "LAB", "DETECTOR": 3, "FILTER": "BIG_R"}, {}),
        (
            {"INSTRUME": "LAB", "DETECTOR": 3, "FILTER": "g", "DET_NAME": "x"},
            {"FILTER": None, "DET_NAME": None},
        ),
        (
            {"INSTRUME": "LAB", "DETECTOR": 3, "FILTER": "BIG_R", "DET_NAME": "R1_S2", "RAFTNAME": "R2"},
            {"RAFTNAME": "R1"},
        ),
    ],
)
def test_not_declared(keywords: dict[str, Any], result: dict[str, Any]) -> None:
    assert expected(keywords, None) == result


def test_an_undeclared_directory() -> None:
    other = CalibFile("x", CalibKey("lab", "defects", "r9_s9", "z"), FILE.start, "ecsv")
    assert expected({"INSTRUME": "Lab"}, LAB, other) == {}


def test_parts_of_an_identity() -> None:
    text = "instrument=Lab detectorName=S1 detector=1 filter=Big g calibDate=2020-01-01 other=1"
    keywords = {"INSTRUME": "Lab", "DET_NAME": "S2", "DETECTOR": 2, "FILTER": "Big\\r", "CALIB_ID": text}
    assert id_parts(keywords)["filter"] == "Big g"
    names = ("DETECTOR", "DET_NAME", "FILTER", "CALIBDATE")
    result = corrected_id(
        text, names, {**keywords, "CALIBDATE": "2021-01-01T12:00:00"}, datetime(2021, 1, 1, 12)
    )
    assert result == (
        "instrument=Lab detectorName=S2 detector=2 filter=Big\\r calibDate=2021-01-01T12:00:00 other=1"
    )
    assert corrected_id(text, ("DETECTOR",), keywords, FILE.start) == text.replace("detector=1", "detector=2")
    assert corrected_id(text, (), keywords, FILE.start) == text
