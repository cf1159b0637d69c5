"""The stack's camera file against instrument.yaml: detectors and amplifiers, with both values."""

from __future__ import annotations

import math
from typing import Any

import pytest

from conftest import MakePackage
from curated.check.package import check_package
from curated.package.package import open_package
from support.cameras import camera_texts, detector

CAMERA = [detector(0, "R00_S00"), detector(1, "R00_S01")]


def findings(make_package: MakePackage, declared: list[dict[str, Any]]) -> list[tuple[str, str]]:
    package = make_package({"curated.yaml": "", **camera_texts("Lab", CAMERA, declared)})
    report = check_package(open_package(package.path), use_cache=False)
    return [(finding.code, finding.message) for finding in report.diagnostics]


def test_equal_detectors(make_package: MakePackage) -> None:
    assert findings(make_package, CAMERA) == []


@pytest.mark.parametrize(
    ("declared", "texts"),
    [
        (
            {"label": "R00_S07"},
            ["detector 1 is 'R00_S01' in the camera file, 'R00_S07' in instrument.yaml"],
        ),
        (
            {"width": 47},
            [
                "detector 1: width is 48 in the camera file, 47 in instrument.yaml",
                "detector 1: the amplifiers of the camera file have 1536 pixels, instrument.yaml has 47 x 32",
            ],
        ),
        (
            {"amplifiers": [("C00",), ("C07",)]},
            ["detector 1: amplifiers are C00, C01 in the camera file, C00, C07 in instrument.yaml"],
        ),
    ],
)
def test_values_that_differ(make_package: MakePackage, declared: dict[str, Any], texts: list[str]) -> None:
    name = declared.pop("label", "R00_S01")
    result = findings(make_package, [CAMERA[0], detector(1, name, **declared)])
    assert [code for code, _ in result] == ["CAL361"] * len(texts)
    assert all(any(text in message for _, message in result) for text in texts), result


def test_detectors_that_only_one_has(make_package: MakePackage) -> None:
    result = findings(make_package, [CAMERA[0], detector(5, "R00_S05")])
    assert [code for code, _ in result] == ["CAL362", "CAL362"]
    messages = " ".join(message for _, message in result)
    assert "instrument.yaml, but not the camera file, has detector 5 R00_S05" in messages
    assert "the camera file, but not instrument.yaml, has detector 1 R00_S01" in messages


def test_another_instrument(make_package: MakePackage) -> None:
    declared = [detector(n, f"RXX_S{n:02d}") for n in range(2)]
    assert [code for code, _ in findings(make_package, declared)] == ["CAL361", "CAL361"]


GEOMETRY = """metadata: {INSTRUME: Lab, OBSTYPE: camera, CALIBDATE: '2020-01-01T00:00:00'}
detectors:
- {id: 0, name: R00_S00, width: 48, height: 32, x: 0.0, y: 0.0, pixel_size: 0.01}
amplifiers:
"""
AMPLIFIER = (
    "- {{detector: R00_S00, name: {name}, x0: {x0}, y0: 0, width: 24, height: 32, raw_x0: 0, raw_y0: 0, serial_overscan_x0: 24, "
    "serial_overscan_y0: 0, serial_overscan_width: 4, serial_overscan_height: 32, flip_x: false, flip_y: false, readout_corner: LL, "
    "gain: {gain}, read_noise: 5.0, saturation: 60000.0}}\n"
)


def geometry(*gains: float) -> str:
    amplifiers = [AMPLIFIER.format(name=f"C0{n}", x0=24 * n, gain=gain) for n, gain in enumerate(gains)]
    return GEOMETRY + "".join(amplifiers)


@pytest.mark.parametrize(
    ("gain", "camera_gain", "is_far"),
    [(1.5, 1.5, False), (2.9, 1.5, False), (3.1, 1.5, True), (0.6, 1.5, True), (math.nan, 1.5, False)],
)
def test_gains_of_the_camera_in_force(
    make_package: MakePackage, gain: float, camera_gain: float, is_far: bool
) -> None:
    entry = detector(0, "R00_S00", amplifiers=[("C00", 24, 32, gain), ("C01", 24, 32, 1.5)])
    files = camera_texts("Lab", [entry])
    path = "calibs/lab/camera/20200101T000000.yaml"
    package = make_package({"curated.yaml": "", **files, path: geometry(camera_gain, 1.5)})
    text = f"CAL317 gain (electron/adu) of R00_S00 C00 {gain:g}, the camera {camera_gain:g} ({path})"
    for use_cache in (False, True, True):
        report = check_package(open_package(package.path), use_cache=use_cache)
        assert [f"{d.code} {d.message}" for d in report.diagnostics] == ([text] if is_far else [])


def test_gains_of_a_camera_of_another_time(make_package: MakePackage) -> None:
    files = camera_texts("Lab", [detector(0, "R00_S00")])
    old = "metadata:\n  VALIDEND: '2019-01-01T00:00:00'\n"
    for path in [path for path in files if path.endswith("stack_camera/19700101T000000.yaml")]:
        files[path] = str(files[path]).replace("metadata:\n", old)
    files["calibs/lab/camera/20200101T000000.yaml"] = geometry(15.0, 15.0)
    package = make_package({"curated.yaml": "", **files})
    assert not check_package(open_package(package.path), use_cache=False).diagnostics
