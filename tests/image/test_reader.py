"""Image files: whatever they hold, planes or findings."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from curated.calib import CalibrationError
from curated.image.planes import DEFAULT_BITS
from curated.image.reader import read_image
from curated.types.bias import Bias
from support.images import (
    MASK,
    VARIANCE,
    fits_bytes,
    make_image,
    make_pixels,
    make_planes,
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


@pytest.mark.parametrize("keyword", ["MP_BAD", "MP_a bad name", f"MP_{'X' * 45}"])
def test_bits_of_a_mask_that_are_none(tmp_path: Path, keyword: str) -> None:
    data = make_planes(make_pixels(), MASK, VARIANCE, **{keyword: 0 if keyword != "MP_BAD" else 99})
    with pytest.raises(CalibrationError, match="not a bit from 0 to 31"):
        Bias.readText(write_image(tmp_path, "bias", data))
