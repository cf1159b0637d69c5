"""Efficiency of a detector."""

from __future__ import annotations

from typing import ClassVar

from curated.calib import calibration
from curated.types._spectral_bounds import SMOOTH_BOUNDS
from curated.types._transmission import TransmissionCurve, transmission_spec


@calibration
class SensorTransmission(TransmissionCurve):
    """Efficiency of a detector."""

    SPEC: ClassVar = transmission_spec(
        "transmission_sensor", "Sensor", "Efficiency of a detector", ("instrument", "detector"), SMOOTH_BOUNDS
    )

    IS_MEAN: ClassVar = True
