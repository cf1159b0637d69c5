"""Rules on the values of one file: whether any instrument can have them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from curated.check.rules.context import FileContext
from curated.core.diagnostic import Pointer, Problem, brief
from curated.declare import Array, Bound, InstrumentBound, Spec

_BOUND_CODES = ("CAL364", "CAL365", "CAL370")
_DECLARED_CODES = ("CAL301", "CAL302", "CAL312", "CAL328")
"""What is declared of a field: its limits, and that it is finite."""

_MOST_NAMES = 3
"""Places that a finding names beside the worst one."""


def implausible_values(context: FileContext) -> Iterator[Problem]:
    """Yield the quantities with values beyond their bounds, each with its worst value."""
    spec, calib, instrument = context.spec, context.calib, context.instrument
    if calib is None or not spec.bounds:
        return
    overrides = [b for b in instrument.bounds if b.type == spec.name] if instrument is not None else ()
    if spec.screen is not None and not overrides and spec.screen(calib):
        return
    for bound in spec.bounds:
        with np.errstate(all="ignore"):
            values = bound.values(calib)
        if values is not None:
            limits = limits_of(bound, overrides)
            if not _are_within(values, limits):
                for problem in _problems(calib, bound, _collect(values), limits):
                    is_table = context.file.form == "ecsv"
                    yield replace(problem, pointer=_in_table(calib, problem.pointer)) if is_table else problem


def without_milder(spec: Spec, problems: Sequence[Problem]) -> list[Problem]:
    """Return problems without those that say less of a value than another one says.

    Left out are unusual values of quantities that have impossible values, and bounds where the value breaks the
    declaration of its field already.
    """
    declared = [problem.pointer for problem in problems if problem.code in _DECLARED_CODES]
    problems = [
        p for p in problems if p.code not in _BOUND_CODES or not any(_overlap(p.pointer, d) for d in declared)
    ]
    milder_codes = {bound.milder for bound in spec.bounds if bound.milder}
    places = {problem.pointer[:1] for problem in problems if problem.code == "CAL364"}
    # Between wavelengths in a wrong unit, every slope is a step or none is.
    step_codes = {"CAL365"} if ("wavelength",) in places else set()
    return [
        p
        for p in problems
        if p.code not in step_codes and (p.code not in milder_codes or p.pointer[:1] not in places)
    ]


def _overlap(first: Pointer, second: Pointer) -> bool:
    """Say whether one of two places contains the other."""
    return all(a == b for a, b in zip(first, second, strict=False))


def limits_of(bound: Bound, overrides: Iterable[InstrumentBound]) -> tuple[float | None, float | None]:
    """Return the least and the largest plausible value of a quantity.

    Parameters
    ----------
    overrides : iterable [`InstrumentBound`]
        Limits of the instrument for quantities of the type.
    """
    minimum, maximum = bound.minimum, bound.maximum
    for override in overrides:
        if override.quantity == bound.quantity:
            minimum = minimum if override.minimum is None else override.minimum
            maximum = maximum if override.maximum is None else override.maximum
    return minimum, maximum


def _are_within(values: Any, limits: tuple[float | None, float | None]) -> bool:
    """Say quickly that all values of an array are within limits; NaN, and mappings, take a closer look."""
    if isinstance(values, Mapping):
        arrays = values.values()
        return all(isinstance(array, np.ndarray) and _are_within(array, limits) for array in arrays)
    minimum, maximum = limits
    return not values.size or bool(
        (minimum is None or values.min() >= minimum) and (maximum is None or values.max() <= maximum)
    )


class _Values(NamedTuple):
    """Values of a quantity in one dimension, each with its key, and its index in the array of that key."""

    values: Array
    keys: Sequence[str]
    shapes: Sequence[tuple[int, ...]]
    starts: Sequence[int]

    def place(self, position: int) -> tuple[str, tuple[int, ...]]:
        """Return the key of a value, empty where there are none, and its index."""
        part = int(np.searchsorted(self.starts, position, side="right")) - 1
        shape = self.shapes[part]
        index = np.unravel_index(position - self.starts[part], shape) if shape else ()
        return self.keys[part], tuple(int(i) for i in index)


def _collect(values: Any) -> _Values:
    """Return the values of a bound in one dimension."""
    items = {"": values} if not isinstance(values, Mapping) else values
    arrays = {str(key): np.asarray(item, "f8") for key, item in items.items()}
    sizes = [array.size for array in arrays.values()]
    flat = np.concatenate([array.ravel() for array in arrays.values()]) if arrays else np.zeros(0)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(int).tolist() if sizes else []
    # Keys without values would share their start with the next one.
    parts = [
        (key, array.shape, start)
        for (key, array), start in zip(arrays.items(), starts, strict=True)
        if array.size
    ]
    return _Values(flat, [p[0] for p in parts], [p[1] for p in parts], [p[2] for p in parts])


def _problems(
    calib: Any, bound: Bound, collected: _Values, limits: tuple[float | None, float | None]
) -> Iterator[Problem]:
    """Yield one problem for all values beyond the limits, if there are any; NaN is beyond none."""
    values = collected.values
    excess = np.zeros(values.shape)
    if bound.finite:
        for limit, infinite in zip(limits, (-np.inf, np.inf), strict=True):
            excess[(values == infinite) & (limit is not None)] = np.inf
    for limit, sign in zip(limits, (-1.0, 1.0), strict=True):
        if limit is not None:
            with np.errstate(all="ignore"):
                beyond = sign * (values - limit)
                # By factor: of 0.001 and 40 between 0.05 and 30, the first is worse.
                beyond = np.where(np.isfinite(values), beyond / (abs(limit) or 1.0), 0.0)
                if limit > 0 and sign < 0:
                    beyond = np.where(values > 0, limit / values - 1.0, np.where(beyond > 0, np.inf, beyond))
            excess = np.maximum(excess, np.where(np.isfinite(values), beyond, 0.0))
    positions = np.flatnonzero(excess > 0)
    if not positions.size:
        return
    worst = int(excess.argmax())
    key, index = collected.place(worst)
    value = float(values[worst])
    is_below = limits[0] is not None and value < limits[0]
    unit = f" {bound.unit}" if bound.unit else ""
    label = _label(calib, bound, key, index) if values.size > 1 else ""
    side, limit = ("below", limits[0]) if is_below else ("above", limits[1])
    detail = f"{bound.quantity}{label and ' of '}{label} is {value:.6g}{unit}, {side} {limit:g}{unit}"
    others = [int(position) for position in positions if position != worst]
    if others:
        names = dict.fromkeys(
            _label(calib, bound, *collected.place(position)) for position in others[: 20 * _MOST_NAMES]
        )
        shown = ", ".join(list(names)[:_MOST_NAMES])
        detail += f"; and {len(others)} more, such as {shown}"
    yield Problem(bound.code, _pointer(calib, bound, key, index), detail)


def _in_table(calib: Any, pointer: Pointer) -> Pointer:
    """Return the column, and the row of a key, of a place in a document."""
    # Below a group of keys, as in a linearizer, the field stands last.
    name, *rest = (pointer[-1], pointer[1]) if len(pointer) == 3 else pointer
    declared = next((f for f in calib.FIELDS if name in (f.name, f.key) and f.column), None)
    if declared is None:
        return pointer
    value = getattr(calib, declared.name)
    if rest and isinstance(value, Mapping):
        keys = list(map(str, value))
        rest = [keys.index(str(rest[0]))] if str(rest[0]) in keys else []
    return (declared.column, *rest)


def _label(calib: Any, bound: Bound, key: str, index: tuple[int, ...]) -> str:
    """Return what people call the place of a value."""
    if bound.label is not None:
        return bound.label(calib, key, index)
    numbers = ", ".join(str(i + 1) for i in index)
    place = f"value {numbers}" if len(index) == 1 else f"element {numbers}" if index else ""
    return " ".join(part for part in (brief(key)[1:-1] if key else "", place) if part)


def _pointer(calib: Any, bound: Bound, key: str, index: tuple[int, ...]) -> Pointer:
    if bound.pointer is not None:
        return bound.pointer(key, index)
    name = bound.place(calib) if bound.place else bound.quantity
    if key:
        return name, key
    # Samples of a curve have lines of their own.
    return (name, index[0]) if len(index) == 1 else (name,)
