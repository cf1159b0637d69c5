"""Changes of curves and of numbers by name: both above each other, and their ratio or difference below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from curated.core.units import length_factor
from curated.declare import Array, Band, PlotSpec
from curated.difference.change import Effect
from curated.difference.wording import number_text
from curated.plots.canvas import plain
from curated.plots.changes.panels import (
    NEW,
    OLD,
    SAME,
    Pair,
    Panel,
    compared,
    fit_limits,
    legend,
    note,
    tidy,
    zero_line,
)
from curated.plots.style import COLOURS, GREY

Curves = Mapping[str, tuple[Array, Array]]
"""Places, (N,), and values, (N,), by name; the name of a single curve is empty."""

_MOST_COLOURS = len(COLOURS) - 1


def curve_panels(pair: Pair, spec: PlotSpec) -> list[Panel]:
    """Return the panels of one curve, or of one for each value of ``group``."""
    curves = {name: _grouped(pair, calib, spec) for name, _, calib in pair.sides}
    return _panels(pair, spec, curves)


def keyed_panels(pair: Pair, spec: PlotSpec) -> list[Panel]:
    """Return the panels of a curve for each key."""
    curves = {name: _keyed(calib, spec) for name, _, calib in pair.sides}
    return _panels(pair, spec, curves)


def _grouped(pair: Pair, calib: Any, spec: PlotSpec) -> Curves:
    y = np.asarray(pair.values(calib, spec.y), "f8").reshape(-1)
    x = np.asarray(pair.values(calib, spec.x), "f8").reshape(-1) if spec.x else np.arange(len(y), dtype="f8")
    groups = getattr(calib, spec.group) if spec.group else None
    if len(x) != len(y):
        return {}
    if groups is None:
        return {"": (x, y)}
    return {str(name): (x[groups == name], y[groups == name]) for name in dict.fromkeys(groups.tolist())}


def _keyed(calib: Any, spec: PlotSpec) -> Curves:
    x, y = getattr(calib, spec.x) if spec.x else {}, getattr(calib, spec.y)
    used = getattr(calib, spec.used) if spec.used else {}
    curves = {}
    for name, items in y.items():
        values = np.asarray(items, "f8").reshape(-1)
        places = np.asarray(x[name], "f8").reshape(-1) if name in x else np.arange(len(values), dtype="f8")
        if len(places) != len(values):
            continue
        flags = used.get(name)
        is_used = np.ones(len(values), bool) if flags is None or len(flags) != len(values) else flags
        order = np.flatnonzero(is_used)[np.argsort(places[is_used], kind="stable")]
        curves[str(name)] = places[order], values[order]
    return curves


def _panels(pair: Pair, spec: PlotSpec, curves: Mapping[str, Curves]) -> list[Panel]:
    old, new = curves.get("before", {}), curves.get("after", {})
    places = np.concatenate([np.empty(0), *(x for side in (old, new) for x, _ in side.values())])
    places = places[np.isfinite(places)]
    limits = (float(places.min()), float(places.max())) if places.size and np.ptp(places) > 0 else None
    changes = {name: _change(old[name], new[name], pair) for name in new if name in old}

    def overlay(figure: Any, place: Any) -> None:
        axes = figure.add_subplot(place)
        _draw_overlay(axes, pair, spec, curves, changes)
        axes.set_xlim(limits)

    if not changes:
        return [Panel(3.2, overlay)]

    def below(figure: Any, place: Any) -> None:
        _draw_change(figure.add_subplot(place), pair, spec, changes, limits)

    return [Panel(2.8, overlay), Panel(1.9, below)]


def _change(old: tuple[Array, Array], new: tuple[Array, Array], pair: Pair) -> tuple[Array, Array]:
    """Return where the new curve has samples, and the change there; NaN beyond the old curve."""
    places, values = new
    if not old[0].size or not places.size:
        return places, np.full(len(places), np.nan)
    # Places that do not increase, such as repeated levels of a signal, are not interpolated.
    is_same = np.array_equal(old[0], places)
    before = old[1] if is_same else np.interp(places, *old, left=np.nan, right=np.nan)
    return places, compared(before, values, pair.kind)


def _largest(changes: Curves) -> list[str]:
    """Return the names of curves, that of the largest change first."""
    sizes = {name: float(np.nanmax(np.abs(y), initial=0.0)) for name, (_, y) in changes.items()}
    return sorted(sizes, key=lambda name: -sizes[name])


def _draw_overlay(
    axes: Any, pair: Pair, spec: PlotSpec, curves: Mapping[str, Curves], changes: Curves
) -> None:
    count = max(map(len, curves.values()), default=0)
    if count > 1:
        for side, colour, _ in pair.sides:
            for index, (x, y) in enumerate(curves[side].values()):
                name = f"{side}, {len(curves[side])} curves" if index == 0 else None
                axes.plot(x, y, color=colour, linewidth=0.8, alpha=0.55, label=name)
    else:
        for side, colour, _ in pair.sides:
            for x, y in curves[side].values():
                axes.plot(x, y, color=colour, label=side, linestyle="--" if side == "before" else "-")
    if not any(np.isfinite(y).any() for side in curves.values() for _, y in side.values()):
        note(axes, "no values")
    else:
        legend(axes)
    axes.set_ylabel(pair.label(spec, 1))
    if not changes:
        axes.set_xlabel(pair.label(spec, 0))
    if spec.log:
        axes.set_yscale("log")
    tidy(axes)


def _draw_change(
    axes: Any, pair: Pair, spec: PlotSpec, changes: Curves, limits: tuple[float, float] | None
) -> None:
    ordered = _largest(changes)
    is_single = len(ordered) == 1
    shown = ordered[:_MOST_COLOURS]
    for name in reversed(ordered[_MOST_COLOURS:]):
        axes.plot(*changes[name], color=SAME, linewidth=0.7)
    for colour, name in zip(COLOURS, shown, strict=False):
        axes.plot(*changes[name], color=GREY if is_single else colour, linewidth=1.1, label=plain(name))
    if not is_single:
        rest = f"; {len(ordered) - len(shown)} more in grey" if len(ordered) > len(shown) else ""
        legend(axes, title=f"largest changes{rest}".replace("; ", ";\n"), title_fontsize=7, fontsize=7)
    zero_line(axes)
    bands = _band_effects(pair)
    values = np.concatenate([changes[name][1] for name in ordered])
    if np.isfinite(values).any():
        fit_limits(axes, values, headroom=0.45 if bands else 0.1)
    else:
        note(axes, "nowhere do both have values")
    axes.set_xlim(limits)
    _draw_bands(axes, pair, spec, bands)
    axes.set(xlabel=pair.label(spec, 0), ylabel=pair.change_label(pair.unit(spec.y)))
    tidy(axes)


def _band_effects(pair: Pair) -> list[Effect]:
    """Return the effects of the first measure that is taken in bands."""
    effects = [effect for effect in pair.change.effects if set(effect.reading.of) == {"band"}]
    names = {effect.measure.name for effect in effects}
    first = next((measure.name for measure in pair.calib.SPEC.measures if measure.name in names), "")
    return [effect for effect in effects if effect.measure.name == first]


def _draw_bands(axes: Any, pair: Pair, spec: PlotSpec, effects: Sequence[Effect]) -> None:
    """Write the effect in each band above its wavelengths."""
    values = {str(effect.reading.of["band"]): effect.reading.value for effect in effects}
    try:
        scale = 10 / length_factor(pair.unit(spec.x))  # from nm
    except ValueError:
        return
    filter_name = pair.conditions.filter_name
    begin, end = (edge / scale for edge in axes.get_xlim())
    bands = (Band(filter_name, begin, end),) if filter_name in values else pair.conditions.bands
    for index, band in enumerate(bands):
        if band.name not in values:
            continue
        if index % 2 == 0 and band.name != filter_name:
            axes.axvspan(band.begin * scale, band.end * scale, color="#F2F2F2", zorder=0, linewidth=0)
        text = f"{plain(band.name)}\n{number_text(values[band.name], signed=True)}"
        middle = (band.begin + band.end) / 2 * scale
        axes.text(
            middle, 0.96, text, transform=axes.get_xaxis_transform(), ha="center", va="top", fontsize=7.5
        )
    if any(band.name in values for band in bands):
        measure = effects[0].measure
        title = f"numbers: {measure.name.replace('_', ' ')} ({measure.unit})"
        axes.set_title(plain(title), loc="right", fontsize=7.5, color=GREY)


# -- numbers by name ---------------------------------------------------------------------------------

_MOST_NAMES = 40
_CHARACTERS_PER_INCH = 9
_LONGEST = 32
_WIDTH = 6.0


def bars_panels(pair: Pair, spec: PlotSpec) -> list[Panel]:
    """Return the panels of a number for each name: both, and the change below."""
    numbers = {side: _numbers(pair, calib, spec) for side, _, calib in pair.sides}
    names = list(dict.fromkeys(name for side in numbers.values() for name in side))

    def above(figure: Any, place: Any) -> None:
        axes = figure.add_subplot(place)
        for side, colour, _ in pair.sides:
            values = [numbers[side].get(name, np.nan) for name in names]
            face = "none" if side == "before" else colour
            axes.plot(
                range(len(names)), values, "o", color=colour, markerfacecolor=face, markersize=5, label=side
            )
        axes.ticklabel_format(axis="y", useOffset=False)
        axes.set_ylabel(pair.label(spec, 1))
        legend(axes)
        _name_axis(axes, names, "" if len(numbers) > 1 else pair.label(spec, 0))
        if len(numbers) > 1:
            axes.tick_params(labelbottom=False)

    space = _space(names)
    if len(numbers) < 2:
        return [Panel(3.0 + space, above)]
    before, after = (np.array([numbers[s].get(n, np.nan) for n in names], "f8") for s in ("before", "after"))
    changes = dict(zip(names, compared(before, after, pair.kind), strict=True))

    def below(figure: Any, place: Any) -> None:
        draw_stems(
            figure.add_subplot(place), changes, pair.label(spec, 0), pair.change_label(pair.unit(spec.y))
        )

    return [Panel(2.6, above), Panel(1.8 + space, below)]


def _numbers(pair: Pair, calib: Any, spec: PlotSpec) -> dict[str, float]:
    value = pair.values(calib, spec.y)
    if not isinstance(value, dict):
        names = getattr(calib, spec.x) if spec.x else range(len(value))
        value = dict(zip(names, value, strict=False))
    return {str(name): float(number) for name, number in value.items()}


def draw_stems(axes: Any, numbers: Mapping[str, float], x_label: str, y_label: str) -> None:
    """Draw a change for each name from the line of no change; a cross on it is a change that is no number."""
    values = np.array(list(numbers.values()), "f8")
    places = np.arange(len(values))
    is_finite = np.isfinite(values)
    axes.vlines(places[is_finite], 0, values[is_finite], color=GREY, linewidth=1.2)
    is_more = is_finite & (values > 0)
    for is_drawn, colour in ((is_more, NEW), (is_finite & ~is_more, OLD)):
        axes.plot(places[is_drawn], values[is_drawn], "o", color=colour, markersize=4.5)
    if not is_finite.all():
        axes.plot(
            places[~is_finite], np.zeros(int((~is_finite).sum())), "x", color="black", label="no number"
        )
        legend(axes, fontsize=7)
    zero_line(axes)
    axes.set_ylabel(y_label)
    axes.margins(y=0.15)
    _name_axis(axes, list(numbers), x_label)


def _name_axis(axes: Any, names: Sequence[str], x_label: str) -> None:
    shown = _shown(names)
    is_crowded = _is_crowded(shown)
    ticks = range(0, len(names), 1 + len(names) // _MOST_NAMES)
    axes.set_xticks(
        list(ticks),
        list(map(plain, shown)),
        rotation=90 if is_crowded else 0,
        fontsize=7 if is_crowded else 9,
    )
    axes.set_xlim(-0.7, max(len(names) - 0.3, 0.7))
    axes.set_xlabel(x_label)
    tidy(axes)


def _shown(names: Sequence[str]) -> list[str]:
    """Return the names that are written below an axis, long ones shortened."""
    shown = names[:: 1 + len(names) // _MOST_NAMES]
    return [name if len(name) <= _LONGEST else f"{name[: _LONGEST - 3]}..." for name in shown]


def _is_crowded(shown: Sequence[str]) -> bool:
    return sum(map(len, shown)) + len(shown) > _CHARACTERS_PER_INCH * _WIDTH


def _space(names: Sequence[str]) -> float:
    """Return the height that names below an axis need, in inches."""
    shown = _shown(names)
    return 0.065 * max(map(len, shown), default=0) if _is_crowded(shown) else 0.15
