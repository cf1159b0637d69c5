"""Matrices: one, or one of each key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.colors import CenteredNorm, SymLogNorm

from curated.declare import Array, PlotSpec
from curated.plots.style import DIVERGING, GREY, label


def draw(figure: Any, calib: Any, spec: PlotSpec, _: Any) -> None:
    """Draw one matrix, or one of each key, in colours that diverge from zero."""
    value = getattr(calib, spec.y)
    shown: Mapping[str, Array] = value if isinstance(value, dict) else {} if value is None else {"": value}
    finite = [m[np.isfinite(m)] for m in shown.values()]
    values = np.concatenate(finite) if finite else np.zeros(0)
    panels = _panels(figure, len(shown))
    if not values.size:
        panels[0].text(0.5, 0.5, "none", ha="center", va="center", color=GREY, fontsize=14)
        return
    largest = float(np.abs(values).max()) or 1.0
    power = 0 if spec.log or 0.01 <= largest < 1000 else int(np.floor(np.log10(largest)))
    unit = 10.0**power
    largest /= unit
    norm = SymLogNorm(largest / 300, vmin=-largest, vmax=largest) if spec.log else CenteredNorm(0, largest)
    for panel, (name, matrix) in zip(panels, shown.items(), strict=True):
        half = matrix.shape[1] / 2, matrix.shape[0] / 2
        extent = (-half[0], half[0], -half[1], half[1]) if spec.centred else None
        origin = "lower" if spec.centred else "upper"
        panel.imshow(matrix / unit, cmap=DIVERGING, norm=norm, origin=origin, extent=extent)
        panel.set_title(name)
        panel.spines[:].set_visible(True)
        if not spec.centred:
            _number(panel, matrix / unit, largest)
    across, up, what = (label(calib, spec.y, spec.labels, i) for i in range(3))
    # One label for each axis, in the middle: small panels have no room for one each.
    columns = panels[0].get_gridspec().ncols
    rows = -(-len(panels) // columns)
    panels[(rows - 1) // 2 * columns].set_ylabel(up)
    below = panels[(rows - 1) * columns :]
    below[(len(below) - 1) // 2].set_xlabel(across)
    said = f"{what} ($10^{{{power}}}$)" if power else what
    bar = figure.colorbar(panels[0].images[0], ax=panels, shrink=0.9, label=said)
    if values.any():
        bar.ax.set_ylim(min(values.min() / unit, 0), max(values.max() / unit, 0))


def _panels(figure: Any, number: int) -> list[Any]:
    """Return panels for so many matrices, in a square as nearly as can be, and size the figure to them."""
    columns = int(np.ceil(np.sqrt(number))) or 1
    rows = -(-number // columns) or 1
    side = {1: 4.4, 2: 2.6, 3: 2.0}.get(columns, 1.5)
    figure.set_size_inches(columns * side + 1.7, rows * side + 0.9)
    panels = list(figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).reshape(-1))
    for panel in panels[number:]:
        panel.set_axis_off()
    return panels[: max(number, 1)]


def _number(panel: Any, matrix: Array, largest: float) -> None:
    """Number the amplifiers, and write the values into a matrix that is small enough."""
    ticks = [range(n) if n <= 20 else range(0, n, 1 + n // 16) for n in reversed(matrix.shape)]
    panel.set(xticks=list(ticks[0]), yticks=list(ticks[1]))
    if max(matrix.shape) > 8:
        return
    for (row, column), item in np.ndenumerate(matrix):
        dark = abs(item) > 0.6 * largest
        panel.text(
            column,
            row,
            f"{item:.3g}",
            ha="center",
            va="center",
            fontsize=7,
            color="white" if dark else "black",
        )
