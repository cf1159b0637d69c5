"""Stored files: right, damaged, forged, gone, and no files at all."""

from __future__ import annotations

import hashlib
import os
import random
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from curated.butler.scrubbing.files import StoredFile, check_file, check_files, check_object
from curated.fits.digest import content_digest
from curated.fits.header import cards, hdu
from support.tampering import flip_byte


@pytest.fixture
def fits_file(tmp_path: Path) -> Path:
    path = tmp_path / "a.fits"
    keywords = [("SIMPLE", True), ("BITPIX", 8), ("NAXIS", 1), ("NAXIS1", 4), ("REPOSHA1", "a" * 40)]
    path.write_bytes(hdu(cards(keywords), b"data"))
    return path


def known(path: Path) -> StoredFile:
    data = path.read_bytes()
    return StoredFile(str(path), hashlib.sha256(data).hexdigest(), len(data), content_digest([data]))


def forge(path: Path) -> None:
    """Write another commit, and right checksums."""
    keywords = [("SIMPLE", True), ("BITPIX", 8), ("NAXIS", 1), ("NAXIS1", 4), ("REPOSHA1", "b" * 40)]
    path.write_bytes(hdu(cards(keywords), b"data"))


def test_files_as_they_were(fits_file: Path) -> None:
    file = known(fits_file)
    kinds = [file, file._replace(sha256="", size=0), StoredFile(str(fits_file))]
    assert check_files(kinds) == [None, None, None]


def test_any_byte(fits_file: Path) -> None:
    file = known(fits_file)
    original = fits_file.read_bytes()
    random_source = random.Random(3)
    for _ in range(200):
        place = flip_byte(fits_file, random_source)
        for kind in (file, file._replace(sha256="", size=0), StoredFile(str(fits_file))):
            problem = check_file(kind)
            assert problem is not None, f"byte {place}"
            assert problem.code == "CAL690"
        fits_file.write_bytes(original)


def test_a_forged_header(fits_file: Path) -> None:
    file = known(fits_file)
    forge(fits_file)
    problem = check_file(file)
    assert problem is not None
    assert problem.detail == (
        "its SHA-256 is not that of its import; its FITS checksums are right, so that somebody wrote them anew"
    )


@pytest.mark.parametrize(
    ("kind", "code", "detail"),
    [
        ("absent", "CAL691", "gone"),
        ("pipe", "CAL690", "no regular file"),
        ("directory", "CAL690", "no regular file"),
        ("giant", "CAL690", "bytes; it was imported with"),
        ("empty", "CAL690", "0 bytes"),
    ],
)
def test_no_file(fits_file: Path, kind: str, code: str, detail: str) -> None:
    file = known(fits_file)
    fits_file.unlink()
    if kind == "pipe":
        os.mkfifo(fits_file)
    elif kind == "directory":
        fits_file.mkdir()
    elif kind in ("giant", "empty"):
        with fits_file.open("wb") as stream:
            stream.truncate(1 << 42 if kind == "giant" else 0)
    problem = check_file(file)
    assert problem is not None
    assert problem.code == code
    assert detail in problem.detail


def test_objects(fits_file: Path) -> None:
    file, data = known(fits_file), fits_file.read_bytes()
    unknown = file._replace(sha256="", size=0)
    assert check_object(lambda: data, file) is None
    assert check_object(lambda: data, unknown) is None
    for changed in (data[:-1], data[:-1] + b"x"):
        for kind in (file, unknown):
            problem = check_object(lambda changed=changed: changed, kind)  # type: ignore[misc]
            assert problem is not None
            assert problem.code == "CAL690"

    def gone() -> bytes:
        raise FileNotFoundError

    problem = check_object(gone, file)
    assert problem is not None
    assert problem.code == "CAL691"


def test_files_of_which_nothing_is_known(tmp_path: Path) -> None:
    """Other programs write files without checksums, or of other formats, which is no damage; wrong checksums are."""
    hdus = fits.HDUList([fits.PrimaryHDU(np.arange(99)), fits.ImageHDU(np.arange(9))])
    plain, summed, text = (tmp_path / name for name in ("plain.fits", "summed.fits", "text.json"))
    hdus.writeto(plain)
    hdus.writeto(summed, checksum=True)
    text.write_text("{}")
    damaged, cut, garbage = (tmp_path / name for name in ("damaged.fits", "cut.fits", "garbage.fits"))
    data = bytearray(summed.read_bytes())
    data[2880 + 5] ^= 1
    damaged.write_bytes(data)
    cut.write_bytes(plain.read_bytes()[:-2880])
    garbage.write_bytes(b"x" + plain.read_bytes()[1:])
    for path in (plain, summed, text, damaged, cut, garbage):
        file = StoredFile(str(path))
        for problem in (check_file(file), check_object(path.read_bytes, file)):
            assert (problem is not None) == (path in (damaged, cut, garbage)), path
    # Of a dataset that an import brought they are never left out.
    known_content = StoredFile(str(plain), content=content_digest([plain.read_bytes()]))
    assert check_file(known_content) == check_object(plain.read_bytes, known_content) != None  # noqa: E711


def test_an_object_with_forged_checksums_is_called_so(fits_file: Path) -> None:
    file, data = known(fits_file), fits_file.read_bytes()
    forge(fits_file)
    problem = check_object(fits_file.read_bytes, file)
    assert problem is not None
    assert len(fits_file.read_bytes()) == len(data)
    assert "wrote them anew" in problem.detail
