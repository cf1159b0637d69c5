"""Shapes of foreign files as rectangles of pixels."""

from __future__ import annotations

import numpy as np
import pytest

from curated.declare import Array
from curated.exchange.foreign import Foreign
from curated.exchange.pixels.shapes import Shape, exact_boxes, foreign_defects, region_of
from curated.image.rectangles import rectangles_of
from support.foreign import make_target


def mask_of(foreign: Foreign, shape: tuple[int, int] = (30, 40)) -> Array:
    mask = np.zeros(shape, bool)
    columns = [column.values.tolist() for column in foreign.tables[0].values()]
    for x0, y0, width, height in zip(*columns, strict=True):
        mask[y0 : y0 + height, x0 : x0 + width] = True
    return mask


@pytest.mark.parametrize(
    ("numbers", "box"),
    [
        ((10.0, 5.5, 3.0, 4.0), [9, 4, 3, 4]),
        ((10.0, 5.5, 3.0, 4.0, 180.0), [9, 4, 3, 4]),
        ((5.5, 10.0, 3.0, 4.0, 90.0), [4, 9, 4, 3]),
        ((10.0, 5.0, 3.0, 4.0), None),
        ((10.0, 5.5, 3.0, 4.0, 45.0), None),
    ],
)
def test_boxes_of_whole_pixels_are_exact(numbers: tuple[float, ...], box: list[int] | None) -> None:
    boxes = exact_boxes(Shape(kind="box", numbers=numbers))
    assert (None if boxes is None else boxes.tolist()[0]) == box


RANDOM = np.random.default_rng(11)


@pytest.mark.parametrize(
    "kind", ["box", "circle", "ellipse", "polygon", "annulus", "boxannulus", "elliptannulus"]
)
def test_shapes_are_rasterised_as_regions_does(kind: str) -> None:
    pytest.importorskip("regions")
    for _ in range(5):
        centre = RANDOM.uniform(5, 25, 2)
        small, large = RANDOM.uniform(1, 4, 2), RANDOM.uniform(5, 12, 2)
        angle = RANDOM.uniform(-200, 200)
        numbers = {
            "box": (*centre, *large, angle),
            "circle": (*centre, large[0]),
            "ellipse": (*centre, *large, angle),
            "polygon": (*RANDOM.uniform(0, 28, 8),),
            "annulus": (*centre, small[0], large[0]),
        }.get(kind, (*centre, *small, *large, angle))
        shape = Shape(kind=kind, numbers=tuple(map(float, numbers)))
        expected = region_of(shape).to_mask(mode="center").to_image((30, 40)) > 0
        assert np.array_equal(mask_of(foreign_defects([shape], make_target())), expected)


def test_excluded_shapes_are_taken_out_of_all_others() -> None:
    box = Shape(kind="box", numbers=(10.0, 10.0, 9.0, 9.0), comment="hot", label="box")
    hole = Shape(kind="box", numbers=(10.0, 10.0, 3.0, 3.0), is_excluded=True, label="box", line=2)
    away = Shape(kind="point", numbers=(1.0, 1.0))
    expected = np.zeros((30, 40), bool)
    expected[6:15, 6:15] = True
    expected[9:12, 9:12] = False
    expected[1, 1] = True
    for shapes, codes in (([box, hole, away], []), ([hole, box, away], ["CAL717"])):
        foreign = foreign_defects(shapes, make_target())
        assert np.array_equal(mask_of(foreign), expected)
        assert [problem.code for problem in foreign.problems] == codes
        assert set(foreign.row_comments) == {"hot", ""}
    assert [p.code for p in foreign_defects([hole], make_target()).problems] == ["CAL711"]


def test_what_is_beyond_the_detector() -> None:
    edge = Shape(kind="box", numbers=(39.0, 10.0, 5.0, 1.0), label="box")
    outside = Shape(kind="point", numbers=(45.0, 10.0), label="point")
    foreign = foreign_defects([edge, outside], make_target())
    assert [problem.code for problem in foreign.problems] == ["CAL716", "CAL712"]
    assert mask_of(foreign).sum() == 3
    assert not foreign_defects([edge], make_target(0, 0)).problems


@pytest.mark.parametrize(
    ("kind", "numbers"),
    [
        ("circle", (1.0, 1.0, 0.0)),
        ("circle", (1.0, float("nan"), 2.0)),
        ("circle", (1.0, 1.0, 1e12)),
        ("box", (1.0, 1.0, -2.0, 3.0)),
        ("box", (1.0, 1.0)),
        ("polygon", (1.0, 1.0, 2.0, 2.0, 3.0, 1.0, 7.0)),
        ("annulus", (5.0, 5.0, 3.0, 2.0)),
    ],
)
def test_shapes_that_cannot_be_used(kind: str, numbers: tuple[float, ...]) -> None:
    foreign = foreign_defects([Shape(kind=kind, numbers=numbers, line=4)], make_target())
    assert [(problem.code, problem.line) for problem in foreign.problems] == [("CAL711", 4)]


def test_a_shape_between_the_centres_of_pixels() -> None:
    pytest.importorskip("regions")
    foreign = foreign_defects([Shape(kind="circle", numbers=(5.5, 5.5, 0.2))], make_target())
    assert [problem.code for problem in foreign.problems] == ["CAL716"]
    assert not mask_of(foreign).any()


def test_a_shape_over_the_edge_has_no_needless_rectangles() -> None:
    pytest.importorskip("regions")
    shape = Shape(kind="circle", numbers=(0.0, 0.0, 5.0), label="circle")
    foreign = foreign_defects([shape], make_target())
    columns = [foreign.tables[0][name].values for name in ("x0", "y0", "width", "height")]
    assert np.array_equal(np.stack(columns, axis=1), rectangles_of(mask_of(foreign)))
    huge = Shape(kind="box", numbers=(2e5, 2e5, 9e5 + 1, 9e5 + 1))
    hole = Shape(kind="point", numbers=(3.0, 3.0), is_excluded=True)
    assert mask_of(foreign_defects([huge, hole], make_target())).sum() == 30 * 40 - 1
    without_size = foreign_defects([huge, hole], make_target(0, 0))
    assert "CAL711" in [problem.code for problem in without_size.problems]
