"""Figures that depend on nothing but what is drawn, and their bytes in each format."""

from __future__ import annotations

import importlib
import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from curated.core.diagnostic import CuratedError
from curated.plots.style import STYLE

_DPI = 150

METADATA: dict[str, dict[str, None]] = {
    "png": {"Software": None},
    "svg": {"Creator": None, "Date": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
"""Formats by the ending of a file, and what matplotlib would write into them that changes with time or version."""

FORMATS = tuple(METADATA)


def new_figure() -> Any:
    """Return an empty figure, which no window shows.

    Raises
    ------
    CuratedError
        If matplotlib is not installed.
    """
    try:
        agg = importlib.import_module("matplotlib.backends.backend_agg")
        figures = importlib.import_module("matplotlib.figure")
    except ImportError as error:
        raise CuratedError("plots need matplotlib", "pip install 'curated-calibs[plots]'") from error
    figure = figures.Figure(dpi=_DPI, layout="constrained")
    agg.FigureCanvasAgg(figure)
    return figure


@contextmanager
def styled(**more: Any) -> Iterator[None]:
    """Draw in the style of all plots, whatever the user's own settings are.

    Parameters
    ----------
    **more
        Further settings of matplotlib.
    """
    try:
        mpl = importlib.import_module("matplotlib")
    except ImportError as error:
        raise CuratedError("plots need matplotlib", "pip install 'curated-calibs[plots]'") from error
    # The user's own settings would change the bytes; the backend is not a matter of style.
    defaults = {key: value for key, value in mpl.rcParamsDefault.items() if not key.startswith("backend")}
    with (
        mpl.rc_context({**defaults, **STYLE, **more}),
        np.errstate(all="ignore"),
        warnings.catch_warnings(),
    ):
        # Values that are infinite, or no numbers, are findings of the check.
        warnings.simplefilter("ignore", RuntimeWarning)
        # Names may have characters that the font lacks; boxes are drawn in their place.
        warnings.filterwarnings("ignore", message=".*[Gg]lyph")
        yield


def figure_bytes(figure: Any, form: str, *, text: bool = False) -> bytes:
    """Return a figure as a file; the same figure gives the same bytes.

    Parameters
    ----------
    form : `str`
        One of `FORMATS`.
    text : `bool`, optional
        Whether SVG has text as text, which is smaller and can be searched, not as outlines.
    """
    drawing = io.BytesIO()
    with styled(**({"svg.fonttype": "none"} if text else {})):
        figure.savefig(drawing, format=form, metadata=METADATA[form])
    return drawing.getvalue()


def plain(text: str) -> str:
    """Return a text for a figure in which nothing is mathematics, and nothing cannot be drawn."""
    shown = "".join(c if c.isprintable() else "\ufffd" for c in text)
    return shown.replace("$", r"\$")
