"""Calibrations that pipelines made and that never were in git: what becomes of them, and what is told of the others."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from astropy.io import fits
from astropy.time import Time, TimeDelta

from curated.check.package import check_package
from curated.core.diagnostic import CuratedError
from curated.export.butler_export import export_directory
from curated.export.report import ExportReport
from curated.package.package import open_package
from curated.registry import find_type, get_type
from support.exports import TICKET, PipelineRepository, make_repository, read_keywords, write_compressed_bias
from support.packages import read_tree
from support.programs import run_curated
from support.repositories import write_defects

pytest.importorskip("lsst.daf.butler")

from curated.butler import export_package

FIRST = "calibs/lab/defects/r00_s00"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_repository(tmp_path_factory.mktemp("template") / "repo")


@pytest.fixture
def lab(tmp_path: Path, template: Path) -> PipelineRepository:
    return PipelineRepository(tmp_path / "repo", template)


def export(lab: PipelineRepository, *collections: str, **options: Any) -> ExportReport:
    return export_package(
        str(lab.root), lab.root.parent / "out", collections=collections or [TICKET], **options
    )


def out(lab: PipelineRepository) -> Path:
    return lab.root.parent / "out"


def codes(report: ExportReport) -> list[str]:
    return [d.code for d in report.diagnostics]


def errors(root: Path) -> list[str]:
    report = check_package(open_package(root))
    return [f"{d.file} {d.code} {d.message}" for d in report.diagnostics if d.is_error]


def paths(report: ExportReport) -> list[str]:
    return [calib.path for calib in report.exported]


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
        "detectors": [
            {"id": n, "name": f"R00_S0{n}", "raft": "R00", "slot": f"S0{n}", "purpose": "SCIENCE"}
            for n in range(2)
        ],
        "filters": [{"name": "g_6", "band": "g"}],
    }


def test_inputs_in_keywords_become_records(lab: PipelineRepository) -> None:
    path = lab.files / "inputs.fits"
    calib = get_type("bfk").readText(
        next(Path(__file__).parents[2].glob("calibs/demo/bfk/d01/*T000000.yaml"))
    )
    inputs = {f"CPP_INPUT_{n}": 100 + n for n in range(2)} | {
        f"CPP_INPUT_DATE_{n}": f"2024-01-0{n + 1}T00:00:00" for n in range(2)
    }
    calib.writeFits(path)
    with fits.open(path, mode="update") as hdus:
        del hdus[-2:]
        for hdu in hdus[:2]:
            for key in [k for k in hdu.header if k.startswith(("CPP_INPUT", "NINPUTS"))]:
                del hdu.header[key]
            for key, value in {**inputs, "INSTRUME": "Lab", "DETECTOR": 0, "DET_NAME": "R00_S00"}.items():
                hdu.header[f"HIERARCH {key}" if len(key) > 8 else key] = value
    lab.add("2024-03-01", kind="bfk", path=path)
    report = export(lab)
    assert not report.diagnostics
    again = get_type("bfk").readText(out(lab) / paths(report)[0])
    assert [record.plain() for record in again.provenance.inputs] == [
        {
            "data_id": {"detector": 0, "exposure": 100 + n, "instrument": "Lab"},
            "date": f"2024-01-0{n + 1}T00:00:00",
        }
        for n in range(2)
    ]
    # They come back as keywords in the header.
    assert not any(key.startswith("CPP_INPUT") for key in again.metadata)


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


def test_the_stamp_names_the_path_where_it_agrees(lab: PipelineRepository) -> None:
    def stamped(number: int, path: str) -> Path:
        file = lab.files / f"stamped{number}.fits"
        write_defects(file, 0, number)
        for hdu in (0, 1):
            fits.setval(file, "REPOPATH", value=path, ext=hdu)
            fits.setval(file, "REPOSHA1", value="0" * 40, ext=hdu)
        return file

    original = "sub/calibs/Lab/Defects/R00_S00/2020-01-01t000000.yaml"
    lab.add("2020-01-01", "2021-01-01", path=stamped(1, original))
    # It was certified for other dates than it had in its package, or is of another detector.
    lab.add("2021-01-01", "2022-01-01", path=stamped(2, original))
    lab.add("2022-01-01", "2023-01-01", path=stamped(3, "calibs/lab/defects/r00_s01/20220101T000000.ecsv"))
    lab.add("2023-01-01", path=stamped(4, "calibs/../../defects/r00_s00/20230101T000000.ecsv"))
    report = export(lab)
    assert not report.diagnostics
    assert [(calib.path, calib.is_original) for calib in report.exported] == [
        ("calibs/Lab/Defects/R00_S00/2020-01-01t000000.yaml", True),
        ("calibs/Lab/defects/r00_s00/20210101T000000.yaml", False),
        ("calibs/Lab/defects/r00_s00/20220101T000000.ecsv", False),
        ("calibs/Lab/defects/r00_s00/20230101T000000.ecsv", False),
    ]
    moved = read_keywords(out(lab) / paths(report)[1])
    assert moved["CALIBDATE"] == moved["VALIDSTART"] == "2021-01-01T00:00:00"
    assert "VALIDSTART" not in read_keywords(out(lab) / paths(report)[0])
    # They came from git, which knows where they are from.
    assert not list(out(lab).rglob("*.inputs.yaml"))
    assert errors(out(lab)) == []


@pytest.mark.parametrize("packed", [False, True])
def test_images_of_the_stack_are_unpacked(lab: PipelineRepository, *, packed: bool) -> None:
    image = np.random.RandomState(1).normal(100, 2, (32, 48)).astype("f4")
    mask = np.zeros((32, 48), "i4")
    mask[3, 4] = 1
    lab.add(
        "2024-03-01",
        kind="bias",
        path=write_compressed_bias(lab.files / "bias.fits", image, mask, packed=packed),
    )
    report = export(lab)
    assert not report.diagnostics
    assert paths(report) == ["calibs/lab/bias/r00_s00/20240301T000000.yaml"]
    calib = get_type("bias").readText(out(lab) / paths(report)[0])
    assert np.array_equal(calib.image, image)
    assert np.array_equal(calib.mask, mask)
    assert calib.unit == "adu"
    with fits.open(out(lab) / "calibs/lab/bias/r00_s00/20240301T000000.fits", checksum=True) as hdus:
        assert [hdu.name for hdu in hdus] == ["PRIMARY", "IMAGE", "MASK"]
    assert errors(out(lab)) == []


def test_one_that_cannot_be_written_leaves_the_others_and_no_false_range(lab: PipelineRepository) -> None:
    lab.add("2020-01-01", "2021-01-01")
    broken = lab.add("2021-01-01", "2022-01-01")
    gone = lab.add("2022-01-01", "2023-01-01")
    lab.add("2023-01-01")
    for ref, change in ((broken, lambda path: path.write_bytes(b"SIMPLE  =")), (gone, Path.unlink)):
        change(Path(lab.butler.getURI(ref).ospath))
    odd = lab.files / "odd.fits"
    fits.PrimaryHDU().writeto(odd)
    lab.add("2020-01-01", name="oddity", path=odd)
    lab.add("2020-01-01", name="linearizerTest", path=odd, dimensions=("instrument", "detector"))
    done = run_curated("export", lab.root, "--collection", TICKET, "-o", out(lab))
    assert done.returncode == 1, done.stderr
    assert sorted(
        line.split(": error ")[1][:6] for line in done.stderr.splitlines() if ": error " in line
    ) == [
        "CAL660",
        "CAL660",
        "CAL661",
        "CAL661",
    ]
    assert str(gone.id) in done.stderr
    # Without the explicit end the first one would be in force for what cannot be written.
    texts = sorted((out(lab) / FIRST).glob("*.ecsv"))
    assert [path.stem for path in texts] == ["20200101T000000", "20230101T000000"]
    assert read_keywords(texts[0])["VALIDEND"] == "2021-01-01T00:00:00"
    assert errors(out(lab)) == []


def test_a_dataset_type_of_another_name_is_known_by_its_obstype(lab: PipelineRepository) -> None:
    lab.add("2020-01-01", name="linearizerTest")
    report = export(lab)
    assert not report.diagnostics
    assert paths(report) == [f"{FIRST}/20200101T000000.ecsv"]


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


def test_keywords_that_contradict_the_data_id_are_told(lab: PipelineRepository) -> None:
    path = lab.files / "other.fits"
    write_defects(path, 1, 7)
    lab.add("2020-01-01", path=path)
    report = export(lab)
    assert codes(report) == ["CAL664", "CAL664"]
    header = read_keywords(out(lab) / paths(report)[0])
    assert (header["DETECTOR"], header["DET_NAME"]) == (0, "R00_S00")
    assert errors(out(lab)) == []


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


EXPORT = """
description: Butler Data Repository Export
version: 1.0.2
data:
- {{type: collection, collection_type: CALIBRATION, name: Lab/calib/x}}
- {{type: dataset, dataset_type: defects, run: r, records: [
    {{dataset_id: [!uuid d6cea4e6-ac9c-5803-a151-d99062f6e64c], data_id: [{{instrument: Lab, detector: 0}}], path: {path}}}]}}
- type: associations
  collection: Lab/calib/x
  collection_type: CALIBRATION
  validity_ranges:
  - timespan: !lsst.daf.butler.Timespan {{begin: {begin}, end: null}}
    dataset_ids: [!uuid d6cea4e6-ac9c-5803-a151-d99062f6e64c]
"""
TAI = "!butler_time/tai/iso '2020-01-01 00:00:37.000000000'"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            EXPORT.format(path="x.fits", begin="!!python/object/apply:os.system ['touch owned']"),
            "python/object",
        ),
        (EXPORT.format(path="x.fits", begin="!butler_time/tai/iso 'soon'"), "is no time in TAI"),
        (EXPORT.format(path="x.fits", begin=TAI).replace("1.0.2", "2.0.0"), "version 2.0.0, not 1.0"),
        (EXPORT.format(path="x.fits", begin=TAI).replace("d6cea4e6-", "q", 1), "is no UUID"),
        ("[" * 5000, "nested too deeply"),
        ("data: 7\nversion: 1.0.2\n", "no export file"),
        ("", "no export file"),
    ],
)
def test_an_export_file_is_untrusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, message: str
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/export.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CuratedError) as caught:
        export_directory("in", tmp_path / "out")
    assert message in caught.value.message
    assert not (tmp_path / "owned").exists()
    assert not (tmp_path / "out").exists()


def test_no_file_outside_of_an_export_directory_is_read(lab: PipelineRepository, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    write_defects(tmp_path / "secret.fits", 0, 1)
    for path in ("../secret.fits", str(tmp_path / "secret.fits"), "link.fits"):
        shutil.rmtree(tmp_path / "in")
        (tmp_path / "in").mkdir()
        (tmp_path / "in/link.fits").symlink_to(tmp_path / "secret.fits")
        (tmp_path / "in/export.yaml").write_text(EXPORT.format(path=path, begin=TAI))
        report = export_directory(str(tmp_path / "in"), tmp_path / "out")
        assert codes(report) == ["CAL661"]
        assert not (tmp_path / "out").exists()
