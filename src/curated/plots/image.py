"""Images: the pixels in colours, between percentiles that leave the outliers out."""

from __future__ import annotations

from typing import Any

import numpy as np

from curated.declare import Array, PlotSpec
from curated.plots.style import GREY, SEQUENTIAL

_LARGEST = 1024
"""Most pixels of a side that are drawn; of more, each second, third ... is."""


def draw(figure: Any, calib: Any, spec: PlotSpec, _: Any) -> None:
    """Draw an image with the first row at the bottom; masked pixels are grey."""
    pixels: Array = getattr(calib, spec.y)
    height, width = pixels.shape
    step = max(1, -(-max(height, width) // _LARGEST))
    shown = pixels[::step, ::step]
    if calib.mask is not None:
        shown = np.where(calib.mask[::step, ::step] == 0, shown, np.nan)
    finite = shown[np.isfinite(shown)]
    low, high = np.percentile(finite, [0.5, 99.5]) if finite.size else (0.0, 1.0)
    side = 5.6
    figure.set_size_inches(side + 1.4, float(np.clip(side * height / width, 1.8, 7.5)) + 1.0)
    axes = figure.subplots()
    axes.set_facecolor(GREY)
    extent = (-0.5, width - 0.5, -0.5, height - 0.5)
    drawn = axes.imshow(
        shown, cmap=SEQUENTIAL, vmin=low, vmax=high, origin="lower", extent=extent, interpolation="nearest"
    )
    axes.spines[:].set_visible(True)
    axes.set(xlabel="Column", ylabel="Row")
    said = f"Value ({calib.unit})" if calib.unit else "Value"
    figure.colorbar(drawn, ax=axes, shrink=0.9, label=said)
