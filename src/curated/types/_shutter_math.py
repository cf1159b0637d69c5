"""Changes of the motion of a shutter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from curated.declare import Bound, Conditions, Measure, Reading
from curated.types._keyed_changes import number_measure


def _paths(old: Any, new: Any, _: Conditions) -> Iterator[Reading]:
    if not all(len(c.mjd) == len(c.position) > 0 and np.isfinite(c.mjd).all() for c in (old, new)):
        return
    with np.errstate(all="ignore"):
        times = [calib.seconds for calib in (old, new)]
        common = np.union1d(*times)
        common = common[common <= min(t[-1] for t in times)]
        before, after = (np.interp(common, t, c.position) for t, c in zip(times, (old, new), strict=True))
        sizes = np.abs(after - before)
    sizes = np.where((before == after) | (np.isnan(before) & np.isnan(after)), 0.0, sizes)
    if sizes.size:
        place = int(sizes.argmax())
        of = {"seconds": round(float(common[place]), 6)}
        yield Reading(float(sizes[place]), float(before[place]), float(after[place]), of)


MEASURES = (
    number_measure(
        "duration_change",
        "s",
        "Change of the actual duration of the motion.",
        lambda calib: calib.actionDuration,
        notable=0.005,
    ),
    number_measure(
        "end_position_change",
        "mm",
        "Change of the position after the motion.",
        lambda calib: calib.endPosition,
        notable=0.1,
    ),
    Measure(
        name="position_change",
        unit="mm",
        doc="Largest abs(new - old) of the encoder's position at the same time after the first sample, interpolated linearly.",
        compute=_paths,
        notable=1,
    ),
)


def _duration_bound(name: str, doc: str) -> Bound:
    return Bound(
        quantity=name,
        doc=doc,
        values=lambda calib: np.array([getattr(calib, name)], "f8"),
        unit="s",
        minimum=1e-4,
        maximum=100.0,
        source="Blades cross the beam in 0.01 to 10 s, those of LSSTCam in 0.9.",
    )


BOUNDS = (
    _duration_bound("targetDuration", "Commanded duration of the motion."),
    _duration_bound("actionDuration", "Actual duration of the motion."),
    Bound(
        quantity="position",
        doc="Size of a position of the blade.",
        values=lambda calib: np.abs(np.asarray(calib.position, "f8")),
        unit="mm",
        maximum=5000.0,
        source="The largest shutter, of LSSTCam, moves by 750 mm; larger numbers may be in micrometres.",
    ),
)
