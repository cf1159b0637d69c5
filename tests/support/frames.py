"""What a laboratory measures with the frames of a real camera, that of the Python package `msfc-ccd`, in plain numpy."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.nddata import CCDData
from astropy.stats import mad_std

from curated.declare import Array

AMPLIFIERS = ("A", "B", "C", "D")


def frames() -> Path | None:
    """Return the directory of the frames; `None` where they are not installed."""
    spec = find_spec("msfc_ccd")
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0]) / "_data"


def trimmed(path: Path) -> Array:
    """Return a frame without overscan and offset, (1040, 2048) in adu.

    Each of four taps reads 520 rows, with 50 columns before and 2 after those that see light; the reading begins at the outer
    corners.
    """
    raw = fits.getdata(path).astype("f8")
    parts: list[list[Array]] = [[], []]
    for row in (0, 1):
        for column in (0, 1):
            tap = raw[520 * row : 520 * (row + 1), 1076 * column : 1076 * (column + 1)]
            blank, lit = (
                (tap[:, 5:50], tap[:, 50:1074]) if column == 0 else (tap[:, 1026:1071], tap[:, 2:1026])
            )
            parts[row].append(lit - np.median(blank, axis=1)[:, None])
    image: Array = np.block(parts)
    return image


def write_laboratory(directory: Path, source: Path) -> None:
    """Write what a laboratory has: a bias, a dark, a table of gains, a list of bad pixels, and an image to calibrate."""
    directory.mkdir()
    biases = [trimmed(source / "led" / f"ESIS1_0486{n}.fit.gz") for n in (0, 1)]
    flats = [trimmed(source / "led" / f"ESIS1_0480{n}.fit.gz") for n in (3, 4)]
    short, long = (trimmed(source / "dark_current" / f"ESIS1_{n}.fit.gz") for n in ("01772", "01829"))
    CCDData(np.mean(biases, axis=0).astype("f4"), unit="adu").write(directory / "bias.fits")
    dark = (long - short) / 10
    CCDData(dark.astype("f4"), unit="adu/s").write(directory / "dark.fits")
    lines = ["amplifier,gain,read_noise"]
    for number, name in enumerate(AMPLIFIERS):
        box = np.s_[200 + 520 * (number // 2) :, 300 + 1024 * (number % 2) :]
        parts = [image[box][:200, :400] for image in (*flats, *biases)]
        light = parts[0].mean() + parts[1].mean() - parts[2].mean() - parts[3].mean()
        variance = mad_std(parts[2] - parts[3]) ** 2
        gain = light / (mad_std(parts[0] - parts[1]) ** 2 - variance)
        lines.append(f"{name},{gain:.3f},{gain * np.sqrt(variance / 2):.2f}")
    (directory / "gains.csv").write_text("\n".join(lines) + "\n")
    rows, columns = np.nonzero(np.abs(dark) > 7 * mad_std(dark))
    boxes = [f"box({x + 1},{y + 1},1,1,0)" for x, y in zip(columns.tolist(), rows.tolist(), strict=True)]
    (directory / "bad.reg").write_text("\n".join(["# Region file format: DS9", "image", *boxes]) + "\n")
    CCDData(flats[1].astype("f4"), unit="adu").write(directory / "frame.fits")
