"""Curves and bars: one line or point for each name, whatever the number of names."""

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

from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from curated.plots.curves import colours_of, draw_bars, draw_curve, draw_keyed


def test_many_amplifiers(tmp_path: Path) -> None:
    curve = demo_calib("transmission_sensor")
    names = np.repeat([f"A{i:02d}" for i in range(20)], 5)
    many = dataclasses.replace(
        curve,
        amp_name=names,
        wavelength=np.tile(np.linspace(400, 800, 5), 20),
        efficiency=np.linspace(10, 90, 100),
    )
    plot(many, tmp_path / "many.png")
    png_size((tmp_path / "many.png").read_bytes())


def draw(draw_kind: Any, spec: PlotSpec, **values: Any) -> Any:
    """Draw values into a figure, and return its axes."""
    figure = Figure()
    calib = SimpleNamespace(FIELDS=(), units={}, **values)
    draw_kind(figure, calib, spec, None)
    return figure.axes


def points(axes: Any) -> list[list[tuple[float, float]]]:
    return [[(float(x), float(y)) for x, y in line.get_xydata()] for line in axes.lines]


def test_groups_are_lines_and_their_differences_from_the_mean() -> None:
    x, names = np.array([1.0, 2.0, 1.0, 2.0]), np.array(["A", "A", "B", "B"])
    spec = PlotSpec(kind="curve", x="x", y="y", group="names", labels=("Wavelength", ""))
    top, bottom = draw(draw_curve, spec, x=x, y=np.array([1.0, 2.0, 3.0, 2.0]), names=names)
    assert points(top) == [[(1, 1), (2, 2)], [(1, 3), (2, 2)]]
    assert [text.get_text() for text in top.get_legend().get_texts()] == ["A", "B"]
    assert points(bottom)[:2] == [[(1, -50), (2, 0)], [(1, 50), (2, 0)]]
    assert (bottom.get_xlabel(), top.get_ylabel()) == ("Wavelength", "Y")
    assert top.get_ylim()[0] == 0


def test_groups_with_other_places_have_no_differences() -> None:
    names = np.array(["A", "A", "B", "B"])
    spec = PlotSpec(kind="curve", x="x", y="y", group="names")
    _, bottom = draw(draw_curve, spec, x=np.array([1.0, 2.0, 1.0, 3.0]), y=np.ones(4), names=names)
    assert [text.get_text() for text in bottom.texts] == ["sampled at different places"]
    assert points(bottom) == []


def test_points_that_were_not_used_are_hollow() -> None:
    spec = PlotSpec(kind="keyed", x="x", y="y", used="used", log=True)
    (axes,) = draw(
        draw_keyed,
        spec,
        x={"A": np.array([3.0, 1.0, 2.0])},
        y={"A": np.array([30.0, 10.0, 20.0])},
        used={"A": np.array([True, True, False])},
    )
    assert points(axes) == [[(1, 10), (3, 30)], [(2, 20)]]
    assert axes.lines[1].get_markerfacecolor() == "none"
    assert axes.get_title("left") == "hollow: not used"
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")


def test_curves_without_values() -> None:
    (axes,) = draw(draw_keyed, PlotSpec(kind="keyed", x="x", y="y"), x={}, y={})
    assert [text.get_text() for text in axes.texts] == ["none"]


def test_bars_start_at_the_mean() -> None:
    (axes,) = draw(draw_bars, PlotSpec(kind="bars", y="gain"), gain={"A": 1.0, "B": 2.0, "C": float("nan")})
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["mean 1.5"]
    (segments,) = [[s.tolist() for s in c.get_segments()] for c in axes.collections]
    assert segments[:2] == [[[0, 1.5], [0, 1]], [[1, 1.5], [1, 2]]]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["A", "B", "C"]


def test_many_bars_name_only_some() -> None:
    gain = {f"C{i:03d}": float(i) for i in range(200)}
    (axes,) = draw(draw_bars, PlotSpec(kind="bars", y="gain"), gain=gain)
    labels = [tick.get_text() for tick in axes.get_xticklabels()]
    assert labels == [f"C{i:03d}" for i in range(0, 200, 6)]


def test_every_curve_has_a_colour_of_its_own() -> None:
    for number in (0, 1, 8, 9, 40):
        assert len({to_hex(colour) for colour in colours_of(number)}) == number
