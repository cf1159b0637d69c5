"""Amplifiers of detectors come from the cameras of a package."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from conftest import MakePackage
from curated.check.instruments import read_instruments
from curated.core.geometry import Box
from curated.core.keys import CalibKey
from curated.declare import Conditions, Levels
from curated.difference.cameras import NO_CAMERAS, Cameras, conditions_at, conditions_of, read_cameras
from curated.difference.measuring import changed_keys, measure_changes
from curated.difference.revisions import find_difference, open_states
from curated.package.package import open_package
from curated.package.validity import Range
from curated.report.difference_text import difference_lines, difference_to_json
from curated.types.camera import CameraGeometry
from curated.types.crosstalk import Crosstalk
from support.demo import DEMO

KEY = CalibKey("demo", "crosstalk", "d02", "")
CAMERA = Path("camera/20200101T000000.yaml")


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Return a package with a camera, crosstalk and defects of the demonstration."""
    root = tmp_path / "demonstration"
    for name in (
        "instrument.yaml",
        CAMERA,
        "crosstalk/d02/20200101T000000.ecsv",
        "defects/d02/20200101T000000.ecsv",
    ):
        path = root / "calibs" / "demo" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(DEMO / name, path)
    (root / "curated.yaml").write_text("calibs: calibs\n")
    return root


def test_the_camera_in_force(package: Path) -> None:
    path = package / "calibs" / "demo" / CAMERA
    later = path.with_name("20220101T000000.yaml")
    text = path.read_text().replace("2020-01-01T00:00:00", "2022-01-01T00:00:00")
    later.write_text(text.replace("saturation: ", "saturation: 1"))
    cameras = read_cameras([open_package(package)], {"demo"})
    levels = []
    for year in (2019, 2021, 2022):
        geometry = cameras.geometry(KEY, datetime(year, 1, 1))
        assert geometry is not None
        assert [amplifier.box.width for amplifier in geometry.amplifiers] == [512] * 4
        levels.append(geometry.amplifiers[0].saturation)
    assert levels[0] == levels[1] < levels[2]
    assert cameras.geometry(key_of("d99"), datetime(2021, 1, 1)) is None
    assert cameras.geometry(key_of(""), datetime(2021, 1, 1)) is None
    assert NO_CAMERAS.geometry(KEY, datetime(2021, 1, 1)) is None


def key_of(name: str) -> CalibKey:
    return CalibKey(KEY.instrument, KEY.type, name, KEY.filter)


def test_a_camera_with_errors_is_none(package: Path) -> None:
    path = package / "calibs" / "demo" / CAMERA
    path.write_text(path.read_text().replace("gain: ", "gain: -"))
    assert read_cameras([open_package(package)], {"demo"}) == NO_CAMERAS
    assert read_cameras([open_package(package)], set()) == NO_CAMERAS


def test_measures_use_saturations_and_boxes_of_the_camera(make_package: MakePackage, package: Path) -> None:
    names = [str(path.relative_to(package)) for path in package.rglob("*") if path.is_file()]
    repository = make_package({name: (package / name).read_bytes() for name in names})
    matrix, defects = (next(name for name in names if kind in name) for kind in ("crosstalk", "defects"))
    calib = Crosstalk.readText(repository.path / matrix)
    coeffs = calib.coeffs.copy()
    coeffs[1, 0] += 0.002
    repository.write(
        {
            matrix: replace(calib, coeffs=coeffs).text_bytes("ecsv"),
            defects: (repository.path / defects).read_text() + "600 0 2 512\n",
        }
    )
    states = open_states(open_package(repository.path), [])
    declared = read_instruments(states.changes.now)[0]
    changes = measure_changes(states.changes, changed_keys(states.changes), Conditions(), declared)
    readings = {
        (effect.measure.name, effect.reading.of.get("amplifier")): effect.reading
        for change in changes
        for effect in change.effects
    }
    amplifiers = CameraGeometry.readText(DEMO / CAMERA).detector("d02").amplifiers
    signal = readings["coefficient_change_at_saturation", None]
    # Of coefficients between electrons the gains count as well.
    assert calib.crosstalkRatiosUnits == "electron"
    gain_ratio = amplifiers[1].gain / amplifiers[0].gain
    assert signal.value == pytest.approx(0.002 * amplifiers[1].saturation * gain_ratio)
    assert signal.of == {"source": amplifiers[1].name, "target": amplifiers[0].name}
    assert amplifiers[1].box == Box(512, 0, 512, 512)
    assert readings["columns_fully_masked", amplifiers[1].name].value == 2
    assert readings["amplifier_fraction_change", amplifiers[1].name].value == pytest.approx(100 * 2 / 512)


def test_conditions_of_a_file(package: Path) -> None:
    opened = open_package(package)
    declared = read_instruments(opened)[0]
    file = next(file for file in opened.layout.files if file.key.type == "crosstalk")
    cameras = read_cameras([opened], {"demo"})
    without = conditions_at(file, Conditions(), declared, NO_CAMERAS)
    assert without == conditions_of(file.key, Conditions(), declared)
    assert conditions_at(file, Conditions(), declared, cameras).detector == cameras.geometry(KEY, file.start)


def gains_text(date: str, gain: str, saturation: str, more: str = "") -> str:
    return (
        "metadata: {OBSTYPE: gains, INSTRUME: Demo, DETECTOR: 2, DET_NAME: d02, "
        f"CALIBDATE: '{date}T00:00:00'{more}}}\ngain: {{{gain}}}\nsaturation: {{{saturation}}}\n"
    )


ALL = "C00: 1.1, C01: 1.2, C10: 1.3, C11: 1.4"
GAINS = "calibs/demo/gains/d02"
FIRST, SECOND = f"{GAINS}/20210101T000000.yaml", f"{GAINS}/20230101T000000.yaml"
OF_CAMERA = f"calibs/demo/{CAMERA}"


def write_gains(package: Path, files: dict[str, str]) -> Cameras:
    for path, text in files.items():
        (package / path).parent.mkdir(parents=True, exist_ok=True)
        (package / path).write_text(text)
    return read_cameras([open_package(package)], {"demo"}, [KEY])


@pytest.mark.parametrize(
    ("begin", "end", "gain", "saturation", "levels"),
    [
        (2019, 2020, 1.5, 60000, Levels((OF_CAMERA,), (OF_CAMERA,))),
        (2020, None, 1.5, 60000, Levels((OF_CAMERA,), (OF_CAMERA,))),
        (2021, None, 1.1, 50000, Levels((FIRST,), (FIRST, OF_CAMERA))),
        (2022, 2023, 1.1, 50000, Levels((FIRST,), (FIRST, OF_CAMERA))),
        (2023, None, 2.1, 60000, Levels((SECOND, OF_CAMERA), (OF_CAMERA,))),
        # A calibration of all times, before any camera: the first gains within its range.
        (1970, None, 1.1, 50000, Levels((FIRST,), (FIRST, OF_CAMERA))),
    ],
)
def test_gains_in_force_count_before_the_camera(
    package: Path, begin: int, end: int | None, gain: float, saturation: float, levels: Levels
) -> None:
    camera = (package / OF_CAMERA).read_text()
    camera = re.sub(r"gain: [0-9.]+", "gain: 1.5", camera)
    (package / OF_CAMERA).write_text(re.sub(r"saturation: [0-9.]+", "saturation: 60000.0", camera))
    cameras = write_gains(
        package,
        {
            FIRST: gains_text("2021-01-01", ALL, "C00: 50000.0, C01: .nan, C10: 51000.0, C11: 52000.0"),
            # Of a part of the amplifiers.
            SECOND: gains_text("2023-01-01", "C00: 2.1", ""),
        },
    )
    valid = Range(datetime(begin, 1, 1), None if end is None else datetime(end, 1, 1))
    conditions = cameras.conditions(KEY, valid, Conditions())
    assert conditions.levels_of("C00") == (saturation, gain)
    assert conditions.saturation(0) == saturation
    assert conditions.levels == levels
    # Their order and boxes stay those of the camera.
    geometry = cameras.geometry(KEY, valid.start)
    assert geometry is not None
    assert conditions.detector is not None
    assert [(a.name, a.box) for a in conditions.detector.amplifiers] == [
        (a.name, a.box) for a in geometry.amplifiers
    ]


@pytest.mark.parametrize(
    "text",
    [
        gains_text("2021-01-01", "C00: -1.0", ""),
        gains_text("2021-01-01", ALL, "", ", DEPRECATED: '2022-01-01 noise'"),
        "metadata: [",
    ],
    ids=["wrong", "deprecated", "damaged"],
)
def test_gains_that_are_not_in_use_do_not_count(package: Path, text: str) -> None:
    cameras = write_gains(package, {FIRST: text})
    assert cameras.gains == {}
    valid = Range(datetime(2021, 6, 1), None)
    assert cameras.conditions(KEY, valid, Conditions()).levels == Levels((OF_CAMERA,), (OF_CAMERA,))


def test_gains_where_nothing_describes_amplifiers(package: Path) -> None:
    (package / OF_CAMERA).unlink()
    cameras = write_gains(package, {FIRST: gains_text("2021-01-01", "C11: 1.4", "C11: 50000.0")})
    conditions = cameras.conditions(KEY, Range(datetime(2021, 6, 1), None), Conditions())
    assert (conditions.detector, conditions.levels_of("C11")) == (None, (50000, 1.4))
    assert conditions.levels == Levels((FIRST,), (FIRST,))
    # In which order they are is not known.
    assert conditions.saturation(0) == 100_000
    # Nothing is read for types whose measures do not depend on gains.
    assert not read_cameras([open_package(package)], {"demo"}, [replace(KEY, type="defects")]).gains


def test_the_source_of_gains_is_told(package: Path, make_package: MakePackage) -> None:
    names = [str(path.relative_to(package)) for path in package.rglob("*") if path.is_file()]
    repository = make_package({name: (package / name).read_bytes() for name in names})
    repository.commit({FIRST.replace("2021", "2019"): gains_text("2019-01-01", ALL, "")})
    matrix = next(name for name in names if "crosstalk" in name)
    calib = Crosstalk.readText(repository.path / matrix)
    repository.write({matrix: replace(calib, coeffs=calib.coeffs * 1.5).text_bytes("ecsv")})
    difference = find_difference(open_states(open_package(repository.path), []))
    (change,) = difference_to_json(difference)["changes"]
    assert change["levels"] == {"gain": [FIRST.replace("2021", "2019")], "saturation": [OF_CAMERA]}
    lines = list(difference_lines(difference))
    footnote = lines[next(i for i, line in enumerate(lines) if line.startswith("measured by")) :]
    assert " ".join(" ".join(footnote).split()) == (
        f"measured by gain of {FIRST.replace('2021', '2019')}, saturation of {OF_CAMERA}"
    )
    assert max(map(len, lines)) <= 80
