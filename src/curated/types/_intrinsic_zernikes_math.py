"""Changes of intrinsic Zernike coefficients."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from curated.declare import Conditions, Measure, Reading
from curated.types._keyed_changes import difference


def _changes(old: Any, new: Any, _: Conditions) -> Iterator[Reading]:
    """Yield for each coefficient its largest change at the positions of both."""
    for system, suffix in (("CCS", ""), ("OCS", "_ocs")):
        places = [_places(calib, suffix) for calib in (old, new)]
        positions = [position for position in places[0] if position in places[1]]
        if not positions:
            continue
        for index in np.intersect1d(old.noll_indices, new.noll_indices).tolist():
            before, after = (
                np.array([places[i][p][_place(calib, index)] for p in positions])
                for i, calib in enumerate((old, new))
            )
            steps = np.array(list(map(difference, before, after)))
            worst = int(np.argmax(np.where(np.isnan(steps), np.inf, np.abs(steps))))
            values = float(steps[worst]), float(before[worst]), float(after[worst])
            yield Reading(*values, {"coefficient": f"Z{index}", "system": system})


def _place(calib: Any, index: int) -> int:
    return int(np.flatnonzero(calib.noll_indices == index)[0])


def _places(calib: Any, suffix: str) -> dict[tuple[float, float], Any]:
    """Return the coefficients by position; none where the sizes of the fields differ."""
    x, y, values = (getattr(calib, f"{name}{suffix}") for name in ("field_x", "field_y", "values"))
    if values.shape != (len(x), len(calib.noll_indices)) or len(x) != len(y):
        return {}
    return dict(zip(zip(x.tolist(), y.tolist(), strict=True), values, strict=True))


def _positions(old: Any, new: Any, _: Conditions) -> Iterator[Reading]:
    for system, suffix in (("CCS", ""), ("OCS", "_ocs")):
        before, after = (
            {
                repr(place)
                for place in zip(*(getattr(c, f"field_{a}{suffix}").tolist() for a in "xy"), strict=False)
            }
            for c in (old, new)
        )
        yield Reading(len(before ^ after), len(before), len(after), {"system": system})


MEASURES = (
    Measure(
        name="coefficient_change",
        unit="um",
        doc="Largest change of a coefficient at the positions that both calibrations have.",
        compute=_changes,
        notable=0.01,
    ),
    Measure(
        name="positions_changed",
        unit="",
        doc="Number of positions that only one of both calibrations has.",
        compute=_positions,
        notable=0.1,
        additive=True,
    ),
)
