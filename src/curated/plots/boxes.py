"""Boxes of pixels on a detector."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from matplotlib.collections import PatchCollection
from matplotlib.patches import Rectangle

from curated.plots.style import COLOURS, GREY

_SMALL = 6
"""Boxes of no more pixels on both sides are circled, or nobody would see them."""


def draw(figure: Any, calib: Any, _: Any, size: tuple[int, int] | None) -> None:
    """Draw boxes on the detector."""
    figure.set_size_inches(5.6, 6.2)
    axes = figure.subplots()
    right, top = calib.x0 + calib.width, calib.y0 + calib.height
    side = 1.03 * max(right.max(initial=1), top.max(initial=1))
    columns, rows = size or (side, side)
    boxes = list(
        zip(calib.x0.tolist(), calib.y0.tolist(), calib.width.tolist(), calib.height.tolist(), strict=True)
    )
    patches = [Rectangle((x - 0.5, y - 0.5), w, h) for x, y, w, h in boxes]
    # The line makes a box of one column visible on a detector of thousands.
    axes.add_collection(PatchCollection(patches, facecolor=COLOURS[1], edgecolor=COLOURS[1], linewidth=0.9))
    small = (calib.width <= _SMALL) & (calib.height <= _SMALL)
    if small.any():
        middle = (calib.x0 + (calib.width - 1) / 2)[small], (calib.y0 + (calib.height - 1) / 2)[small]
        axes.scatter(
            *middle,
            s=70,
            facecolor="none",
            edgecolor=COLOURS[0],
            linewidth=0.9,
            label=f"at most {_SMALL} x {_SMALL}",
        )
        axes.legend(
            loc="lower right", bbox_to_anchor=(1, 1.01), handletextpad=0.2, borderaxespad=0, borderpad=0
        )
    axes.set(xlim=(-0.5, columns - 0.5), ylim=(-0.5, rows - 0.5), aspect="equal")
    axes.set(xlabel="Column (pix)", ylabel="Row (pix)")
    axes.spines[:].set_visible(size is not None)
    if not boxes:
        axes.text(
            0.5, 0.5, "none", transform=axes.transAxes, ha="center", va="center", color=GREY, fontsize=14
        )
        if size is None:
            axes.set(xticks=[], yticks=[])
    words = f"{len(boxes)} box{'es' * (len(boxes) != 1)}, {covered(boxes)} pixels"
    if size:
        words += f" ({100 * covered(boxes) / (columns * rows):.3g} %)"
    elif boxes:
        words += "; the detector may be larger"
    axes.set_title(words, loc="left", color=GREY)


def covered(boxes: list[tuple[int, int, int, int]]) -> int:
    """Return the number of pixels in any box: strips between all edges in x, and in each the rows covered."""
    edges = sorted({x for x0, _, width, _ in boxes for x in (x0, x0 + width)})
    total = 0
    for left, right in pairwise(edges):
        spans = sorted((y, y + h) for x, y, w, h in boxes if x <= left and right <= x + w)
        last = height = 0
        for bottom, top in spans:
            height += max(0, top - max(bottom, last))
            last = max(last, top)
        total += (right - left) * height
    return total
