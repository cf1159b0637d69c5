"""Throughput of a filter at the position of a detector."""

from __future__ import annotations

from typing import ClassVar

from curated.calib import calibration
from curated.types._spectral_bounds import FILTER_BOUNDS
from curated.types._transmission import TransmissionCurve, transmission_spec


@calibration
class FilterDetectorTransmission(TransmissionCurve):
    """Throughput of a filter at the position of a detector."""

    SPEC: ClassVar = transmission_spec(
        "transmission_filter_detector",
        "FilterDetector",
        "Throughput of a filter at a detector",
        ("instrument", "detector", "physical_filter"),
        FILTER_BOUNDS,
    )
