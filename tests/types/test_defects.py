"""Defects: masks and images, tables of FITS regions, redundant boxes."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy import units as u
from astropy.io import fits
from astropy.nddata import CCDData, StdDevUncertainty
from astropy.table import Table
from hypothesis import given
from hypothesis import strategies as st

from curated.calib import CalibrationError
from curated.core.diagnostic import CuratedError
from curated.types.defects import Defects, redundant_boxes
from support.texts import examples

REGIONS: dict[str, Any] = {
    # Centres count from one: a box of even width lies about the edge between two pixels.
    "X": [1.0, 2.5, 11.0, 20.0, 30.5],
    "Y": [1.0, 3.0, 11.0, 20.0, 5.5],
    "SHAPE": ["POINT", "BOX", "ROTBOX", "rotbox", "ROTBOX"],
    "R": [[0.0, 0.0], [4.0, 3.0], [3.0, 5.0], [3.0, 5.0], [2.0, 4.0]],
    "ROTANG": [0.0, 45.0, 90.0, 180.0, -270.0],
}
PIXELS = [
    ({0}, {0}),
    ({0, 1, 2, 3}, {1, 2, 3}),
    ({8, 9, 10, 11, 12}, {9, 10, 11}),
    ({18, 19, 20}, {17, 18, 19, 20, 21}),
    ({28, 29, 30, 31}, {4, 5}),
]
"""Columns and rows that each region covers."""


def written(path: Path, **changes: Any) -> Path:
    table = Table({**REGIONS, **changes})
    hdu = fits.table_to_hdu(table)
    hdu.header.update(OBSTYPE="defects", INSTRUME="cam", DETECTOR=0)
    hdu.header["HIERARCH CALIBDATE"] = "2013-01-15T01:30:00"
    hdu.writeto(path)
    return path


def test_boxes_cover_the_pixels_of_the_regions(tmp_path: Path) -> None:
    found = Defects.readFits(written(tmp_path / "a.fits"))
    boxes = zip(
        found.x0.tolist(), found.y0.tolist(), found.width.tolist(), found.height.tolist(), strict=True
    )
    assert [(set(range(x, x + w)), set(range(y, y + h))) for x, y, w, h in boxes] == PIXELS
    assert found.metadata["CALIBDATE"] == "2013-01-15T01:30:00"
    assert Defects.readFits(found.writeFits(tmp_path / "b.fits")) == found


def test_from_an_astropy_table_without_angles(tmp_path: Path) -> None:
    table = Table({key: np.array(REGIONS[key][:2]) for key in ("X", "Y", "SHAPE", "R")})
    assert Defects.fromTable([table]).width.tolist() == [1, 4]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"SHAPE": ["POINT", "BOX", "ROTBOX", "CIRCLE", "PIE"]},
            r"row 4 SHAPE: 'CIRCLE' is not one of BOX.*row 5",
        ),
        ({"ROTANG": [0.0, 0.0, 30.0, 0.0, 0.0]}, "row 3 R: a box turned by 30 degrees"),
        ({"R": [1.0, 4.0, 3.0, 3.0, 2.0]}, "row 2 R: a box has a width and a height"),
    ],
)
def test_what_is_no_box_of_pixels(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    path = written(tmp_path / "a.fits", **changes)
    with pytest.raises(CalibrationError, match=f"(?s){message}"):
        Defects.readFits(path)


# -- boxes ----------------------------------------------------------------------------------------------

BOXES = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(1, 4), st.integers(1, 4)), max_size=12
)


@examples(200)
@given(BOXES)
def test_repeated_boxes_are_those_that_add_no_pixel(boxes: list[tuple[int, int, int, int]]) -> None:
    def pixels(box: tuple[int, int, int, int]) -> set[tuple[int, int]]:
        return {(x, y) for x in range(box[0], box[0] + box[2]) for y in range(box[1], box[1] + box[3])}

    twice = {i for i, box in enumerate(boxes) if box in boxes[:i]}
    inside = {
        i
        for i, box in enumerate(boxes)
        if i not in twice and any(other != box and pixels(box) <= pixels(other) for other in boxes)
    }
    columns = np.array(boxes, "i8").reshape(-1, 4).T
    found = [(p.code, p.pointer[1]) for p in redundant_boxes(*columns)]
    assert {row for code, row in found if code == "CAL314"} == twice
    assert {row for code, row in found if code == "CAL315"} == inside
    assert len(found) == len(twice) + len(inside)


def test_very_many_boxes_take_little_time() -> None:
    columns = np.arange(4 * 60_000).reshape(-1, 4).T + 1
    columns[:2, 1] = columns[:2, 0]
    columns[2:, 1] = columns[2:, 0]
    start = time.monotonic()
    assert [p.code for p in redundant_boxes(*columns)] == ["CAL314"]
    assert time.monotonic() - start < 5


# -- images ---------------------------------------------------------------------------------------------


@pytest.fixture
def image() -> np.ndarray:
    return np.random.default_rng(1).normal(1000, 100, (20, 30))


def defects(*boxes: tuple[int, int, int, int]) -> Defects:
    columns = zip(*boxes, strict=True) if boxes else [[]] * 4
    return Defects.fromDict(dict(zip(("x0", "y0", "width", "height"), map(list, columns), strict=True)))


@pytest.mark.parametrize(
    "target", [np.zeros(3), np.zeros((2, 2, 2)), np.zeros((2, 2), bool), "x", None, [[1.0]]]
)
def test_what_is_no_image(target: Any) -> None:
    with pytest.raises(CuratedError, match="is no image"):
        defects((0, 0, 1, 1)).apply(target)


def test_mask() -> None:
    mask = defects((1, 2, 3, 1), (2, 2, 1, 2)).mask((5, 6))
    assert mask.dtype == bool
    assert np.argwhere(mask).tolist() == [[2, 1], [2, 2], [2, 3], [3, 2]]
    assert not defects().mask((2, 2)).any()
    with pytest.raises(
        CalibrationError, match="CAL307 row 1: columns 1 to 3, rows 2 to 2 on a detector of 3 x 9"
    ):
        defects((1, 2, 3, 1)).mask((9, 3))


def test_bad_pixels_in_an_array_become_nan(image: np.ndarray) -> None:
    before = image.copy()
    corrected = defects((3, 4, 2, 5)).apply(image)
    assert np.array_equal(image, before)
    assert np.isnan(corrected[4:9, 3:5]).all()
    assert np.isnan(corrected).sum() == 10
    assert np.array_equal(corrected[~np.isnan(corrected)], image[~np.isnan(corrected)])
    assert defects((0, 0, 1, 1)).apply(np.ones((2, 2), "i4")).dtype == np.float64
    assert defects((0, 0, 1, 1)).apply(np.ones((2, 2), ">f4")).dtype == np.dtype("f4")


def test_bad_pixels_in_ccddata_are_masked(image: np.ndarray) -> None:
    old = np.zeros(image.shape, bool)
    old[0, 0] = True
    ccd = CCDData(
        image, unit="adu", mask=old, uncertainty=StdDevUncertainty(np.ones(image.shape)), meta={"A": 1}
    )
    corrected = defects((3, 4, 2, 5)).apply(ccd)
    assert isinstance(corrected, CCDData)
    assert np.argwhere(corrected.mask != old).tolist() == [[y, x] for y in range(4, 9) for x in (3, 4)]
    assert corrected.mask[0, 0]
    assert np.array_equal(corrected.data, image)
    assert (corrected.unit, corrected.meta["A"]) == (u.adu, 1)
    assert np.array_equal(corrected.uncertainty.array, np.ones(image.shape))
    assert ccd.mask.sum() == 1
    without = defects((3, 4, 2, 5)).apply(CCDData(image, unit="adu"))
    assert without.mask.sum() == 10


@pytest.mark.parametrize(("dtype", "bit"), [("u1", 7), ("i2", 14), ("i4", 0), ("i8", 62)])
def test_one_more_bit_in_a_mask(dtype: str, bit: int) -> None:
    before = np.arange(20 * 30).reshape(20, 30).astype(dtype)
    original = before.copy()
    flagged = defects((1, 2, 3, 4), (29, 19, 1, 1)).flag(before, bit)
    bad = np.zeros((20, 30), bool)
    bad[2:6, 1:4] = bad[19, 29] = True
    assert flagged.dtype == before.dtype
    assert np.array_equal(before, original)
    for n in range(8 * np.dtype(dtype).itemsize - (dtype[0] == "i")):
        mask = np.dtype(dtype).type(1 << n)
        expected = (before & mask) != 0
        assert np.array_equal((flagged & mask) != 0, expected | bad if n == bit else expected)


@pytest.mark.parametrize(("dtype", "bit"), [("i4", 31), ("u1", 8), ("i4", -1), ("?", 0), ("f4", 0)])
def test_masks_without_that_bit(dtype: str, bit: int) -> None:
    with pytest.raises(CuratedError, match="has no bit"):
        defects((1, 2, 3, 4)).flag(np.zeros((20, 30), dtype), bit)


@examples(60)
@given(st.data())
def test_interpolation_is_the_straight_line(data: st.DataObject) -> None:
    """On a plane it gives the plane back; at the ends the nearest pixel; each row by a loop of its own."""
    width, height = 9, 4
    box = st.integers(0, width - 1).flatmap(
        lambda x: st.tuples(st.just(x), st.integers(0, height - 1), st.integers(1, width - x), st.just(1))
    )
    calib = defects(*data.draw(st.lists(box, max_size=6)))
    image = np.array(data.draw(st.lists(st.floats(-1e6, 1e6), min_size=36, max_size=36))).reshape(
        height, width
    )
    bad, corrected = calib.mask(image.shape), calib.apply(image, interpolate=True)
    masked = calib.apply(CCDData(image, unit="adu"), interpolate=True)
    assert np.array_equal(masked.mask, bad)
    for y, x in np.ndindex(image.shape):
        left = [i for i in range(x, -1, -1) if not bad[y, i]][:1]
        right = [i for i in range(x, width) if not bad[y, i]][:1]
        if not left and not right:
            assert math.isnan(corrected[y, x])
            assert masked.data[y, x] == image[y, x]
            continue
        a, b = (left or right)[0], (right or left)[0]
        part = (x - a) / (b - a) if b > a else 0.0
        expected = image[y, a] * (1 - part) + image[y, b] * part
        assert corrected[y, x] == pytest.approx(expected, rel=1e-12, abs=1e-9)
        assert masked.data[y, x] == corrected[y, x]
    plane = np.add.outer(np.arange(4.0), 2 * np.arange(9.0))
    inner = defects((2, 1, 4, 2)).apply(plane, interpolate=True)
    assert np.allclose(inner, plane, rtol=0, atol=1e-12)


def test_unknown_options_are_refused(image: np.ndarray) -> None:
    with pytest.raises(CuratedError, match="apply has no option interpolat"):
        defects().apply(image, interpolat=True)


def test_masked_arrays_do_not_say_what_is_bad() -> None:
    masked = np.ma.masked_array(np.zeros((3, 4), bool), mask=np.eye(3, 4, dtype=bool))
    with pytest.raises(CuratedError, match="masked pixels"):
        Defects.from_mask(masked)
    assert len(Defects.from_mask(masked.filled(True)).x0) == 3
