"""Throughput of the whole system at a detector through a filter."""

from __future__ import annotations

from typing import ClassVar

from curated.calib import calibration
from curated.types._transmission import TransmissionCurve, transmission_spec


@calibration
class SystemTransmission(TransmissionCurve):
    """Throughput of the whole system at a detector through a filter."""

    SPEC: ClassVar = transmission_spec(
        "transmission_system",
        "System",
        "Throughput of the whole system",
        ("instrument", "detector", "physical_filter"),
    )
