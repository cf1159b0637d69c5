"""Hashes of values: equal for equal values, different for any other."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from curated.calib.fingerprint import values_digest
from curated.registry import get_type

CORPUS = os.environ.get("CURATED_CORPUS", "")

EQUAL: list[tuple[Any, Any]] = [
    (3, 3.0),
    (np.float32(0.5), 0.5),
    (np.array([1, 2], ">i2"), np.array([1.0, 2.0])),
    (np.array([1.0, np.nan], ">f4"), np.array([1.0, -np.nan])),
    (0.0, -0.0),
    ("text  ", "text"),
    ({"a": 1, "b": 2}, {"b": 2.0, "a": 1}),
    (2**60, float(2**60)),
]
DIFFERENT: list[tuple[Any, Any]] = [
    (0.1, np.float32(0.1)),
    (1.0, np.nextafter(1.0, 2)),
    (np.array([1.0, np.nan]), np.array([np.nan, 1.0])),
    (np.zeros((2, 3)), np.zeros((3, 2))),
    ({"a": 1}, {"b": 1}),
    ({"a": 1}, {"a": 1, "b": 1}),
    (["ab", "c"], ["a", "bc"]),
    (2**60, 2**60 + 1),
    ("1", 1),
]


@pytest.mark.parametrize(("first", "second"), EQUAL)
def test_equal(first: Any, second: Any) -> None:
    assert values_digest({"x": first}) == values_digest({"x": second})


@pytest.mark.parametrize(("first", "second"), DIFFERENT)
def test_different(first: Any, second: Any) -> None:
    assert values_digest({"x": first}) != values_digest({"x": second})


@pytest.mark.parametrize("empty", [None, "", {}, [], np.zeros(0), np.zeros((0, 4))])
def test_empty_is_missing(empty: Any) -> None:
    assert values_digest({"x": 1, "y": empty}) == values_digest({"x": 1})


@pytest.mark.skipif(not CORPUS, reason="CURATED_CORPUS does not name the corpus")
def test_files_of_the_stack_are_equal_to_their_texts(tmp_path: Path) -> None:
    root = Path(CORPUS) / "stack_written"
    pairs = [json.loads(line) for line in (root / "map.jsonl").read_text().splitlines()]
    different = []
    for pair in pairs:
        cls = get_type(pair["text"].split("/")[1])
        text = cls.readText(root / "calibs" / pair["text"])
        stack = cls.readFits(root / "fits" / pair["fits"])
        own = cls.readFits(text.writeFits(tmp_path / "own.fits"))
        if len({values_digest(calib.content_values()) for calib in (text, stack, own)}) > 1:
            different.append(pair["text"])
    assert len(pairs) > 30
    assert different == []


def test_boxes_count_by_their_pixels() -> None:
    defects = get_type("defects")
    metadata = {"INSTRUME": "cam", "DETECTOR": 0, "OBSTYPE": "defects", "CALIBDATE": "2024-01-01T00:00:00"}

    def digest(*boxes: tuple[int, int, int, int]) -> str:
        columns = zip(("x0", "y0", "width", "height"), zip(*boxes, strict=True), strict=True)
        tree = {"metadata": metadata, **{name: list(values) for name, values in columns}}
        return values_digest(defects.fromDict(tree).content_values())

    whole = digest((2, 3, 4, 4))
    assert digest((2, 3, 4, 2), (2, 5, 4, 2)) == whole
    assert digest((4, 3, 2, 4), (2, 3, 2, 4)) == whole
    assert digest((2, 3, 4, 4), (3, 4, 1, 1)) == whole
    assert digest((2, 3, 4, 4), (9, 9, 1, 1)) != whole
    assert digest((2, 3, 4, 3)) != whole
