"""Amplifiers of detectors come from the cameras of a package."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from conftest import MakePackage
from curated.check.instruments import read_instruments
from curated.core.geometry import Box
from curated.core.keys import CalibKey
from curated.declare import Conditions
from curated.difference.cameras import NO_CAMERAS, conditions_at, conditions_of, read_cameras
from curated.difference.measuring import changed_keys, measure_changes
from curated.difference.revisions import open_states
from curated.package.package import open_package
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
