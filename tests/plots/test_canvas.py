"""Figures: their style, their bytes, and text that is only text."""

from __future__ import annotations

import pytest

pytest.importorskip("matplotlib")

from curated.plots.canvas import FORMATS, figure_bytes, new_figure, plain, styled


def test_text_is_neither_mathematics_nor_control() -> None:
    assert plain("a$b$\x1b\n") == "a\\$b\\$\ufffd\ufffd"


@pytest.mark.parametrize("form", FORMATS)
def test_bytes_depend_on_the_figure_alone(form: str) -> None:
    import matplotlib as mpl

    drawings = []
    for size in (9, 30):
        with mpl.rc_context({"font.size": size}), styled():
            figure = new_figure()
            figure.subplots().plot([1, 2], [3, 4], label="a")
            drawings.append(figure_bytes(figure, form))
    assert drawings[0] == drawings[1]


def test_svg_for_pages_has_text() -> None:
    with styled():
        figure = new_figure()
        figure.text(0.5, 0.5, "shown")
        assert b">shown</text>" in figure_bytes(figure, "svg", text=True)
        assert b">shown</text>" not in figure_bytes(figure, "svg")


def test_characters_without_a_glyph_are_no_warning(recwarn: pytest.WarningsRecorder) -> None:
    with styled():
        figure = new_figure()
        figure.text(0.5, 0.5, "\U0001f52d \u4e2d")
        figure_bytes(figure, "png")
    assert not recwarn.list
