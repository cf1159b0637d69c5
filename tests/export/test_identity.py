"""The paths, keywords and provenance of exported calibrations: those of the repository and of the stamp."""

from __future__ import annotations

from pathlib import Path

from astropy.io import fits

from curated.registry import get_type
from support.exports import PipelineRepository, codes, errors, export, out, paths, read_keywords
from support.repositories import write_defects
from support.stack_identity import identity_of_fits, identity_of_text


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


def test_keywords_that_contradict_the_data_id_are_told(lab: PipelineRepository) -> None:
    path = lab.files / "other.fits"
    write_defects(path, 1, 7)
    lab.add("2020-01-01", path=path)
    report = export(lab)
    assert codes(report) == ["CAL664", "CAL664"]
    header = read_keywords(out(lab) / paths(report)[0])
    assert (header["DETECTOR"], header["DET_NAME"]) == (0, "R00_S00")
    assert errors(out(lab)) == []


def test_names_that_the_stack_lost_come_back_once(lab: PipelineRepository, tmp_path: Path) -> None:
    """CrosstalkCalib writes no name of a detector that its text calls DETECTOR_NAME alone, as DECam's do."""
    path = lab.files / "crosstalk.fits"
    demo = next(Path(__file__).parents[2].glob("calibs/demo/crosstalk/d00/*T000000.yaml"))
    get_type("crosstalk").readText(demo).writeFits(path)
    names = {"DET_NAME": "", "DETECTOR_NAME": "", "DET_SER": 32, "DETECTOR_SERIAL": 32, "CALIB_ID": ""}
    with fits.open(path, mode="update") as hdus:
        for hdu in hdus[:2]:
            for key, value in {**names, "INSTRUME": "Lab", "DETECTOR": 0}.items():
                hdu.header[f"HIERARCH {key}" if len(key) > 8 else key] = value
    assert identity_of_fits(path).name is None
    lab.add("2024-03-01", kind="crosstalk", path=path)
    report = export(lab)
    assert report.ok
    text = out(lab) / paths(report)[0]
    assert (identity_of_text(text).name, identity_of_text(text).serial) == ("R00_S00", 32)
    get_type("crosstalk").readText(text).writeFits(tmp_path / "again.fits")
    assert identity_of_fits(tmp_path / "again.fits") == identity_of_text(text)


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
