"""Changes of the corrections of converters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from curated.declare import Conditions, Measure, Reading
from curated.types._keyed_changes import AMPLIFIER_SET, AMPLIFIER_SET_DOCS, difference, set_measures


def _largest(old: Any, new: Any, _: Conditions) -> Iterator[Reading]:
    """Yield for each amplifier the largest change of a code's correction; a code without one has zero."""
    for name in old.corrections:
        if name not in new.corrections:
            continue
        starts = [calib.firstCode.get(name, 0) for calib in (old, new)]
        first = min(starts)
        tables = [
            np.pad(calib.corrections[name], (start - first, 0))
            for calib, start in zip((old, new), starts, strict=True)
        ]
        size = max(map(len, tables))
        before, after = (np.pad(table, (0, size - len(table))) for table in tables)
        if not size:
            continue
        steps = np.array(list(map(difference, before, after)))
        worst = int(np.argmax(np.where(np.isnan(steps), np.inf, np.abs(steps))))
        values = float(steps[worst]), float(before[worst]), float(after[worst])
        yield Reading(*values, {"amplifier": name, "code": first + worst})


MEASURES = (
    Measure(
        name="correction_change",
        unit="adu",
        doc="Largest change of the correction of a code of an amplifier.",
        compute=_largest,
        notable=0.1,
    ),
    *set_measures(AMPLIFIER_SET, AMPLIFIER_SET_DOCS, lambda calib: list(calib.corrections)),
)
