"""Region files of DS9."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from curated.exchange.foreign import Foreign, open_foreign
from curated.exchange.pixels import ds9
from support.foreign import make_target


def read(tmp_path: Path, text: str, **conventions: object) -> Foreign:
    path = tmp_path / "bad.reg"
    path.write_text(text)
    file = open_foreign(path)
    assert ds9.recognises(file)
    return ds9.read(file, make_target(**conventions))


def boxes(foreign: Foreign) -> list[list[int]]:
    columns = [column.values.tolist() for column in foreign.tables[0].values()]
    return [list(row) for row in zip(*columns, strict=True)]


@pytest.mark.parametrize(
    "line",
    [
        "image; box(3.5,5,2,3,0)",
        "image\nbox(3.5 5 2 3)",
        "image\n+BOX 3.5 5 2i 3i 0",
        "global color=green width=1\nimage;box(3.5,5,2,3,0);point(3,4)",
        "# Region file format: DS9 version 4.1\nimage\r\nrotbox(3.5,5,3,2,90) # color=red width=2",
    ],
)
def test_spellings_of_a_box(tmp_path: Path, line: str) -> None:
    foreign = read(tmp_path, line + "\n")
    assert boxes(foreign)[0] == [2, 3, 2, 3]
    assert not foreign.problems
    assert not foreign.row_comments


@pytest.mark.parametrize(
    ("text", "comment"),
    [
        ("point(3,4) # text={hot pixel}", "hot pixel"),
        ('point(3,4) # color=red text={two; with # signs} font="times 10"', "two; with # signs"),
        ("point(3,4) # text='it is {so}'", "it is {so}"),
        ("point(3,4) # point=circle 11 tag={a}", ""),
        ("point(3,4) # a plain remark", "a plain remark"),
        ("# above\n# it\npoint(3,4)", "above it"),
        ("# far above\n\npoint(3,4)", ""),
    ],
)
def test_texts_are_comments(tmp_path: Path, text: str, comment: str) -> None:
    foreign = read(tmp_path, f"image\n{text}\n")
    assert (foreign.row_comments or ("",)) == (comment,)
    assert not foreign.problems


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ('fk5\ncircle(10:00:01,-2:00:00,3")', "CAL712", 2),
        ("physical;circle(10,10,3)", "CAL712", 1),
        ('image\ncircle(10,10,3")', "CAL712", 2),
        ("point(3,4)", "CAL717", 1),
        ("image\n# text(3,4) text={note}\nvector(1,2,3,4)", "CAL716", 2),
        ("image\nline(1,2,3,4)", "CAL711", 2),
        ("image\npanda(1,2,0,90,3,4,5,1)", "CAL711", 2),
        ("image\ncircle(1,2,x)", "CAL711", 2),
        ("image\ncircle(1,2", "CAL711", 2),
        ("image\ncircle(3,4,1,5,6,7)", "CAL711", 2),
    ],
)
def test_what_is_no_pixel_of_the_image(tmp_path: Path, text: str, code: str, line: int) -> None:
    problem = read(tmp_path, text + "\n").problems[0]
    assert (problem.code, problem.line) == (code, line)


def test_another_origin(tmp_path: Path) -> None:
    assert boxes(read(tmp_path, "image\npoint(3,4)\n", origin=0)) == [[3, 4, 1, 1]]


def test_rings_between_several_radii(tmp_path: Path) -> None:
    pytest.importorskip("regions")
    whole = read(tmp_path, "image\nannulus(15,15,2,8)\n")
    parts = read(tmp_path, "image\nannulus(15,15,2,5.5,8)\n")
    areas = [sum(w * h for _, _, w, h in boxes(foreign)) for foreign in (whole, parts)]
    assert areas[0] > 0
    assert {tuple(box) for box in boxes(parts)} != {tuple(box) for box in boxes(whole)}


def test_other_texts_are_not_taken_for_regions(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    for text in ("1 2 3 4\n", "boxes of pixels\n", "# a comment\n1,2\n"):
        path.write_text(text)
        assert not ds9.recognises(open_foreign(path))


@pytest.mark.parametrize(
    ("text", "expected", "codes"),
    [
        ("image\rpoint(3,4)\r", [[2, 3, 1, 1]], []),
        ("image\nbox(5,5,3,3,0)\nbox(5,5,3,1,0) # include=0\n", [[3, 3, 3, 1], [3, 5, 3, 1]], []),
        ("global include=0\nimage\n+box(5,5,3,3,0)\nbox(5,5,3,1,0)\n", [[3, 3, 3, 1], [3, 5, 3, 1]], []),
        ("image\npoint(3,4) # background text={include=0}\n", [[2, 3, 1, 1]], ["CAL717"]),
        ("tile 2\nimage\npoint(3,4)\n", [[2, 3, 1, 1]], ["CAL717"]),
        ("galactic\npoint(3,4)\n", [], ["CAL712"]),
        ("image\npoint(1_0,4)\n", [], ["CAL711"]),
        ("image\npoint(\u0663,4)\n", [], ["CAL711"]),
        ("image\npoint(3,4) # " + 4000 * "a={" + "\n", [], ["CAL711"]),
        (f"image\n{10001 * 'circle(3,4,2);'}\n", [], ["CAL711"]),
    ],
)
def test_properties_systems_and_numbers(
    tmp_path: Path, text: str, expected: list[list[int]], codes: list[str]
) -> None:
    foreign = read(tmp_path, text)
    assert boxes(foreign) == expected
    assert [problem.code for problem in foreign.problems] == codes


def test_the_image_that_regions_were_drawn_on(tmp_path: Path) -> None:
    cut = fits.Header({"LTV1": -2.0, "LTV2": -1.0})
    fits.PrimaryHDU(np.zeros((30, 40), "u1"), cut).writeto(tmp_path / "cut.fits")
    foreign = read(tmp_path, "point(5,5)\n", image=str(tmp_path / "cut.fits"))
    assert boxes(foreign) == [[2, 3, 1, 1]]
    assert "physical" in foreign.problems[0].detail
    raw = fits.Header({"TRIMSEC": "[4:43,2:31]", "CCDSEC": "[1:40,1:30]"})
    fits.PrimaryHDU(np.zeros((33, 50), "u1"), raw).writeto(tmp_path / "raw.fits")
    text = "image\nbox(4.5,2,3,3,0)\npoint(2,2)\n-point(5,2)\n"
    options = {"image": str(tmp_path / "raw.fits")}
    assert [p.code for p in read(tmp_path, text, **options).problems] == ["CAL713"]
    foreign = read(tmp_path, text, untrimmed=True, **options)
    assert boxes(foreign) == [[0, 0, 1, 2], [0, 1, 2, 1]]
    assert [problem.detail for problem in foreign.problems] == ["point is in the overscan alone"]
    assert [p.code for p in read(tmp_path, text, untrimmed=True).problems] == ["CAL712"]
