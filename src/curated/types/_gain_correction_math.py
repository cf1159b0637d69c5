"""Changes of gain corrections."""

from __future__ import annotations

from typing import Any

from curated.declare import Bound, Comparison
from curated.types._keyed_changes import AMPLIFIER_SET, AMPLIFIER_SET_DOCS, keyed_measure, set_measures


def adjustments(calib: Any) -> dict[str, float]:
    """Return the adjustment of each amplifier."""
    return dict(zip(calib.ampNames.tolist(), calib.gainAdjustments.tolist(), strict=False))


MEASURES = (
    keyed_measure(
        "gain_change",
        "%",
        "Relative change of the adjustment of an amplifier, which is that of its gain.",
        adjustments,
        notable=0.1,
    ),
    *set_measures(AMPLIFIER_SET, AMPLIFIER_SET_DOCS, adjustments),
)


BOUNDS = (
    Bound(
        quantity="gainAdjustments",
        values=lambda calib: calib.gainAdjustments,
        minimum=0.5,
        maximum=2.0,
        milder="CAL330",
        label=lambda calib, _, index: str(calib.ampNames[index[0]]) if index[0] < len(calib.ampNames) else "",
        doc="Factor of an amplifier's gain.",
        source="Gains drift by parts in a thousand; a factor of two is another setting of the electronics, and a gain of its own.",
    ),
)


COMPARISONS = (Comparison(quantity="gainAdjustments", values=adjustments, doc="Factors of the gains."),)
