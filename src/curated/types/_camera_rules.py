"""What is wrong with a camera: names that stand twice, amplifiers that do not tile their detector."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from curated.core.diagnostic import Problem
from curated.declare import Array, Field


def problems(camera: Any) -> Iterator[Problem]:
    """Yield names that stand twice, and amplifiers that do not tile a known detector."""
    for declared in (f for f in camera.FIELDS if f.name in ("detector_id", "detector_name", "filter_name")):
        yield from _twice(camera, declared, getattr(camera, declared.name).tolist())
    pairs = list(zip(camera.amplifier_detector.tolist(), camera.amplifier_name.tolist(), strict=True))
    yield from _twice(camera, next(f for f in camera.FIELDS if f.name == "amplifier_name"), pairs)
    names = camera.detector_name.tolist()
    known = ", ".join(names)
    for row, name in enumerate(camera.amplifier_detector.tolist()):
        if name not in names:
            yield Problem(
                "CAL308", ("amplifiers", row, "detector"), f"detector {name!r} is not one of {known}"
            )
    for row, name in enumerate(names):
        rows = np.flatnonzero(camera.amplifier_detector == name)
        if not rows.size:
            yield Problem("CAL308", ("detectors", row), f"detector {name} has no amplifier")
        yield from _outside(camera, rows, row)
        yield from _overlapping(camera, rows)


def _twice(camera: Any, declared: Field, values: list[Any]) -> Iterator[Problem]:
    table = camera.SPEC.tables[declared.table].name
    first: dict[Any, int] = {}
    for row, value in enumerate(values):
        if first.setdefault(value, row) != row:
            said = " ".join(value) if isinstance(value, tuple) else value
            detail = f"{table} {row + 1}: {declared.key} {said} is that of {table} {first[value] + 1}"
            yield Problem("CAL306", (table, row, declared.key), detail)


def _boxes(camera: Any) -> tuple[Array, Array, Array, Array]:
    """Return left, right, bottom and top edges of the amplifiers, the ends exclusive."""
    left, bottom = camera.amplifier_x0, camera.amplifier_y0
    return left, left + camera.amplifier_width, bottom, bottom + camera.amplifier_height


def _outside(camera: Any, rows: Array, detector: int) -> Iterator[Problem]:
    _, right, _, top = _boxes(camera)
    width, height = camera.detector_width[detector], camera.detector_height[detector]
    for row in rows[(right[rows] > width) | (top[rows] > height)].tolist():
        reach = f"reaches to {right[row]}, {top[row]} on {width} x {height} pixels"
        yield Problem("CAL307", ("amplifiers", row), f"amplifier {_amplifier(camera, row)} {reach}")


def _overlapping(camera: Any, rows: Array) -> Iterator[Problem]:
    left, right, bottom, top = _boxes(camera)
    for i, row in enumerate(rows.tolist()):
        before = rows[:i]
        inside = (left[before] < right[row]) & (left[row] < right[before])
        inside &= (bottom[before] < top[row]) & (bottom[row] < top[before])
        if inside.any():
            other = _amplifier(camera, int(before[inside][0]))
            detail = f"amplifier {_amplifier(camera, row)} overlaps {other}"
            yield Problem("CAL308", ("amplifiers", row), detail)


def _amplifier(camera: Any, row: int) -> str:
    return f"{camera.amplifier_detector[row]} {camera.amplifier_name[row]}"
