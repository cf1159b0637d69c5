"""Boxes as a region file of DS9, which `curated.exchange.pixels.ds9` reads back without loss."""

from __future__ import annotations

from collections.abc import Sequence

from curated.declare import Array

VERBATIM = "#: "
"""Start of a comment line with the text of the region below it, where no quotes of DS9 can hold the text."""

_LONGEST = 2000
"""Characters of the longest text behind a region."""

_QUOTES = (("{", "}"), ('"', '"'), ("'", "'"))


def region_text(boxes: Array, comments: Sequence[str], title: str) -> str:
    """Return a region file of DS9 in image coordinates.

    Parameters
    ----------
    boxes : `numpy.ndarray`, (n, 4)
        First column, first row, width and height, zero-based.
    comments : sequence [`str`]
        Text of each box, empty for none; or no texts at all.
    title : `str`
        What the regions are, for people.
    """
    lines = ["# Region file format: DS9 version 4.1", f"# {title}", "", "image"]
    texts = [" ".join(text.split()) for text in comments] or [""] * len(boxes)
    for (x0, y0, width, height), text in zip(boxes.tolist(), texts, strict=True):
        # The centre of a box counts from one at the centre of the first pixel.
        x, y = x0 + (width - 1) / 2 + 1, y0 + (height - 1) / 2 + 1
        is_short = len(text) < _LONGEST
        quotes = next(((a, b) for a, b in _QUOTES if b not in text and is_short), None)
        if text and quotes is None:
            lines.append(f"{VERBATIM}{text}")
        suffix = f" # text={quotes[0]}{text}{quotes[1]}" if text and quotes is not None else ""
        lines.append(f"box({x:.15g},{y:.15g},{width},{height},0){suffix}")
    return "\n".join(lines) + "\n"
