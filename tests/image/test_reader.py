"""Image files: whatever they hold, planes or findings."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from curated.calib import CalibrationError
from curated.core.diagnostic import CuratedError
from curated.image.planes import DEFAULT_BITS
from curated.image.reader import read_image
from curated.registry import get_type
from curated.types.bias import Bias
from curated.types.dark import Dark
from support.images import (
    MASK,
    VARIANCE,
    fits_bytes,
    make_image,
    make_pixels,
    make_planes,
    side_text,
    write_image,
)


def test_a_side_file_without_its_image(tmp_path: Path) -> None:
    path = write_image(tmp_path, "bias", make_image(make_pixels()))
    (tmp_path / "20240101T000000.fits").unlink()
    with pytest.raises(CalibrationError, match="CAL340 20240101T000000"):
        Bias.readText(path)
    path.write_text(path.read_text().replace("file: 2024", "file: ../2024"))
    with pytest.raises(CalibrationError, match="CAL341"):
        Bias.readText(path)


def test_a_text_alone_has_no_pixels() -> None:
    bias = Bias.fromDict({"image": {"file": "a.fits", "sha256": "0" * 64, "size": 1}})
    with pytest.raises(CuratedError, match="bias has no pixels"):
        _ = bias.image


def test_what_contradicts_the_unit(tmp_path: Path) -> None:
    path = write_image(
        tmp_path, "dark", make_image(make_pixels(), "adu/s"), more="unit: adu/s\ndark_time: 30.0\n"
    )
    with pytest.raises(CalibrationError, match="CAL308 dark_time is 30 s"):
        Dark.readText(path)
    path = write_image(
        tmp_path, "dark", make_image(make_pixels(), "adu"), more="unit: adu\ndark_time: 30.0\n"
    )
    assert Dark.readText(path).dark_time == 30.0
    with pytest.raises(CalibrationError, match="CAL210 dark_time is missing"):
        Dark.readText(write_image(tmp_path, "dark", make_image(make_pixels(), "adu")))


def test_a_file_of_the_stack_without_side_file(tmp_path: Path) -> None:
    """Its keywords are in the primary HDU, its unit in that of the image, tables follow the planes."""
    primary = fits.PrimaryHDU()
    for key, value in {"OBSTYPE": "bias", "INSTRUME": "cam", "DETECTOR": 3, "AR_HDU": 5}.items():
        primary.header[key] = value
    image = fits.ImageHDU(make_pixels(), name="IMAGE")
    image.header["BUNIT"] = "electron"
    archive = fits.BinTableHDU.from_columns([fits.Column("a", "J", array=[1])], name="ARCHIVE_INDEX")
    path = tmp_path / "bias.fits"
    path.write_bytes(fits_bytes(primary, image, fits.ImageHDU(MASK, name="MASK"), archive))
    bias = Bias.readFits(path)
    assert (bias.unit, bias.metadata["DETECTOR"], bias.file) == ("electron", 3, "")
    assert np.array_equal(bias.image, make_pixels())
    assert bias.mask_planes == dict(DEFAULT_BITS)


@given(st.binary(max_size=9000))
def test_no_file_is_worse_than_a_finding(data: bytes) -> None:
    """Whatever the bytes are, also behind a good beginning: an error of ours, or planes."""
    good = make_image(make_pixels())
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "x.fits"
        for content in (data, good[:240] + data, good[:2880] + data):
            path.write_bytes(content)
            image = read_image(path)
            assert image.problems or image.planes


@pytest.mark.parametrize(
    ("spelling", "unit"),
    [("ADU", "adu"), (" Electrons", "electron"), ("e-", "electron"), ("electron", "electron")],
)
def test_units_as_cameras_spell_them(tmp_path: Path, spelling: str, unit: str) -> None:
    assert Bias.readText(write_image(tmp_path, "bias", make_image(make_pixels(), spelling))).unit == unit


@pytest.mark.parametrize("keyword", ["MP_BAD", "MP_a bad name", f"MP_{'X' * 45}"])
def test_bits_of_a_mask_that_are_none(tmp_path: Path, keyword: str) -> None:
    data = make_planes(make_pixels(), MASK, VARIANCE, **{keyword: 0 if keyword != "MP_BAD" else 99})
    with pytest.raises(CalibrationError, match="not a bit from 0 to 31"):
        Bias.readText(write_image(tmp_path, "bias", data))


def test_every_image_type_takes_its_first_unit_for_granted(tmp_path: Path) -> None:
    for kind in ("bias", "dark", "flat", "fringe", "sky", "illum", "straylight"):
        cls: Any = get_type(kind)
        data = make_image(make_pixels(), None)
        path = tmp_path / f"{kind}.yaml"
        (tmp_path / "20240101T000000.fits").write_bytes(data)
        path.write_text(side_text(kind, data))
        calib = cls.readText(path)
        assert calib.unit == cls._units()[0]
