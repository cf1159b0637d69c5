"""What is in FITS files, compared with what astropy reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.stats import mad_std
from astropy.table import Table

from curated.fits.header import DamagedError
from curated.fits.listing import list_hdus


def test_images_and_tables(tmp_path: Path) -> None:
    pixels = np.random.default_rng(1).normal(1000, 5, (40, 30)).astype("f4")
    pixels[3, 4] = np.nan
    counts = np.arange(200, dtype="u2").reshape(10, 20)
    primary = fits.PrimaryHDU()
    primary.header["OBSTYPE"], primary.header["DATE"] = "bias", "2024-01-01"
    table = fits.table_to_hdu(Table({"a": [1, 2, 3]}))
    path = tmp_path / "image.fits"
    fits.HDUList(
        [primary, fits.ImageHDU(pixels, name="IMAGE"), fits.ImageHDU(counts, name="MASK"), table]
    ).writeto(path)
    first, image, mask, other = list_hdus(path)
    assert (first.name, first.shape, first.digest, first.keywords) == ("PRIMARY", (), "", {"OBSTYPE": "bias"})
    assert (image.name, image.shape, image.bad) == ("IMAGE", (40, 30), 1)
    assert image.median == pytest.approx(float(np.nanmedian(pixels)))
    assert image.scatter == pytest.approx(mad_std(pixels, ignore_nan=True), rel=1e-4)
    assert (mask.median, mask.shape) == (99.5, (10, 20))  # unsigned numbers are stored with BZERO
    assert (other.median, other.shape) == (None, (3, 8))


def test_origin_makes_no_difference(tmp_path: Path) -> None:
    listings = []
    for sha1 in ("0" * 40, "1" * 40):
        hdu = fits.PrimaryHDU(np.ones((3, 3), "i2"))
        hdu.header["REPOSHA1"] = sha1
        hdu.writeto(tmp_path / f"{sha1}.fits", checksum=True)
        listings.append([*list_hdus(tmp_path / f"{sha1}.fits")])
    assert listings[0] == listings[1]


def test_files_that_are_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "image.fits"
    fits.PrimaryHDU(np.ones((50, 50), "f4")).writeto(path)
    content = path.read_bytes()
    for length in (2880, 2881, 5000):
        path.write_bytes(content[:length])
        (listing,) = list_hdus(path)
        assert listing.shape == (50, 50)
    for data in (b"", b"text", content[:100]):
        path.write_bytes(data)
        with pytest.raises(DamagedError):
            list(list_hdus(path))
