"""Rules on curves of a whole system, against the product of the curves of its parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np

from curated.calib.content import Trace
from curated.check.rules.context import Context
from curated.core.diagnostic import Problem
from curated.core.keys import CalibFile, CalibKey
from curated.core.times import iso
from curated.declare import Array
from curated.registry import find_type, get_type

TOLERANCE = 0.05
"""Largest difference from the product, as a part of its peak, that measurements and interpolation explain."""

_SHIFT = 1.0
"""Distance (nm) over which the product may vary: tables of filters are sampled, and steep."""

_DARK = 0.01
"""Part of its peak below which a curve has ended where its table ends."""

_CURVE = "curve"
"""Quantity of the trace with wavelengths (nm) and fractions."""


class _Curve(NamedTuple):
    """A curve: wavelengths (nm) and fractions."""

    wavelengths: Array
    fractions: Array

    def at(self, wavelengths: Array) -> Array:
        """Return the fraction at wavelengths (nm), (N,): zero beyond ends in the dark, NaN beyond others."""
        peak = float(self.fractions.max())
        left, right = (0.0 if abs(end) <= _DARK * peak else np.nan for end in self.fractions[[0, -1]])
        return np.interp(wavelengths, self.wavelengths, self.fractions, left=left, right=right)


class _Contradiction(NamedTuple):
    """Where a curve is farthest from a product, as a part of the product's peak."""

    size: float
    row: int
    wavelength: float
    fraction: float
    product: float


def contradicted_products(context: Context) -> Iterator[tuple[str, Problem]]:
    """Yield curves of a system that are not the product of the curves of its parts in force at their start.

    Where the package lacks a part, the curve is only above the product of the others in error: no part adds light.
    """
    curves: dict[str, _Curve | None] = {}
    for key, epochs in context.epochs.items():
        spec = get_type(key.type).SPEC
        for file in epochs if spec.factors else ():
            if context.reports[file.path].deprecation is not None:
                continue
            parts = _parts_in_force(context, key, spec.factors, file.start)
            if not parts:
                continue
            system = _curve(context, file, curves)
            factors = [_curve(context, part, curves) for part in parts]
            unread = [part.path for part, factor in zip(parts, factors, strict=True) if factor is None]
            if unread and system is not None:
                detail = f"not compared with the product of its parts: {', '.join(unread)} cannot be used"
                yield file.path, Problem("CAL369", (), detail)
            if system is None or unread:
                continue
            known_factors = {
                part: factor for part, factor in zip(parts, factors, strict=True) if factor is not None
            }
            missing = [
                " or ".join(names)
                for names in spec.factors
                if not {part.key.type for part in parts} & {*names}
            ]
            problem = _problem(file, system, known_factors, _tolerance(context, file), missing)
            if problem is not None:
                yield file.path, problem


def _tolerance(context: Context, file: CalibFile) -> float:
    """Return the largest difference from the product that an instrument allows."""
    instrument = context.declared.get(file.key.instrument)
    for bound in instrument.bounds if instrument is not None else ():
        if (bound.type, bound.quantity) == (file.key.type, "product") and bound.maximum is not None:
            return bound.maximum
    return TOLERANCE


def _parts_in_force(
    context: Context, key: CalibKey, factors: Sequence[Sequence[str]], time: datetime
) -> list[CalibFile]:
    """Return the file of each factor that is in force at a time."""
    parts = (
        next(filter(None, (_in_force(context, key, name, time) for name in alternatives)), None)
        for alternatives in factors
    )
    return [part for part in parts if part is not None]


def _in_force(context: Context, key: CalibKey, name: str, time: datetime) -> CalibFile | None:
    """Return the calibration of a type for the detector and filter of a key that is in force at a time."""
    cls = find_type(name)
    if cls is None:
        return None
    spec = cls.SPEC
    own_key = CalibKey(
        key.instrument,
        spec.name,
        key.detector if spec.has_detector else "",
        key.filter if spec.has_filter else "",
    )
    epochs = context.epochs.get(own_key, ())
    files = (file for file in reversed(epochs) if context.reports[file.path].deprecation is None)
    return next((file for file in files if time in context.ranges[file.path]), None)


def _curve(context: Context, file: CalibFile, curves: dict[str, _Curve | None]) -> _Curve | None:
    """Return the curve of a file, from its report; `None` if that has none."""
    if file.path not in curves:
        traces: Sequence[Trace] = context.reports[file.path].traces
        values = next((trace.values for trace in traces if trace.quantity == _CURVE), None)
        is_usable = values is not None and values.shape[1] > 1 and bool(np.isfinite(values).all())
        curves[file.path] = _Curve(values[0], values[1]) if values is not None and is_usable else None
    return curves[file.path]


def _problem(
    file: CalibFile,
    system: _Curve,
    factors: Mapping[CalibFile, _Curve],
    tolerance: float,
    missing: Sequence[str],
) -> Problem | None:
    """Return where a system contradicts the product of its factors, of which some may be missing, if it does."""
    contradiction = _contradiction(system, list(factors.values()), above_only=bool(missing))
    if contradiction is None or not contradiction.size > tolerance:
        return None
    names = ", ".join(part.path for part in factors)
    detail = (
        f"{contradiction.fraction:.4g} at {contradiction.wavelength:g} nm, but {contradiction.product:.4g} is the "
        f"product of {names} in force at {iso(file.start)}: {100 * contradiction.size:.3g} % of its peak, "
        f"above {100 * tolerance:g} %"
    )
    if missing:
        detail += f"; {', '.join(missing)}, which the package lacks, can only make it less"
    for part in factors if not missing else ():
        rest = [curve for other, curve in factors.items() if other is not part]
        without = _contradiction(system, rest)
        if without is not None and without.size <= tolerance:
            detail += f"; it agrees with the product without {part.key.type}"
            break
    return Problem("CAL368", ("wavelength", contradiction.row), detail)


def _contradiction(
    system: _Curve, factors: Sequence[_Curve], *, above_only: bool = False
) -> _Contradiction | None:
    """Return where a system is farthest from the product of its factors; `None` where they share no wavelength.

    They are compared at the wavelengths of the system's samples. The product may be that of any wavelength within
    a small distance, since the tables of steep filters differ where they are sampled.
    """
    wavelengths = system.wavelengths
    shifts = np.linspace(-_SHIFT, _SHIFT, 9)
    grid = wavelengths + shifts[:, np.newaxis]
    products = np.prod([factor.at(grid.ravel()).reshape(grid.shape) for factor in factors], axis=0)
    # Beyond a table that ends in the light nothing is known.
    is_known = np.isfinite(products).all(axis=0)
    if not is_known.any():
        return None
    middle = products[len(shifts) // 2]
    peak = float(middle[is_known].max())
    if not peak > 0:
        return None
    excess = system.fractions - products.max(axis=0)
    if not above_only:
        excess = np.maximum(excess, products.min(axis=0) - system.fractions)
    excess = np.where(is_known, np.maximum(excess, 0.0), 0.0)
    index = int(excess.argmax())
    return _Contradiction(
        float(excess[index]) / peak,
        index,
        float(wavelengths[index]),
        float(system.fractions[index]),
        float(middle[index]),
    )
