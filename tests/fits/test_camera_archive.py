"""Camera files of the stack: their detectors and amplifiers, and files that are none."""

from __future__ import annotations

import gzip
import os
import random
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from curated.core.diagnostic import CuratedError
from curated.core.geometry import Box
from curated.fits.camera_archive import LARGEST_CAMERA, parse_camera, read_camera
from support.cameras import AMPLIFIERS, detector, write_camera
from support.corpus import stack_repository


@pytest.fixture
def camera(tmp_path: Path) -> Path:
    detectors = [detector(1, "R00_S01", type=3, serial=""), detector(0, "R00_S00", width=47)]
    return write_camera(tmp_path / "camera.fits", "Lab", detectors)


def test_detectors_and_amplifiers(camera: Path) -> None:
    archive = read_camera(camera)
    assert archive.name == "Lab"
    assert [(d.id, d.name, d.serial, d.purpose, d.width, d.height) for d in archive.detectors] == [
        (0, "R00_S00", "LAB-000", "SCIENCE", 47, 32),
        (1, "R00_S01", "", "WAVEFRONT", 48, 32),
    ]
    for entry in archive.detectors:
        assert [(a.name, a.width, a.height, a.gain) for a in entry.amplifiers] == [
            (name, 24, 32, 1.5) for name in AMPLIFIERS
        ]


def test_geometry_of_amplifiers_is_that_of_their_own_raw_images(camera: Path) -> None:
    first, second = read_camera(camera).detectors[1].amplifiers
    assert (first.x0, second.x0, first.corner, second.corner) == (0, 24, "LL", "LR")
    assert (first.flip_x, second.flip_x, first.flip_y, second.flip_y) == (False, True, False, False)
    for amplifier in (first, second):
        assert amplifier.raw == Box(3, 0, 24, 32)
        assert amplifier.serial_overscan == Box(27, 0, 8, 32)
        assert amplifier.parallel_overscan == Box(0, 0, 0, 0)
        assert (amplifier.gain, amplifier.read_noise, amplifier.saturation) == (1.5, 7.0, 60000.0)


def test_turned_detectors_have_angles_within_a_turn(tmp_path: Path) -> None:
    detectors = [detector(0, "d0", yaw=450.0), detector(1, "d1", yaw=-90.0), detector(2, "d2")]
    archive = read_camera(write_camera(tmp_path / "camera.fits", "Lab", detectors))
    assert [d.rotation for d in archive.detectors] == [90.0, 270.0, 0.0]
    assert [(d.x, d.y, d.pixel_size) for d in archive.detectors] == [(10.0 * n, 0.5, 0.012) for n in range(3)]


@pytest.mark.parametrize(
    ("repository", "name", "count", "serial", "gain"),
    [
        ("latiss", "LATISS", 1, "ITL-3800C-068", 1.0811),
        ("comCam", "LSSTComCam", 9, "ITL-3800C-229", 1.3517),
        ("lsstCam", "LSSTCam", 205, "ITL-3800C-083", 1.44492),
    ],
)
def test_cameras_of_the_stack(repository: str, name: str, count: int, serial: str, gain: float) -> None:
    (path,) = stack_repository(repository).glob("*/calib/unbounded/camera/*.fits")
    archive = read_camera(path)
    first = archive.detectors[0]
    assert (archive.name, [d.id for d in archive.detectors]) == (name, list(range(count)))
    assert (first.serial, first.width, first.height) == (serial, 4072, 4000)
    assert first.amplifiers[0].name == "C10"
    assert first.amplifiers[0].gain == pytest.approx(gain)
    # Wavefront sensors have half the amplifiers.
    assert {len(d.amplifiers) for d in archive.detectors} <= {8, 16}


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_file_that_is_cut_off(camera: Path, share: float) -> None:
    data = camera.read_bytes()
    with pytest.raises(CuratedError):
        parse_camera(data[: int(len(data) * share)])


def test_files_that_are_none(tmp_path: Path) -> None:
    other = tmp_path / "other.fits"
    fits.PrimaryHDU(np.zeros((4, 4))).writeto(other)
    with pytest.raises(CuratedError, match="no ARCHIVE_INDEX"):
        read_camera(other)
    with pytest.raises(CuratedError, match="unpack it with gunzip"):
        parse_camera(gzip.compress(other.read_bytes()))
    with pytest.raises(CuratedError, match="does not begin with SIMPLE"):
        parse_camera(b"version https://git-lfs.github.com/spec/v1\n")
    pipe = tmp_path / "pipe.fits"
    os.mkfifo(pipe)
    with pytest.raises(CuratedError, match="no regular file"):
        read_camera(pipe)
    large = tmp_path / "large.fits"
    large.touch()
    os.truncate(large, LARGEST_CAMERA + 1)
    with pytest.raises(CuratedError, match="more than any camera file"):
        read_camera(large)
    with pytest.raises(FileNotFoundError):
        read_camera(tmp_path / "none.fits")


def test_a_damaged_file_ends_in_an_error_or_an_archive(camera: Path) -> None:
    original, source = camera.read_bytes(), random.Random(36)
    outcomes = set()
    for _ in range(150):
        data = bytearray(original)
        for _ in range(source.randint(1, 4)):
            data[source.randrange(len(data))] = source.randrange(256)
        try:
            outcomes.add(bool(parse_camera(bytes(data)).detectors))
        except CuratedError:
            outcomes.add(False)
    assert outcomes == {True, False}
