"""What exposures use: names of headers and options, changes in between, and the state of the camera."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from conftest import GitPackage, MakePackage
from curated.check.instruments import read_instruments
from curated.core.diagnostic import CuratedError
from curated.history.exposure.raw import read_exposure
from curated.history.exposure.usage import Question, Usage, find_exposure_usage
from curated.package.package import open_package
from support.packages import defects_path, defects_text
from support.raw_images import write_raw

CURVE = (
    "# %ECSV 1.0\n# ---\n# datatype:\n# - {name: wavelength, unit: nm, datatype: float64}\n"
    "# - {name: efficiency, unit: '%', datatype: float64}\n# meta: {OBSTYPE: transmission_optics, INSTRUME: Lab, "
    "CALIBDATE: '2020-01-01T00:00:00'}\n# schema: astropy-2.0\nwavelength efficiency\n400 2\n500 3\n"
)
DECLARATION = """name: Lab
detectors: [{id: 0, name: d00}, {id: 1, name: d01}, {id: 2, name: d02}]
match: [SEQNAME]
"""


@pytest.fixture
def lab(make_package: MakePackage) -> GitPackage:
    return make_package(
        {
            "curated.yaml": "",
            "calibs/lab/instrument.yaml": DECLARATION,
            defects_path(0): defects_text({"SEQNAME": "S1"}),
            defects_path(0, "20240301T000000"): defects_text({"SEQNAME": "S2"}, date="2024-03-01T00:00:00"),
            defects_path(1): defects_text(detector=1),
            "calibs/lab/transmission_optics/20200101T000000.ecsv": CURVE,
            "calibs/lab/transmission_filter/r/20200101T000000.ecsv": CURVE.replace(
                "transmission_optics", "transmission_filter"
            ).replace("INSTRUME: Lab", "INSTRUME: Lab, FILTER: r"),
        }
    )


def usage(package: GitPackage, tmp_path: Path, question: Question | None = None, **keywords: Any) -> Usage:
    opened = open_package(package.path)
    declared = read_instruments(opened)[0]
    path = write_raw(tmp_path / f"{len(list(tmp_path.glob('*.fits')))}.fits", **keywords)
    exposure = read_exposure(opened, declared, str(path))
    return find_exposure_usage(opened, declared, question or Question(""), exposure)


def keys(found: Usage) -> list[str]:
    return [str(product.key).removeprefix("lab/") for product in found.products]


def codes(found: Usage) -> list[str]:
    return [finding.code for finding in found.findings]


def test_all_that_an_exposure_uses(lab: GitPackage, tmp_path: Path) -> None:
    found = usage(lab, tmp_path, SEQNAME="S1")
    assert keys(found) == ["defects/d00", "transmission_filter/r", "transmission_optics"]
    assert found.paths[0] == defects_path(0)
    # The curves say nothing of the sequencer.
    assert codes(found) == ["CAL481"]


def test_numbers_and_options(lab: GitPackage, tmp_path: Path) -> None:
    assert keys(usage(lab, tmp_path, DET_NAME=None, DETECTOR=1))[0] == "defects/d01"
    assert keys(usage(lab, tmp_path, Question("", detector="d01")))[0] == "defects/d01"
    only = usage(lab, tmp_path, Question("", "transmission_optics"), DET_NAME=None, FILTER=None)
    assert (keys(only), codes(only)) == (["transmission_optics"], ["CAL481"])


def test_a_declared_detector_without_calibrations(lab: GitPackage, tmp_path: Path) -> None:
    found = usage(lab, tmp_path, Question("", "defects"), DET_NAME="d02")
    assert (keys(found), found.paths) == ([], [])


def test_a_change_during_an_exposure(lab: GitPackage, tmp_path: Path) -> None:
    found = usage(lab, tmp_path, Question("", "defects"), DATE_END="2024-03-01T00:00:10", SEQNAME="S1")
    assert [file.path for file, _ in found.products[0].epochs] == [
        defects_path(0),
        defects_path(0, "20240301T000000"),
    ]
    assert codes(found) == ["CAL482", "CAL480"]
    assert "20200101T000000.ecsv 2024-02-29T23:59:50 to 2024-03-01T00:00:00; " in found.findings[0].message
    assert found.findings[1].file == defects_path(0, "20240301T000000")
    # The end of an exposure is no part of it.
    assert (
        codes(usage(lab, tmp_path, Question("", "defects"), DATE_END="2024-03-01T00:00:00", SEQNAME="S1"))
        == []
    )


def test_without_a_filter(lab: GitPackage, tmp_path: Path) -> None:
    found = usage(lab, tmp_path, FILTER=None, SEQNAME="S1")
    assert keys(found) == ["defects/d00", "transmission_optics"]
    assert codes(found) == ["CAL483", "CAL481"]


def test_a_state_of_an_option_goes_first(lab: GitPackage, tmp_path: Path) -> None:
    question = Question("", "defects", state={"SEQNAME": "S2", "ODP": "x"})
    found = usage(lab, tmp_path, question, SEQNAME="S1")
    assert [finding.code for finding in found.findings] == ["CAL480", "CAL481"]
    assert "SEQNAME is 'S1', and 'S2' of" in found.findings[0].message
    assert "has no ODP, which is 'x'" in found.findings[1].message


@pytest.mark.parametrize(
    ("keywords", "message", "hint"),
    [
        ({"DET_NAME": "d0O"}, "lab has no detector 'd0o'", "known detectors: d00, d01, d02"),
        ({"DET_NAME": None, "DETECTOR": 9}, "lab has no detector '9'", "known detectors: d00, d01, d02"),
        (
            {"DET_NAME": None},
            "does not say which detector it is of: it has none of .*CCDNUM",
            "or give --detector",
        ),
        ({"FILTER": "g"}, "lab has no filter 'g'", "known filters: r"),
    ],
)
def test_names_that_do_not_exist(
    lab: GitPackage, tmp_path: Path, keywords: dict[str, Any], message: str, hint: str
) -> None:
    with pytest.raises(CuratedError, match=message) as caught:
        usage(lab, tmp_path, **keywords)
    assert "0.fits" in caught.value.message
    assert hint in caught.value.hint


def test_a_translator_that_failed_is_said(make_package: MakePackage, tmp_path: Path) -> None:
    pytest.importorskip("astro_metadata_translator")
    path, text = (
        "calibs/decam/defects/n04/20200101T000000.ecsv",
        defects_text({"INSTRUME": "DECam"}, detector=40),
    )
    keywords: dict[str, Any] = {
        "INSTRUME": "DECam", "DET_NAME": None, "CCDNUM": 40, "FILTER": "r DECam SDSS c0002 6415.0 1480.0",
        "DATE_BEG": None, "DATE_END": None, "DATE_OBS": "2024-03-01T02:00:00.5", "EXPTIME": 30.0,
        "TIMESYS": "UTC", "OBS_ID": "x", "TELESCOP": "CTIO 4.0-m telescope",
    }  # fmt: skip
    package = make_package({path: text, "curated.yaml": ""})
    question = Question("", detector="n04")
    assert "CAL372" not in codes(usage(package, tmp_path, question, **keywords))
    failed = usage(package, tmp_path, question, **{**keywords, "EXPTIME": "long"})
    assert [f.message for f in failed.findings if f.code == "CAL372"]
