"""Changes of photodiode readings and of their corrections."""

from __future__ import annotations

from typing import Any

import numpy as np

from curated.core.diagnostic import CuratedError
from curated.declare import Bound
from curated.types._keyed_changes import keyed_measure, number_measure, set_measures


def charge(calib: Any) -> float | None:
    """Return the charge (coulomb) of a `Photodiode`; `None` if it cannot be integrated."""
    if len(calib.timeSamples) != len(calib.currentSamples) or len(calib.timeSamples) < 2:
        return None
    try:
        with np.errstate(all="ignore"):
            return float(calib.integrate())
    except CuratedError:
        return None


def _duration(calib: Any) -> float | None:
    times = calib.timeSamples
    return float(times[-1]) - float(times[0]) if len(times) else None


MEASURES = (
    number_measure(
        "charge_change",
        "%",
        "Relative change of the charge, integrated as the calibration says.",
        charge,
        notable=0.1,
    ),
    number_measure(
        "peak_current_change",
        "%",
        "Relative change of the largest current.",
        lambda calib: float(np.max(calib.currentSamples)) if len(calib.currentSamples) else None,
        notable=1,
    ),
    number_measure(
        "duration_change",
        "s",
        "Change of the time from the first sample to the last.",
        _duration,
        notable=0.1,
    ),
)

BOUNDS = (
    Bound(
        quantity="current",
        doc="Size of a current, or of a charge.",
        values=lambda calib: np.abs(np.asarray(calib.currentSamples, "f8")),
        unit="A",
        maximum=0.1,
        place=lambda _: "currentSamples",
        source="Photodiodes saturate at some mA; those of calibrations have pA to uA, which larger numbers may be in.",
    ),
)

CORRECTION_MEASURES = (
    keyed_measure(
        "correction_change",
        "",
        "Change of the correction of a pair of exposures.",
        lambda calib: calib.pairs,
        key="pair",
        notable=1e-3,
    ),
    *set_measures(
        ("pairs_gained", "pairs_lost"),
        (
            "Pairs of exposures that only the new calibration corrects, each counted as 1.",
            "Pairs of exposures that only the old calibration corrects, each counted as 1.",
        ),
        lambda calib: calib.pairs,
        key="pair",
    ),
)
