"""What headers say: keywords of the stack and of Butler, in every spelling, and times."""

from __future__ import annotations

import uuid
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from lsst.daf.butler import (
    DataCoordinate,
    DatasetProvenance,
    DatasetRef,
    DatasetType,
    DimensionUniverse,
)

from curated.audit.header import Exposure, ImageHeader, Use, read_image_header
from curated.fits.file_headers import read_headers
from support.processed import RAW, applied, isr_keywords, write_image

RUN = "Lab/calib/v1/curated/20200101T000000Z"


def read(tmp_path: Path, keywords: dict[str, Any], raw: dict[str, Any] = RAW) -> ImageHeader:
    return read_image_header(read_headers(write_image(tmp_path / "image.fits", keywords, raw), 8))


def test_calibrations_of_instrument_signature_removal(tmp_path: Path) -> None:
    defects = applied("defects", "defects", RUN)
    kernel = applied("bfKernel", "bfk", RUN)
    header = read(tmp_path, isr_keywords(defects, kernel))
    assert header.uses == (
        Use("BFKERNEL", "bfk", kernel.uuid, RUN, "Unknown Unknown"),
        Use("DEFECTS", "defects", defects.uuid, RUN, "Unknown Unknown"),
    )
    assert header.is_tai
    assert header.exposure == Exposure("Lab", "0", "r", datetime(2021, 6, 1, 0, 0, 37))


def test_every_connection_has_a_dataset_type(tmp_path: Path) -> None:
    names = {
        "deferredChargeCalib": "cti",
        "gainCorrection": "gain_correction",
        "electroBfDistortionMatrix": "electroBfDistortionMatrix",
        "ptc": "ptc",
        "linearizer": "linearizer",
        "crosstalk": "crosstalk",
        "camera": "camera",
        "flat": "flat",
        "opticsTransmission": "transmission_optics",
        "somethingNew": "somethingnew",
    }
    header = read(tmp_path, isr_keywords(*(applied(name, "x", RUN) for name in names)))
    assert {use.role: use.dataset_type for use in header.uses} == {k.upper(): v for k, v in names.items()}


def butler_keywords(separator: str, *, minimalist: bool = False) -> tuple[dict[str, Any], list[DatasetRef]]:
    """Return the keywords that Butler itself writes for an image with a list of defects and a raw frame as inputs."""
    universe = DimensionUniverse()
    data_id = DataCoordinate.standardize(instrument="Lab", detector=7, universe=universe)
    names = ("defects", "raw", "postISRCCD")
    refs = [
        DatasetRef(
            DatasetType(name, ("instrument", "detector"), "Exposure", universe=universe), data_id, run=RUN
        )
        for name in names
    ]
    provenance = DatasetProvenance(quantum_id=uuid.uuid4())
    for ref in refs[:2]:
        provenance.add_input(ref)
    prefix = f"lsst{separator}butler".upper()
    options = {"simple_types": True, "store_minimalist_inputs": minimalist}
    return provenance.to_flat_dict(refs[2], prefix=prefix, sep=separator, **options), refs


@pytest.mark.parametrize("separator", [" ", ".", "-"])
def test_inputs_of_butler(separator: str, tmp_path: Path) -> None:
    keywords, refs = butler_keywords(separator)
    header = read(tmp_path, keywords)
    assert header.uses == (Use("DEFECTS", "defects", str(refs[0].id), RUN),)
    assert (header.exposure.instrument, header.exposure.detector) == ("Lab", "7")


def test_inputs_of_which_only_the_id_is_recorded(tmp_path: Path) -> None:
    keywords, refs = butler_keywords(" ", minimalist=True)
    assert {use.uuid for use in read(tmp_path, keywords).uses} == {str(ref.id) for ref in refs[:2]}


def test_a_calibration_of_which_two_programs_wrote_is_one(tmp_path: Path) -> None:
    keywords, refs = butler_keywords(" ")
    keywords["LSST CALIB UUID DEFECTS"] = str(refs[0].id).upper()
    assert read(tmp_path, keywords).uses == (Use("DEFECTS", "defects", str(refs[0].id), RUN),)


def test_dates_under_other_names_are_no_calibrations_of_their_own(tmp_path: Path) -> None:
    keywords = isr_keywords(applied("deferredChargeCalib", "cti", RUN))
    keywords |= {"LSST CALIB DATE CTI": "2024-01-01 12:00:00", "LSST CALIB DATE DNL": "2024-01-02 12:00:00"}
    del keywords["LSST CALIB DATE DEFERREDCHARGECALIB"]
    uses = read(tmp_path, keywords).uses
    assert [(use.role, use.date) for use in uses] == [
        ("DEFERREDCHARGECALIB", "2024-01-01 12:00:00"),
        ("DNL", "2024-01-02 12:00:00"),
    ]


@pytest.mark.parametrize(
    ("raw", "time", "is_tai"),
    [
        ({"DATE-BEG": "2021-06-01T00:00:00", "TIMESYS": "UTC"}, datetime(2021, 6, 1), False),
        ({"DATE-OBS": "2021-06-01T00:00:00"}, datetime(2021, 6, 1), False),
        ({"DATE-BEG": "2021-06-01T00:00:00", "DATE-OBS": "2020-01-01T00:00:00"}, datetime(2021, 6, 1), False),
        ({"MJD-BEG": 59366.5, "TIMESYS": "TAI"}, datetime(2021, 6, 1, 12), True),
        ({"MJD-OBS": 59366}, datetime(2021, 6, 1), False),
        ({"DATE-BEG": "yesterday", "MJD-BEG": 59366.0}, datetime(2021, 6, 1), False),
        ({"DATE-BEG": "2021-06-01T00:00:00", "TIMESYS": "TT"}, None, False),
        ({"MJD-OBS": 1e300}, None, False),
        ({"MJD-OBS": True}, None, False),
        ({}, None, False),
    ],
)
def test_times(raw: dict[str, Any], time: datetime | None, is_tai: bool, tmp_path: Path) -> None:
    header = read(tmp_path, {}, raw)
    assert (header.exposure.time, header.is_tai) == (time, is_tai)


def test_provenance_in_a_later_header(tmp_path: Path) -> None:
    from astropy.io import fits

    path = write_image(tmp_path / "image.fits", {})
    with fits.open(path, mode="update") as hdus:
        for key, value in isr_keywords(applied("defects", "defects", RUN)).items():
            hdus[2].header[f"HIERARCH {key}"] = value
    header = read_image_header(read_headers(path, 8))
    assert [use.role for use in header.uses] == ["DEFECTS"]
    assert header.exposure.instrument == "Lab"


def test_long_runs_and_contradictions(tmp_path: Path) -> None:
    run = f"Lab/calib/{'x' * 60}/curated/20200101T000000Z"
    path = write_image(tmp_path / "image.fits", isr_keywords(applied("defects", "defects", run)))
    content = path.read_bytes()
    assert read_image_header(read_headers(path)).uses[0].run == run
    card = b"INSTRUME= 'Other   '".ljust(80)
    place = content.index(b"DETECTOR=")
    path.write_bytes(content[:place] + card + content[place + 80 :])
    header = read_image_header(read_headers(path))
    assert header.contradictions == ("INSTRUME",)
    assert header.exposure.instrument == "Lab"


def test_bytes_that_no_header_may_have(tmp_path: Path) -> None:
    path = write_image(tmp_path / "image.fits", isr_keywords(applied("defects", "defects", RUN)))
    content = path.read_bytes()
    path.write_bytes(content.replace(b"'r       '", b"'\xff\x1b[31m\0 '").replace(b"BIAS", b"B\xe9AS"))
    header = read_image_header(read_headers(path))
    assert header.exposure.filter == "??[31m?"
    assert [use.role for use in header.uses] == ["DEFECTS"]
