"""Changes of the amplifiers out of use."""

from __future__ import annotations

from typing import Any

from curated.types._keyed_changes import set_measures


def entries(calib: Any) -> set[str]:
    """Return each amplifier with its period, as text."""
    rows = zip(
        calib.detector.tolist(),
        calib.amplifier.tolist(),
        calib.begin.tolist(),
        calib.end.tolist(),
        strict=True,
    )
    return {
        " ".join([str(detector), str(amplifier), *(f"{word} {text}" for word, text in periods if text)])
        for detector, amplifier, begin, end in rows
        for periods in [(("from", begin), ("to", end))]
    }


MEASURES = set_measures(
    ("bad_amplifiers_gained", "bad_amplifiers_lost"),
    (
        "Amplifiers, each with its period, that only the new calibration has out of use, each counted as 1.",
        "Amplifiers, each with its period, that only the old calibration has out of use, each counted as 1.",
    ),
    lambda calib: sorted(entries(calib)),
    worse="more",
)
