"""Pictures of images: what a PNG reader sees in them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from curated.core.diagnostic import CuratedError
from curated.drawing.picture import picture_of


def decoded(png: bytes, tmp_path: Path) -> np.ndarray:
    """Shades by a reader of others."""
    from matplotlib.image import imread

    path = tmp_path / "image.png"
    path.write_bytes(png)
    return np.round(imread(path) * 255).astype(int)


@pytest.mark.parametrize("dtype", ["u2", "i2", "f4", "f8", ">f4"])
def test_shades(dtype: str, tmp_path: Path) -> None:
    pixels = (np.arange(600).reshape(20, 30) % 97 + 100).astype(dtype)
    path = tmp_path / "image.fits"
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(pixels)]).writeto(path)
    picture = picture_of(path)
    assert (picture.width, picture.height) == (30, 20)
    shades = np.clip((pixels.astype("f8") - picture.low) * 255 / (picture.high - picture.low), 0, 255)
    assert np.abs(decoded(picture.png, tmp_path)[::-1] - np.floor(shades)).max() <= 1


def test_pixels_that_are_not_finite_are_dark(tmp_path: Path) -> None:
    pixels = np.linspace(1, 2, 400, dtype="f4").reshape(20, 20)
    pixels[3, 4] = np.nan
    fits.PrimaryHDU(pixels).writeto(tmp_path / "image.fits")
    assert decoded(picture_of(tmp_path / "image.fits").png, tmp_path)[19 - 3, 4] == 0


def test_a_constant_image(tmp_path: Path) -> None:
    fits.PrimaryHDU(np.full((5, 5), 7, "i2")).writeto(tmp_path / "image.fits")
    assert picture_of(tmp_path / "image.fits").low < 7 < picture_of(tmp_path / "image.fits").high


def test_compressed_images_and_hdus_by_number(tmp_path: Path) -> None:
    hdus = [fits.PrimaryHDU(), fits.CompImageHDU(np.ones((4, 6), "i4")), fits.ImageHDU(np.ones((2, 3), "f4"))]
    fits.HDUList(hdus).writeto(tmp_path / "image.fits")
    assert picture_of(tmp_path / "image.fits").width == 6
    assert picture_of(tmp_path / "image.fits", 2).width == 3
    with pytest.raises(CuratedError, match="HDU 0 is no image"):
        picture_of(tmp_path / "image.fits", 0)


@pytest.mark.parametrize("content", [b"", b"SIMPLE", b"\x89PNG", b"x" * 3000])
def test_files_that_are_no_images(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "image.fits"
    path.write_bytes(content)
    with pytest.raises(CuratedError, match=r"image\.fits"):
        picture_of(path)
    with pytest.raises(CuratedError, match="does not exist"):
        picture_of(tmp_path / "nothing.fits")
    fits.PrimaryHDU(np.full((4, 4), np.nan, "f4")).writeto(path, overwrite=True)
    with pytest.raises(CuratedError, match="no pixel is finite"):
        picture_of(path)
