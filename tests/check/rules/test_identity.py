"""Rules on the keywords of one file, applied to plain keywords."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from curated.check.rules import FILE_RULES
from curated.check.rules.identity import (
    calib_id,
    detector_keywords,
    filter_keywords,
    read_date,
    reserved_dates,
)
from curated.core.diagnostic import Problem
from curated.package.instrument import Detector, Filter, Instrument
from support.contexts import file_context_of

PATH = "cam/transmission_filter_detector/r00_s11/r_band/20240101T000000.ecsv"
GOOD = {
    "INSTRUME": "Cam",
    "OBSTYPE": "transmission_filter_detector",
    "DETECTOR": 3,
    "RAFTNAME": "R00",
    "SLOTNAME": "S11",
    "DET_NAME": "R00_S11",
    "FILTER": "R band",
    "CALIBDATE": "2024-01-01T00:00:00",
    "CALIB_ID": "instrument=Cam raftName=R00 detectorName=S11 detector=3 filter=R band calibDate=2024-01-01",
}
INSTRUMENT = Instrument(
    "Cam",
    "cam",
    {"r00_s11": Detector(3, "R00_S11", raft="R00", slot="S11")},
    {"r_band": Filter("R band", "r")},
    declared=True,
)


def codes(changes: dict[str, Any], instrument: Instrument | None = None) -> list[str]:
    """Codes that all rules find in good keywords with these changes."""
    context = file_context_of(PATH, GOOD | changes, instrument)
    return [problem.code for rule in FILE_RULES for problem in rule(context)]


def test_good_keywords() -> None:
    assert codes({}) == codes({}, INSTRUMENT) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"INSTRUME": "other", "CALIB_ID": ""}, ["CAL108"]),
        ({"OBSTYPE": "bias"}, ["CAL109"]),
        ({"OBSTYPE": "", "INSTRUME": None}, ["CAL113", "CAL113"]),
        ({"DETECTOR": -1, "CALIB_ID": ""}, ["CAL110"]),
        ({"DETECTOR": True, "CALIB_ID": ""}, ["CAL110"]),
        ({"DET_NAME": "R01_S11", "CALIB_ID": ""}, ["CAL110", "CAL117"]),
        ({"DET_NAME": "S11"}, []),
        ({"FILTER": "g", "CALIB_ID": ""}, ["CAL111"]),
        ({"CALIBDATE": "2024-01-02", "CALIB_ID": ""}, ["CAL112"]),
        ({"VALIDEND": "never"}, ["CAL407"]),
        ({"VALIDEND": True}, ["CAL407"]),
        ({"VALIDEND": 1711929600}, ["CAL407"]),
        ({"VALIDEND": "9999-12-31T23:59:60"}, ["CAL407"]),
        ({"CALIBCLS": "some.where.Defects"}, ["CAL309"]),
    ],
)
def test_contradictions(changes: dict[str, Any], expected: list[str]) -> None:
    assert codes(changes) == expected


@pytest.mark.parametrize(
    ("keyword", "value", "expected"),
    [("DETECTOR", 4, "CAL110"), ("RAFTNAME", "R01", "CAL127"), ("SLOTNAME", "S12", "CAL127")],
)
def test_a_declared_detector(keyword: str, value: Any, expected: str) -> None:
    context = file_context_of(PATH, GOOD | {keyword: value, "DET_NAME": None}, INSTRUMENT)
    assert [problem.code for problem in detector_keywords(context)] == [expected]


def test_an_inferred_instrument_declares_nothing() -> None:
    inferred = Instrument("Cam", "cam")
    declared = Instrument("Cam", "cam", declared=True)
    assert codes({}, inferred) == []
    assert codes({}, declared) == ["CAL104", "CAL105"]


def test_a_declaration_of_neither_detectors_nor_filters() -> None:
    context = file_context_of(PATH, GOOD, Instrument("Cam", "cam", declared=True))
    details = [problem.detail for rule in (detector_keywords, filter_keywords) for problem in rule(context)]
    assert details == [
        "detector 'r00_s11' is not declared, nor is any other",
        "filter 'r_band' is not declared, nor is any other",
    ]


def test_the_spelling_of_a_declared_filter() -> None:
    context = file_context_of(PATH, GOOD | {"FILTER": "r band"}, INSTRUMENT)
    assert [problem.code for problem in filter_keywords(context)] == ["CAL132"]


@pytest.mark.parametrize(
    ("value", "is_date"),
    [
        ("2024-01-31", True),
        ("2024-01-31T01:02:03.5", True),
        ("31/01/99", True),
        ("2024-13-31T01:02:03", False),
        ("20240131", False),
        (20240131, False),
    ],
)
def test_dates_of_the_fits_standard(value: Any, is_date: bool) -> None:
    problems = list(reserved_dates(file_context_of(PATH, {"DATE-OBS": value})))
    assert [p.code for p in problems] == ([] if is_date else ["CAL503"])
    assert not list(reserved_dates(file_context_of(PATH, {"DATE_OF_MEASUREMENT": value, "DATE": None})))


@pytest.mark.parametrize(
    ("text", "is_right"),
    [
        ("detector=3", True),
        ("ccd=3 ccdnum=3", True),
        ("detector=4", False),
        ("detectorName=R00_S11", True),
        ("detectorName=S12", False),
        ("filter=R band calibDate=2024-01-01T00:00:00", True),
        ("filter=G band", False),
        ("calibDate=2024-01-02", False),
        ("somethingElse=1", True),
    ],
)
@pytest.mark.parametrize("is_repeated", [True, False])
def test_parts_of_calib_id_are_those_of_keywords_or_of_the_path(
    text: str, is_right: bool, is_repeated: bool
) -> None:
    keywords = {k: v for k, v in GOOD.items() if is_repeated or k in ("DETECTOR", "RAFTNAME")}
    context = file_context_of(PATH, keywords | {"CALIB_ID": text})
    assert [p.code for p in calib_id(context)] == ([] if is_right else ["CAL114"])


def test_dates_are_naive_utc() -> None:
    assert read_date({"VALIDEND": "2024-01-01T02:00:00+02:00"}, "VALIDEND") == datetime(2024, 1, 1)
    assert read_date({"VALIDEND": ""}, "VALIDEND") is None
    for value, has_hint in ((20240101, True), (2024, False)):  # quotes do not make a date of a year
        problem = read_date({"VALIDEND": value}, "VALIDEND")
        assert isinstance(problem, Problem)
        assert ("quotes" in problem.detail) is has_hint
