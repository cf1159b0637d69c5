"""Throughput of a filter."""

from __future__ import annotations

from typing import ClassVar

from curated.calib import calibration
from curated.types._spectral_bounds import FILTER_BOUNDS
from curated.types._transmission import TransmissionCurve, transmission_spec


@calibration
class FilterTransmission(TransmissionCurve):
    """Throughput of a filter."""

    SPEC: ClassVar = transmission_spec(
        "transmission_filter",
        "Filter",
        "Throughput of a filter",
        ("instrument", "physical_filter"),
        FILTER_BOUNDS,
    )
