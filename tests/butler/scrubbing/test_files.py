"""Stored files: right, damaged, forged, gone, and no files at all."""

from __future__ import annotations

import hashlib
import os
import random
from pathlib import Path

import pytest

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
