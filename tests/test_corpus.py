"""The unmodified package of an observatory: check, release, import and lookups, compared with its texts."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conftest import GitPackage
from support.packages import fitsverify_errors, read_tree
from support.programs import run_curated
from support.releases import assert_same_as_text, count_datasets, look_up

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
    """Return the paths of the calibrations, identified by their names alone."""
    files = (p.relative_to(package.path) for p in package.path.rglob("[0-9]*T[0-9]*.*"))
    return sorted(str(path) for path in files if path.suffix in (".ecsv", ".yaml") and len(path.parts) > 2)


@pytest.fixture(scope="session")
def check_result(obs_lsst_data: GitPackage) -> dict[str, Any]:
    process = run_curated("check", "--format", "json", cwd=obs_lsst_data.path)
    assert (process.returncode, process.stderr) == (0, "")
    return json.loads(process.stdout)  # type: ignore[no-any-return]


@pytest.fixture(scope="session")
def bundle(obs_lsst_data: GitPackage, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("release") / "bundle"
    process = run_curated("bundle", output, cwd=obs_lsst_data.path)
    assert process.returncode == 0, process.stderr
    return output


# -- the check -------------------------------------------------------------------------------------


def test_the_census(obs_lsst_data: GitPackage, check_result: dict[str, Any]) -> None:
    assert Counter("/".join(path.split("/")[:2]) for path in sources(obs_lsst_data)) == CENSUS
    assert check_result["files"] == sum(CENSUS.values()) == 2268


def test_no_errors_and_these_warnings(check_result: dict[str, Any]) -> None:
    assert {finding["severity"] for finding in check_result["findings"]} == {"warning"}
    # The optics of three cameras fall from 0.91 to 0.11 in the last nanometre of their table.
    expected = {"CAL114": 19, "CAL304": 35, "CAL313": 1, "CAL365": 3}
    assert Counter(f["code"] for f in check_result["findings"]) == expected


def header_of(text: str) -> str:
    """Return the header of an ECSV file as one line."""
    return " ".join(line[2:].strip() for line in text.splitlines() if line.startswith("# "))


def test_every_identity_that_contradicts_itself(
    obs_lsst_data: GitPackage, check_result: dict[str, Any]
) -> None:
    contradictory_paths = set()
    for path in sources(obs_lsst_data):
        if path.endswith(".yaml"):
            continue
        header = header_of((obs_lsst_data.path / path).read_text())
        identity = re.search(r"CALIB_ID: *['\"]?([^'\"{}]*?)['\"]?(?:}| [A-Z_]+: | - |$)", header)
        parts = dict(part.split("=") for part in identity[1].split() if "=" in part) if identity else {}

        def keyword(name: str, header: str = header) -> str:
            match = re.search(rf"\b{name}: *['\"]?([^'\"{{}},\s]*)", header)
            return match[1] if match else ""

        for part, name in (("instrument", "INSTRUME"), ("detector", "DETECTOR"), ("calibDate", "CALIBDATE")):
            value = keyword(name)
            if part in parts and value and parts[part].lower() != value.lower():
                contradictory_paths.add(path)
    reported_paths = {f["file"] for f in check_result["findings"] if f["code"] == "CAL114"}
    assert reported_paths == contradictory_paths
    # Directory and INSTRUME are ComCam but CALIB_ID has LSSTComCam; and one CALIB_ID has an older date.
    assert len([path for path in contradictory_paths if path.startswith("comCam/")]) == 18
    assert [path for path in contradictory_paths if not path.startswith("comCam/")] == [
        "latiss/crosstalk/rxx_s00/19700101T000000.ecsv"
    ]


def test_every_throughput_beyond_its_bounds(obs_lsst_data: GitPackage, check_result: dict[str, Any]) -> None:
    samples_outside, missing_amplifiers, curve_count = {}, {}, 0
    for path in sources(obs_lsst_data):
        if not path.split("/")[1].startswith("transmission"):
            continue
        curve_count += 1
        lines = (obs_lsst_data.path / path).read_text().splitlines()
        rows = [line.split() for line in lines if line and not line.startswith("#")]
        column_index = rows[0].index("efficiency" if "efficiency" in rows[0] else "throughput")
        values = np.array([row[column_index] for row in rows[1:]], float)
        top = 100.0 if "unit: '%'" in "\n".join(line for line in lines if "efficiency" in line) else 1.0
        # One per cent is noise.
        beyond = (values > top * 1.01) | (values < -top * 0.01)
        if beyond.any():
            samples_outside[path] = int(beyond.sum())
        if np.isnan(values).any():
            missing_amplifiers[path] = len({row[0] for row in rows[1:] if row[column_index] == "nan"} or {""})
    assert curve_count == 1648
    messages = {f["file"]: f["message"] for f in check_result["findings"] if f["code"] == "CAL304"}
    assert set(messages) == set(samples_outside)
    for path, message in messages.items():
        assert f"the worst of {samples_outside[path]} outside" in message, path
    assert Counter(f["file"] for f in check_result["findings"] if f["code"] == "CAL313") == missing_amplifiers
    # One amplifier without any number.
    assert list(missing_amplifiers.values()) == [1]


# -- the release -----------------------------------------------------------------------------------


def test_all_of_it_is_released(obs_lsst_data: GitPackage, bundle: Path) -> None:
    datasets = json.loads((bundle / "manifest.json").read_text())["datasets"]
    assert sorted(d["source"]["path"] for d in datasets) == sources(obs_lsst_data)
    assert len({d["uuid"] for d in datasets}) == 2268
    assert {d["source"]["commit"] for d in datasets} == {obs_lsst_data.commits[0]}
    ranges = {d["source"]["path"]: d["validity"] for d in datasets}
    paths_with_end = [path for path, valid in ranges.items() if valid["end"]]
    assert paths_with_end == [f"{DEFECTS}/19700101T000000.ecsv"]
    assert ranges[paths_with_end[0]]["end"] == "2018-01-01T00:00:00Z"
    assert ranges[paths_with_end[0]]["begin_tai_ns"] == 8_000_082_000


def test_converting_gives_the_same_files(obs_lsst_data: GitPackage, bundle: Path, tmp_path: Path) -> None:
    process = run_curated("convert", "-o", tmp_path / "out", "--jobs", "1", cwd=obs_lsst_data.path)
    assert process.returncode == 0, process.stderr
    assert read_tree(tmp_path / "out") == read_tree(bundle / "files")


def test_fitsverify_finds_no_fault(bundle: Path) -> None:
    files = sorted(bundle.rglob("*.fits"))
    assert len(files) == 2268
    assert fitsverify_errors(files) == ""


def test_fits_agrees_with_the_text(obs_lsst_data: GitPackage, bundle: Path) -> None:
    by_kind: dict[str, list[str]] = {}
    for path in sources(obs_lsst_data):
        by_kind.setdefault("/".join(path.split("/")[:2]), []).append(path)
    assert len(by_kind) == len(CENSUS)
    for paths in by_kind.values():
        # At most about 15 of each kind; and the wavefront sensors, whose crosstalk has another size.
        for path in paths[:: max(1, len(paths) // 15)] + [p for p in paths if "crosstalk/r00_sw" in p]:
            assert_same_as_text(
                obs_lsst_data.path / path, bundle / "files" / f"{path.rpartition('.')[0]}.fits"
            )


# -- the repository --------------------------------------------------------------------------------


def test_the_repository(bundle: Path, tmp_path: Path) -> None:
    pytest.importorskip("lsst.daf.butler")
    repo = tmp_path / "repo"
    # A next release of the same calibrations gives no warnings, either.
    for options in ([], ["--label", "next", "--dry-run"]):
        process = run_curated("import", bundle, repo, "--transfer", "direct", "--format", "json", *options)
        assert process.returncode == 0, process.stderr
        assert json.loads(process.stdout)["diagnostics"] == []
    expected: Counter[str] = Counter()
    for kind, number in CENSUS.items():
        expected[kind.split("/")[1]] += number
    assert {kind: number for kind, number in count_datasets(repo).items() if number} == expected
    old, new = (f"{DEFECTS}/{start}.ecsv" for start in ("19700101T000000", "20180101T000000"))
    latiss = {"instrument": "LATISS", "detector": 0}
    sensor = {"instrument": "LSSTCam", "detector": 94}
    system = {**sensor, "physical_filter": "g_6"}
    auxtel = {"instrument": "LATISS", "physical_filter": "SDSSr_65mm~empty"}
    first = "19700101T000000"
    questions: list[tuple[str, dict[str, Any], str, int, str | None, str]] = [
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
    answers = look_up(repo, [question[:4] for question in questions])
    for (kind, *_, path, name), answer in zip(questions, answers, strict=True):
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
            process = run_curated(*question, cwd=obs_lsst_data.path)
            assert process.stdout.splitlines()[0] == f"{DEFECTS}/{start}.ecsv"
    by_number = ["lookup", "lsstCam", "crosstalk", "--detector", "94", "--at", "2025-01-01"]
    assert "r22_s11" in run_curated(*by_number, cwd=obs_lsst_data.path).stdout
