"""What all plots of changes share: the pair that is drawn, panels, colours and labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np

from curated.calib import Calib
from curated.core.units import factor
from curated.declare import Array, Conditions, PlotSpec
from curated.difference.change import Change
from curated.plots.canvas import plain
from curated.plots.style import COLOURS, GREY, label

OLD, NEW, SAME = COLOURS[0], COLOURS[1], "#BDBDBD"
"""Colours of what was, of what is now, and of what both have; told apart by people of all kinds of colour vision."""

GRID = "#E5E5E5"
_RELATIVE = frozenset({"%", "mmag"})


class Panel(NamedTuple):
    """A part of a figure, below the one before.

    Parameters
    ----------
    height : `float`
        Height in inches.
    draw : callable
        Draws it; takes the figure and the place in its grid.
    width : `float`, optional
        Width that it needs, in inches.
    """

    height: float
    draw: Callable[[Any, Any], None]
    width: float = 7.5


@dataclass(frozen=True, slots=True)
class Pair:
    """The two calibrations of a change, of one type, as they are drawn.

    Parameters
    ----------
    old, new : `Calib` or `None`
        At most one of them is `None`.
    conditions : `Conditions`
        Under which conditions its measures were taken.
    """

    change: Change
    old: Calib | None
    new: Calib | None
    conditions: Conditions = field(default_factory=Conditions)

    @property
    def calib(self) -> Calib:
        """One of the two, for what both have."""
        calib = self.new if self.new is not None else self.old
        if calib is None:
            raise ValueError("a change without calibrations")
        return calib

    @property
    def sides(self) -> list[tuple[str, str, Calib]]:
        """Name, colour and calibration of each of the two that there is."""
        sides = (("before", OLD, self.old), ("after", NEW, self.new))
        return [(name, colour, calib) for name, colour, calib in sides if calib is not None]

    @property
    def is_relative(self) -> bool:
        """Whether the type measures ratios: its first measure is in per cent or magnitudes."""
        measures = self.calib.SPEC.measures
        return bool(measures) and measures[0].unit in _RELATIVE

    @property
    def kind(self) -> Literal["ratio", "difference"]:
        """What is drawn of two values."""
        return "ratio" if self.is_relative else "difference"

    def values(self, calib: Calib, name: str) -> Any:
        """Return an attribute of one of the two, arrays in the unit that the other has as well."""
        value = getattr(calib, name)
        unit, target = calib.units.get(name, ""), self.calib.units.get(name, "")
        if unit == target or not isinstance(value, np.ndarray):
            return value
        try:
            return value * factor(unit, target)
        except ValueError:
            return value

    def unit(self, name: str) -> str:
        """Return the unit of an attribute; empty where it has none."""
        declared = next((f for f in self.calib.FIELDS if f.name == name), None)
        unit = self.calib.units.get(name, declared.unit if declared else "")
        return "" if unit == "-" else unit

    def label(self, spec: PlotSpec, index: int) -> str:
        """Return the label of an axis of the declared plot: 0 for x and 1 for y."""
        name = (spec.x, spec.y)[index]
        if not name and not (len(spec.labels) > index and spec.labels[index]):
            return "Sample" if index == 0 else "Value"
        return label(self.calib, name, spec.labels, index)

    def change_label(self, unit: str = "") -> str:
        """Return the label of the panel of ratios or differences."""
        return "Change (%)" if self.is_relative else f"Change ({unit})" if unit else "Change"


def compared(old: Array, new: Array, kind: Literal["ratio", "difference"]) -> Array:
    """Return the change of values: in per cent where ratios are drawn, NaN where the old value is nearly zero."""
    with np.errstate(all="ignore"):
        if kind == "difference":
            return np.asarray(new - old, "f8")
        largest = np.nanmax(np.abs(old), initial=0.0)
        is_large = np.abs(old) > 0.01 * largest
        return np.where(is_large, 100 * (new / np.where(is_large, old, 1) - 1), np.nan)


def tidy(axes: Any) -> None:
    """Draw a grid behind the data."""
    axes.grid(color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)


def zero_line(axes: Any) -> None:
    """Draw the line of no change."""
    axes.axhline(0, color=GREY, linewidth=0.7)


def legend(axes: Any, columns: int = 1, **options: Any) -> None:
    """Draw the legend beside the axes, where it covers nothing."""
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), borderaxespad=0, ncols=columns, **options)


def note(axes: Any, text: str) -> None:
    """Write why there is nothing to see."""
    axes.text(0.5, 0.5, plain(text), transform=axes.transAxes, ha="center", va="center", color=GREY)


def fit_limits(axes: Any, values: Array, *, headroom: float = 0.1) -> None:
    """Set the limits of y to the bulk of values, so that a single wild one does not flatten the others.

    Parameters
    ----------
    headroom : `float`, optional
        Free part of the axis above the values.
    """
    finite = values[np.isfinite(values)]
    if not finite.size:
        return
    low, high = (float(v) for v in np.percentile(finite, [0.5, 99.5]))
    low, high = min(low, 0.0), max(high, 0.0)
    span = (high - low) or max(abs(high), 1.0)
    if float(finite.max()) - float(finite.min()) < 3 * span:
        low, high = min(float(finite.min()), 0.0), max(float(finite.max()), 0.0)
        span = (high - low) or span
    axes.set_ylim(low - 0.1 * span, high + headroom * span)
