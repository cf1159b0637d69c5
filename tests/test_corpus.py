"""The real package of a real observatory, unmodified: checked, released, imported, found, compared."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conftest import GitPackage
from support.packages import fitsverify, run_curated, tree
from support.releases import assert_agrees, count, look_up

CENSUS = {
    "lsstCam/transmission_filter_detector": 1230,
    "lsstCam/crosstalk": 205,
    "lsstCam/manual_defects": 205,
    "lsstCam/transmission_sensor": 189,
    "lsstCam/transmission_optics": 1,
    "comCam/crosstalk": 9,
    "comCam/manual_defects": 9,
    "comCam/transmission_sensor": 9,
    "comCam/transmission_filter": 6,
    "comCam/transmission_optics": 1,
    "comCamSim/transmission_sensor": 9,
    "comCamSim/transmission_filter": 3,
    "comCamSim/transmission_optics": 1,
    "imsim/bfk": 189,
    "latiss/defects": 2,
    "latiss/crosstalk": 1,
    "latiss/transmission_sensor": 1,
    "latiss/transmission_filter": 8,
    "latiss/transmission_optics": 1,
    "ts8/transmission_sensor": 189,
}
DEFECTS = "latiss/defects/rxx_s00"

pytestmark = pytest.mark.slow


def sources(package: GitPackage) -> list[str]:
    """Its calibrations, by their names alone."""
    files = (p.relative_to(package.path) for p in package.path.rglob("[0-9]*T[0-9]*.*"))
    return sorted(str(path) for path in files if path.suffix in (".ecsv", ".yaml") and len(path.parts) > 2)


@pytest.fixture(scope="session")
def checked(obs_lsst_data: GitPackage) -> dict[str, Any]:
    done = run_curated("check", "--format", "json", cwd=obs_lsst_data.path)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)  # type: ignore[no-any-return]


@pytest.fixture(scope="session")
def bundle(obs_lsst_data: GitPackage, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("release") / "bundle"
    done = run_curated("bundle", output, cwd=obs_lsst_data.path)
    assert done.returncode == 0, done.stderr
    return output


# -- what the check says is true -------------------------------------------------------------------


def test_the_census(obs_lsst_data: GitPackage, checked: dict[str, Any]) -> None:
    assert Counter("/".join(path.split("/")[:2]) for path in sources(obs_lsst_data)) == CENSUS
    assert checked["files"] == sum(CENSUS.values()) == 2268


def test_no_errors_and_these_warnings(checked: dict[str, Any]) -> None:
    assert {finding["severity"] for finding in checked["findings"]} == {"warning"}
    assert Counter(f["code"] for f in checked["findings"]) == {"CAL114": 19, "CAL304": 35, "CAL313": 1}


def header_of(text: str) -> str:
    """The header of an ECSV file as one line, or a YAML file's metadata."""
    return " ".join(line[2:].strip() for line in text.splitlines() if line.startswith("# "))


def test_every_identity_that_contradicts_itself(obs_lsst_data: GitPackage, checked: dict[str, Any]) -> None:
    wrong = set()
    for path in sources(obs_lsst_data):
        if path.endswith(".yaml"):
            continue
        header = header_of((obs_lsst_data.path / path).read_text())
        said = re.search(r"CALIB_ID: *['\"]?([^'\"{}]*?)['\"]?(?:}| [A-Z_]+: | - |$)", header)
        parts = dict(part.split("=") for part in said[1].split() if "=" in part) if said else {}

        def keyword(name: str, header: str = header) -> str:
            found = re.search(rf"\b{name}: *['\"]?([^'\"{{}},\s]*)", header)
            return found[1] if found else ""

        for part, name in (("instrument", "INSTRUME"), ("detector", "DETECTOR"), ("calibDate", "CALIBDATE")):
            known = keyword(name)
            if part in parts and known and parts[part].lower() != known.lower():
                wrong.add(path)
    found = {f["file"] for f in checked["findings"] if f["code"] == "CAL114"}
    assert found == wrong
    # The directory and INSTRUME say ComCam, CALIB_ID says LSSTComCam; and one CALIB_ID kept an older date.
    assert len([path for path in wrong if path.startswith("comCam/")]) == 18
    assert [path for path in wrong if not path.startswith("comCam/")] == [
        "latiss/crosstalk/rxx_s00/19700101T000000.ecsv"
    ]


def test_every_throughput_beyond_its_bounds(obs_lsst_data: GitPackage, checked: dict[str, Any]) -> None:
    outside, missing, looked_at = {}, {}, 0
    for path in sources(obs_lsst_data):
        if not path.split("/")[1].startswith("transmission"):
            continue
        looked_at += 1
        lines = (obs_lsst_data.path / path).read_text().splitlines()
        rows = [line.split() for line in lines if line and not line.startswith("#")]
        place = rows[0].index("efficiency" if "efficiency" in rows[0] else "throughput")
        values = np.array([row[place] for row in rows[1:]], float)
        top = 100.0 if "unit: '%'" in "\n".join(line for line in lines if "efficiency" in line) else 1.0
        # One part in a hundred is noise.
        beyond = (values > top * 1.01) | (values < -top * 0.01)
        if beyond.any():
            outside[path] = int(beyond.sum())
        if np.isnan(values).any():
            missing[path] = len({row[0] for row in rows[1:] if row[place] == "nan"} or {""})
    assert looked_at == 1648
    found = {f["file"]: f["message"] for f in checked["findings"] if f["code"] == "CAL304"}
    assert set(found) == set(outside)
    for path, message in found.items():
        assert f"the worst of {outside[path]} outside" in message, path
    assert Counter(f["file"] for f in checked["findings"] if f["code"] == "CAL313") == missing
    # A whole amplifier without a number.
    assert list(missing.values()) == [1]


# -- the release -----------------------------------------------------------------------------------


def test_all_of_it_is_released(obs_lsst_data: GitPackage, bundle: Path) -> None:
    datasets = json.loads((bundle / "manifest.json").read_text())["datasets"]
    assert sorted(d["source"]["path"] for d in datasets) == sources(obs_lsst_data)
    assert len({d["uuid"] for d in datasets}) == 2268
    assert {d["source"]["commit"] for d in datasets} == {obs_lsst_data.commits[0]}
    ranges = {d["source"]["path"]: d["validity"] for d in datasets}
    ended = [path for path, valid in ranges.items() if valid["end"]]
    assert ended == [f"{DEFECTS}/19700101T000000.ecsv"]
    assert ranges[ended[0]]["end"] == "2018-01-01T00:00:00Z"
    assert ranges[ended[0]]["begin_tai_ns"] == 8_000_082_000


def test_converting_gives_the_same_files(obs_lsst_data: GitPackage, bundle: Path, tmp_path: Path) -> None:
    done = run_curated("convert", "-o", tmp_path / "out", "--jobs", "1", cwd=obs_lsst_data.path)
    assert done.returncode == 0, done.stderr
    assert tree(tmp_path / "out") == tree(bundle / "files")


def test_fitsverify_finds_no_fault(bundle: Path) -> None:
    files = sorted(bundle.rglob("*.fits"))
    assert len(files) == 2268
    assert fitsverify(files) == ""


def test_fits_agrees_with_the_text(obs_lsst_data: GitPackage, bundle: Path) -> None:
    by_kind: dict[str, list[str]] = {}
    for path in sources(obs_lsst_data):
        by_kind.setdefault("/".join(path.split("/")[:2]), []).append(path)
    assert len(by_kind) == len(CENSUS)
    for paths in by_kind.values():
        # All of the few, some of the many; the wavefront sensors' crosstalk has another size.
        for path in paths[:: max(1, len(paths) // 15)] + [p for p in paths if "crosstalk/r00_sw" in p]:
            assert_agrees(obs_lsst_data.path / path, bundle / "files" / f"{path.rpartition('.')[0]}.fits")


# -- the repository --------------------------------------------------------------------------------


def test_the_repository(bundle: Path, tmp_path: Path) -> None:
    pytest.importorskip("lsst.daf.butler")
    repo = tmp_path / "repo"
    # The next release of the same warns of nothing, either.
    for options in ([], ["--label", "next", "--dry-run"]):
        done = run_curated("import", bundle, repo, "--transfer", "direct", "--format", "json", *options)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["diagnostics"] == []
    expected: Counter[str] = Counter()
    for kind, number in CENSUS.items():
        expected[kind.split("/")[1]] += number
    assert {kind: number for kind, number in count(repo).items() if number} == expected
    old, new = (f"{DEFECTS}/{start}.ecsv" for start in ("19700101T000000", "20180101T000000"))
    latiss = {"instrument": "LATISS", "detector": 0}
    sensor = {"instrument": "LSSTCam", "detector": 94}
    system = {**sensor, "physical_filter": "g_6"}
    auxtel = {"instrument": "LATISS", "physical_filter": "SDSSr_65mm~empty"}
    first = "19700101T000000"
    asked: list[tuple[str, dict[str, Any], str, int, str | None, str]] = [
        ("defects", latiss, "1970-01-01T00:00:00", 0, old, "Defects"),
        ("defects", latiss, "2018-01-01T00:00:00", -1, old, "Defects"),
        ("defects", latiss, "2018-01-01T00:00:00", 0, new, "Defects"),
        ("defects", latiss, "2018-01-01T00:00:00", 1, new, "Defects"),
        ("defects", latiss, "2026-01-01T00:00:00", 0, new, "Defects"),
        ("transmission_filter", auxtel, "2022-10-05T00:00:00", -1, None, ""),
        (
            "transmission_filter",
            auxtel,
            "2022-10-05T00:00:00",
            0,
            "latiss/transmission_filter/sdssr_65mm~empty/20221005T000000.ecsv",
            "FilterTransmission",
        ),
        (
            "crosstalk",
            sensor,
            "2025-01-01T00:00:00",
            0,
            f"lsstCam/crosstalk/r22_s11/{first}.ecsv",
            "Crosstalk",
        ),
        (
            "transmission_filter_detector",
            system,
            "2025-01-01T00:00:00",
            0,
            f"lsstCam/transmission_filter_detector/r22_s11/g_6/{first}.ecsv",
            "FilterDetectorTransmission",
        ),
        (
            "bfk",
            {"instrument": "imsim", "detector": 94},
            "2025-01-01T00:00:00",
            0,
            f"imsim/bfk/r22_s11/{first}.yaml",
            "BrighterFatterKernel",
        ),
    ]
    found = look_up(repo, [question[:4] for question in asked])
    for (kind, *_, path, name), answer in zip(asked, found, strict=True):
        if path is None:
            assert answer is None
        else:
            assert answer is not None
            assert (answer[0], answer[1]) == (path, f"curated.types.{kind}")
            assert name.removesuffix("Transmission") in answer[2]


def test_the_command_line_finds_the_same(obs_lsst_data: GitPackage) -> None:
    for time, start in (("2017-12-31T23:59:59.999999", "19700101T000000"), ("2018-01-01", "20180101T000000")):
        for detector in ("0", "rxx_s00", "RXX_S00"):
            question = ["lookup", "latiss", "defects", "--detector", detector, "--at", time]
            done = run_curated(*question, cwd=obs_lsst_data.path)
            assert done.stdout.splitlines()[0] == f"{DEFECTS}/{start}.ecsv"
    by_number = ["lookup", "lsstCam", "crosstalk", "--detector", "94", "--at", "2025-01-01"]
    assert "r22_s11" in run_curated(*by_number, cwd=obs_lsst_data.path).stdout
