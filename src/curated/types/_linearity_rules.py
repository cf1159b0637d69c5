"""What is wrong with corrections of non-linearity."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from curated.core.diagnostic import Problem
from curated.declare import Array
from curated.types._linearity import pair

_INPUTS = ("inputAbscissa", "inputOrdinate", "inputMask", "inputGroupingIndex", "inputNormalization")
_FITS = ("fitParams", "fitParamsErr")
_MOST_AMPLIFIERS = 1000


def problems(linearizer: Any) -> Iterator[Problem]:
    """Yield corrections that cannot be applied, and values that contradict each other."""
    names, given = list(linearizer.linearityBBox), linearizer.tableData is not None
    if names and not linearizer.hasLinearity:
        detail = f"HAS_LINEARITY is not true, so the corrections of {len(names)} amplifiers are not in force"
        yield Problem("CAL323", ("metadata", "HAS_LINEARITY"), detail)
    if linearizer.hasTable is not given:
        said = "there is one" if given else "there is none"
        detail = f"HAS_TABLE is {linearizer.hasTable} for a lookup table, but {said}"
        yield Problem("CAL308", ("metadata", "HAS_TABLE"), detail)
    reference = linearizer.absoluteReferenceAmplifier
    if reference and reference not in names:
        detail = f"absoluteReferenceAmplifier is {reference!r}, which is not one of {', '.join(names)}"
        yield Problem("CAL308", ("absoluteReferenceAmplifier",), detail)
    for name in names:
        yield from _amplifier(linearizer, name)
    yield from _overlapping(linearizer)


def _amplifier(linearizer: Any, name: str) -> Iterator[Problem]:
    place = ("amplifiers", name)
    kind, coeffs = linearizer.linearityType[name], linearizer.linearityCoeffs[name]
    for code, words in _unfit(kind, coeffs, linearizer.tableData):
        yield Problem(code, (*place, "linearityCoeffs"), f"{name}: {words}")
    turnoff, largest = linearizer.linearityTurnoff[name], linearizer.linearityMaxSignal[name]
    if turnoff > largest:
        detail = f"linearityTurnoff of {name} is {turnoff:g}, linearityMaxSignal {largest:g}"
        yield Problem("CAL324", (*place, "linearityTurnoff"), detail)
    for group in (_INPUTS, _FITS):
        # One value is what a file without them has.
        lengths = {field: n for field in group if (n := len(getattr(linearizer, field)[name])) != 1}
        if len(set(lengths.values())) > 1:
            listed = ", ".join(f"{field} {n}" for field, n in lengths.items())
            yield Problem("CAL215", (*place, next(iter(lengths))), f"{name}: lengths differ: {listed}")


def _overlapping(linearizer: Any) -> Iterator[Problem]:
    names = list(linearizer.linearityBBox)
    if len(names) > _MOST_AMPLIFIERS:
        return  # comparing each with each would take for ever
    boxes = np.array(list(linearizer.linearityBBox.values())).reshape(-1, 4)
    first, last = boxes[:, :2], boxes[:, :2] + boxes[:, 2:]
    for i, name in enumerate(names):
        inside = ((first[:i] < last[i]) & (first[i] < last[:i])).all(axis=1)
        if inside.any():
            detail = f"linearityBBox of {name} overlaps that of {names[int(np.flatnonzero(inside)[0])]}"
            yield Problem("CAL308", ("amplifiers", name, "linearityBBox"), detail)


def _unfit(kind: str, coeffs: Array, table: Array | None) -> Iterator[tuple[str, str]]:
    """Yield code and words for coefficients that do not fit the type of the correction."""
    if kind == "LookupTable":
        yield from _lookup_problems(coeffs, table)
    elif kind in ("Polynomial", "Squared") and not len(coeffs):
        yield "CAL320", f"{kind} needs at least one coefficient"
    elif kind == "Spline":
        if len(coeffs) % 2 or len(coeffs) < 4:
            yield (
                "CAL320",
                f"Spline needs as many values as nodes, at least two of each; there are {len(coeffs)} coefficients",
            )
        else:
            yield from node_problems(coeffs[: len(coeffs) // 2])
    elif kind == "DoubleSpline":
        yield from _double_problems(coeffs)


def _lookup_problems(coeffs: Array, table: Array | None) -> Iterator[tuple[str, str]]:
    if len(coeffs) != 2 or not np.isfinite(coeffs).all():
        yield "CAL320", f"LookupTable needs two coefficients, row and offset; there are {len(coeffs)}"
    elif table is None:
        yield "CAL321", "LookupTable, but there is no table"
    elif not 0 <= coeffs[0] < len(table):
        yield "CAL321", f"row {coeffs[0]:g} of a table of {len(table)} rows"
    elif coeffs[0] != int(coeffs[0]):
        yield "CAL320", f"the row of the lookup table is {coeffs[0]:g}, not a whole number"


def _double_problems(coeffs: Array) -> Iterator[tuple[str, str]]:
    numbers = coeffs[:2].tolist()
    if len(numbers) < 2 or not all(np.isfinite(n) and n >= 0 and n != 1 and n == int(n) for n in numbers):
        yield "CAL320", "DoubleSpline starts with the numbers of nodes of both splines, each 0 or at least 2"
        return
    expected = int(2 + 2 * sum(numbers))
    if len(coeffs) != expected:
        yield (
            "CAL320",
            f"DoubleSpline of {numbers[0]:g} and {numbers[1]:g} nodes needs {expected} coefficients; there are {len(coeffs)}",
        )
        return
    for nodes, _ in pair(coeffs):
        yield from node_problems(nodes)


def node_problems(nodes: Array) -> Iterator[tuple[str, str]]:
    """Yield code and words for nodes of a spline that do not increase; NaN stands for none at all."""
    if np.isfinite(nodes).all() and (np.diff(nodes) <= 0).any():
        place = int(np.flatnonzero(np.diff(nodes) <= 0)[0])
        yield "CAL322", f"node {place + 2} is {nodes[place + 1]:g} after {nodes[place]:g}"
