"""A calibration as lines: what does not matter makes no difference, and whatever matters makes one."""

from __future__ import annotations

import pytest

from curated.calib import Calib
from curated.declare import Conditions
from curated.report.git.calibration_text import calibration_lines
from curated.text import read
from curated.types.defects import Defects
from support.demo import demo_calib, shown_types
from support.packages import defects_text


def lines(calib: Calib) -> list[str]:
    return list(calibration_lines(calib, Conditions()))


def defects(text: str) -> Calib:
    source, _ = read(text.encode(), "ecsv")
    assert source is not None
    calib, _ = Defects.from_source(source)
    assert calib is not None
    return calib


def test_lines_of_a_list_of_defects() -> None:
    assert lines(defects(defects_text({"VALIDEND": "2021-01-01T00:00:00", "DATE": "2024-05-05"}))) == [
        "defects: Rectangles of unusable pixels",
        "  CALIBDATE: 2020-01-01T00:00:00",
        "  DETECTOR: 0",
        "  INSTRUME: Lab",
        "  VALIDEND: 2021-01-01T00:00:00",
        "quantities",
        "  pixels: 12",
        "values",
        "  x0 (pix): 1",
        "  y0 (pix): 2",
        "  width (pix): 3",
        "  height (pix): 4",
    ]


def test_form_and_clocks_make_no_difference() -> None:
    first = lines(defects(defects_text({"DATE": "2024-05-05", "MAKER": "A"})))
    other = defects_text({"MAKER": "A", "CALIB_CREATION_DATE": "2023-01-01"}).replace(
        "1 2 3 4", '1  2  "3" 4'
    )
    assert lines(defects(other)) == first
    assert lines(defects(defects_text({"MAKER": "B"}))) != first
    assert lines(defects(defects_text({"MAKER": "A"}, x0=2))) != first


@pytest.mark.parametrize("name", shown_types())
def test_every_type_has_lines_that_are_always_the_same(name: str) -> None:
    calib = demo_calib(name)
    text = lines(calib)
    assert text[0] == f"{name}: {calib.SPEC.title}"
    assert text == lines(demo_calib(name))
    assert all(line.isprintable() for line in text)
