"""Dimension records of repositories as plain values."""

from __future__ import annotations

from typing import Any

import pytest

from curated.export.holdings import DetectorRecord, InstrumentRecord, LocalFile, instrument_record


def test_an_instrument_is_its_dimension_records() -> None:
    record = {"name": "Lab", "class_name": "lsst.obs.lab.Lab", "visit_max": 0, "exposure_max": 88, "more": 1}
    detectors: list[dict[str, Any]] = [
        {"id": 7, "full_name": "R01_S11", "raft": "R01", "name_in_raft": "S11", "purpose": "GUIDER", "x": 1},
        {"id": 2, "full_name": "R00_S02"},
    ]
    filters = [{"name": "r_57", "band": "r"}, {"name": "empty"}, {"name": "g_6", "band": None}]
    instrument = instrument_record(record, detectors, filters)
    assert instrument == InstrumentRecord(
        "Lab",
        {"class_name": "lsst.obs.lab.Lab", "visit_max": 0, "exposure_max": 88},
        {2: DetectorRecord(2, "R00_S02"), 7: DetectorRecord(7, "R01_S11", "R01", "S11", "GUIDER")},
        {"empty": "empty", "g_6": "g_6", "r_57": "r"},
    )
    assert list(instrument.detectors) == [2, 7]
    assert list(instrument.filters) == ["empty", "g_6", "r_57"]


@pytest.mark.parametrize("value", [None, ""])
@pytest.mark.parametrize("key", ["class_name", "visit_max", "exposure_max", "detector_max", "visit_system"])
def test_what_a_record_does_not_tell_is_left_out(key: str, value: object) -> None:
    assert instrument_record({"name": "Lab", key: value}, [], []) == InstrumentRecord("Lab")
    assert instrument_record({"name": "Lab", key: 1}, [], []).values == {key: 1}


@pytest.mark.parametrize("key", ["full_name", "raft", "name_in_raft", "purpose"])
def test_texts_of_a_detector_that_are_unknown_are_empty(key: str) -> None:
    detectors = instrument_record({"name": "Lab"}, [{"id": 1, key: None}], []).detectors
    assert detectors == {1: DetectorRecord(1)}
    assert getattr(instrument_record({"name": "Lab"}, [{"id": 1, key: "A"}], []).detectors[1], key) == "A"


def test_a_local_file_is_used_where_it_is() -> None:
    file = LocalFile("/data/flat.fits")
    with file.as_local() as local:
        assert local.ospath == "/data/flat.fits"
