"""FITS tables of regions and boxes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.table import Column, Table

from curated.declare import Array
from curated.exchange.foreign import Foreign, open_foreign
from curated.exchange.pixels import region_tables
from support.foreign import make_target


def read(path: Path, **conventions: Any) -> Foreign:
    file = open_foreign(path)
    assert region_tables.recognises(file)
    return region_tables.read(file, make_target(**conventions))


def write(path: Path, **columns: Any) -> Path:
    Table(columns).write(path / "t.fits", overwrite=True)
    return path / "t.fits"


def boxes(foreign: Foreign) -> list[list[int]]:
    columns = [column.values.tolist() for column in foreign.tables[0].values()]
    return [list(row) for row in zip(*columns, strict=True)]


def mask_of(foreign: Foreign) -> Array:
    mask = np.zeros((30, 40), bool)
    for x0, y0, width, height in boxes(foreign):
        mask[y0 : y0 + height, x0 : x0 + width] = True
    return mask


def test_a_table_of_the_stack(tmp_path: Path) -> None:
    shapes = {"SHAPE": ["BOX", "POINT", "ROTBOX"], "X": [3.5, 10.0, 3.5], "Y": [5.0, 7.0, 5.0]}
    sizes = {"R": [[2.0, 3.0], [1.0, 1.0], [3.0, 2.0]], "ROTANG": [0.0, 0.0, 90.0], "COMPONENT": [0, 1, 2]}
    foreign = read(write(tmp_path, **shapes, **sizes))
    assert boxes(foreign) == [[2, 3, 2, 3], [9, 6, 1, 1], [2, 3, 2, 3]]
    assert not foreign.problems


def test_boxes_are_written_as_the_stack_reads_them(tmp_path: Path) -> None:
    expected = [[2, 3, 2, 3], [9, 6, 1, 1], [0, 0, 40, 1]]
    columns = region_tables.region_columns(np.array(expected))
    path = write(tmp_path, **{name: column.values for name, column in columns.items()})
    assert boxes(read(path)) == expected


def test_regions_of_astropy_count_from_zero(tmp_path: Path) -> None:
    regions = pytest.importorskip("regions")
    import astropy.units as u

    centre = regions.PixCoord(15.2, 14.7)
    made = [
        regions.CirclePixelRegion(centre, 3.3),
        regions.RectanglePixelRegion(centre, 9, 4, 30 * u.deg),
        regions.EllipsePixelRegion(centre, 9, 4, -20 * u.deg),
        regions.CircleAnnulusPixelRegion(centre, 3, 6),
        regions.EllipseAnnulusPixelRegion(centre, 4, 10, 6, 12, 10 * u.deg),
        regions.PolygonPixelRegion(regions.PixCoord([1, 20, 13], [4, 5, 26])),
    ]
    for number in (*range(len(made)), None):
        selected = made if number is None else [made[number]]
        path = tmp_path / f"{number}.fits"
        regions.Regions(selected).write(str(path))
        expected = np.any([r.to_mask(mode="center").to_image((30, 40)) > 0 for r in selected], axis=0)
        foreign = read(path)
        assert np.array_equal(mask_of(foreign), expected)
        assert [problem.code for problem in foreign.problems] == ["CAL718"]


def test_excluded_regions_belong_to_their_component(tmp_path: Path) -> None:
    columns: dict[str, Any] = {
        "X": [10.0, 10.0, 20.0],
        "Y": [10.0] * 3,
        "R": [[5.0, 5.0], [3.0, 3.0], [5.0, 5.0]],
    }
    foreign = read(write(tmp_path, **columns, SHAPE=["BOX", "!BOX", "BOX"], COMPONENT=[1, 1, 2]))
    assert mask_of(foreign).sum() == 25 - 9 + 25
    shared = read(write(tmp_path, **columns, SHAPE=["BOX", "BOX", "BOX"], COMPONENT=[1, 1, 2]))
    assert [problem.code for problem in shared.problems] == ["CAL711"]
    nothing = read(write(tmp_path, **columns, SHAPE=["!BOX", "!BOX", "!BOX"]))
    assert [problem.code for problem in nothing.problems] == ["CAL711"]


def test_boxes_of_the_stack(tmp_path: Path) -> None:
    columns = {"x0": [1, 2], "y0": [3, 4], "width": [1, 2], "height": [4, 5]}
    assert boxes(read(write(tmp_path, **columns))) == [[1, 3, 1, 4], [2, 4, 2, 5]]
    beyond = read(write(tmp_path, **{**columns, "width": [1, 39]}))
    assert [problem.code for problem in beyond.problems] == ["CAL712"]


@pytest.mark.parametrize("shape", ["PIE", "POLYGON", "CIRCLE"])
def test_shapes_that_cannot_be_read(tmp_path: Path, shape: str) -> None:
    path = write(tmp_path, X=[[1.0, 2.0]], Y=[[1.0, 2.0]], SHAPE=[shape], R=[0.0])
    assert [problem.code for problem in read(path).problems] == ["CAL711"]


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ({"COMPONENT": [np.nan]}, "CAL711"),
        ({"COMPONENT": ["a"]}, "CAL711"),
        ({"ROTANG": [30.0], "SHAPE": ["BOX"]}, "CAL717"),
        ({"X": Column([5.0], unit="deg")}, "CAL712"),
        ({"ROTANG": Column([1.0], unit="arcmin")}, "CAL712"),
    ],
)
def test_columns_that_are_not_what_the_standard_has(tmp_path: Path, columns: Any, code: str) -> None:
    path = write(
        tmp_path,
        **{"X": [9.0], "Y": [8.0], "SHAPE": ["ROTBOX"], "R": [[5.0, 3.0]], "ROTANG": [0.0]} | columns,
    )
    assert [problem.code for problem in read(path).problems] == [code]


def test_angles_in_radians(tmp_path: Path) -> None:
    masks = []
    for angle in (Column([np.pi / 6], unit="rad"), Column([30.0], unit="deg")):
        path = write(tmp_path, X=[20.0], Y=[15.0], SHAPE=["ROTBOX"], R=[[12.0, 4.0]], ROTANG=angle)
        masks.append(mask_of(read(path)))
    assert np.array_equal(*masks)
