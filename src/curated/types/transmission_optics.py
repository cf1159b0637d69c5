"""Throughput of the mirrors and lenses."""

from __future__ import annotations

from typing import ClassVar

from curated.calib import calibration
from curated.types._spectral_bounds import SMOOTH_BOUNDS
from curated.types._transmission import TransmissionCurve, transmission_spec


@calibration
class OpticsTransmission(TransmissionCurve):
    """Throughput of the mirrors and lenses."""

    SPEC: ClassVar = transmission_spec(
        "transmission_optics",
        "Optics",
        "Throughput of the mirrors and lenses",
        ("instrument",),
        SMOOTH_BOUNDS,
    )
