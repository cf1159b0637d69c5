"""A small camera with biases, raw frames and tests, for verification: two amplifiers of 20 x 24 pixels with overscan."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from astropy.io import fits

from conftest import GitPackage
from curated.declare import Array

WIDTH, HEIGHT, OVERSCAN = 20, 24, 8
GAIN, READ_NOISE = 2.0, 6.0
START = "20240101T000000"
BIAS = f"calibs/cam/bias/d00/{START}.yaml"
RECORD = f"calibs/cam/bias/d00/{START}.verify.yaml"

INSTRUMENT = f"""\
name: Cam
detectors:
- {{id: 0, name: d00, width: {2 * WIDTH}, height: {HEIGHT}, amplifiers: [A, B]}}
"""

_AMPLIFIERS = "".join(
    f"- {{detector: d00, name: {name}, x0: {x0}, y0: 0, width: {WIDTH}, height: {HEIGHT}, raw_x0: 0, raw_y0: 0, "
    f"serial_overscan_x0: {WIDTH}, serial_overscan_y0: 0, serial_overscan_width: {OVERSCAN}, "
    f"serial_overscan_height: {HEIGHT}, flip_x: false, flip_y: false, readout_corner: LL, gain: {GAIN}, "
    f"read_noise: {READ_NOISE}, saturation: 60000.0}}\n"
    for name, x0 in (("A", 0), ("B", WIDTH))
)

CAMERA = f"""\
metadata: {{OBSTYPE: camera, INSTRUME: Cam, CALIBDATE: '1970-01-01T00:00:00'}}
detectors:
- {{id: 0, name: d00, width: {2 * WIDTH}, height: {HEIGHT}, x: 0.0, y: 0.0, pixel_size: 0.01}}
amplifiers:
{_AMPLIFIERS}"""

TESTS = """\
# What a bias must fulfil
tests:
- {id: BIAS-MEAN, level: amplifier, statistic: residual_mean, operator: within, limit: [-1, 1], unit: electron, source: DMTN-101}
- {id: BIAS-NOISE, level: amplifier, statistic: noise_excess, operator: within, limit: [-0.2, 0.2], source: DMTN-101}
- {id: BIAS-MASK, level: detector, statistic: unusable_fraction, operator: <=, limit: 1, unit: "%", source: ours}
"""

TABLE = "calibs/cam/verification/bias/19700101T000000.yaml"
WAIVERS = "calibs/cam/verification/waivers.yaml"


def waivers(**values: object) -> str:
    """The text of one waiver for the noise of amplifier A."""
    entry = {
        "test": "BIAS-NOISE",
        "type": "bias",
        "detector": "d00",
        "amplifier": "A",
        "value": 2.0,
        "reason": "warm night",
        "name": "Ada Astronomer",
        "ticket": "CAL-12",
        "date": "2026-01-01",
        "until": "2099-01-01",
        **values,
    }
    rows = "\n  ".join(f"{key}: {value!r}" for key, value in entry.items() if value is not None)
    return f"waivers:\n- {rows}\n"


def pattern() -> Array:
    """The bias of the camera (adu), (rows, columns)."""
    return np.random.default_rng(3).normal(0, 4, (HEIGHT, 2 * WIDTH)).astype("f4")


def make_package(root: Path) -> GitPackage:
    """Make a package with the camera, its tests and a bias, committed."""
    files = {
        "curated.yaml": "calibs: calibs\n",
        "calibs/cam/instrument.yaml": INSTRUMENT,
        "calibs/cam/camera/19700101T000000.yaml": CAMERA,
        TABLE: TESTS,
    }
    root.mkdir(parents=True, exist_ok=True)
    package = GitPackage(root)
    package.git("init", "--quiet")
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    write_bias(root, pattern())
    package.commit(message="Begin")
    return package


def write_bias(root: Path, pixels: Array) -> None:
    """Write the bias: its image and the side file that describes it."""
    side = root / BIAS
    side.parent.mkdir(parents=True, exist_ok=True)
    image = side.with_suffix(".fits")
    fits.PrimaryHDU(pixels.astype("f4"), fits.Header({"BUNIT": "adu"})).writeto(image, overwrite=True)
    sha256 = hashlib.sha256(image.read_bytes()).hexdigest()
    side.write_text(
        "metadata: {OBSTYPE: bias, INSTRUME: Cam, DETECTOR: 0, DET_NAME: d00, CALIBDATE: '2024-01-01T00:00:00'}\n"
        f"unit: adu\nimage: {{file: {image.name}, sha256: {sha256}, size: {image.stat().st_size}}}\n"
    )


def write_frames(
    directory: Path, count: int, *, noise: float = READ_NOISE / GAIN, level: float = 0.0
) -> list[Path]:
    """Write raw frames of zero seconds: offset, drift of the rows, the bias, `level` and read noise (adu)."""
    directory.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(7)
    paths = []
    for number in range(count):
        begin = datetime(2024, 2, 1, tzinfo=UTC) + timedelta(minutes=number)
        header = fits.Header(
            {
                "INSTRUME": "Cam",
                "DETECTOR": 0,
                "DATE-OBS": begin.replace(tzinfo=None).isoformat(),
                "EXPTIME": 0.0,
            }
        )
        hdus = [fits.PrimaryHDU(header=header)]
        for index, name in enumerate("AB"):
            rows = 1000 + 5 * np.sin(np.arange(HEIGHT))[:, None]
            raw = rows + random.normal(0, noise, (HEIGHT, WIDTH + OVERSCAN))
            raw[:, :WIDTH] += pattern()[:, WIDTH * index : WIDTH * (index + 1)] + level
            hdus.append(fits.ImageHDU(raw.astype("f4"), name=name))
        path = directory / f"frame{number}.fits"
        fits.HDUList(hdus).writeto(path)
        paths.append(path)
    return paths
