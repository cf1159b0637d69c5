"""Throughput of the standard atmosphere above the site."""

from __future__ import annotations

from typing import ClassVar

from curated.calib import calibration
from curated.types._spectral_bounds import LINE_BOUNDS
from curated.types._transmission import TransmissionCurve, transmission_spec


@calibration
class AtmosphereTransmission(TransmissionCurve):
    """Throughput of the standard atmosphere above the site."""

    SPEC: ClassVar = transmission_spec(
        "transmission_atmosphere",
        "Atmosphere",
        "Throughput of the standard atmosphere",
        ("instrument",),
        LINE_BOUNDS,
    )
