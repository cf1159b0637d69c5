"""A small package with every form found in real packages: check, release, import and lookups, compared with its texts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conftest import GitPackage
from support.packages import fitsverify_errors
from support.programs import run_curated
from support.releases import assert_same_as_text, count_datasets, look_up

FIRST = "19700101T000000"
AMPLIFIERS = [f"C{n}" for n in range(4)]


def ecsv(
    columns: dict[str, tuple[str, str]],
    meta: dict[str, Any],
    rows: list[str],
    *,
    version: str = "1.0",
    block: bool = False,
) -> str:
    """Return an ECSV file: columns with unit and data type, omap metadata in flow or block style."""
    lines = [f"%ECSV {version}", "---", "datatype:"]
    for name, (unit, kind) in columns.items():
        subtype = f", subtype: '{kind}'" if "[" in kind else ""
        datatype = "string" if subtype else kind
        if block:
            lines += [
                f"- name: {name}",
                f"  unit: {unit}",
                f"  datatype: {datatype}",
                "  description: of the box",
            ]
        else:
            lines.append(
                f"- {{name: {name}, {f'unit: {unit}, ' if unit else ''}datatype: {datatype}{subtype}}}"
            )
    lines.append("meta: !!omap")
    for key, value in meta.items():
        text = value if isinstance(value, str) and value[:1] in ("[", "{", "!", "'") else json.dumps(value)
        lines.append(f"- {key}: {text}" if block else f"- {{{key}: {text}}}")
    quantities = {name: unit for name, (unit, _) in columns.items() if unit and not block}
    if quantities:
        lines.append("- __serialized_columns__:")
    for name, unit in quantities.items():
        # Units may be '-' where a column is dimensionless.
        quantity = '""' if unit in ("-", "''") else unit
        lines += [
            f"    {name}:",
            "      __class__: astropy.units.quantity.Quantity",
            f"      unit: !astropy.units.Unit {{unit: {quantity}}}",
            f"      value: !astropy.table.SerializedColumn {{name: {name}}}",
        ]
    lines.append("schema: astropy-2.0")
    header = "".join(f"# {line}\n" for line in lines)
    return header + "".join(f"{row}\n" for row in [" ".join(columns), *rows])


def identity(instrument: str, obstype: str, **more: Any) -> dict[str, Any]:
    return {"INSTRUME": instrument, "OBSTYPE": obstype, "CALIBDATE": "1970-01-01T00:00:00", **more}


def old_defects(date: str, boxes: list[str]) -> str:
    meta = identity("Auxlab", "defects", DETECTOR=0) | {
        "CALIBDATE": date,
        "CALIB_ID": f"raftName=RXX detectorName=RXX_S00 detector=0 calibDate={date} ccd=0 ccdnum=0 filter=None",
        "DEFECTS_SCHEMA": "Simple",
        "DEFECTS_SCHEMA_VERSION": 1,
        "DATE": "2019-05-14T00:56:26.760751",
    }
    columns = dict.fromkeys(("x0", "y0", "width", "height"), ("pix", "int32"))
    return ecsv(columns, meta, boxes, version="0.9", block=True)


def manual_defects(detector: int, boxes: list[str]) -> str:
    meta = {
        "defects_SCHEMA": "",
        "defects_VERSION": 2.0,
        "RAFTNAME": "R22",
        "SLOTNAME": f"S0{detector}",
        "DET_NAME": f"R22_S0{detector}",
        "CALIBCLS": "lsst.ip.isr.defects.Defects",
        **identity("labCam", "manual_defects", DETECTOR=detector),
    }
    return ecsv(dict.fromkeys(("x0", "y0", "width", "height"), ("", "float64")), meta, boxes)


def crosstalk(detector: int, version: float) -> str:
    size = len(AMPLIFIERS)
    values = np.random.default_rng(detector).normal(0, 1e-4, (size, size))
    np.fill_diagonal(values, 0)
    floats = json.dumps(values.reshape(-1).tolist(), separators=(",", ":"))
    names = (
        "CT_COEFFS",
        "CT_ERRORS",
        "CT_COUNTS",
        "CT_VALID",
        "CT_COEFFS_SQR",
        "CT_ERRORS_SQR",
        "CT_AMP_GAIN_RATIOS",
    )
    columns = dict.fromkeys(names, ("", f"float64[{size * size}]"))
    columns["CT_COUNTS"], columns["CT_VALID"] = ("", f"int64[{size * size}]"), ("", f"bool[{size * size}]")
    cells = dict.fromkeys(names, floats)
    squared = json.dumps((1e-6 * values).reshape(-1).tolist(), separators=(",", ":"))
    cells["CT_COEFFS_SQR"] = cells["CT_ERRORS_SQR"] = squared
    cells["CT_COUNTS"] = f"[{','.join(str(n) for n in range(size * size))}]"
    cells["CT_VALID"] = f"[{','.join(['true'] * size * size)}]"
    cells["CT_AMP_GAIN_RATIOS"] = f"[{','.join(['NaN', '1.0'] * (size * size // 2))}]"
    if version >= 1.2:
        columns["CT_FIT_GAINS"], cells["CT_FIT_GAINS"] = ("", f"float64[{size}]"), "[1.5,NaN,0.1,12.0]"
    meta = {
        "CALIBCLS": "lsst.ip.isr.crosstalk.CrosstalkCalib",
        "CROSSTALK_RATIOS_UNITS": "electron",
        "CROSSTALK_SCHEMA": "Gen3 Crosstalk",
        "CROSSTALK_SHAPE": f"[{size}, {size}]",
        "CROSSTALK_VERSION": version,
        "DETECTOR_NAME": f"R22_S0{detector}",
        "DET_NAME": f"R22_S0{detector}",
        "FILTER": "",
        "HAS_CROSSTALK": True,
        "NAMP": size,
        **identity("labCam", "CROSSTALK", DETECTOR=detector),
    }
    return ecsv(columns, meta, [" ".join(cells.values())])


def curve(
    instrument: str,
    obstype: str,
    value: tuple[str, str, str],
    *,
    wavelength: str = "float32",
    amplifiers: bool = False,
    version: str = "1.0",
    **more: Any,
) -> str:
    name, unit, kind = value
    columns = {"wavelength": ("nm", wavelength), name: (unit, kind)}
    if amplifiers:
        columns = {"amp_name": ("", "string"), **columns}
    chance = np.random.default_rng(len(obstype))
    rows = [
        f"{f'{amplifier} ' if amplifiers else ''}{300 + 7 * n + (0.1 if wavelength == 'float64' else 0)} "
        f"{chance.uniform(0, 90 if unit.strip(chr(39)) == '%' else 0.9):.9g}"
        for amplifier in (AMPLIFIERS if amplifiers else [""])
        for n in range(40)
    ]
    meta = {
        "MODE": "AMP" if amplifiers else "DETECTOR",
        "TYPE": obstype,
        **identity(instrument, obstype, **more),
    }
    return ecsv(columns, meta, rows, version=version)


def kernel(detector: int) -> str:
    name = f"R22_S0{detector}"
    rows = {
        "OBSTYPE": ("String", "bfk"),
        "bfk_SCHEMA": ("String", "Brighter-fatter kernel"),
        "bfk_VERSION": ("Double", 1.0),
        "INSTRUME": ("String", "imlab"),
        "RAFTNAME": ("Undef", None),
        "DETECTOR": ("Int", detector),
        "LEVEL": ("String", "DETECTOR"),
        "KERNEL_DX": ("Int", 5),
        "KERNEL_DY": ("Int", 5),
        "CALIBDATE": ("String", "1970-01-01T00:00:00"),
        "raftName": ("String", "R22"),
        "detectorName": ("String", name),
    }
    metadata = "".join(f"- - {k}\n  - {t}\n  - {json.dumps(v)}\n  - ''\n" for k, (t, v) in rows.items())
    lags = np.hypot(*np.mgrid[-2:3, -2:3])
    values = "".join(f"  - {v:.16e}\n" for v in (-1.0e-7 / (1 + lags**2)).reshape(-1).tolist())
    empty = "".join(f"  {a}: []\n" for a in AMPLIFIERS)
    valid = "".join(f"  {a}: true\n" for a in AMPLIFIERS)
    return (
        f"ampKernels: {{}}\nbadAmps: []\ndetKernels:\n  {name}:\n{values}gain: {{}}\nmeanXcorrs: {{}}\nmeans:\n{empty}"
        f"metadata: !<lsst.daf.base.PropertyList>\n{metadata}noise: {{}}\nrawXcorrs: {{}}\nvalid:\n{valid}"
        f"variances:\n{empty}"
    )


def files() -> dict[str, str]:
    """Return the files of a bare package with three instruments."""
    percent = ("efficiency", "'%'", "float64")
    curves = {
        f"auxlab/transmission_filter/g~empty/{FIRST}.ecsv": curve(
            "Auxlab", "transmission_filter", ("throughput", "-", "float32"), version="0.9", FILTER="g~empty"
        ),
        f"auxlab/transmission_filter/r_wide/{FIRST}.ecsv": curve(
            "Auxlab", "transmission_filter", ("throughput", "''", "float32"), version="0.9", FILTER="R wide"
        ),
        f"auxlab/transmission_sensor/rxx_s00/{FIRST}.ecsv": curve(
            "Auxlab", "transmission_sensor", ("efficiency", "'%'", "float32"), amplifiers=True, DETECTOR=0
        ),
        f"labCam/transmission_sensor/r22_s00/{FIRST}.ecsv": curve(
            "labCam", "transmission_sensor", percent, amplifiers=True, DETECTOR=0
        ),
        f"labCam/transmission_filter_detector/r22_s00/g_6/{FIRST}.ecsv": curve(
            "labCam", "transmission_filter_detector", percent, DETECTOR=0, FILTER="g_6"
        ),
        f"labCam/transmission_optics/{FIRST}.ecsv": curve(
            "labCam", "transmission_optics", ("efficiency", "'%'", "float32"), wavelength="float64"
        ),
    }
    return {
        **curves,
        f"auxlab/defects/rxx_s00/{FIRST}.ecsv": old_defects(
            "1970-01-01T00:00:00", ["3983 8 17 3", "0 0 1 4000"]
        ),
        "auxlab/defects/rxx_s00/20180101T000000.ecsv": old_defects("2018-01-01T00:00:00", ["5 6 7 8"]),
        f"labCam/manual_defects/r22_s00/{FIRST}.ecsv": manual_defects(0, []),
        f"labCam/manual_defects/r22_s01/{FIRST}.ecsv": manual_defects(1, ["1.0 2.0 3.0 4.0", "10 20 30 40"]),
        f"labCam/crosstalk/r22_s00/{FIRST}.ecsv": crosstalk(0, 1.1),
        f"labCam/crosstalk/r22_s01/{FIRST}.ecsv": crosstalk(1, 1.2),
        f"imlab/bfk/r22_s00/{FIRST}.yaml": kernel(0),
        f"imlab/bfk/r22_s01/{FIRST}.yaml": kernel(1),
        "labCam/crosstalk/README.md": "Where it comes from.",
        "README.md": "A package without a curated.yaml.",
    }


CALIBRATIONS = sorted(path for path in files() if not path.endswith(".md"))


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> GitPackage:
    slice_package = GitPackage(tmp_path_factory.mktemp("slice") / "obs_lab_data")
    slice_package.path.mkdir()
    slice_package.git("init", "--quiet")
    slice_package.commit(files(), "Import the package")
    slice_package.git("tag", "v1.0")
    return slice_package


@pytest.fixture(scope="module")
def bundle(package: GitPackage, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("release") / "bundle"
    process = run_curated("bundle", output, cwd=package.path)
    assert process.returncode == 0, process.stderr
    return output


@pytest.fixture(scope="module")
def repo(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("lsst.daf.butler")
    path = tmp_path_factory.mktemp("butler") / "repo"
    process = run_curated("import", bundle, path)
    assert process.returncode == 0, process.stderr
    return path


def test_nothing_is_wrong_with_it(package: GitPackage) -> None:
    process = run_curated("check", "--format", "json", cwd=package.path)
    answer = json.loads(process.stdout)
    assert answer["findings"] == []
    assert answer["files"] == len(CALIBRATIONS)


def test_all_of_it_is_released(bundle: Path) -> None:
    manifest = json.loads((bundle / "manifest.json").read_text())
    assert sorted(d["source"]["path"] for d in manifest["datasets"]) == CALIBRATIONS
    assert {i["name"] for i in manifest["instruments"]} == {"Auxlab", "imlab", "labCam"}
    ids_by_name = {
        d["full_name"]: d["id"]
        for i in manifest["instruments"]
        for d in i["detectors"]
        if i["name"] == "labCam"
    }
    assert ids_by_name == {"R22_S00": 0, "R22_S01": 1}
    assert "R wide" in {f["name"] for i in manifest["instruments"] for f in i["filters"]}


def test_fitsverify_finds_no_fault(bundle: Path) -> None:
    assert fitsverify_errors(sorted(bundle.rglob("*.fits"))) == ""


@pytest.mark.parametrize("path", CALIBRATIONS)
def test_fits_agrees_with_the_text(package: GitPackage, bundle: Path, path: str) -> None:
    assert_same_as_text(package.path / path, bundle / "files" / f"{path.rpartition('.')[0]}.fits")


def test_the_comparison_sees_a_difference(package: GitPackage, bundle: Path) -> None:
    paths = [path for path in CALIBRATIONS if "manual_defects" not in path]
    for text_path, fits_path in zip(paths, [*paths[1:], paths[0]], strict=True):
        with pytest.raises((AssertionError, KeyError)):
            assert_same_as_text(
                package.path / text_path, bundle / "files" / f"{fits_path.rpartition('.')[0]}.fits"
            )


def test_the_repository(repo: Path) -> None:
    counts = count_datasets(repo)
    assert sum(counts.values()) == len(CALIBRATIONS)
    assert counts["defects"] == counts["bfk"] == 2
    old, new = (f"auxlab/defects/rxx_s00/{start}.ecsv" for start in (FIRST, "20180101T000000"))
    defects = {"instrument": "Auxlab", "detector": 0}
    filtered = {"instrument": "Auxlab", "physical_filter": "R wide"}
    both = {"instrument": "labCam", "detector": 0, "physical_filter": "g_6"}
    questions: list[tuple[str, dict[str, Any], str, int, str, str]] = [
        ("defects", defects, "1970-01-01T00:00:00", 0, old, "Defects"),
        ("defects", defects, "2010-05-05T05:05:05", 0, old, "Defects"),
        ("defects", defects, "2018-01-01T00:00:00", -1, old, "Defects"),
        ("defects", defects, "2018-01-01T00:00:00", 0, new, "Defects"),
        ("defects", defects, "2090-01-01T00:00:00", 0, new, "Defects"),
        (
            "manual_defects",
            {"instrument": "labCam", "detector": 1},
            "2024-01-01T00:00:00",
            0,
            f"labCam/manual_defects/r22_s01/{FIRST}.ecsv",
            "ManualDefects",
        ),
        (
            "bfk",
            {"instrument": "imlab", "detector": 1},
            "2024-01-01T00:00:00",
            0,
            f"imlab/bfk/r22_s01/{FIRST}.yaml",
            "BrighterFatterKernel",
        ),
        (
            "crosstalk",
            {"instrument": "labCam", "detector": 0},
            "2024-01-01T00:00:00",
            0,
            f"labCam/crosstalk/r22_s00/{FIRST}.ecsv",
            "Crosstalk",
        ),
        (
            "transmission_filter",
            filtered,
            "2024-01-01T00:00:00",
            0,
            f"auxlab/transmission_filter/r_wide/{FIRST}.ecsv",
            "FilterTransmission",
        ),
        (
            "transmission_filter_detector",
            both,
            "2024-01-01T00:00:00",
            0,
            f"labCam/transmission_filter_detector/r22_s00/g_6/{FIRST}.ecsv",
            "FilterDetectorTransmission",
        ),
    ]
    answers = look_up(repo, [question[:4] for question in questions])
    for (kind, *_, path, name), answer in zip(questions, answers, strict=True):
        assert answer is not None
        assert answer[0] == path
        assert answer[1] == f"curated.types.{kind}"
        assert name.removesuffix("Transmission") in answer[2]


def test_before_the_first_there_is_nothing(make_package: Any, tmp_path: Path) -> None:
    pytest.importorskip("lsst.daf.butler")
    text = files()["auxlab/defects/rxx_s00/20180101T000000.ecsv"]
    package = make_package({"auxlab/defects/rxx_s00/20180101T000000.ecsv": text})
    assert run_curated("publish", tmp_path / "repo", cwd=package.path).returncode == 0
    key = {"instrument": "Auxlab", "detector": 0}
    questions = [("defects", key, "2018-01-01T00:00:00", offset) for offset in (-1, 0, 1)]
    before, at, after = look_up(tmp_path / "repo", questions)  # type: ignore[arg-type]
    assert before is None
    assert at == after
    assert at is not None


def test_the_command_line_finds_the_same(package: GitPackage) -> None:
    for time, start in (("2017-12-31T23:59:59.999999", FIRST), ("2018-01-01", "20180101T000000")):
        question = ["lookup", "auxlab", "defects", "--detector", "0", "--at", time]
        process = run_curated(*question, cwd=package.path)
        assert process.stdout.splitlines()[0] == f"auxlab/defects/rxx_s00/{start}.ecsv"
