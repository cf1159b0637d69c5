"""Foreign FITS files by astropy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from curated.exchange.foreign import ForeignError, open_foreign
from curated.exchange.hdus import choose_hdu, image_numbers, open_hdus, pixels_of


@pytest.fixture
def path(tmp_path: Path) -> Path:
    image = np.arange(12, dtype="i2").reshape(3, 4)
    packed = fits.CompImageHDU(image)
    packed.header["EXTTYPE"] = "MASK"
    hdus = [fits.PrimaryHDU(), fits.ImageHDU(image[None], name="A"), fits.ImageHDU(image, name="B"), packed]
    fits.HDUList(hdus).writeto(tmp_path / "file.fits")
    return tmp_path / "file.fits"


@pytest.mark.parametrize(
    ("hdu", "preferred", "number"), [("2", (), 2), ("b", (), 2), ("", ("MASK",), 3), ("mask", (), 3)]
)
def test_the_choice_of_an_hdu(path: Path, hdu: str, preferred: tuple[str, ...], number: int) -> None:
    with open_hdus(open_foreign(path)) as hdus:
        assert image_numbers(hdus) == [1, 2, 3]
        assert choose_hdu(hdus, [1, 2, 3], preferred, hdu, "mask") == number
        assert pixels_of(hdus, number).tolist() == np.arange(12).reshape(3, 4).tolist()


@pytest.mark.parametrize(
    ("numbers", "hdu", "code"), [((1, 2), "", "CAL715"), ((1,), "2", "CAL715"), ((), "", "CAL710")]
)
def test_no_choice(path: Path, numbers: tuple[int, ...], hdu: str, code: str) -> None:
    with pytest.raises(ForeignError) as raised, open_hdus(open_foreign(path)) as hdus:
        choose_hdu(hdus, numbers, (), hdu, "mask")
    assert [problem.code for problem in raised.value.problems] == [code]


def test_damage_is_a_finding_and_no_traceback(path: Path) -> None:
    content = path.read_bytes()
    generator = np.random.default_rng(5)
    codes: set[str] = set()
    for _ in range(25):
        damaged = bytearray(content)
        for place in generator.integers(0, len(damaged), 25).tolist():
            damaged[place] = int(generator.integers(0, 256))
        path.write_bytes(damaged[: int(generator.integers(1, len(damaged)))])
        codes |= _codes_of(path)
    assert codes == {"CAL710"}


def _codes_of(path: Path) -> set[str]:
    try:
        with open_hdus(open_foreign(path)) as hdus:
            for number in image_numbers(hdus):
                pixels_of(hdus, number)
    except ForeignError as error:
        return {problem.code for problem in error.problems}
    return set()


def test_damaged_tiles_are_a_finding(tmp_path: Path) -> None:
    path = tmp_path / "packed.fits"
    image = np.random.default_rng(1).integers(0, 99, (30, 40)).astype("i2")
    fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(image, compression_type="RICE_1")]).writeto(path)
    content = bytearray(path.read_bytes())
    heap = content.rindex(b"END     ") // 2880 * 2880 + 2880 + 30 * 8
    content[heap : heap + 400] = b"\xff" * 400
    path.write_bytes(content)
    assert _codes_of(path) == {"CAL710"}


def test_a_table_of_rows_without_a_size(tmp_path: Path) -> None:
    path = tmp_path / "rows.fits"
    fits.BinTableHDU.from_columns([fits.Column("X", "D")], nrows=0).writeto(path)
    content = path.read_bytes().replace(b"TFORM1  = 'D       '", b"TFORM1  = '0D      '")
    for key, value in ((b"NAXIS1", 0), (b"NAXIS2", 10**9)):
        place = content.rindex(key)
        content = content[: place + 10] + b"%20d" % value + content[place + 30 :]
    path.write_bytes(content)
    with pytest.raises(ForeignError, match="rows"), open_hdus(open_foreign(path)):
        pass
