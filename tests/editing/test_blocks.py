"""Blocks of detectors and filters in which equal files come."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import pytest

from curated.core.keys import CalibFile, CalibKey
from curated.editing.blocks import SHARED_ALREADY, Copy, find_blocks, group_by_place
from curated.editing.copies import Identity

BOTH = ("detectors", "filters")
YEAR = datetime(2020, 1, 1)


def make_copies(values: Mapping[str, str], shared: Mapping[str, tuple[str, ...]] | None = None) -> list[Copy]:
    """Return files of places such as ``d0/r`` with their values, and shared files for several places."""
    result = []
    for name, value in sorted(values.items()):
        files = []
        for place in (shared or {}).get(name, (name,)):
            detector, filter_name = place.split("/")
            key = CalibKey("lab", "flat", detector, filter_name)
            files.append(CalibFile(f"lab/flat/{place}/x.yaml", key, YEAR, "yaml"))
        result.append(Copy(files[0], tuple(files), Identity(name, values=(("v", value),))))
    return result


@pytest.mark.parametrize(
    ("values", "levels", "expected"),
    [
        ({"a/r": "1", "b/r": "1", "c/r": "1"}, BOTH, ["abc r"]),
        ({"a/r": "1", "b/r": "2", "c/r": "1"}, BOTH, ["ac r"]),
        ({"a/r": "1", "b/r": "2", "c/r": "2", "d/r": "1", "e/r": "3"}, BOTH, ["ad r", "bc r"]),
        ({"a/r": "1", "a/g": "1", "b/r": "1", "b/g": "1"}, BOTH, ["ab gr"]),
        ({"a/r": "1", "a/g": "1", "b/r": "1", "b/g": "2"}, BOTH, ["a gr"]),
        ({"a/r": "1", "a/g": "1", "b/r": "1", "b/g": "1"}, ("detectors",), ["ab g", "ab r"]),
        ({"a/r": "1", "a/g": "1", "b/r": "1", "b/g": "1"}, ("filters",), ["a gr", "b gr"]),
        ({"a/r": "1"}, BOTH, []),
    ],
)
def test_blocks(values: Mapping[str, str], levels: tuple[str, ...], expected: list[str]) -> None:
    copies = make_copies(values)
    blocks, separate, paths = [], [], []
    for related in group_by_place(copies, levels):
        merged, rest = find_blocks(related, levels, ())
        blocks += merged
        separate += rest
    assert [f"{''.join(b.detectors)} {''.join(b.filters)}" for b in blocks] == expected
    paths = [copy.file.path for block in blocks for copy in block.copies] + [item.path for item in separate]
    assert sorted(paths) == sorted(copy.file.path for copy in copies)


def test_shared_files_are_kept_whole() -> None:
    shared = {"b/r": ("b/r", "b/g")}
    copies = make_copies({"a/r": "1", "b/r": "1"}, shared)
    blocks, separate = find_blocks(copies, BOTH, ())
    assert blocks == []
    assert {item.reason for item in separate} == {"copies for other filters", SHARED_ALREADY}
    copies = make_copies({"a/r": "1", "a/g": "1", "b/r": "1"}, shared)
    (block,), separate = find_blocks(copies, BOTH, ())
    assert (len(block.copies), block.detectors, block.filters, separate) == (3, ("a", "b"), ("g", "r"), [])
