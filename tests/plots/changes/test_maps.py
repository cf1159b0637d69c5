"""Changes of boxes, matrices and images."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from curated.core.geometry import DetectorGeometry
from curated.declare import Conditions
from curated.types.defects import Defects
from support.demo import demo_calib
from support.differences import make_change
from support.image_products import make_product

pytest.importorskip("matplotlib")

from curated.plots.changes import draw_change
from curated.plots.changes.maps import intersections
from curated.plots.changes.panels import NEW, OLD, SAME


def boxes(*rows: tuple[int, int, int, int]) -> Defects:
    columns = np.array(rows, "i8").reshape(-1, 4).T
    return Defects(**dict(zip(("x0", "y0", "width", "height"), columns, strict=True)))


def drawn_pixels(old: Any, new: Any, side: int = 40) -> dict[str, set[tuple[int, int]]]:
    """Return the pixels of each colour, the uppermost one where several lie above each other."""
    figure = draw_change(make_change(old, new), old, new)
    from matplotlib.colors import to_hex

    colours: dict[tuple[int, int], str] = {}
    for collection in sorted(figure.axes[0].collections, key=lambda item: item.get_zorder()):
        for path in (
            collection.get_paths() if hasattr(collection, "get_paths") and collection.get_zorder() < 5 else ()
        ):
            (x0, y0), (x1, y1) = path.get_extents().get_points() + 0.5
            for x in range(round(x0), round(x1)):
                for y in range(round(y0), round(y1)):
                    colours[x, y] = to_hex(collection.get_facecolor()[0]).upper()
    return {c: {pixel for pixel, other in colours.items() if other == c} for c in (OLD, NEW, SAME)}


@pytest.mark.parametrize("seed", range(5))
def test_pixels_have_the_colour_of_what_covers_them(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sets = []
    for _ in range(2):
        rows = np.stack([*rng.integers(0, 25, (2, 8)), *rng.integers(1, 9, (2, 8))], axis=1).tolist()
        sets.append([*rows, (30, 30, 5, 5)])
    covered = [
        {(x, y) for x0, y0, w, h in rows for x in range(x0, x0 + w) for y in range(y0, y0 + h)}
        for rows in sets
    ]
    old, new = (boxes(*rows) for rows in sets)
    pixels = drawn_pixels(old, new)
    assert pixels[OLD] == covered[0] - covered[1]
    assert pixels[NEW] == covered[1] - covered[0]
    assert pixels[SAME] == covered[0] & covered[1]


def test_the_size_is_that_of_the_detector() -> None:
    old, new = boxes((1, 1, 2, 2)), boxes((5, 5, 2, 2))
    conditions = Conditions(detector=DetectorGeometry("d00", 0, 4096, 4004))
    axes = draw_change(make_change(old, new), old, new, conditions).axes[0]
    assert (axes.get_xlim(), axes.get_ylim()) == ((-0.5, 4095.5), (-0.5, 4003.5))
    # A box beyond the declared detector is seen all the same.
    far = boxes((5000, 5, 2, 2))
    axes = draw_change(make_change(old, far), old, far, conditions).axes[0]
    assert axes.get_xlim()[1] == 5001.5


def test_intersections_of_many_boxes() -> None:
    grid = np.array([(x, y, x + 1, y + 1) for x in range(40) for y in range(40)], "f8")
    assert len(intersections(grid, np.array([(0.0, 0.0, 40.0, 40.0)]))) == 1600
    assert intersections(grid, np.empty((0, 4))).shape == (0, 4)


def test_a_matrix_is_drawn_before_after_and_as_difference() -> None:
    old = demo_calib("crosstalk")
    new = dataclasses.replace(old, coeffs=old.coeffs + np.eye(len(old.coeffs)) * 1e-5)
    figure = draw_change(make_change(old, new), old, new)
    panels = {axes.get_title(): axes for axes in figure.axes if axes.images}
    assert list(panels) == ["before", "after", "after - before"]
    shown = np.ma.getdata(panels["after - before"].images[0].get_array())
    assert shown / shown.max() == pytest.approx(np.eye(len(old.coeffs)), abs=1e-9)
    assert panels["before"].get_xticklabels()[0].get_text() == "1"


def test_matrices_by_name_are_differences_in_the_same_colours() -> None:
    old = demo_calib("bfk")
    new = dataclasses.replace(old, ampKernels={key: 3 * value for key, value in old.ampKernels.items()})
    panels = [axes for axes in draw_change(make_change(old, new), old, new).axes if axes.images]
    assert [axes.get_title() for axes in panels] == list(old.kernels)
    assert len({id(axes.images[0].norm) for axes in panels}) == 1
    drawn = np.ma.getdata(panels[0].images[0].get_array())
    kernel = old.kernels[panels[0].get_title()]
    assert drawn / drawn[kernel != 0].min() == pytest.approx(2 * kernel / (2 * kernel).min())


@pytest.mark.parametrize(("kind", "median"), [("flat", "median 10,"), ("bias", "median 10,")])
def test_images_are_compared_as_their_measures_do(kind: str, median: str) -> None:
    level = np.full((40, 60), 100.0, "f4")
    level[3, 4] = np.nan
    old, new = make_product(kind, level), make_product(kind, level * np.float32(1.1))
    figure = draw_change(make_change(old, new), old, new)
    panels = {axes.get_title(loc="left"): axes for axes in figure.axes}
    assert any(title.startswith(median) for title in panels)
    (image,) = (axes.images[0] for axes in figure.axes if axes.images)
    drawn = np.ma.filled(image.get_array(), np.nan)
    assert np.isnan(drawn).sum() == 1
    assert np.nanmean(drawn) == pytest.approx(10, rel=1e-5)


def test_images_of_other_sizes_stand_side_by_side() -> None:
    old, new = make_product("bias", np.ones((40, 60), "f4")), make_product("bias", np.ones((40, 50), "f4"))
    figure = draw_change(make_change(old, new), old, new)
    titles = [axes.get_title(loc="left") for axes in figure.axes if axes.images]
    assert titles == ["only before: 60 x 40 pixels", "only after: 50 x 40 pixels"]


def test_a_large_image_is_thinned() -> None:
    old, new = (make_product("bias", np.full((1300, 1500), level, "f4")) for level in (1.0, 2.0))
    figure = draw_change(make_change(old, new), old, new)
    (image,) = (axes.images[0] for axes in figure.axes if axes.images)
    assert image.get_array().shape == (434, 500)
    assert image.get_extent() == pytest.approx((-0.5, 1499.5, -0.5, 1301.5))
