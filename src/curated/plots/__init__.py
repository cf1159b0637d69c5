"""Plots of calibrations as PNG, SVG or PDF files, by the kind of plot that each type declares.

A kind of plot is drawn by the function ``draw_<kind>`` of a module that is imported when it is needed: matplotlib
is an optional extra.
"""

from __future__ import annotations

import importlib
from pathlib import Path

from curated.calib import Calib
from curated.core.diagnostic import CuratedError
from curated.core.wholefile import write_whole
from curated.plots.canvas import FORMATS, figure_bytes, new_figure, styled
from curated.plots.style import describe

_MODULES = {
    **dict.fromkeys(("curve", "keyed", "bars"), "curated.plots.curves"),
    **dict.fromkeys(("boxes", "layout", "image", "matrix"), "curated.plots.maps"),
}
"""Modules with the functions that draw each kind of plot."""

ENDINGS = tuple(f".{name}" for name in FORMATS)
"""Endings of the files that can be written."""


def format_of(path: Path) -> str:
    """Return the format of a plot by the ending of its file.

    Raises
    ------
    CuratedError
        If it is none of `ENDINGS`.
    """
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise CuratedError(
            f"{path.name!r} does not end with one of {', '.join(ENDINGS)}",
            "the ending of the file is the format of the plot",
        )
    return ending[1:]


def plot(calib: Calib, path: Path, *, size: tuple[int, int] | None = None) -> None:
    """Write the default plot of a calibration; the same calibration gives the same bytes.

    Parameters
    ----------
    path : `~pathlib.Path`
        File to write; its ending, one of `ENDINGS`, is its format.
    size : `tuple` [`int`], optional
        Columns and rows of the detector, if known.

    Raises
    ------
    CuratedError
        If the file has another ending, matplotlib is not installed, or the type has no plot.
    """
    form = format_of(path)
    spec = calib.SPEC.plot
    if spec is None:
        raise CuratedError(f"{calib.SPEC.name} has no default plot")
    with styled():
        figure = new_figure()
        draw = getattr(importlib.import_module(_MODULES[spec.kind]), f"draw_{spec.kind}")
        draw(figure, calib, spec, size)
        describe(figure, calib)
        drawing = figure_bytes(figure, form)
    write_whole(path, [drawing])
