"""Foreign files as calibrations of a package: place, keywords, text and check."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from curated.core.diagnostic import CuratedError
from curated.exchange.foreign import open_foreign
from curated.package.package import open_package
from curated.types.defects import Defects
from support.foreign import add, make_package


@pytest.fixture
def regions(tmp_path: Path) -> Path:
    path = tmp_path / "bad.reg"
    path.write_text("image\nbox(3.5,4.5,2,2,0) # text={hot}\n")
    return path


def test_a_calibration_has_its_place_and_keywords(tmp_path: Path, regions: Path) -> None:
    package = make_package(tmp_path)
    addition = add(package, regions)
    assert (addition.path, addition.diagnostics) == ("calibs/tiny/defects/d0/20240601T000000.ecsv", ())
    assert list(addition.contents) == [addition.path]
    (tmp_path / "out.ecsv").write_bytes(addition.contents[addition.path])
    defects = Defects.readText(tmp_path / "out.ecsv")
    expected = {"INSTRUME": "Tiny", "DETECTOR": 0, "DET_NAME": "d0", "CALIBDATE": "2024-06-01T00:00:00"}
    expected |= {"SRCFILE": "bad.reg", "SRCSHA": open_foreign(regions).sha256}
    assert {key: defects.metadata[key] for key in expected} == expected
    assert b"# hot\n2 3 2 2\n" in addition.contents[addition.path]


def test_a_calibration_with_errors_is_not_written(tmp_path: Path, regions: Path) -> None:
    regions.write_text("image\nbox(3,4,2,2,0)\nblob(1,2)\nbox(300,4,2,2,0)\n")
    addition = add(make_package(tmp_path), regions)
    assert [(d.code, d.line) for d in addition.diagnostics] == [("CAL711", 3), ("CAL712", 4)]
    assert addition.failed
    assert not addition.contents


def test_an_overlap_with_what_is_there_is_found(tmp_path: Path, regions: Path) -> None:
    package = make_package(tmp_path)
    first = add(package, regions, end=datetime(2024, 5, 1))
    assert first.failed
    assert all(d.code.startswith("CAL4") for d in first.diagnostics)


@pytest.mark.parametrize(
    ("options", "message", "hint"),
    [
        ({"detector": ""}, "--detector is missing", "d0, d1"),
        ({"detector": "d9"}, "no detector 'd9'", "known detectors: d0, d1"),
        ({"filter": "r"}, "has no filter", "leave --filter out"),
        ({"instrument": "tony"}, "unknown instrument 'tony'", "tiny"),
        ({"form": "toml"}, "not written as toml", "ecsv"),
    ],
)
def test_names_that_do_not_exist(
    tmp_path: Path, regions: Path, options: dict[str, str], message: str, hint: str
) -> None:
    with pytest.raises(CuratedError) as raised:
        add(make_package(tmp_path), regions, **options)
    assert message in raised.value.message
    assert hint in raised.value.hint


def test_a_bare_package(tmp_path: Path, regions: Path) -> None:
    first = add(make_package(tmp_path / "declared"), regions)
    (tmp_path / "bare" / "tiny" / "defects" / "d0").mkdir(parents=True)
    path = tmp_path / "bare" / "tiny" / "defects" / "d0" / "20200101T000000.ecsv"
    path.write_bytes(first.contents[first.path].replace(b"2024-06-01", b"2020-01-01"))
    addition = add(open_package(tmp_path / "bare"), regions, detector="0")
    assert not addition.failed, addition.diagnostics
    assert addition.path == "tiny/defects/d0/20240601T000000.ecsv"


def test_comments_are_kept_in_ecsv_alone(tmp_path: Path, regions: Path) -> None:
    addition = add(make_package(tmp_path), regions, form="yaml")
    assert [(d.code, d.hint) for d in addition.diagnostics] == [("CAL716", "--as-form ecsv keeps them")]
    assert addition.path.endswith(".yaml")


@pytest.mark.parametrize(("detector", "codes"), [("d0", []), ("d1", ["CAL717"])])
def test_a_mask_of_another_detector(tmp_path: Path, detector: str, codes: list[str]) -> None:
    header = fits.Header({"OBSTYPE": "bias", "INSTRUME": "Tiny", "DET_NAME": detector})
    fits.writeto(tmp_path / "mask.fits", np.eye(30, 40, dtype="u1"), header)
    assert [d.code for d in add(make_package(tmp_path), tmp_path / "mask.fits").diagnostics] == codes


def test_a_table_of_regions_keeps_its_keywords(tmp_path: Path) -> None:
    pytest.importorskip("regions")
    table = Table({"X": [10.0], "Y": [10.0], "SHAPE": ["CIRCLE"], "R": [3.0]})
    table.meta.update({"OBSTYPE": "defects", "OBSERVER": "Ada", "CALIBCLS": "lsst.ip.isr.Defects"})
    table.write(tmp_path / "regions.fits")
    addition = add(make_package(tmp_path), tmp_path / "regions.fits")
    assert not addition.diagnostics
    assert addition.calib is not None
    assert addition.calib.metadata["OBSERVER"] == "Ada"


@pytest.mark.parametrize("text", ["1_0", "nan", "1e999", "\u0661", "ten"])
def test_a_value_that_is_no_number(tmp_path: Path, text: str) -> None:
    package = make_package(tmp_path / "package")
    header = fits.Header({"BUNIT": "adu"})
    fits.PrimaryHDU(np.ones((30, 40), "f4"), header).writeto(tmp_path / "dark.fits")
    addition = add(package, tmp_path / "dark.fits", "dark", values={"dark_time": text})
    assert [finding.code for finding in addition.diagnostics] == ["CAL714"]
