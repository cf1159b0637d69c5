"""Calibrations in the stack's own forms."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from astropy.table import Table

from curated.calib import Calib
from curated.calib.arrays import is_equal
from curated.package.package import open_package
from curated.registry import get_type
from support.foreign import add
from support.foreign_tables import Tables, findings

DEMO = Path(__file__).parents[3] / "calibs" / "demo"
ROOT = DEMO.parents[1]
TYPES = [
    "crosstalk",
    "linearizer",
    "ptc",
    "qe_curve",
    "cti",
    "bfk",
    "gain_correction",
    "defects",
    "transmission_sensor",
]


def _demo(type_name: str) -> Calib:
    return get_type(type_name).readText(sorted((DEMO / type_name / "d00").iterdir())[0])


def content(calib: Calib) -> dict[str, Any]:
    return {field.name: getattr(calib, field.name) for field in calib.FIELDS}


@pytest.mark.parametrize("form", ["fits", "yaml"])
@pytest.mark.parametrize("type_name", TYPES)
def test_files_of_the_type(tmp_path: Path, type_name: str, form: str) -> None:
    calib = _demo(type_name)
    path = tmp_path / f"x.{form}"
    calib.writeFits(path) if form == "fits" else calib.writeText(path)
    options = {"instrument": "demo", "detector": "d00"}
    addition = add(open_package(ROOT), path, type_name, **options)
    assert not findings(addition)
    assert addition.calib is not None
    for name, value in content(calib).items():
        assert is_equal(value, getattr(addition.calib, name)), name
    metadata = addition.calib.metadata
    assert (metadata["CALIBDATE"], metadata["SRCFILE"]) == ("2024-06-01T00:00:00", path.name)
    assert metadata["SOURCE"] == calib.metadata["SOURCE"]
    assert "CALIB_ID" not in metadata
    assert addition.reader.startswith("calibration of the type itself")


def test_another_detector_filter_and_type(tmp_path: Path) -> None:
    path = tmp_path / "x.fits"
    _demo("crosstalk").writeFits(path)
    package = open_package(ROOT)
    addition = add(package, path, "crosstalk", instrument="demo", detector="d01")
    messages = [message for code, _, message in findings(addition) if code == "CAL729"]
    assert "DETECTOR is 0, but 1 is what it is to be used with" in messages
    addition = add(package, path, "linearizer", instrument="demo", detector="d00")
    assert findings(addition)[0][0] == "CAL729"
    assert addition.diagnostics[0].hint == "add it with --as crosstalk"


def test_tables_of_others_with_the_keyword_obstype(tables: Tables) -> None:
    table = Table(
        {"WAVE": [400.0, 900.0], "QE": [71.0, 18.0]}, meta={"OBSTYPE": "dark", "OBSERVER": "somebody"}
    )
    table["WAVE"].unit, table["QE"].unit = "nm", "%"
    table.write(tables.root / "qe.fits")
    addition = tables.add(tables.root / "qe.fits", "qe_curve")
    assert not findings(addition)
    calib: Any = addition.calib
    assert (calib.metadata["OBSTYPE"], calib.efficiencies.tolist()) == ("qe_curve", [71, 18])
    crosstalk = _demo("crosstalk").writeFits(tables.root / "x.fits")
    assert findings(tables.add(Path(crosstalk), "qe_curve"))[0][0] == "CAL729"


def test_damaged_files(tables: Tables) -> None:
    data = Path(_demo("crosstalk").writeFits(tables.root / "x.fits")).read_bytes()
    for cut in (3000, 6000, len(data) - 2880):
        assert tables.add(data[:cut], "crosstalk").failed
    text = _demo("crosstalk").text_bytes("yaml").decode()
    assert tables.add(text[: len(text) // 2] + "\n  x: [", "crosstalk").failed
    assert tables.add("metadata: {OBSTYPE: CROSSTALK}\ncoeffs: 1\n", "crosstalk").failed
    nothing = tables.add(json.dumps({"metadata": {"OBSTYPE": "CROSSTALK"}}), "crosstalk")
    assert [code for code, _, _ in findings(nothing)] == ["CAL711"]


def test_files_of_the_stack(tmp_path: Path) -> None:
    corpus = Path(os.environ.get("CURATED_CORPUS", ""), "stack_written")
    if not corpus.is_dir():
        pytest.skip("needs files of the stack: set CURATED_CORPUS to a directory that holds stack_written/")
    directory = tmp_path / "calibs" / "synthcam"
    directory.mkdir(parents=True)
    (tmp_path / "curated.yaml").write_text("calibs: calibs\n")
    (directory / "instrument.yaml").write_text(
        "name: SynthCam\ndetectors:\n- {id: 94, name: R22_S11, raft: R22, slot: S11, serial: SYN-094}\n"
        "filters:\n- {name: g_6, band: g}\n"
    )
    package = open_package(tmp_path)
    failures = []
    paths = [
        path for form in ("fits", "calibs", "calibs_other_text") for path in (corpus / form).glob("*/*/*/*.*")
    ]
    for path in sorted(paths):
        spec = get_type(path.parts[-3]).SPEC
        names = {
            "detector": "R22_S11" if spec.has_detector else "",
            "filter": "g_6" if spec.has_filter else "",
        }
        addition = add(package, path, spec.name, **names)
        # The invented coefficients of the electrostatic model are larger than those of any detector.
        problems = [finding for finding in findings(addition) if finding[0] != "CAL364"]
        if problems:
            failures.append((path.relative_to(corpus).as_posix(), problems[:2]))
    assert len(paths) > 60
    assert failures == []
