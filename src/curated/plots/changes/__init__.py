"""Plots of changes: what was and what is now, their ratio or difference, and the largest effects.

What is drawn follows from the declaration of the type: its plot, or else its columns, and its measures. A kind of plot
is drawn by the function ``<kind>_panels`` of a module that is imported when it is needed.
"""

from __future__ import annotations

import importlib
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from curated.calib import Calib
from curated.calib.arrays import is_equal
from curated.core.diagnostic import CuratedError
from curated.declare import Conditions, PlotSpec
from curated.declare.field import Field
from curated.difference.change import Change, Effect
from curated.difference.wording import Picture, alternative_text, different_names, effect_text, range_text
from curated.plots.canvas import figure_bytes, new_figure, plain, styled
from curated.plots.style import GREY

if TYPE_CHECKING:
    from curated.plots.changes.panels import Pair, Panel

_MODULES = {
    **dict.fromkeys(("curve", "keyed", "bars"), "curated.plots.changes.curves"),
    **dict.fromkeys(("boxes", "image", "matrix"), "curated.plots.changes.maps"),
    "layout": "curated.plots.changes.cameras",
}
"""Modules with the functions that return the panels of each kind of plot."""

_WHOLE = frozenset({"boxes", "layout", "image"})
"""Kinds that draw the calibration itself, not one of its values."""

_NUMBERS = "iufb"
"""Kinds of columns that are drawn; flags are zero and one."""

_MOST_FIELDS = 4
_MOST_MEASURES = 3
_MOST_EFFECTS = 4
_LEAST_KEYS, _MOST_KEYS = 3, 200
_LINE = 0.17
"""Height of a line of the heading, in inches."""


def draw_change(
    change: Change, old: Calib | None, new: Calib | None, conditions: Conditions | None = None
) -> Any:
    """Draw a change.

    Parameters
    ----------
    old, new : `Calib` or `None`
        The calibrations before and after, of one type; see `~curated.difference.measuring.read_pair`.
    conditions : `Conditions`, optional
        Under which conditions its measures were taken: bands and detector.

    Returns
    -------
    figure : `matplotlib.figure.Figure`
        The plot, without a window.

    Raises
    ------
    CuratedError
        If matplotlib is not installed, or neither calibration can be read.
    """
    if old is None and new is None:
        raise CuratedError(f"{change.key} cannot be drawn: no calibration could be read")
    with styled():
        figure = new_figure()
        from curated.plots.changes.panels import Pair, Panel, note

        pair = Pair(change, old, new, conditions or Conditions())
        panels = list(_panels(pair))
        if not panels:
            panels = [Panel(1.0, lambda figure, place: _empty(note, figure, place))]
        heading = _heading(change, max(panel.width for panel in panels))
        top = _LINE * (len(heading) + 1.2)
        figure.set_size_inches(
            max(panel.width for panel in panels), sum(p.height for p in panels) + top + 0.3
        )
        grid = figure.add_gridspec(len(panels), 1, height_ratios=[panel.height for panel in panels])
        for row, panel in enumerate(panels):
            panel.draw(figure, grid[row])
        height = figure.get_figheight()
        figure.get_layout_engine().set(rect=(0, 0, 1, 1 - top / height))
        _write_heading(figure, heading)
    return figure


def picture(change: Change, figure: Any) -> Picture:
    """Return the figure of a change as a picture for a page.

    Parameters
    ----------
    figure : `matplotlib.figure.Figure`
        See `draw_change`.
    """
    return Picture(figure_bytes(figure, "svg", text=True).decode(), alternative_text(change))


def _empty(note: Any, figure: Any, place: Any) -> None:
    axes = figure.add_subplot(place)
    axes.set_axis_off()
    note(axes, "nothing that can be drawn changed")


# -- panels ------------------------------------------------------------------------------------------


def _panels(pair: Pair) -> Iterator[Panel]:
    """Yield the panels of a change: its declared plot if that changed, measures by key, else its columns."""
    spec = pair.calib.SPEC.plot
    is_drawn = spec is not None and _is_changed(pair, spec)
    if spec is not None and is_drawn:
        yield from _panels_of(pair, spec)
    measures = (
        [] if spec is not None and spec.kind in ("bars", "layout") and is_drawn else _keyed_effects(pair)
    )
    for effects in measures:
        yield _measure_panel(effects)
    if not is_drawn and not measures:
        for field_plot in _field_plots(pair):
            yield from _panels_of(pair, field_plot)


def _panels_of(pair: Pair, spec: PlotSpec) -> list[Panel]:
    function = getattr(importlib.import_module(_MODULES[spec.kind]), f"{spec.kind}_panels")
    panels: list[Panel] = function(pair, spec)
    return panels


def _is_changed(pair: Pair, spec: PlotSpec) -> bool:
    """Say whether a plot would show a change."""
    if pair.old is None or pair.new is None or spec.kind in _WHOLE:
        return True
    names = [name for name in (spec.x, spec.y) if name]
    return not all(
        is_equal(pair.values(pair.old, name), pair.values(pair.new, name)) for name in names
    ) or any(pair.old.units.get(name) != pair.new.units.get(name) for name in names)


def _keyed_effects(pair: Pair) -> list[list[Effect]]:
    """Return the effects of measures that several amplifiers, or other keys, have, the largest measures first."""
    groups: dict[str, list[Effect]] = {}
    for effect in pair.change.effects:
        of = effect.reading.of
        if len(of) == 1 and "band" not in of and isinstance(next(iter(of.values())), str):
            groups.setdefault(effect.measure.name, []).append(effect)
    return [group for group in groups.values() if len(group) >= _LEAST_KEYS][:_MOST_MEASURES]


def _measure_panel(effects: list[Effect]) -> Panel:
    from curated.plots.changes.curves import draw_stems
    from curated.plots.changes.panels import Panel

    measure, key = effects[0].measure, next(iter(effects[0].reading.of))
    ordered = sorted(effects[:_MOST_KEYS], key=lambda effect: str(effect.reading.of[key]))
    numbers = {str(effect.reading.of[key]): effect.reading.value for effect in ordered}
    name = measure.name.replace("_", " ").capitalize()
    lines = textwrap.wrap(f"{name} ({measure.unit})" if measure.unit else name, 22)

    def draw(figure: Any, place: Any) -> None:
        draw_stems(
            figure.add_subplot(place), numbers, plain(key.capitalize()), "\n".join(map(plain, lines[:3]))
        )

    return Panel(1.9, draw)


def _field_plots(pair: Pair) -> Iterator[PlotSpec]:
    """Yield plots of the columns that changed, as far as they hold numbers."""
    fields = pair.calib.FIELDS
    is_pair = pair.old is not None and pair.new is not None
    changed = [f for f in fields if f.key in pair.change.fields] if is_pair else list(fields)
    plots = (_field_plot(pair, declared) for declared in changed if not declared.keyword)
    for count, plot in enumerate(plot for plot in plots if plot is not None):
        if count < _MOST_FIELDS:
            yield plot


def _field_plot(pair: Pair, declared: Field) -> PlotSpec | None:
    """Return the plot of a column: a curve, a number for each key, or a matrix; `None` for anything else."""
    values = [getattr(calib, declared.name) for _, _, calib in pair.sides]
    if all(isinstance(value, dict) for value in values):
        items = [np.asarray(item) for value in values for item in value.values()]
        kinds = {item.ndim for item in items if item.dtype.kind in _NUMBERS}
        if len(kinds) == 1 and all(item.dtype.kind in _NUMBERS for item in items):
            kind: Any = {0: "bars", 1: "keyed", 2: "matrix"}.get(kinds.pop())
            labels = ("Key", "") if kind == "bars" else ()
            return PlotSpec(kind=kind, y=declared.name, labels=labels) if kind else None
        return None
    if not all(
        isinstance(value, np.ndarray) and value.dtype.kind in _NUMBERS and value.size for value in values
    ):
        return None
    if all(value.ndim == 2 for value in values):
        return PlotSpec(kind="matrix", y=declared.name)
    if all(value.ndim == 1 for value in values):
        return PlotSpec(kind="curve", x=_places(pair, declared), y=declared.name)
    return None


def _places(pair: Pair, declared: Field) -> str:
    """Return the column against which another one of its table is drawn: the first that increases, or none."""
    for other in pair.calib.FIELDS:
        if other.name == declared.name or other.table != declared.table or other.keyword:
            continue
        columns = [(getattr(calib, other.name), getattr(calib, declared.name)) for _, _, calib in pair.sides]
        if all(
            isinstance(x, np.ndarray)
            and x.ndim == 1
            and x.dtype.kind in _NUMBERS
            and len(x) == len(y)
            and bool((np.diff(x) > 0).all())
            for x, y in columns
        ):
            return other.name
    return ""


# -- heading -----------------------------------------------------------------------------------------

_CHARACTERS_PER_INCH = 14


def _heading(change: Change, width: float) -> list[str]:
    """Return the lines above a plot: key, files, ranges and the largest effects."""
    if change.old == change.new:
        lines = [f"edited: {change.old}"]
    else:
        lines = [f"before: {change.old or 'nothing in force'}", f"after: {change.new or 'nothing in force'}"]
    ranges = [range_text(valid) for valid in change.ranges[:2]] or ["in force at no time"]
    if len(change.ranges) > 2:
        ranges.append(f"and {len(change.ranges) - 2} more")
    lines.append(", ".join(ranges))
    most = int(width * _CHARACTERS_PER_INCH)
    effects = [effect_text(effect).replace(" ", "\xa0") for effect in _varied(change.effects)]
    if effects:
        wrapped = textwrap.wrap("largest: " + "; ".join(effects), most, break_on_hyphens=False)[:3]
        lines += [line.replace("\xa0", " ") for line in wrapped]
    elif different_names(change) and change.old and change.new:
        lines.append(f"differs in {', '.join(different_names(change))}")
    lines += [f"{path} cannot be read" for path in change.unreadable]
    return [
        plain(str(change.key)),
        *(plain(line if len(line) <= most else f"{line[: most - 3]}...") for line in lines),
    ]


def _varied(effects: tuple[Effect, ...]) -> list[Effect]:
    """Return the largest effect of each of the first measures."""
    first: dict[str, Effect] = {}
    for effect in effects:
        first.setdefault(effect.measure.name, effect)
    return list(first.values())[:_MOST_EFFECTS]


def _write_heading(figure: Any, lines: list[str]) -> None:
    height, width = figure.get_figheight(), figure.get_figwidth()
    title, *rest = lines
    size = min(11.0, 11.0 * (width - 0.3) * 10.5 / max(1, len(title)))
    figure.text(0.15 / width, 1 - 0.12 / height, title, fontsize=size, fontweight="bold", va="top")
    for index, line in enumerate(rest, start=1):
        y = 1 - (0.17 + _LINE * index + 0.04) / height
        figure.text(0.15 / width, y, line, fontsize=7.5, color=GREY, va="top")
