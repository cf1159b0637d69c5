"""Planes of images: byte order, mapping, sums, statistics."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from curated.core.diagnostic import CuratedError
from curated.types.bias import Bias
from support.images import MASK, VARIANCE, make_image, make_pixels, make_planes, write_image

# -- reading ---------------------------------------------------------------------------------------


def test_planes_in_native_byte_order_and_not_writable(tmp_path: Path) -> None:
    data = make_planes(make_pixels(), MASK, VARIANCE, MP_BAD=0, MP_DETECTED_NEGATIVE=2)
    bias = Bias.readText(write_image(tmp_path, "bias", data))
    mask, variance = bias.mask, bias.variance
    assert mask is not None
    assert variance is not None
    for plane, expected in ((bias.image, make_pixels()), (mask, MASK), (variance, VARIANCE)):
        assert np.array_equal(plane, expected)
        assert plane.dtype.isnative
        assert not plane.flags.writeable
    assert bias.mask_planes == {"BAD": 0, "DETECTED_NEGATIVE": 2}
    assert bias.unit == "adu"


def test_pixels_are_mapped_and_not_read(tmp_path: Path) -> None:
    bias = Bias.readText(write_image(tmp_path, "bias", make_image(make_pixels())))
    plane = bias.planes["IMAGE"]
    assert "native" not in vars(plane)
    assert not plane.mapped.flags.owndata
    (tmp_path / "20240101T000000.fits").unlink()
    assert np.array_equal(bias.image, make_pixels())


# -- round trips -----------------------------------------------------------------------------------


FLOATS = st.sampled_from(["f4", "f8"]).flatmap(
    lambda kind: arrays.arrays(kind, arrays.array_shapes(min_dims=2, max_dims=2, max_side=40))
)


@given(FLOATS, st.booleans(), st.booleans(), st.data())
def test_object_to_fits_to_object(image: Any, with_mask: bool, with_variance: bool, data: Any) -> None:
    mask = data.draw(arrays.arrays("i4", image.shape)) if with_mask else None
    variance = data.draw(arrays.arrays("f4", image.shape)) if with_variance else None
    bias = Bias.from_pixels(
        np.nan_to_num(image), mask=mask, variance=variance, mask_planes={"BAD": 0, "HOT": 9}
    )
    with tempfile.TemporaryDirectory() as directory:
        path = bias.writeFits(Path(directory) / "bias.fits")
        back = Bias.readFits(path)
        assert back == bias
        with fits.open(path, checksum=True) as hdus:
            for hdu in hdus:
                assert hdu.verify_checksum() == hdu.verify_datasum() == 1
            assert np.array_equal(hdus["IMAGE"].data, np.nan_to_num(image))
            if mask is not None:
                assert np.array_equal(hdus["MASK"].data, mask)
                assert hdus["MASK"].header["MP_HOT"] == 9
        described = bias.described(path)
        assert (described.file, described.size) == ("bias.fits", os.path.getsize(path))
        assert Bias.fromDict(described.toDict()).sha256 == hashlib.sha256(Path(path).read_bytes()).hexdigest()


def test_statistics_leave_out_what_is_bad() -> None:
    image = np.ones((8, 16), "f4")
    image[2, 3], image[0, 0] = 1e6, np.nan
    bias = Bias.from_pixels(image, mask=MASK)
    assert (bias.mean, bias.median, bias.standard_deviation, bias.bad_pixels) == (1, 1, 0, 2)


@pytest.mark.parametrize(
    "planes",
    [
        {"image": [1.0]},
        {"image": [[1j]]},
        {"image": [[1.0]], "mask": [[0.5]]},
        {"image": [[1.0]], "mask": [[0, 0]]},
        {"image": np.ma.masked_array([[1.0]], mask=[[True]])},
    ],
    ids=["flat", "complex", "mask", "shape", "masked"],
)
def test_what_is_no_plane(planes: dict[str, Any]) -> None:
    with pytest.raises(CuratedError):
        Bias.from_pixels(**planes)
