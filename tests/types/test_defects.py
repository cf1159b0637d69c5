"""Defects: tables of FITS regions, the form in which older ones come, and boxes that repeat others."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from hypothesis import given
from hypothesis import strategies as st

from curated.calib import CalibrationError
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
