"""Plots of calibrations as PNG, SVG or PDF files, by the kind of plot that each type declares.

A kind of plot is drawn by the function ``draw_<kind>`` of a module that is imported when it is needed: matplotlib
is an optional extra.
"""

from __future__ import annotations

import importlib
import io
from pathlib import Path

from curated.calib import Calib
from curated.core.diagnostic import CuratedError
from curated.core.wholefile import write_whole
from curated.plots.style import STYLE, describe

_DPI = 150

_MODULES = {
    **dict.fromkeys(("curve", "keyed", "bars"), "curated.plots.curves"),
    **dict.fromkeys(("boxes", "layout", "image", "matrix"), "curated.plots.maps"),
}
"""Modules with the functions that draw each kind of plot."""

_METADATA: dict[str, dict[str, None]] = {
    "png": {"Software": None},
    "svg": {"Creator": None, "Date": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
"""Formats by the ending of a file, and what matplotlib would write into them that changes with time or version."""

ENDINGS = tuple(f".{name}" for name in _METADATA)
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
    try:
        mpl = importlib.import_module("matplotlib")
        agg = importlib.import_module("matplotlib.backends.backend_agg")
        figures = importlib.import_module("matplotlib.figure")
    except ImportError as error:
        raise CuratedError("plots need matplotlib", "pip install 'curated-calibs[plots]'") from error
    draw = getattr(importlib.import_module(_MODULES[spec.kind]), f"draw_{spec.kind}")
    # The user's own settings would change the bytes; the backend is not a matter of style.
    defaults = {key: value for key, value in mpl.rcParamsDefault.items() if not key.startswith("backend")}
    with mpl.rc_context({**defaults, **STYLE}):
        figure = figures.Figure(dpi=_DPI, layout="constrained")
        agg.FigureCanvasAgg(figure)
        draw(figure, calib, spec, size)
        describe(figure, calib)
        drawing = io.BytesIO()
        figure.savefig(drawing, format=form, metadata=_METADATA[form])
    write_whole(path, [drawing.getvalue()])
