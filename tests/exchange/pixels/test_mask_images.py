"""Images of bad pixels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.nddata import CCDData

from curated.declare import Array
from curated.exchange.foreign import Foreign, ForeignError, open_foreign
from curated.exchange.pixels import mask_images
from support.foreign import make_target

BAD = np.zeros((30, 40), bool)
BAD[:, 7] = BAD[3] = BAD[20, 30] = True


def read(path: Path, **conventions: Any) -> Foreign:
    return mask_images.read(open_foreign(path), make_target(**conventions))


def pixels(foreign: Foreign) -> Array:
    mask = np.zeros((30, 40), bool)
    columns = [column.values.tolist() for column in foreign.tables[0].values()]
    for x0, y0, width, height in zip(*columns, strict=True):
        mask[y0 : y0 + height, x0 : x0 + width] = True
    return mask


@pytest.mark.parametrize("dtype", ["u1", "i1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"])
@pytest.mark.parametrize("kind", ["primary", "extension", "packed"])
def test_masks_of_every_kind(tmp_path: Path, dtype: str, kind: str) -> None:
    values = BAD.astype(dtype)
    hdus = {
        "primary": [fits.PrimaryHDU(values)],
        "extension": [
            fits.PrimaryHDU(),
            fits.ImageHDU(np.ones((2, 2), "i2"), name="OTHER"),
            fits.ImageHDU(values, name="BPM"),
        ],
        "packed": [
            fits.PrimaryHDU(),
            fits.CompImageHDU(values, compression_type="GZIP_1", name="DQ", quantize_level=0),
        ],
    }[kind]
    fits.HDUList(hdus).writeto(tmp_path / "m.fits")
    conventions = {"hdu": "bpm"} if kind == "extension" and dtype[0] == "f" else {}
    foreign = read(tmp_path / "m.fits", **conventions)
    assert np.array_equal(pixels(foreign), BAD)
    assert not foreign.problems


def test_the_mask_of_a_ccddata(tmp_path: Path) -> None:
    CCDData(np.ones((30, 40)), unit="adu", mask=BAD).write(tmp_path / "ccd.fits")
    assert np.array_equal(pixels(read(tmp_path / "ccd.fits")), BAD)


def test_bits_are_chosen_by_number_and_name(tmp_path: Path) -> None:
    header = fits.Header({"MP_BAD": 0, "MP_SAT": 3})
    values = BAD * 1 | np.roll(BAD, 5, axis=0) * 8
    fits.writeto(tmp_path / "m.fits", values.astype("i2"), header)
    assert [problem.code for problem in read(tmp_path / "m.fits").problems] == ["CAL717"]
    for bits, expected in ((("0",), BAD), (("sat",), np.roll(BAD, 5, axis=0)), (("BAD", "3"), values > 0)):
        assert np.array_equal(pixels(read(tmp_path / "m.fits", bits=bits)), expected)
    with pytest.raises(ForeignError, match="no bit 'CR'"):
        read(tmp_path / "m.fits", bits=("CR",))


def test_a_mask_that_seems_inverted_is_asked_about(tmp_path: Path) -> None:
    fits.writeto(tmp_path / "m.fits", (~BAD).astype("u1"))
    assert [problem.code for problem in read(tmp_path / "m.fits").problems] == ["CAL712"]
    assert np.array_equal(pixels(read(tmp_path / "m.fits", inverted=True)), BAD)
    assert np.array_equal(pixels(read(tmp_path / "m.fits", inverted=False)), ~BAD)


def test_an_image_is_no_mask(tmp_path: Path) -> None:
    fits.writeto(tmp_path / "m.fits", BAD + 0.25)
    with pytest.raises(ForeignError, match="no whole numbers"):
        read(tmp_path / "m.fits")
