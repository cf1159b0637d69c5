"""The demonstration package: its generator, its contents, and its agreement with itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from curated.check.package import check_package
from curated.check.report import Report
from curated.core.codes import Severity
from curated.package.package import Package, open_package
from curated.registry import own_types
from support.demo import shown_types

ROOT = Path(__file__).parents[1]
DEMO = ROOT / "calibs" / "demo"


@pytest.fixture(scope="module")
def package() -> Package:
    return open_package(ROOT)


@pytest.fixture(scope="module")
def report(package: Package) -> Report:
    return check_package(package, use_cache=False, jobs=1)


def demo_files(report: Report) -> list:
    return [file for file in report.files if file.key.instrument == "demo"]


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What the generator writes, by its path below ``demo``."""
    output = tmp_path_factory.mktemp("demo")
    subprocess.run([sys.executable, ROOT / "tools" / "make_demo.py", output], check=True)
    files = [path for path in output.rglob("*") if path.is_file()]
    return {path.relative_to(output / "demo").as_posix(): path.read_bytes() for path in files}


def test_generator_writes_the_committed_bytes(generated: dict[str, bytes]) -> None:
    committed = {
        p.relative_to(DEMO).as_posix(): p.read_bytes()
        for p in DEMO.rglob("*")
        if p.is_file() and p.name != "README.md"
    }
    # Examples of other types are written by hand.
    folders = {path.partition("/")[0] for path in generated}
    assert sorted(generated) == sorted(p for p in committed if p.partition("/")[0] in folders)
    assert [path for path in generated if generated[path] != committed[path]] == []


def test_only_the_hole_is_reported(report: Report) -> None:
    diagnostics = [d for d in report.diagnostics if d.file.startswith("calibs/demo/")]
    assert [(d.code, d.severity) for d in diagnostics] == [("CAL404", Severity.INFO)]
    assert diagnostics[0].file == "calibs/demo/defects/d02/20200101T000000.ecsv"
    assert diagnostics[0].line > 1


@pytest.mark.parametrize("name", list(shown_types()))
def test_every_type_has_an_example(report: Report, name: str) -> None:
    assert any(file.key.type == name for file in demo_files(report))


def test_epochs_and_ends(report: Report) -> None:
    starts: dict[object, int] = {}
    for file in demo_files(report):
        starts[file.key] = starts.get(file.key, 0) + 1
    assert max(starts.values()) == 3
    paths_with_end = {file.path for file in demo_files(report) if report.reports[file.path].end}
    assert paths_with_end == {
        "calibs/demo/defects/d02/20200101T000000.ecsv",
        "calibs/demo/manual_defects/d01/20220301T000000.ecsv",
    }


def test_special_cases_are_there() -> None:
    types = own_types()
    first = "20200101T000000"
    assert len(types["defects"].readText(DEMO / f"defects/d03/{first}.ecsv").x0) == 0
    rows = (DEMO / f"defects/d01/{first}.ecsv").read_text().partition("x0 y0 width height\n")[2].splitlines()
    assert any(row.startswith("#") for row in rows)
    assert list(types["crosstalk"].readText(DEMO / f"crosstalk/d00/{first}.yaml").interChip) == ["d01"]
    levels = {types["bfk"].readText(path).level for path in (DEMO / "bfk").rglob("*.yaml")}
    assert levels == {"AMP", "DETECTOR"}


def test_every_file_says_that_it_is_a_demonstration(generated: dict[str, bytes]) -> None:
    for path in DEMO.rglob("*T*.*"):
        sentence = b"Demonstration: computed by tools/make_demo.py, not measured"
        is_generated = path.relative_to(DEMO).as_posix() in generated
        assert (sentence if is_generated else b"Demonstration") in path.read_bytes(), path


def test_it_stays_small() -> None:
    assert sum(path.stat().st_size for path in DEMO.rglob("*") if path.is_file()) < 1_500_000


@pytest.mark.parametrize("start", ["20200101T000000", "20230620T000000"])
@pytest.mark.parametrize("filter_name", ["g", "r", "i"])
@pytest.mark.parametrize("detector", ["d00", "d01", "d02", "d03"])
def test_system_is_the_product(detector: str, filter_name: str, start: str) -> None:
    types = own_types()

    def curve(name: str, *levels: str, start: str = "20200101T000000") -> tuple[np.ndarray, np.ndarray]:
        return types[name].readText(DEMO.joinpath(name, *levels, f"{start}.ecsv")).curve()

    wavelength, system = curve("transmission_system", detector, filter_name, start=start)
    factors = [
        curve("transmission_filter_detector", detector, filter_name),
        curve("transmission_sensor", detector),
        curve("transmission_optics", start=start),
        curve("transmission_atmosphere"),
    ]
    product = np.prod([np.interp(wavelength, *other) for other in factors], axis=0)
    assert np.abs(product - system).max() < 2e-6


@pytest.mark.parametrize("path", sorted((DEMO / "bfk").rglob("*.yaml")), ids=lambda path: path.parent.name)
def test_kernels_are_symmetric_and_negative(path: Path) -> None:
    for kernel in own_types()["bfk"].readText(path).kernels.values():
        assert kernel.shape == (17, 17)
        assert (kernel < 0).all()
        assert np.array_equal(kernel, kernel[::-1])
        assert np.array_equal(kernel, kernel[:, ::-1])
        assert kernel.argmin() == kernel.size // 2


def test_camera_agrees_with_the_instrument(report: Report) -> None:
    camera = own_types()["camera"].readText(DEMO / "camera" / "20200101T000000.yaml")
    instrument = report.declared["demo"]
    for i, name in enumerate(camera.detector_name.tolist()):
        declared = instrument.detectors[name]
        assert declared.id == camera.detector_id[i]
        assert (declared.raft, declared.slot) == (camera.detector_raft[i], camera.detector_slot[i])
        assert (declared.width, declared.height) == (camera.detector_width[i], camera.detector_height[i])
        assert list(declared.amplifiers) == camera.amplifier_name[camera.amplifier_detector == name].tolist()
    assert list(instrument.filters) == camera.filter_name.tolist()


@pytest.mark.parametrize("path", sorted(DEMO.rglob("*.ecsv")), ids=lambda path: str(path.relative_to(DEMO)))
def test_astropy_reads_it(path: Path) -> None:
    from astropy.table import Table

    calib = own_types()[path.relative_to(DEMO).parts[0]].readText(path)
    table = Table.read(path, format="ascii.ecsv")
    assert table.meta["INSTRUME"] == "Demo"
    for declared in calib.FIELDS:
        if declared.column in table.colnames:
            values = getattr(calib, declared.name)
            assert np.array_equal(np.asarray(table[declared.column]).reshape(values.shape), values)
