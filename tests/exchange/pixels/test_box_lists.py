"""Lists of bad pixels of IRAF."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from curated.core.geometry import DetectorGeometry
from curated.exchange.foreign import Foreign, open_foreign
from curated.exchange.pixels import box_lists
from curated.types.camera import CameraGeometry
from support.foreign import make_target


def read(tmp_path: Path, text: str, **conventions: Any) -> Foreign:
    (tmp_path / "bad.txt").write_text(text)
    file = open_foreign(tmp_path / "bad.txt")
    assert box_lists.recognises(file)
    return box_lists.read(file, make_target(**conventions))


def boxes(foreign: Foreign) -> list[list[int]]:
    columns = [column.values.tolist() for column in foreign.tables[0].values()]
    return [list(row) for row in zip(*columns, strict=True)]


def test_a_list(tmp_path: Path) -> None:
    foreign = read(tmp_path, "# trimmed\n# hot\n 3  4 5 6\n10 10 1 30\n\n7 8 # warm\n")
    assert boxes(foreign) == [[2, 4, 2, 2], [9, 0, 1, 30], [6, 7, 1, 1]]
    assert foreign.row_comments == ("hot", "hot", "warm")
    assert not foreign.problems
    assert boxes(read(tmp_path, "0 1 2 3\n", origin=0)) == [[0, 2, 2, 2]]


@pytest.mark.parametrize(
    ("text", "code", "hint"),
    [
        ("0 1 2 3\n", "CAL712", "--origin 0"),
        ("4 3 5 6\n", "CAL712", "another order"),
        ("30 41 5 6\n", "CAL712", "--untrimmed"),
        ("# untrimmed\n3 4 5 6\n", "CAL712", "camera calibration"),
        ("1 2 3\n", "CAL711", ""),
    ],
)
def test_other_conventions_are_findings(tmp_path: Path, text: str, code: str, hint: str) -> None:
    problems = read(tmp_path, text).problems
    assert [problem.code for problem in problems] == [code]
    assert hint in problems[0].hint


def test_an_untrimmed_list_goes_by_the_camera(tmp_path: Path) -> None:
    camera = CameraGeometry.readText(next(Path("calibs/demo/camera").glob("*.yaml")))
    step = np.where(camera.amplifier_x0 > 0, 600, 0)
    camera = replace(camera, raw_x0=camera.raw_x0 + step, raw_y0=camera.raw_y0 + camera.amplifier_y0)
    detector = DetectorGeometry("d00", 0, 1024, 1024)
    (tmp_path / "bad.txt").write_text("# untrimmed\n1 1024 5 5\n")
    target = replace(make_target(), camera=camera, detector=detector)
    foreign = box_lists.read(open_foreign(tmp_path / "bad.txt"), target)
    raw = sorted(int(x) for x in set(camera.raw_x0[:4].tolist()))
    widths = [min(1024, x + 512) - x for x in raw]
    assert sum(box[2] for box in boxes(foreign)) == sum(widths)
    assert {box[1] for box in boxes(foreign)} <= {4, 507}


@pytest.mark.parametrize(
    "text", ["x0 y0 width height\n1 2 3 4\n", "1,2,3,4\n", "1.5 2 3 4\n", "box(1,2,3,4)\n"]
)
def test_other_texts(tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.txt").write_text(text)
    assert not box_lists.recognises(open_foreign(tmp_path / "bad.txt"))


def test_a_comment_that_is_not_the_mark(tmp_path: Path) -> None:
    text = "# File: bad pixels, untrimmed\n3 4 5 6\n"
    assert [problem.code for problem in read(tmp_path, text).problems] == ["CAL712"]
    assert not read(tmp_path, text, untrimmed=False).problems
