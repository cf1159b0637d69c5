"""Headers of files as they lie about: plain, packed, cut off, and none at all."""

from __future__ import annotations

import gzip
import os
import time
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from curated.core.regular_files import UnsafeFileError
from curated.fits.digest import LONGEST_HEADER
from curated.fits.file_headers import MOST_UNPACKED, fits_files, read_headers
from curated.fits.header import BLOCK, DamagedError, read_keywords


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("images") / "image.fits"
    planes = [fits.ImageHDU(np.ones((100, 100), "f4"), name=f"PLANE{n}") for n in range(3)]
    fits.HDUList([fits.PrimaryHDU(), *planes]).writeto(path)
    return path


def names(path: Path, most: int = 9) -> list[str | None]:
    return [read_keywords(header).get("EXTNAME") for header in read_headers(path, most)]


def test_headers_are_those_of_astropy(image: Path) -> None:
    assert names(image) == [None, "PLANE0", "PLANE1", "PLANE2"]
    assert names(image, 2) == [None, "PLANE0"]
    with fits.open(image) as hdus:
        assert [len(h.header.tostring()) for h in hdus] == [len(h) for h in read_headers(image, 9)]


def test_packed_files(image: Path, tmp_path: Path) -> None:
    packed = tmp_path / "image.fits.gz"
    packed.write_bytes(gzip.compress(image.read_bytes()))
    assert names(packed) == names(image)
    squeezed = tmp_path / "image.fits.fz"
    with fits.open(image) as hdus:
        planes = [fits.CompImageHDU(hdu.data, name=hdu.name) for hdu in hdus[1:]]
        fits.HDUList([fits.PrimaryHDU(), *planes]).writeto(squeezed)
    assert names(squeezed) == names(image)


def test_a_file_that_ends_early_has_the_headers_before(image: Path, tmp_path: Path) -> None:
    short = tmp_path / "short.fits"
    content = image.read_bytes()
    for length, expected in ((BLOCK, 1), (BLOCK + 100, 1), (2 * BLOCK, 2), (3 * BLOCK, 2), (len(content), 4)):
        short.write_bytes(content[:length])
        assert len(names(short)) == expected, length
    packed = tmp_path / "short.fits.gz"
    packed.write_bytes(gzip.compress(content)[:-200])
    assert names(packed)[:1] == [None]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"SIMPLE",
        b"SIMPLE  =" + b" " * 9000,
        b"hello",
        b"\x1f\x8b",
        b"\x1f\x8bxxxxxxxxxxxx",
        b"\0" * 9000,
    ],
)
def test_what_is_no_fits_file(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "file.fits"
    path.write_bytes(content)
    with pytest.raises(DamagedError):
        list(read_headers(path))


def test_pipes_and_directories_do_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.fits")
    for path in (tmp_path / "pipe.fits", tmp_path):
        with pytest.raises(UnsafeFileError):
            list(read_headers(path))
    with pytest.raises(FileNotFoundError):
        list(read_headers(tmp_path / "none.fits"))


def test_endless_headers_and_bombs_are_cut_off(tmp_path: Path) -> None:
    endless = tmp_path / "endless.fits"
    endless.write_bytes(b"SIMPLE  =".ljust(80) + b" " * (2 * LONGEST_HEADER))
    with pytest.raises(DamagedError):
        list(read_headers(endless))
    cards = ("SIMPLE  = T", "BITPIX  = 8", "NAXIS   = 1", f"NAXIS1  = {MOST_UNPACKED * 4}", "END")
    header = "".join(card.ljust(80) for card in cards).ljust(BLOCK).encode()
    bomb = tmp_path / "bomb.fits.gz"
    bomb.write_bytes(gzip.compress(header + b"\0" * BLOCK, 1))
    start = time.process_time()
    assert len(list(read_headers(bomb, 9))) == 1
    assert time.process_time() - start < 1


def test_directories_are_searched_for_fits_files(tmp_path: Path) -> None:
    for name in ("b.fits", "a.FITS", "c.fits.gz", "d/e.fits.fz", "d/f.txt", "g.yaml"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    (tmp_path / "loop").symlink_to(tmp_path)
    found = [os.path.relpath(path, tmp_path) for path in fits_files([str(tmp_path)])]
    assert found == ["a.FITS", "b.fits", "c.fits.gz", "d/e.fits.fz"]
    assert list(fits_files(["none.txt"])) == ["none.txt"]
