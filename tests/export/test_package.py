"""Calibrations that pipelines made and that never were in git: what becomes of them, and what is told of the others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from astropy.time import Time, TimeDelta

from curated.core.diagnostic import CuratedError
from curated.export.butler_export import export_directory
from curated.registry import find_type
from support.exports import TICKET, PipelineRepository, codes, errors, export, out, paths, read_keywords
from support.packages import read_tree
from support.programs import run_curated

pytest.importorskip("lsst.daf.butler")

from curated.butler import export_package

FIRST = "calibs/lab/defects/r00_s00"


def test_it_gets_its_path_its_dates_and_a_record_of_the_dataset(lab: PipelineRepository) -> None:
    ref = lab.add("2024-03-01T12:30:00", "2025-01-01")
    lab.add("2025-01-01")
    report = export(lab)
    assert not report.diagnostics
    assert paths(report) == [f"{FIRST}/20240301T123000.ecsv", f"{FIRST}/20250101T000000.ecsv"]
    assert errors(out(lab)) == []
    first, second = (read_keywords(out(lab) / path) for path in paths(report))
    assert first["VALIDSTART"] == first["CALIBDATE"] == "2024-03-01T12:30:00"
    assert (first["INSTRUME"], first["DETECTOR"], first["DET_NAME"]) == ("Lab", 0, "R00_S00")
    # The next one starts there, and after it nothing ends it.
    assert "VALIDEND" not in first
    assert "VALIDEND" not in second
    record = yaml.safe_load((out(lab) / FIRST / "20240301T123000.inputs.yaml").read_text())
    expected = {"uuid": str(ref.id), "type": "defects", "run": ref.run, "collection": TICKET}
    assert record == {"construction": {"dataset": expected}}
    instrument = yaml.safe_load((out(lab) / "calibs/lab/instrument.yaml").read_text())
    assert instrument == {
        "name": "Lab",
        "class_name": "lsst.obs.lab.Lab",
        "visit_max": 99,
        "exposure_max": 88,
        "detector_max": 9,
        "detectors": [
            {"id": n, "name": f"R00_S0{n}", "raft": "R00", "slot": f"S0{n}", "purpose": "SCIENCE"}
            for n in range(2)
        ],
        "filters": [{"name": "g_6", "band": "g"}],
    }


def test_files_of_the_stack_export_to_a_package_that_passes_the_check(
    corpus: Path, tmp_path: Path, lab: PipelineRepository
) -> None:
    lab.detector(94, full_name="R22_S11", raft="R22", name_in_raft="S11")
    files = sorted((corpus / "stack_written/fits/SynthCam").rglob("*.fits"))
    kinds: dict[str, int] = {}
    for path in files:
        kind = path.parts[-3]
        kinds[kind] = kinds.get(kind, -1) + 1
        year = 2010 + kinds[kind]
        lab.add(f"{year}-01-01", f"{year + 1}-01-01", kind=kind, path=path, detector=94)
    report = export(lab)
    # Photodiode, its correction and the flat gradient say a detector, and are of none.
    assert set(codes(report)) == {"CAL664"}
    assert report.ok
    assert len(report.exported) == len(files)
    assert errors(out(lab)) == []
    for path in files:
        cls = find_type(path.parts[-3])
        assert cls is not None
        candidates = [o.path for o in report.exported if o.dataset.dataset_type == cls.SPEC.dataset]
        before = cls.readFits(path)
        assert any(_values(cls.readText(out(lab) / p)) == _values(before) for p in candidates), path
    # The same from Butler's own export of it, but that it leaves out other detectors.
    exported = lab.export(tmp_path / "exported")
    again = export_directory(str(exported), tmp_path / "again")
    settings = {p for p in read_tree(out(lab)) if p.endswith("instrument.yaml")}
    assert again.collections == (TICKET,)
    same = {p: b for p, b in read_tree(tmp_path / "again").items() if p not in settings}
    assert same == {p: b for p, b in read_tree(out(lab)).items() if p not in settings}
    assert errors(tmp_path / "again") == []


def _values(calib: Any) -> Any:
    tree_of = calib.toDict()
    for key in ("metadata", "construction", "inputs", "units", "edits"):
        tree_of.pop(key, None)
    return repr(tree_of)


def test_two_datasets_at_once_are_both_left_out(lab: PipelineRepository) -> None:
    lab.add("2020-01-01", "2022-01-01")
    lab.add("2020-01-01", "2021-01-01", name="linearizerTest")
    lab.add("2021-01-01", "2022-01-01", name="linearizerTest")
    report = export(lab)
    # The second is of another dataset type, and of the same kind.
    assert codes(report) == ["CAL665"]
    assert len(report.exported) == 2


def test_times_are_exact_or_told(lab: PipelineRepository) -> None:
    second = Time("2020-01-01T00:00:00", scale="utc").tai
    lab.add("2016-12-31T23:59:59.123457", second + TimeDelta(300e-9, format="sec"))
    lab.add(second + TimeDelta(300e-9, format="sec"))
    report = export(lab)
    assert codes(report) == ["CAL663", "CAL663"]
    assert "00:00:37.000000300 TAI is written as 2020-01-01T00:00:00 UTC" in report.diagnostics[0].message
    assert paths(report) == [f"{FIRST}/20161231T235959.123457.ecsv", f"{FIRST}/20200101T000000.ecsv"]
    assert "VALIDEND" not in read_keywords(out(lab) / paths(report)[0])
    assert errors(out(lab)) == []


def test_a_range_that_text_cannot_say_is_left_out(lab: PipelineRepository) -> None:
    second = Time("2020-01-01T00:00:00", scale="utc").tai
    lab.add(second, second + TimeDelta(200e-9, format="sec"))
    report = export(lab)
    assert codes(report) == ["CAL667"]
    assert not report.exported
    assert not out(lab).exists()


def test_an_open_beginning_is_written_as_packages_have_it(lab: PipelineRepository) -> None:
    lab.add(None)
    report = export(lab)
    assert not report.diagnostics
    assert paths(report) == [f"{FIRST}/19700101T000000.ecsv"]


def test_a_detector_without_a_name_gets_one_and_that_is_told(lab: PipelineRepository) -> None:
    lab.detector(7)
    lab.add("2020-01-01", detector=7)
    report = export(lab)
    assert codes(report) == ["CAL668", "CAL664"]
    assert paths(report) == ["calibs/lab/defects/det007/20200101T000000.ecsv"]


def test_a_chain_gives_what_is_in_force(lab: PipelineRepository) -> None:
    other = f"{TICKET}-older"
    lab.add("2021-01-01", "2022-01-01")
    lab.add("2020-01-01", "2025-01-01", collection=other)
    lab.chain("Lab/calib", TICKET, other)
    report = export_package(str(lab.root), out(lab))
    assert report.collections == ("Lab/calib",)
    assert [(calib.path[-20:-5], calib.dataset.collection) for calib in report.exported] == [
        ("20200101T000000", other),
        ("20210101T000000", TICKET),
        ("20220101T000000", other),
    ]
    assert read_keywords(out(lab) / paths(report)[2])["VALIDEND"] == "2025-01-01T00:00:00"
    assert errors(out(lab)) == []


def test_at_a_time_there_is_one_of_each(lab: PipelineRepository) -> None:
    from datetime import datetime

    lab.add("2020-01-01", "2021-01-01")
    lab.add("2021-01-01")
    report = export(lab, at=datetime(2020, 6, 1))
    assert paths(report) == [f"{FIRST}/20200101T000000.ecsv"]
    assert read_keywords(out(lab) / paths(report)[0])["VALIDEND"] == "2021-01-01T00:00:00"


def test_a_run_does_not_say_when_its_datasets_are_valid(lab: PipelineRepository) -> None:
    ref = lab.add("2020-01-01")
    with pytest.raises(CuratedError, match="is a RUN collection: it does not say when") as caught:
        export(lab, ref.run)
    assert "certify-calibrations" in caught.value.hint
    lab.chain("Lab/calib", TICKET, ref.run)
    report = export(lab, "Lab/calib")
    assert codes(report) == ["CAL666"]
    assert report.ok
    assert len(report.exported) == 1


def test_what_does_not_exist_is_no_traceback(lab: PipelineRepository, tmp_path: Path) -> None:
    lab.add("2020-01-01")
    with pytest.raises(CuratedError, match="nothing") as caught:
        export(lab, "nothing")
    assert caught.value.hint == f"CALIBRATION collections here: {TICKET}"
    with pytest.raises(CuratedError, match="certifies no calibrations of the types flat"):
        export(lab, types=["flat"])
    with pytest.raises(CuratedError, match="is no package"):
        export(lab, into=True)
    with pytest.raises(CuratedError, match="neither a Butler repository nor a directory"):
        export_package(str(tmp_path / "nowhere"), out(lab))
    done = run_curated("export", lab.root, "--at", "never", "-o", out(lab))
    assert done.returncode == 2, done.stdout + done.stderr
    assert "'never' is not a date-time" in done.stderr
    assert not out(lab).exists()
    assert not list(tmp_path.glob(".*"))
