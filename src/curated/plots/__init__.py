"""Plots of calibrations as PNG files, by the kind of plot that each type declares.

A kind of plot is drawn by the function ``draw_<kind>`` of a module that is imported when it is needed: matplotlib
is an optional extra.
"""

from __future__ import annotations

import importlib
from pathlib import Path

from curated.calib import Calib
from curated.core.diagnostic import CuratedError
from curated.plots.style import STYLE, describe

_DPI = 150

_MODULES = {
    **dict.fromkeys(("curve", "keyed", "bars"), "curated.plots.curves"),
    **dict.fromkeys(("boxes", "layout", "image", "matrix"), "curated.plots.maps"),
}
"""Modules with the functions that draw each kind of plot."""


def plot(calib: Calib, path: Path, *, size: tuple[int, int] | None = None) -> None:
    """Write the default plot of a calibration as PNG; the same calibration gives the same bytes.

    Parameters
    ----------
    path : `~pathlib.Path`
        File to write.
    size : `tuple` [`int`], optional
        Columns and rows of the detector, if known.

    Raises
    ------
    CuratedError
        If matplotlib is not installed, or the type has no plot.
    """
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
        figure.savefig(path, format="png", metadata={"Software": None})
