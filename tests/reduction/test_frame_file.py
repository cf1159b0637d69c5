"""Files of frames: which images count, what headers say, and what is no frame."""

from __future__ import annotations

import gzip
import hashlib
import math
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from curated.core.diagnostic import CuratedError
from curated.reduction.frame_file import read_frame_file

PIXELS = np.arange(12, dtype="u2").reshape(3, 4)


def test_an_image_with_its_header_and_hash(tmp_path: Path) -> None:
    path = tmp_path / "a.fits"
    fits.PrimaryHDU(PIXELS, fits.Header({"EXPTIME": 2.5, "BUNIT": "adu"})).writeto(path)
    frame = read_frame_file(str(path))
    assert [image.name for image in frame.images] == [""]
    np.testing.assert_array_equal(frame.images[0].pixels, PIXELS)
    assert frame.images[0].pixels.dtype.isnative
    assert frame.exposure_time == 2.5
    assert frame.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("seconds", [-1.0, 1e9, "12", True])
def test_a_time_that_is_none_is_not_known(tmp_path: Path, seconds: object) -> None:
    path = tmp_path / "a.fits"
    fits.PrimaryHDU(PIXELS, fits.Header({"EXPTIME": seconds})).writeto(path)
    assert math.isnan(read_frame_file(str(path)).exposure_time)


def test_mask_and_variance_are_no_frames(tmp_path: Path) -> None:
    path = tmp_path / "a.fits"
    hdus = [fits.PrimaryHDU(header=fits.Header({"DARKTIME": 3.0}))]
    hdus += [fits.CompImageHDU(PIXELS.astype("f4"), name=name) for name in ("IMAGE", "MASK", "VARIANCE")]
    fits.HDUList(hdus).writeto(path)
    frame = read_frame_file(str(path))
    assert [image.name for image in frame.images] == ["IMAGE"]
    assert frame.exposure_time == 3.0


def test_a_packed_file_with_an_image_for_each_amplifier(tmp_path: Path) -> None:
    plain, path = tmp_path / "a.fits", tmp_path / "a.fits.gz"
    hdus = [fits.ImageHDU(PIXELS, name=name) for name in ("SEGMENT00", "SEGMENT01")]
    fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(plain)
    path.write_bytes(gzip.compress(plain.read_bytes()))
    assert [image.name for image in read_frame_file(str(path)).images] == ["SEGMENT00", "SEGMENT01"]


@pytest.mark.parametrize(
    "content", [b"", b"SIMPLE  =", b"no FITS file", b"\x1f\x8b broken"], ids=["empty", "cut", "text", "gzip"]
)
def test_what_is_no_frame_says_so(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.fits"
    path.write_bytes(content)
    with pytest.raises(CuratedError, match=r"a\.fits"):
        read_frame_file(str(path))


def test_a_file_without_images_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.fits"
    fits.HDUList([fits.PrimaryHDU(np.zeros(3)), fits.BinTableHDU(np.zeros(2, [("a", "f4")]))]).writeto(path)
    with pytest.raises(CuratedError, match="no image of two axes"):
        read_frame_file(str(path))
