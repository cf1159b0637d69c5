"""Verification of FITS checksums: what astropy and we write is right, and no wrong bit passes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from curated.fits.checksum import checksum_problem


def problem_of(path: Path) -> str:
    with path.open("rb") as stream:
        return checksum_problem(stream.fileno())


@pytest.fixture
def original(tmp_path: Path) -> Path:
    path = tmp_path / "a.fits"
    table = fits.BinTableHDU.from_columns([fits.Column("x", "J", array=np.arange(20))])
    image = fits.ImageHDU(np.arange(3000, dtype=np.int16))
    image.header.update({f"KEY{n}": n for n in range(60)})
    fits.HDUList([fits.PrimaryHDU(), table, image]).writeto(path, checksum=True)
    return path


def test_files_of_astropy(original: Path, tmp_path: Path) -> None:
    assert problem_of(original) == ""
    fits.PrimaryHDU().writeto(tmp_path / "b.fits")
    assert problem_of(tmp_path / "b.fits") == "HDU 0: no CHECKSUM or DATASUM"


def test_no_wrong_bit_passes(original: Path) -> None:
    data = original.read_bytes()
    for place in range(0, len(data), 97):
        changed = bytearray(data)
        changed[place] ^= 1 << place % 8
        original.write_bytes(changed)
        assert problem_of(original) != "", f"byte {place}"


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "the file is empty"),
        (b"text", "not a FITS file"),
        (b"SIMPLE  =".ljust(2880), "HDU 0: its header does not end"),
    ],
)
def test_no_fits_files(tmp_path: Path, data: bytes, problem: str) -> None:
    path = tmp_path / "a.fits"
    path.write_bytes(data)
    assert problem_of(path) == problem


def test_files_that_are_cut_or_longer(original: Path) -> None:
    data = original.read_bytes()
    for changed in (data[:-2880], data[:-1], data + b"\0", data + b" " * 2880):
        original.write_bytes(changed)
        assert problem_of(original) != ""
