"""Boxes of amplifiers out of use are told from the other boxes, and taken out again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from curated.core.geometry import Box
from curated.core.metadata import Metadata
from curated.types._added_boxes import without_added, without_count
from curated.types.defects import Defects


@pytest.mark.parametrize(
    ("keywords", "rows"),
    [
        ({}, 1),
        # What does not hold together says nothing.
        ({"BADAMPSN": 3}, 2),
        ({"BADAMPSN": -1}, 2),
        ({"BADAMPSN": "1"}, 2),
        ({"BADAMPSN": True}, 2),
        ({"BADAMPS": ""}, 2),
        ({"BADAMPSF": ""}, 2),
    ],
)
def test_boxes_that_were_added_are_taken_out(keywords: dict[str, Any], rows: int) -> None:
    boxes = {"C00": Box(0, 0, 3, 4), "C01": Box(3, 0, 3, 4)}
    own = Defects.fromDict({"metadata": {"SOURCE": "x"}, "x0": [3], "y0": [0], "width": [3], "height": [4]})
    masked = own.with_boxes(boxes, "a.yaml")
    masked = replace(masked, metadata=Metadata({**masked.metadata, **keywords}))
    restored = without_added(masked)
    assert len(restored.x0) == rows
    assert (restored == own) is (rows == 1)
    assert "BADAMPSN" not in without_count(masked).metadata
    assert len(without_count(masked).x0) == 2


def test_a_box_twice_is_one_row() -> None:
    own = Defects.fromDict({"x0": [], "y0": [], "width": [], "height": []})
    masked = own.with_boxes({"C00": Box(0, 0, 3, 4), "C01": Box(0, 0, 3, 4)}, "a.yaml")
    assert (len(masked.x0), masked.metadata["BADAMPSN"]) == (1, 1)
    assert without_added(masked) == own
