"""The base class: files that are whole and come back, errors that name all problems, exact equality."""

from __future__ import annotations

import os
import stat
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.table import Table
from astropy.units import UnitsWarning

from curated.calib import CalibrationError
from curated.core.diagnostic import CuratedError
from curated.core.metadata import Metadata
from curated.provenance import parse
from curated.types.crosstalk import Crosstalk
from curated.types.defects import Defects
from curated.types.transmission_filter import FilterTransmission

DEMO = Path(__file__).parents[2] / "calibs" / "demo"


def test_forms_that_a_type_does_not_have(tmp_path: Path) -> None:
    crosstalk = Crosstalk.readText(DEMO / "crosstalk/d00/20200101T000000.yaml")
    with pytest.raises(CuratedError, match="has 2 tables, and an ECSV file holds one") as caught:
        crosstalk.writeText(tmp_path / "x.ecsv")
    assert "yaml" in caught.value.hint
    with pytest.raises(CuratedError, match="crosstalk is not written as txt"):
        crosstalk.writeText(tmp_path / "x.txt")
    with pytest.raises(CuratedError, match="without an ending"):
        crosstalk.writeText(tmp_path / "x")
    assert list(tmp_path.iterdir()) == []
    assert crosstalk.writeText(tmp_path / "x.txt", form="yaml") == str(tmp_path / "x.txt")


def test_what_does_not_come_back_is_not_written(tmp_path: Path) -> None:
    calib = Defects.readText(DEMO / "defects/d00/20200101T000000.ecsv")
    calib.metadata["WEIGHT"] = float("nan")
    with pytest.raises(CalibrationError, match="CAL502 WEIGHT is nan, which no header can hold"):
        calib.writeText(tmp_path / "x.yaml")
    calib.metadata["WEIGHT"] = [1, [2]]
    with pytest.raises(CalibrationError, match="CAL502 WEIGHT"):
        calib.writeText(tmp_path / "x.yaml")
    table = Table({"amp_name": ["a\nb"] * 2, "wavelength": [1.0, 2.0], "throughput": [0.0, 0.0]})
    table["wavelength"].unit = "nm"
    curve = FilterTransmission.fromTable([table])
    with pytest.raises(CalibrationError, match="CAL2"):
        curve.writeText(tmp_path / "x.ecsv")
    padded = FilterTransmission.fromTable([Table({**table, "amp_name": [" a"] * 2})])
    padded.units["wavelength"] = "nm"
    with pytest.raises(CuratedError, match="cannot be written as ecsv without loss: amp_name"):
        padded.writeText(tmp_path / "x.ecsv")
    curve.writeText(tmp_path / "x.yaml")
    assert FilterTransmission.readText(tmp_path / "x.yaml") == curve
    wrong = Defects(x0=np.array([0.5]), y0=np.array([0]), width=np.array([1]), height=np.array([1]))
    with pytest.raises(CalibrationError, match="CAL305"):
        wrong.writeText(tmp_path / "y.yaml")
    assert [p.name for p in tmp_path.iterdir()] == ["x.yaml"]


@pytest.mark.parametrize("name", ["x.ecsv", "x.fits"])
def test_files_are_whole(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    calib = Defects.readText(DEMO / "defects/d00/20200101T000000.ecsv")
    write = calib.writeFits if name.endswith("fits") else calib.writeText
    path = tmp_path / name
    path.write_text("old")
    path.chmod(0o640)

    def fail(*_: object) -> None:
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="No space"):
            write(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
    assert write(path) == str(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    first = path.read_bytes()
    write(path)
    assert path.read_bytes() == first


def test_a_link_stays_one_and_a_new_file_has_the_usual_permissions(tmp_path: Path) -> None:
    calib = Defects.readText(DEMO / "defects/d00/20200101T000000.ecsv")
    (tmp_path / "plain").write_text("")
    (tmp_path / "link.ecsv").symlink_to("x.ecsv")
    calib.writeText(tmp_path / "link.ecsv")
    assert (tmp_path / "link.ecsv").is_symlink()
    assert (tmp_path / "x.ecsv").stat().st_mode == (tmp_path / "plain").stat().st_mode
    assert Defects.readText(tmp_path / "link.ecsv") == calib
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnitsWarning)
        assert len(Table.read(tmp_path / "x.ecsv", format="ascii.ecsv")) == len(calib.x0)


def test_reading_names_all_problems(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("metadata: {}\nx0: [0.5]\ny0: [0]\nwidth: [1]\n")
    with pytest.raises(CalibrationError) as caught:
        Defects.readText(path)
    assert {problem.code for problem in caught.value.problems} == {"CAL305", "CAL210"}
    assert str(caught.value).startswith(f"{path}: ")
    path.write_text("x0: [\n")
    with pytest.raises(CalibrationError, match="CAL204"):
        Defects.readText(path)
    (tmp_path / "x.fits").write_text("no FITS")
    with pytest.raises(CuratedError, match="cannot be read as FITS"):
        Defects.readFits(tmp_path / "x.fits")


def test_a_provenance_in_two_places(tmp_path: Path) -> None:
    calib = Defects.readText(DEMO / "defects/d00/20200101T000000.ecsv")
    edit, other = ({"edits": [{"name": name, "date": "2024-01-01", "what": "x"}]} for name in ("A", "B"))
    edited, problems = calib.with_provenance(parse(edit)[0])
    assert problems == []
    assert edited.provenance.edits[0].name == "A"
    assert not calib.provenance.edits
    twice, problems = edited.with_provenance(parse(other)[0])
    assert [(p.code, p.pointer) for p in problems] == [("CAL125", ("edits",))]
    assert twice.provenance.edits[0].name == "A"
    edited.writeText(tmp_path / "x.ecsv")
    assert Defects.readText(tmp_path / "x.ecsv") == edited
    with pytest.raises(CuratedError, match="holds a provenance that is not this calibration's"):
        edited.writeText(tmp_path / "x.yaml")


def test_equality_is_exact_and_blind_to_the_stamp() -> None:
    calib = Defects.readText(DEMO / "defects/d00/20200101T000000.ecsv")
    assert replace(calib, metadata=Metadata({**calib.metadata, "REPOSHA1": "1" * 40})) == calib
    assert replace(calib, metadata=Metadata({**calib.metadata, "SOURCE": "x"})) != calib
    assert replace(calib, x0=calib.x0 + 1) != calib
    assert calib != 1
    assert repr(calib) == "<Defects Demo d00 2020-01-01T00:00:00>"
