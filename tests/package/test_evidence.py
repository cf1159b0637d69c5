"""What files say about their instrument, and the instrument that most of them agree on."""

from __future__ import annotations

from typing import Any

from curated.package.evidence import NAME, Tally, gather, infer_instrument
from curated.package.instrument import Detector, Filter


def fact(path: str, detector: str = "", filter_name: str = "", **keywords: Any) -> dict[str, Any]:
    return {"path": path, "detector": detector, "filter": filter_name, "keywords": keywords}


def test_a_tally_ranks_by_number_and_then_by_value() -> None:
    tally = Tally()
    assert (tally.ranked, tally.most("default")) == ([], "default")
    for i, value in enumerate(["b", "c", "a", "c", "a"]):
        tally.add(value, f"file{i}")
    assert tally.ranked == ["a", "c", "b"]
    assert tally.most("default") == "a"
    assert tally.first == {"b": "file0", "c": "file1", "a": "file2"}


def test_most_files_decide() -> None:
    facts = [
        fact("1", "r00_s00", INSTRUME="Cam", DETECTOR=0, DET_NAME="R00_S00", DET_SER="A"),
        fact("2", "r00_s00", INSTRUME="Cam", DETECTOR=0, DET_NAME="R00_S00", DET_SER="B"),
        fact("3", "r00_s00", INSTRUME="cam", DETECTOR=1, DET_NAME="R00_S00", DET_SER="B", RAFTNAME=""),
        fact("4", "", "sdss_r", INSTRUME="Cam", FILTER="SDSS r"),
        fact("5", "d07", INSTRUME="Cam"),
        fact("6", "", "unnamed"),
    ]
    instrument = infer_instrument("cam", facts)
    assert (instrument.name, instrument.directory, instrument.declared) == ("Cam", "cam", False)
    assert instrument.detectors == {
        "r00_s00": Detector(
            id=0, name="R00_S00", raft="R00", slot="S00", serial="B", inferred=("name", "raft", "slot")
        )
    }, "a detector without a number in any file is no detector of a repository"
    assert instrument.filters == {"sdss_r": Filter("SDSS r", "SDSS r", inferred=("name", "band"))}
    assert (instrument.inferred, instrument.aliases) == (("name",), ("cam",))


def test_names_in_the_identity() -> None:
    evidence = gather(
        "cam",
        [
            fact(
                "1",
                "s00",
                INSTRUME="Cam",
                CALIB_ID="instrument=Other detectorName=S00 raftName=R00",
                DETECTOR=0,
            ),
            fact("2", "r00_s00", INSTRUME="Cam", CALIB_ID="detectorName=S00 raftName=R00", DET_NAME="other"),
        ],
    )
    assert evidence.files == 2
    assert evidence.called.ranked == ["Other"]
    assert evidence.detectors["s00"][NAME].ranked == ["S00"]
    assert evidence.detectors["r00_s00"][NAME].ranked == ["R00_S00"]


def test_a_name_counts_once_in_a_file() -> None:
    evidence = gather("cam", [fact("1", "s00", DET_NAME="S00", CALIB_ID="detectorName=S00")])
    assert evidence.detectors["s00"][NAME].counts == {"S00": 1}


def test_nothing_is_said() -> None:
    instrument = infer_instrument("cam", [])
    assert (instrument.name, instrument.detectors, instrument.filters) == ("cam", {}, {})
