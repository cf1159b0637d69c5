"""Corrections of non-linearity: Akima splines, polynomials, lookup tables, their coefficients, and their changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any

import numpy as np

from curated.core.diagnostic import Pointer
from curated.declare import Array, Comparison, Conditions, Measure, Part, Reading
from curated.types._detector_bounds import FULL_WELL, GAIN, LEVEL, keyed_bound, of_field
from curated.types._keyed_changes import AMPLIFIER_SET, AMPLIFIER_SET_DOCS, compared, difference, set_measures
from curated.types._rules import node_problems

TYPES = ("LookupTable", "Polynomial", "Squared", "Spline", "DoubleSpline", "Proportional", "None")

_SPLINE_END, _DOUBLE_END = 0.1, 0.01
"""Distance before the last node at which the two kinds of spline are cut off."""

_FULL_SCALE = 2.0**16
"""Largest signal of a 16-bit converter, to which corrections are plotted if the file gives no limit."""


# -- Akima's spline -----------------------------------------------------------------------------------


def akima(nodes: Array, values: Array, x: Array) -> Array:
    """Interpolate with the spline of Akima 1970, J. ACM 17, 589.

    Parameters
    ----------
    nodes, values : `numpy.ndarray`
        At least two strictly increasing nodes, and their values. Two make a straight line.
    x : `numpy.ndarray`, any shape
        Where to evaluate the spline, within the range of the nodes.

    Returns
    -------
    y : `numpy.ndarray`, shape of ``x``, float64
        Values at ``x``.
    """
    step = np.diff(nodes)
    secant = np.diff(values) / step
    slope = _slopes(secant) if len(nodes) > 2 else np.repeat(secant, 2)
    interval = np.clip(np.searchsorted(nodes, x, side="right") - 1, 0, len(step) - 1)
    # Hermite's cubic of each interval: Akima's equations 3 to 6.
    second = (3 * secant - 2 * slope[:-1] - slope[1:]) / step
    third = (slope[:-1] + slope[1:] - 2 * secant) / step**2
    d = x - nodes[interval]
    y: Array = values[interval] + d * (slope[interval] + d * (second[interval] + d * third[interval]))
    return y


def _slopes(secant: Array) -> Array:
    """Return the slope at each node: Akima's equation 1, with two more secants at either end by his equation 9."""
    left = 2 * secant[0] - secant[1]
    right = 2 * secant[-1] - secant[-2]
    m = np.concatenate([[2 * left - secant[0], left], secant, [right, 2 * right - secant[-1]]])
    change = np.abs(np.diff(m))
    before, after = change[:-2], change[2:]
    weight = before + after
    # If both changes vanish the slope is the mean; rounding errors of them must not decide.
    is_flat = weight <= 1e-9 * weight.max(initial=0.0)
    weighted = (after * m[1:-2] + before * m[2:-1]) / np.where(is_flat, 1.0, weight)
    slopes: Array = np.where(is_flat, (m[1:-2] + m[2:-1]) / 2, weighted)
    return slopes


# -- corrections --------------------------------------------------------------------------------------


def corrected(signal: Array, kind: str, coeffs: Array, table: Array | None, gain: float = 1.0) -> Array:
    """Return signals corrected by one amplifier's coefficients; see `Linearizer.apply` for the formulas.

    Parameters
    ----------
    signal : `numpy.ndarray`
        Signals, any shape.
    kind : `str`
        Type of the correction, one of `TYPES`.
    coeffs : `numpy.ndarray`, (coefficients,)
        Coefficients in the order that the type of the correction defines.
    table : `numpy.ndarray` or `None`
        Lookup table, (rows, signals).
    gain : `float`, optional
        Factor from the unit of the coefficients to that of the signals.
    """
    if kind == "Spline":
        return _spline(signal, *_anchored(*np.split(coeffs, 2)), gain, _SPLINE_END)
    if kind == "DoubleSpline":
        for nodes, values in double_spline(coeffs):
            signal = _spline(signal, nodes, values, gain, _DOUBLE_END)
        return signal
    level = signal / gain
    if kind == "LookupTable" and table is not None:
        correction = _looked_up(level, table[int(coeffs[0])], coeffs[1])
    elif kind == "Squared":
        correction = coeffs[0] * level**2
    elif kind == "Polynomial" and coeffs.any() and np.isfinite(coeffs).any():
        correction = np.polynomial.polynomial.polyval(level, np.concatenate([[0.0, 0.0], coeffs]))
    else:
        return signal
    return signal + gain * correction


def _spline(signal: Array, nodes: Array, values: Array, gain: float, end: float) -> Array:
    if not len(nodes):
        return signal
    if not (np.isfinite(nodes).all() and np.isfinite(values).all()):
        return np.full_like(signal, np.nan)
    nodes, values = nodes * gain, values * gain
    return signal - akima(nodes, values, np.clip(signal, nodes[0], nodes[-1] - end))


def _anchored(nodes: Array, values: Array) -> tuple[Array, Array]:
    """Return a spline that is zero at zero signal."""
    values = values - values[0]
    if nodes[0] != 0:
        nodes, values = np.append(0.0, nodes), np.append(0.0, values)
    return nodes, values


def double_spline(coeffs: Array) -> list[tuple[Array, Array]]:
    """Return nodes and values of both splines of a ``DoubleSpline``."""
    first, second = (int(n) for n in coeffs[:2])
    parts = np.split(coeffs[2:], np.cumsum([first, first, second]))
    return [(parts[0], parts[1]), (parts[2], parts[3])]


def _looked_up(level: Array, row: Array, offset: float) -> Array:
    is_finite = np.isfinite(level)
    index = np.where(is_finite, offset + level, 0.0).clip(0, len(row) - 1).astype(int)
    return np.where(is_finite, row[index], 0.0)


def largest_signal(kind: str, coeffs: Array, table: Array | None) -> float:
    """Return the largest signal that the coefficients cover, else the full scale of a 16-bit converter."""
    signal = 0.0
    if kind == "Spline":
        signal = float(np.max(coeffs[: len(coeffs) // 2]))
    elif kind == "DoubleSpline":
        signal = float(max((nodes.max(initial=0.0) for nodes, _ in double_spline(coeffs)), default=0.0))
    elif kind == "LookupTable" and table is not None:
        signal = float(table.shape[1])
    return signal if np.isfinite(signal) and signal > 0 else _FULL_SCALE


# -- coefficients -------------------------------------------------------------------------------------


def coefficient_problems(kind: str, coeffs: Array, table: Array | None) -> Iterator[tuple[str, str]]:
    """Yield code and message for coefficients that do not fit the type of the correction."""
    if kind == "LookupTable":
        yield from _lookup_problems(coeffs, table)
    elif kind in ("Polynomial", "Squared") and not len(coeffs):
        yield "CAL320", f"{kind} needs at least one coefficient"
    elif kind == "Spline":
        if len(coeffs) % 2 or len(coeffs) < 4:
            detail = "Spline needs as many values as nodes, at least two of each; "
            yield "CAL320", detail + f"there are {len(coeffs)} coefficients"
        else:
            yield from node_problems(coeffs[: len(coeffs) // 2])
    elif kind == "DoubleSpline":
        yield from _double_spline_problems(coeffs)


def _lookup_problems(coeffs: Array, table: Array | None) -> Iterator[tuple[str, str]]:
    if len(coeffs) != 2 or not np.isfinite(coeffs).all():
        yield "CAL320", f"LookupTable needs two coefficients, row and offset; there are {len(coeffs)}"
    elif table is None:
        yield "CAL321", "LookupTable, but there is no table"
    elif not 0 <= coeffs[0] < len(table):
        yield "CAL321", f"row {coeffs[0]:g} of a table of {len(table)} rows"
    elif coeffs[0] != int(coeffs[0]):
        yield "CAL320", f"the row of the lookup table is {coeffs[0]:g}, not a whole number"


def _double_spline_problems(coeffs: Array) -> Iterator[tuple[str, str]]:
    counts = coeffs[:2].tolist()
    if len(counts) < 2 or not all(np.isfinite(n) and n >= 0 and n != 1 and n == int(n) for n in counts):
        yield "CAL320", "DoubleSpline starts with the numbers of nodes of both splines, each 0 or at least 2"
        return
    expected = int(2 + 2 * sum(counts))
    if len(coeffs) != expected:
        detail = f"DoubleSpline of {counts[0]:g} and {counts[1]:g} nodes needs {expected} coefficients; "
        yield "CAL320", detail + f"there are {len(coeffs)}"
        return
    for nodes, _ in double_spline(coeffs):
        yield from node_problems(nodes)


# -- measures -----------------------------------------------------------------------------------------

_LEVELS = 1000
"""Number of signals, at equal distances up to saturation, at which corrections are compared."""


def _is_usable(calib: Any, name: str) -> bool:
    kind, coeffs = calib.linearityType[name], calib.linearityCoeffs[name]
    with np.errstate(all="ignore"):
        return next(coefficient_problems(kind, coeffs, calib.tableData), None) is None


def _per_adu(calib: Any, name: str, gain: float) -> float:
    """Return how many units of a linearizer one adu is; see `added_signal`."""
    if calib.linearityUnits != "electron":
        return 1.0
    gains = [float(g) for g in (calib.inputGain.get(name, np.nan), gain) if np.isfinite(g) and g > 0]
    return gains[0] if gains else 1.0


def added_signal(calib: Any, name: str, signals: Array, gain: float) -> Array:
    """Return what a linearizer adds to signals (adu) of an amplifier, in adu.

    Parameters
    ----------
    gain : `float`
        Gain (electron/adu) of a linearizer in electron that does not have its own; 1 is used for NaN.
    """
    scale = _per_adu(calib, name, gain)
    with np.errstate(all="ignore"):
        levels = signals * scale
        added: Array = (calib.correct(name, levels) - levels) / scale
    return added


def _corrections(old: Any, new: Any, conditions: Conditions) -> Iterator[tuple[str, Array, Array, Array]]:
    """Yield amplifier, signals (adu) up to saturation, and what both linearizers add to them."""
    for name in old.linearityBBox:
        if name in new.linearityBBox and _is_usable(old, name) and _is_usable(new, name):
            saturation, gain = conditions.levels_of(name)
            signals = saturation * np.arange(1, _LEVELS + 1) / _LEVELS
            yield name, signals, *(added_signal(calib, name, signals, gain) for calib in (old, new))


def _nonlinearity(old: Any, new: Any, conditions: Conditions) -> Iterator[Reading]:
    for name, signals, before, after in _corrections(old, new, conditions):
        is_defined = np.isfinite(before), np.isfinite(after)
        is_common = is_defined[0] & is_defined[1]
        if not is_common.any() and (is_defined[0].any() or is_defined[1].any()):
            yield Reading(np.nan, of={"amplifier": name})
            continue
        with np.errstate(all="ignore"):
            parts = [1e6 * d / signals for d in (before, after)]
            sizes = np.abs(parts[1] - parts[0])
        sizes = np.where(is_common, sizes, 0.0)
        index = int(sizes.argmax())
        of: Part = {"amplifier": name, "signal": float(signals[index])}
        if not np.array_equal(*is_defined):
            of = {**of, "range": f"{signals[is_common][0]:.6g} to {signals[is_common][-1]:.6g} adu in common"}
        yield Reading(float(sizes[index]), float(parts[0][index]), float(parts[1][index]), of)


def _at_saturation(old: Any, new: Any, conditions: Conditions) -> Iterator[Reading]:
    for name, _, before, after in _corrections(old, new, conditions):
        yield compared(difference, before[-1], after[-1], amplifier=name)


def _ranges(old: Any, new: Any, conditions: Conditions) -> Iterator[Reading]:
    for name in old.linearityBBox:
        if name in new.linearityBBox and _is_usable(old, name) and _is_usable(new, name):
            _, gain = conditions.levels_of(name)
            limits = [calib.largest(name) / _per_adu(calib, name, gain) for calib in (old, new)]
            yield compared(difference, limits[0], limits[1], amplifier=name)


MEASURES = (
    Measure(
        name="nonlinearity_change",
        unit="ppm",
        doc="Largest abs(new - old) of what is added to a signal, divided by it, at 1,000 signals from 0 to "
        "saturation, as far as both corrections are defined there.",
        compute=_nonlinearity,
        notable=500,
        needs_levels=True,
    ),
    Measure(
        name="correction_change_at_saturation",
        unit="adu",
        doc="Change of what is added to a signal at saturation.",
        compute=_at_saturation,
        notable=50,
        needs_levels=True,
    ),
    Measure(
        name="range_change",
        unit="adu",
        doc="Change of the largest signal that the correction is defined for: between both only one of them is.",
        compute=_ranges,
        worse="less",
        notable=1000,
        needs_levels=True,
    ),
    *set_measures(AMPLIFIER_SET, AMPLIFIER_SET_DOCS, lambda calib: calib.linearityBBox),
)


_CHECKED_LEVELS = 10
"""Signals, at equal distances up to the largest, at which the size of a correction is compared with its bound."""


def _levels(calib: Any, name: str) -> Array:
    """Return the signals at which the size of an amplifier's correction is compared with its bound."""
    levels: Array = calib.largest(name) * np.arange(1, _CHECKED_LEVELS + 1) / _CHECKED_LEVELS
    return levels


def _relative_corrections(calib: Any) -> dict[str, Array]:
    """Return the sizes of the corrections, each divided by its signal."""
    sizes = {}
    for name in calib.linearityBBox:
        if _is_usable(calib, name):
            signals = _levels(calib, name)
            with np.errstate(all="ignore"):
                ratios = np.abs((calib.correct(name, signals) - signals) / signals)
            # Of faint signals an offset is a large part.
            sizes[name] = np.where(signals >= LEVEL["minimum"], ratios, np.nan)
    return sizes


_SIGNAL: dict[str, Any] = {
    "minimum": LEVEL["minimum"],
    "maximum": FULL_WELL["maximum"],
    "source": f"In adu: {LEVEL['source']} In electron: {FULL_WELL['source']}",
}


def _in_amplifier(name: str) -> Callable[[str, tuple[int, ...]], Pointer]:
    return lambda key, _: ("amplifiers", key, name)


BOUNDS = (
    keyed_bound(
        "correction",
        "Size of the correction, divided by the signal, at ten signals of 100 and more, up to the largest that it covers.",
        {
            "maximum": 0.3,
            "source": "A few per cent up to the full well (Janesick 2001, Scientific Charge-Coupled Devices, section 2.2.8; Plazas et al. 2017, JINST 12, C04009).",
        },
        _relative_corrections,
        code="CAL370",
        pointer=_in_amplifier("linearityCoeffs"),
        label=lambda calib, key, index: f"{key} at a signal of {_levels(calib, key)[index[0]]:g}",
    ),
    keyed_bound(
        "inputGain", "Gain of an amplifier.", GAIN, of_field("inputGain"), pointer=_in_amplifier("inputGain")
    ),
    *(
        keyed_bound(name, doc, _SIGNAL, of_field(name), pointer=_in_amplifier(name))
        for name, doc in (
            ("inputTurnoff", "Signal above which measurements were not used, in the unit of the linearizer."),
            ("linearityTurnoff", "Turn-off, in the unit of the linearizer."),
            ("linearityMaxSignal", "Largest signal, in the unit of the linearizer."),
        )
    ),
)


def _corrections_by_name(calib: Any) -> dict[str, Array]:
    """Return the corrections of each amplifier, each divided by its signal, at fixed signals."""
    signals = np.array([1_000.0, 3_000.0, 10_000.0, 30_000.0, 60_000.0])
    corrections = {}
    for name in calib.linearityBBox:
        if _is_usable(calib, name):
            with np.errstate(all="ignore"):
                corrections[name] = (calib.correct(name, signals) - signals) / signals
    return corrections


COMPARISONS = (
    Comparison(
        quantity="correction",
        values=_corrections_by_name,
        doc="Corrections, each divided by its signal, at five signals from 1,000 to 60,000.",
        place="amplifiers",
    ),
    Comparison(quantity="inputGain", values=attrgetter("inputGain"), doc="Gains.", place="amplifiers"),
    *(
        Comparison(
            quantity=name,
            values=attrgetter(name),
            doc="Signals up to which a correction is made.",
            exchange="",
            place="amplifiers",
        )
        for name in ("linearityTurnoff", "linearityMaxSignal")
    ),
)
