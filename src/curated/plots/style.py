"""Style of all plots: colours, fonts, titles, labels."""

from __future__ import annotations

from typing import Any

from curated.calib import Calib
from curated.core.metadata import has_value

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")
"""Palette for all kinds of colour vision (Okabe & Ito 2008, Color Universal Design)."""

DIVERGING, SEQUENTIAL = "RdBu_r", "cividis"
GREY = "#595959"

STYLE = {
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.labelcolor": "#262626",
    "xtick.color": GREY,
    "ytick.color": GREY,
    "legend.frameon": False,
    "lines.linewidth": 1.4,
    # Names of parts of an SVG are hashed with a random salt where none is given.
    "svg.hashsalt": "curated",
}


def describe(figure: Any, calib: Calib) -> None:
    """Write the title above the plot, and the source of the calibration below it."""
    metadata = calib.metadata
    parts = [metadata.text("INSTRUME"), calib.SPEC.name]
    if calib.SPEC.has_detector:
        parts.append(metadata.text("DET_NAME") or f"detector {metadata.text('DETECTOR')}")
    if calib.SPEC.has_filter:
        parts.append(f"filter {metadata.text('FILTER')}")
    if has_value(metadata.get("CALIBDATE")):
        parts.append(f"from {metadata.text('CALIBDATE')}")
    title = figure.suptitle(
        "  ·  ".join(part for part in parts if part), fontweight="bold", x=0.02, ha="left"
    )
    title.set_fontsize(11)
    title.set_fontsize(min(11, 11 * 0.96 * figure.bbox.width / title.get_window_extent().width))
    if metadata.text("SOURCE"):
        height = 0.22 / figure.get_figheight()
        figure.get_layout_engine().set(rect=(0, height, 1, 1 - height))
        figure.text(0.02, 0.3 * height, metadata.text("SOURCE"), fontsize=7, color=GREY)


def label(calib: Calib, name: str, labels: tuple[str, ...], index: int) -> str:
    """Return an axis label: that of the plot's declaration, else the field's name and unit."""
    if len(labels) > index and labels[index]:
        return labels[index]
    declared = next((f for f in calib.FIELDS if f.name == name), None)
    unit = calib.units.get(name, declared.unit if declared else "")
    text = name.replace("_", " ").capitalize()
    return f"{text} ({unit})" if unit and unit != "-" else text
