"""Maps: boxes, kernels and matrices at the limits of what can be drawn."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from curated.declare import PlotSpec
from curated.plots import plot
from support.demo import demo_calib
from support.plots import png_size

pytest.importorskip("matplotlib")

from matplotlib.figure import Figure

from curated.plots.maps import covered_pixels, draw_boxes, draw_image, draw_layout, draw_matrix


def test_kernels_of_a_detector(tmp_path: Path) -> None:
    calib = demo_calib("bfk", "d01")
    assert list(calib.kernels) == ["d01"]
    plot(calib, tmp_path / "kernel.png")
    png_size((tmp_path / "kernel.png").read_bytes())


@pytest.mark.parametrize("size", [None, (1024, 1024)])
def test_no_defects(tmp_path: Path, size: tuple[int, int] | None) -> None:
    plot(demo_calib("defects", "d03"), tmp_path / "none.png", size=size)
    png_size((tmp_path / "none.png").read_bytes())


@pytest.mark.parametrize(
    "coeffs", [None, np.zeros((0, 0)), np.full((3, 3), np.nan), np.zeros((3, 3)), np.eye(40) * 7]
)
def test_matrices_at_the_limits(tmp_path: Path, coeffs: np.ndarray | None) -> None:
    plot(dataclasses.replace(demo_calib("crosstalk"), coeffs=coeffs), tmp_path / "matrix.png")
    png_size((tmp_path / "matrix.png").read_bytes())


def test_pixels_in_two_boxes_count_once() -> None:
    assert covered_pixels([]) == 0
    assert covered_pixels([(0, 0, 10, 10), (5, 5, 10, 10), (2, 2, 3, 3)]) == 175
    assert covered_pixels([(0, 0, 1, 5), (0, 5, 1, 5), (3, 0, 1, 1)]) == 11


def draw(draw_kind: Any, spec: PlotSpec, size: tuple[int, int] | None = None, **values: Any) -> Any:
    """Draw values into a figure, and return its axes."""
    figure = Figure()
    draw_kind(figure, SimpleNamespace(FIELDS=(), units={}, **values), spec, size)
    return figure.axes


def test_boxes_lie_around_the_centres_of_their_pixels() -> None:
    boxes = {"x0": [2, 10], "y0": [3, 0], "width": [1, 10], "height": [4, 20]}
    arrays = {name: np.array(values) for name, values in boxes.items()}
    (axes,) = draw(draw_boxes, PlotSpec(kind="boxes"), (100, 50), **arrays)
    patches, circles = axes.collections
    corners = [
        (p.vertices.min(axis=0).tolist(), p.vertices.max(axis=0).tolist()) for p in patches.get_paths()
    ]
    assert corners == [([1.5, 2.5], [2.5, 6.5]), ([9.5, -0.5], [19.5, 19.5])]
    assert circles.get_offsets().tolist() == [[2, 4.5]]
    assert (axes.get_xlim(), axes.get_ylim()) == ((-0.5, 99.5), (-0.5, 49.5))
    assert axes.get_title("left") == "2 boxes, 204 pixels (4.08 %)"


def test_images_have_grey_where_they_are_masked_and_a_scale_without_outliers() -> None:
    image = np.tile(np.arange(100.0), (20, 1))
    image[3, 4] = 1e9
    mask = np.zeros(image.shape, int)
    mask[5, 6] = 2
    axes, bar = draw(draw_image, PlotSpec(kind="image", y="image"), image=image, mask=mask, unit="adu")
    (drawn,) = axes.images
    pixels = np.ma.filled(drawn.get_array().astype(float), np.nan)
    assert np.argwhere(np.isnan(pixels)).tolist() == [[5, 6]]
    assert drawn.get_clim()[1] < 100
    assert drawn.origin == "lower"
    assert bar.get_ylabel() == "Value (adu)"


def test_large_images_are_thinned_out() -> None:
    image = np.add.outer(10_000.0 * np.arange(3), np.arange(2500.0))
    axes, _ = draw(draw_image, PlotSpec(kind="image", y="image"), image=image, mask=None, unit="")
    (drawn,) = axes.images
    assert drawn.get_array().tolist() == image[::3, ::3].tolist()
    assert drawn.get_extent() == [-0.5, 2499.5, -0.5, 2.5]


def test_matrices_are_centred_on_zero() -> None:
    matrix = np.array([[0.0, 2e-4], [-1e-4, np.nan]])
    panel, bar = draw(draw_matrix, PlotSpec(kind="matrix", y="coeffs"), coeffs=matrix)
    (drawn,) = panel.images
    np.testing.assert_allclose(np.ma.filled(drawn.get_array(), np.nan), matrix / 1e-4)
    np.testing.assert_allclose((drawn.norm.vmin, drawn.norm.vmax), (-2, 2))
    assert [text.get_text() for text in panel.texts] == ["0", "2", "-1", "nan"]
    assert bar.get_ylabel() == "Coeffs ($10^{-4}$)"


def test_a_detector_lies_where_the_camera_has_it() -> None:
    camera = demo_calib("camera")
    values = {field.name: getattr(camera, field.name) for field in camera.FIELDS}
    values["detector_rotation"] = np.linspace(0, 330, len(camera.detector_name))
    axes, _ = draw(draw_layout, PlotSpec(kind="layout"), **values)
    cells, outlines, _ = axes.collections
    assert len(cells.get_paths()) == len(camera.amplifier_name)
    assert cells.get_array().tolist() == camera.amplifier_gain.tolist()
    angles = np.deg2rad(values["detector_rotation"])
    assert len(outlines.get_paths()) == len(angles) > 1
    for i, path in enumerate(outlines.get_paths()):
        corners = path.vertices[:4]
        centre = camera.detector_x[i], camera.detector_y[i]
        np.testing.assert_allclose(corners.mean(axis=0), centre, atol=1e-9)
        width, height = np.array([camera.detector_width[i], camera.detector_height[i]]) * camera.pixel_size[i]
        along, up = (np.cos(angles[i]), np.sin(angles[i])), (-np.sin(angles[i]), np.cos(angles[i]))
        np.testing.assert_allclose(corners[1] - corners[0], width * np.array(along), atol=1e-9)
        np.testing.assert_allclose(corners[3] - corners[0], height * np.array(up), atol=1e-9)
