"""The corrections of a linearizer: Akima's spline, polynomials, lookup tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from curated.core.diagnostic import CuratedError
from curated.declare import Array
from curated.image.pixels import Image, pixels_of, with_pixels

TYPES = ("LookupTable", "Polynomial", "Squared", "Spline", "DoubleSpline", "Proportional", "None")

_SPLINE_END, _DOUBLE_END = 0.1, 0.01
"""How far before the last node the two kinds of spline end."""

_FULL_SCALE = 2.0**16
"""Largest signal of a usual converter, where nothing else says where to end a plot."""


# -- Akima's spline -----------------------------------------------------------------------------------


def akima(nodes: Array, values: Array, x: Array) -> Array:
    """Interpolate with the spline of Akima 1970, J. ACM 17, 589.

    Parameters
    ----------
    nodes, values : `numpy.ndarray`
        At least two strictly increasing nodes, and their values. Two make a straight line.
    x : `numpy.ndarray`
        Where to evaluate it, within the nodes; any shape.

    Returns
    -------
    y : `numpy.ndarray`
        Values at x, as float64.
    """
    step = np.diff(nodes)
    secant = np.diff(values) / step
    slope = _slopes(secant) if len(nodes) > 2 else np.repeat(secant, 2)
    interval = np.clip(np.searchsorted(nodes, x, side="right") - 1, 0, len(step) - 1)
    # Hermite's cubic of each interval: Akima's equations 3 to 6.
    second = (3 * secant - 2 * slope[:-1] - slope[1:]) / step
    third = (slope[:-1] + slope[1:] - 2 * secant) / step**2
    d = x - nodes[interval]
    found: Array = values[interval] + d * (slope[interval] + d * (second[interval] + d * third[interval]))
    return found


def _slopes(secant: Array) -> Array:
    """Return the slope at each node: Akima's equation 1, with two secants more at either end, his equation 9."""
    left = 2 * secant[0] - secant[1]
    right = 2 * secant[-1] - secant[-2]
    m = np.concatenate([[2 * left - secant[0], left], secant, [right, 2 * right - secant[-1]]])
    change = np.abs(np.diff(m))
    before, after = change[:-2], change[2:]
    weight = before + after
    # Where both changes vanish the slope is the mean; what rounding leaves of them must not decide.
    flat = weight <= 1e-9 * weight.max(initial=0.0)
    weighted = (after * m[1:-2] + before * m[2:-1]) / np.where(flat, 1.0, weight)
    slopes: Array = np.where(flat, (m[1:-2] + m[2:-1]) / 2, weighted)
    return slopes


# -- corrections --------------------------------------------------------------------------------------


def corrected(signal: Array, kind: str, coeffs: Array, table: Array | None, gain: float = 1.0) -> Array:
    """Return signals corrected by one amplifier's coefficients; see `Linearizer.apply` for the formulas.

    Parameters
    ----------
    signal : `numpy.ndarray`
        The signals, any shape.
    kind : `str`
        Type of the correction.
    coeffs : `numpy.ndarray`
        Its coefficients.
    table : `numpy.ndarray` or `None`
        Lookup table.
    gain : `float`, optional
        Factor from the unit of the coefficients to that of the signals.
    """
    if kind == "Spline":
        return _spline(signal, *_anchored(*np.split(coeffs, 2)), gain, _SPLINE_END)
    if kind == "DoubleSpline":
        for nodes, values in pair(coeffs):
            signal = _spline(signal, nodes, values, gain, _DOUBLE_END)
        return signal
    level = signal / gain
    if kind == "LookupTable" and table is not None:
        added = _looked_up(level, table[int(coeffs[0])], coeffs[1])
    elif kind == "Squared":
        added = coeffs[0] * level**2
    elif kind == "Polynomial" and coeffs.any() and np.isfinite(coeffs).any():
        added = np.polynomial.polynomial.polyval(level, np.concatenate([[0.0, 0.0], coeffs]))
    else:
        return signal
    return signal + gain * added


def _spline(signal: Array, nodes: Array, values: Array, gain: float, end: float) -> Array:
    if not len(nodes):
        return signal
    if not (np.isfinite(nodes).all() and np.isfinite(values).all()):
        return np.full_like(signal, np.nan)
    nodes, values = nodes * gain, values * gain
    return signal - akima(nodes, values, np.clip(signal, nodes[0], nodes[-1] - end))


def _anchored(nodes: Array, values: Array) -> tuple[Array, Array]:
    """Return a spline that is zero at no signal."""
    values = values - values[0]
    if nodes[0] != 0:
        nodes, values = np.append(0.0, nodes), np.append(0.0, values)
    return nodes, values


def pair(coeffs: Array) -> list[tuple[Array, Array]]:
    """Return nodes and values of both splines of a ``DoubleSpline``."""
    one, two = (int(n) for n in coeffs[:2])
    parts = np.split(coeffs[2:], np.cumsum([one, one, two]))
    return [(parts[0], parts[1]), (parts[2], parts[3])]


def _looked_up(level: Array, row: Array, offset: float) -> Array:
    known = np.isfinite(level)
    index = np.where(known, offset + level, 0.0).clip(0, len(row) - 1).astype(int)
    return np.where(known, row[index], 0.0)


def apply(
    linearizer: Any, target: Image, gains: Mapping[str, float] | None, options: Mapping[str, Any]
) -> Image:
    """Correct an image; see `Linearizer.apply`."""
    if options:
        raise CuratedError(f"linearizer takes no option {', '.join(options)}", "its only option is gains")
    pixels = pixels_of(target)
    height, width = pixels.shape
    _check_unit(str(getattr(target, "unit", None) or ""), linearizer.linearityUnits, gains is not None)
    outside = [str(p.detail) for p in linearizer.fits_on(width, height)]
    if outside:
        raise CuratedError("; ".join(outside), "give the assembled image of the whole detector")
    lacking = [name for name in linearizer.boxes if gains is not None and name not in gains]
    if lacking:
        raise CuratedError(f"no gain for {', '.join(lacking)}", "give a gain for each amplifier, or none")
    for name, box in linearizer.boxes.items():
        gain = None if gains is None else gains[name]
        pixels[box.slices] = linearizer.correct(name, pixels[box.slices].astype(float), gain)
    return with_pixels(target, pixels)


def _check_unit(found: str, wanted: str, has_gains: bool) -> None:
    if found not in ("adu", "electron") or found == wanted or (wanted == "adu" and has_gains):
        return
    raise CuratedError(
        f"the image is in {found}, the linearizer in {wanted}", "convert the image, or give gains"
    )


def last_node(kind: str, coeffs: Array, table: Array | None) -> float:
    """Return the largest signal that the coefficients speak of; that of a usual converter where they do not."""
    found = 0.0
    if kind == "Spline":
        found = float(np.max(coeffs[: len(coeffs) // 2]))
    elif kind == "DoubleSpline":
        found = float(max((nodes.max(initial=0.0) for nodes, _ in pair(coeffs)), default=0.0))
    elif kind == "LookupTable" and table is not None:
        found = float(table.shape[1])
    return found if np.isfinite(found) and found > 0 else _FULL_SCALE
