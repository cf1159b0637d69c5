"""Plots of changes: one of each type, of types from other packages, and of names that want to be more than text."""

from __future__ import annotations

import dataclasses
import re
from typing import Any, ClassVar

import numpy as np
import pytest

from curated.calib import Calib, calibration
from curated.core.diagnostic import CuratedError
from curated.declare import Array, Measure, Reading, Spec, Table, column
from curated.difference.change import Effect
from support.demo import demo_calib, shown_types
from support.differences import changed_copy, make_change, read_demo
from support.plots import png_size

pytest.importorskip("matplotlib")

from curated.plots.canvas import figure_bytes
from curated.plots.changes import draw_change, picture


def texts(figure: Any) -> list[str]:
    """Return all texts of a figure that are not empty."""
    from matplotlib.text import Text

    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


@pytest.mark.parametrize("name", shown_types())
def test_a_change_of_each_type(name: str) -> None:
    old = read_demo(name)
    new = changed_copy(old)
    change = make_change(old, new)
    figure = draw_change(change, old, new)
    assert len(figure.axes) >= 1
    shown = texts(figure)
    assert shown.count(f"demo/{name}{'/d00' if old.SPEC.has_detector else ''}") == 1
    assert any("before: calibs/demo" in text for text in shown)
    if change.effects:
        assert any(text.startswith(f"largest: {change.effects[0].measure.name}") for text in shown)
        assert "nothing that can be drawn changed" not in shown


@pytest.mark.parametrize(
    "name", ["transmission_sensor", "defects", "crosstalk", "camera", "flat", "gain_correction"]
)
def test_what_begins_and_what_ends_is_drawn_alone(name: str) -> None:
    calib = read_demo(name)
    for pair, line in (
        ((None, calib), "before: nothing in force"),
        ((calib, None), "after: nothing in force"),
    ):
        figure = draw_change(make_change(*pair), *pair)
        assert line in texts(figure)
        assert all("no values" not in text for text in texts(figure))


def test_the_same_change_gives_the_same_bytes() -> None:
    old = demo_calib("transmission_optics")
    new = changed_copy(old)
    for form, stamps in (
        ("svg", (b"dc:date", b"Matplotlib v")),
        ("pdf", (b"CreationDate",)),
        ("png", (b"Software",)),
    ):
        first, second = (figure_bytes(draw_change(make_change(old, new), old, new), form) for _ in range(2))
        assert first == second
        assert not any(stamp in first for stamp in stamps)
    assert 500 < png_size(first)[0] < 2500


def test_pictures_have_their_text_as_text() -> None:
    old = demo_calib("transmission_optics")
    new = changed_copy(old)
    change = make_change(old, new)
    drawn = picture(change, draw_change(change, old, new))
    assert re.search(r"<text[^>]*>demo/transmission_optics</text>", drawn.svg)
    assert drawn.alt.startswith(
        "Before, after and their difference: demo/transmission_optics. Largest effects: "
    )


def test_nothing_to_draw_is_an_error() -> None:
    change = make_change(None, demo_calib("defects"))
    with pytest.raises(CuratedError, match="no calibration could be read"):
        draw_change(change, None, None)


HOSTILE = "$\\frac{$ <b>x</b>\n\x1b[31m \u202e $$"


def test_names_are_text_whatever_they_have_in_them() -> None:
    calib = demo_calib("gain_correction")
    names = np.array([f"{HOSTILE}{i}" for i in range(len(calib.ampNames))])
    old = dataclasses.replace(calib, ampNames=names)
    new = changed_copy(old)
    change = dataclasses.replace(make_change(old, new), old=HOSTILE, new=HOSTILE * 20, unreadable=(HOSTILE,))
    svg = picture(change, draw_change(change, old, new)).svg
    assert "<b>" not in svg
    assert "\x1b" not in svg
    assert "$\\frac{$" in svg.replace("&lt;", "<")


# -- types of other packages -------------------------------------------------------------------------


@calibration
class Trap(Calib):
    """A type of another package without a plot, with columns of several forms."""

    SPEC: ClassVar = Spec(
        name="trap",
        title="Traps",
        obstype="trap",
        dimensions=("instrument", "detector"),
        storage_class="IsrCalib",
        calibcls="other.Trap",
        tables=(Table(name="CURVE"), Table(name="AMPLIFIERS", rows="key", key_column="AMPLIFIER")),
        measures=(
            Measure(
                name="capture_change",
                unit="electron",
                doc="Change.",
                compute=lambda old, new, _: [
                    Reading(new.capture[k] - old.capture[k], of={"amplifier": k}) for k in old.capture
                ],
            ),
        ),
    )
    phase: Array = column("f8", column="PHASE", unit="deg", doc="Phase.")
    loss: Array = column("f8", column="LOSS", unit="adu", doc="Loss.")
    label: Array = column("str", column="LABEL", doc="Label.")
    capture: dict[str, float] = column("f8", column="CAPTURE", table=1, unit="electron", doc="Capture.")


TRAP = Trap(
    phase=np.arange(5.0),
    loss=np.arange(5.0) ** 2,
    label=np.array(list("abcde")),
    capture={"C0": 1.0, "C1": 2.0, "C2": 3.0},
)


def test_a_type_without_a_plot_has_one_of_its_columns() -> None:
    new = dataclasses.replace(TRAP, loss=TRAP.loss + 1)
    figure = draw_change(make_change(TRAP, new), TRAP, new)
    assert {"Phase (deg)", "Loss (adu)", "Change (adu)"} <= {axes.get_xlabel() for axes in figure.axes} | {
        axes.get_ylabel() for axes in figure.axes
    }
    (line,) = (line for line in figure.axes[1].lines if len(line.get_xdata()) == 5)
    assert line.get_ydata().tolist() == [1.0] * 5


def test_a_measure_of_amplifiers_has_a_panel() -> None:
    new = dataclasses.replace(TRAP, capture={"C0": 2.0, "C1": 4.0, "C2": 2.5})
    change = make_change(TRAP, new)
    figure = draw_change(change, TRAP, new)
    assert [axes.get_ylabel().replace("\n", " ") for axes in figure.axes] == ["Capture change (electron)"]
    assert figure.axes[0].get_xlabel() == "Amplifier"
    # Without measures the column itself is drawn.
    figure = draw_change(dataclasses.replace(change, effects=()), TRAP, new)
    assert "Capture (electron)" in {axes.get_ylabel() for axes in figure.axes}


def test_a_change_of_names_alone_says_so() -> None:
    new = dataclasses.replace(TRAP, label=np.array(list("vwxyz")))
    assert "nothing that can be drawn changed" in texts(draw_change(make_change(TRAP, new), TRAP, new))


def test_the_largest_effects_stand_above() -> None:
    old = demo_calib("transmission_optics")
    new = changed_copy(old)
    change = make_change(old, new)
    measure = change.effects[0].measure
    wild = dataclasses.replace(change, effects=(Effect(measure, Reading(float("nan"), of={"band": "u"})),))
    assert f"largest: {measure.name} (u) not a number {measure.unit}" in texts(draw_change(wild, old, new))


def test_flags_are_drawn_and_named_where_no_measure_changed() -> None:
    old = demo_calib("crosstalk")
    new = dataclasses.replace(old, coeffValid=~old.coeffValid)
    change = dataclasses.replace(make_change(old, new), effects=(), keywords=("SEQNAME", "DATE"))
    figure = draw_change(change, old, new)
    assert "after - before" in texts(figure)
    assert "differs in coeffValid, SEQNAME" in texts(figure)
