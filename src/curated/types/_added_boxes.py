"""Boxes of amplifiers out of use in defects: rows at the end of the table, and keywords that tell them from the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from curated.core.geometry import Box
from curated.core.metadata import Metadata

ADDED_BOXES = "BADAMPSN"
"""Keyword: how many rows at the end are boxes that defects did not have before."""

_KEYWORDS = ("BADAMPS", "BADAMPSF", ADDED_BOXES)


def added_rows(
    defects: Any, boxes: Mapping[str, Box], source: str
) -> tuple[dict[str, Any], dict[str, str | int]]:
    """Return the columns of defects with boxes added, and the keywords that say so; see ``Defects.with_boxes``."""
    present = list(zip(*(getattr(defects, f.name).tolist() for f in defects.FIELDS), strict=True))
    corners = dict.fromkeys((b.x0, b.y0, b.width, b.height) for b in boxes.values())
    rows = np.array([box for box in corners if box not in present], "i8").reshape(-1, 4)
    columns: dict[str, Any] = {
        f.name: np.concatenate([getattr(defects, f.name), rows[:, i]]).astype("i8")
        for i, f in enumerate(defects.FIELDS)
    }
    # Those that were added before, and would be now.
    earlier = count_added(defects) or 0
    if not set(present[len(present) - earlier :]) <= corners.keys():
        earlier = 0
    return columns, {"BADAMPS": ",".join(boxes), "BADAMPSF": source, ADDED_BOXES: earlier + len(rows)}


def count_added(defects: Any) -> int | None:
    """Return how many rows at the end were added; `None` if the keywords do not say so, or not consistently."""
    names = [name for name in defects.metadata.text("BADAMPS").split(",") if name]
    count = defects.metadata.get(ADDED_BOXES)
    if type(count) is not int or not names or not defects.metadata.text("BADAMPSF"):
        return None
    return count if 0 <= count <= min(len(names), len(defects.x0)) else None


def without_added(defects: Any) -> Any:
    """Return defects as they were before boxes were added; unchanged if the keywords do not say which."""
    count = count_added(defects)
    if count is None:
        return defects
    last = len(defects.x0) - count
    columns: dict[str, Any] = {f.name: getattr(defects, f.name)[:last] for f in defects.FIELDS}
    metadata = Metadata({key: value for key, value in defects.metadata.items() if key not in _KEYWORDS})
    return replace(defects, metadata=metadata, **columns)


def without_count(defects: Any) -> Any:
    """Return defects whose boxes all count as their own: the keyword that says how many were added is removed."""
    if ADDED_BOXES not in defects.metadata:
        return defects
    metadata = Metadata({key: value for key, value in defects.metadata.items() if key != ADDED_BOXES})
    return replace(defects, metadata=metadata)
