"""Exposures from headers of raw images, by the mapping in instrument.yaml or by astro_metadata_translator."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from conftest import GitPackage, MakePackage
from curated.check.instruments import read_instruments
from curated.core.diagnostic import CuratedError
from curated.history.exposure.raw import Exposure, read_exposure
from curated.package.package import open_package
from support.packages import defects_path, defects_text
from support.raw_images import replace_card, write_raw

MAPPING = """name: Laboratory
headers:
  names: [LAB_CAMERA]
  detector: ["d{CCDNUM:02d}"]
  filter: ["{FILTER}~{GRATING}", FILTER]
  filters: {OPEN: empty}
  scale: TAI
match: [SEQNAME]
"""


@pytest.fixture(params=["bare", "declared"])
def lab(request: pytest.FixtureRequest, make_package: MakePackage) -> GitPackage:
    files = {defects_path(): defects_text(), "curated.yaml": ""}
    if request.param == "declared":
        files["calibs/lab/instrument.yaml"] = MAPPING
    return make_package(files)


@pytest.fixture
def declared(make_package: MakePackage) -> GitPackage:
    files = {defects_path(): defects_text(), "curated.yaml": "", "calibs/lab/instrument.yaml": MAPPING}
    return make_package(files)


@pytest.fixture
def undeclared(make_package: MakePackage) -> GitPackage:
    return make_package({defects_path(): defects_text(), "curated.yaml": ""})


def exposure(package: GitPackage, tmp_path: Path, instrument: str = "", **keywords: Any) -> Exposure:
    opened = open_package(package.path)
    path = write_raw(tmp_path / f"{len(list(tmp_path.glob('*.fits')))}.fits", **keywords)
    return read_exposure(opened, read_instruments(opened)[0], str(path), instrument)


def test_defaults(undeclared: GitPackage, tmp_path: Path) -> None:
    first = exposure(undeclared, tmp_path)
    assert (first.instrument, first.detector, first.filter) == ("lab", "d00", "r")
    assert (first.begin, first.end) == (datetime(2024, 2, 29, 23, 59, 50), datetime(2024, 2, 29, 23, 59, 59))
    assert first.translator == ""
    stack = exposure(undeclared, tmp_path, RAFTBAY="R22", CCDSLOT="S11")
    assert stack.detector == "R22_S11"
    number = exposure(undeclared, tmp_path, DET_NAME=None, DETECTOR=7)
    assert number.detector == "7"
    nothing = exposure(undeclared, tmp_path, DET_NAME=None, FILTER=None, DATE_END=None)
    assert (nothing.detector, nothing.filter, nothing.end) == ("", "", None)


def test_a_mapping(declared: GitPackage, tmp_path: Path) -> None:
    first = exposure(
        declared, tmp_path, INSTRUME="lab_camera", CCDNUM=3, FILTER="open", TIMESYS=None, SEQNAME="S1"
    )
    assert (first.detector, first.filter, first.state) == ("d03", "empty", {"SEQNAME": "S1"})
    assert first.begin == datetime(2024, 2, 29, 23, 59, 13)
    assert exposure(declared, tmp_path, INSTRUME="LABORATORY", GRATING="holo").filter == "r~holo"


@pytest.mark.parametrize(
    ("keywords", "begin"),
    [
        ({"TIMESYS": "TAI", "DATE_BEG": "2024-03-01T00:00:37"}, datetime(2024, 3, 1)),
        ({"TIMESYS": "tt", "DATE_BEG": "2024-03-01T00:01:09.184"}, datetime(2024, 3, 1)),
        ({"DATE_BEG": "2024-03-01T01:00:00+01:00"}, datetime(2024, 3, 1)),
        ({"DATE_BEG": None, "DATE_OBS": "2024-03-01T00:00:00.5"}, datetime(2024, 3, 1, 0, 0, 0, 500000)),
        ({"DATE_BEG": None, "MJD_OBS": 60370.0}, datetime(2024, 3, 1)),
        ({"DATE_BEG": None, "MJD_OBS": 60370.5, "TIMESYS": "TAI"}, datetime(2024, 3, 1, 11, 59, 23)),
        # A date alone is no time: the next keyword counts.
        ({"DATE_BEG": "2024-03-01", "MJD_BEG": 60370.25}, datetime(2024, 3, 1, 6)),
        ({"DATE_BEG": "2016-12-31T23:59:60.25"}, datetime(2017, 1, 1, 0, 0, 0, 250000)),
        ({"DATE_BEG": "2017-01-01T00:00:36.5", "TIMESYS": "TAI"}, datetime(2017, 1, 1)),
    ],
)
def test_times(undeclared: GitPackage, tmp_path: Path, keywords: dict[str, Any], begin: datetime) -> None:
    assert exposure(undeclared, tmp_path, DATE_END=None, **keywords).begin == begin


def test_a_duration(undeclared: GitPackage, tmp_path: Path) -> None:
    assert exposure(undeclared, tmp_path, DATE_END=None, EXPTIME=30.5).end == datetime(
        2024, 3, 1, 0, 0, 20, 500000
    )
    assert exposure(undeclared, tmp_path, DATE_END=None, EXPTIME=0).end == datetime(2024, 2, 29, 23, 59, 50)


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"INSTRUME": None}, "does not say of which instrument it is: it has no INSTRUME"),
        ({"INSTRUME": "Lav"}, "is of an unknown instrument: INSTRUME 'Lav'"),
        ({"DATE_BEG": None}, "does not say when it was taken: it has none of DATE-BEG, DATE-OBS"),
        ({"DATE_BEG": "2024-03-01"}, "DATE-BEG '2024-03-01' is a date without a time"),
        ({"DATE_BEG": "31/12/99"}, "DATE-BEG '31/12/99' is not an ISO 8601 date-time"),
        (
            {"DATE_BEG": "2024-03-01T00:00:00Z", "TIMESYS": "TAI"},
            "an offset from UTC, in a header whose scale is TAI",
        ),
        ({"DATE_BEG": 1.5}, "DATE-BEG 1.5 is not an MJD between 40587 and 88069"),
        ({"DATE_BEG": True}, "DATE-BEG True is not an MJD"),
        ({"TIMESYS": "GPS"}, "TIMESYS of .* is 'GPS', which is not supported"),
        (
            {"DATE_END": "2024-02-29T00:00:00"},
            "began at 2024-02-29T23:59:50 and ended at 2024-02-29T00:00:00",
        ),
        ({"DATE_END": "soon"}, "does not say when it ended: DATE-END 'soon'"),
        ({"DATE_END": None, "EXPTIME": -5}, "ended at"),
        ({"DATE_END": None, "EXPTIME": 1e300}, "ended at"),
    ],
)
def test_headers_that_do_not_do(
    lab: GitPackage, tmp_path: Path, keywords: dict[str, Any], message: str
) -> None:
    with pytest.raises(CuratedError, match=message) as caught:
        exposure(lab, tmp_path, CCDNUM=0, **keywords)
    assert caught.value.hint


def test_several_values_and_wrong_characters(undeclared: GitPackage, tmp_path: Path) -> None:
    opened = open_package(undeclared.path)
    for name, text, message in (
        ("dup.fits", "FILTER  = 'g'", "FILTER of .* has several values: 'r' and 'g'"),
        ("bytes.fits", "DET_NAME= '\xe9'", "DET_NAME of .* has several values"),
    ):
        path = replace_card(write_raw(tmp_path / name), "TIMESYS", text)
        with pytest.raises(CuratedError, match=message):
            read_exposure(opened, {}, str(path))
    path = replace_card(write_raw(tmp_path / "e.fits"), "DET_NAME", "DET_NAME= 'd\xe90'")
    with pytest.raises(CuratedError, match=r"DET_NAME of .* is not what a header may hold: 'd.0'"):
        read_exposure(opened, {}, str(path))


def test_the_instrument_that_is_asked_for(lab: GitPackage, tmp_path: Path) -> None:
    assert exposure(lab, tmp_path, "LAB", CCDNUM=0).instrument == "lab"
    with pytest.raises(CuratedError, match="is not of lab: INSTRUME 'HSC'") as caught:
        exposure(lab, tmp_path, "lab", INSTRUME="HSC")
    assert "headers: {names: [HSC]}" in caught.value.hint
    with pytest.raises(CuratedError, match="unknown instrument 'HSC'"):
        exposure(lab, tmp_path, "HSC", INSTRUME="HSC")


def test_settings_of_curated_yaml(make_package: MakePackage, tmp_path: Path) -> None:
    settings = "instruments:\n  lab: {headers: {names: [CAM], detector: [CHIP]}, match: [SEQNAME]}\n"
    package = make_package({defects_path(): defects_text(), "curated.yaml": settings})
    found = exposure(package, tmp_path, INSTRUME="cam", CHIP="d00", SEQNAME=5)
    assert (found.instrument, found.detector, found.state) == ("lab", "d00", {"SEQNAME": 5})


def test_what_astro_metadata_translator_knows(make_package: MakePackage, tmp_path: Path) -> None:
    pytest.importorskip("astro_metadata_translator")
    path, text = (
        "calibs/decam/defects/n04/20200101T000000.ecsv",
        defects_text({"INSTRUME": "DECam"}, detector=40),
    )
    keywords = {
        "INSTRUME": "DECam", "DET_NAME": None, "CCDNUM": 40, "FILTER": "r DECam SDSS c0002 6415.0 1480.0",
        "DATE_BEG": None, "DATE_END": None, "DATE_OBS": "2024-03-01T02:00:00.5", "EXPTIME": 30.0,
        "TIMESYS": "UTC", "OBS_ID": "x", "TELESCOP": "CTIO 4.0-m telescope",
    }  # fmt: skip
    package = make_package({path: text, "curated.yaml": ""})
    found = exposure(package, tmp_path, **keywords)
    assert (found.translator, found.instrument, found.detector) == ("DECam", "decam", "40")
    assert found.filter == keywords["FILTER"]
    assert (found.begin, found.end) == (
        datetime(2024, 3, 1, 2, 0, 0, 500000),
        datetime(2024, 3, 1, 2, 0, 30, 500000),
    )
    # A mapping that is declared goes before it.
    mapping = "name: DECam\nheaders: {detector: [CHIP], begin: [DATE-OBS]}\n"
    package.commit({"calibs/decam/instrument.yaml": mapping})
    found = exposure(package, tmp_path, CHIP="N4", **keywords)
    assert (found.translator, found.detector) == ("", "N4")


@pytest.mark.parametrize(("keyword", "value"), [("EXPTIME", None), ("EXPTIME", "long"), ("CCDNUM", "forty")])
def test_why_a_translator_failed(
    make_package: MakePackage, tmp_path: Path, keyword: str, value: str | None
) -> None:
    pytest.importorskip("astro_metadata_translator")
    path, text = (
        "calibs/decam/defects/n04/20200101T000000.ecsv",
        defects_text({"INSTRUME": "DECam"}, detector=40),
    )
    keywords = {
        "INSTRUME": "DECam", "DET_NAME": None, "CCDNUM": 40, "FILTER": "r DECam SDSS c0002 6415.0 1480.0",
        "DATE_BEG": None, "DATE_END": None, "DATE_OBS": "2024-03-01T02:00:00.5", "EXPTIME": 30.0,
        "TIMESYS": "UTC", "OBS_ID": "x", "TELESCOP": "CTIO 4.0-m telescope", keyword: value,
    }  # fmt: skip
    package = make_package({path: text, "curated.yaml": ""})
    raw = exposure(package, tmp_path, **keywords)
    assert raw.translator == ""
    assert raw.fault.startswith("the translator DECam of astro_metadata_translator could not read it: ")
    assert "Error" in raw.fault
    # Without a time, the error says it beside what the mapping lacks.
    with pytest.raises(CuratedError, match=r"does not say when it was taken.*the translator DECam"):
        exposure(package, tmp_path, **{**keywords, "DATE_OBS": None})
