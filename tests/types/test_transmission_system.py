"""Throughput of the whole system: products of curves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from curated.calib import CalibrationError
from curated.core.diagnostic import CuratedError
from curated.registry import own_types
from curated.types.transmission_filter import FilterTransmission
from curated.types.transmission_sensor import SensorTransmission
from curated.types.transmission_system import SystemTransmission, product
from support.demo import DEMO, FIRST


def curve(wavelength: list[float], throughput: list[float], **metadata: Any) -> FilterTransmission:
    return FilterTransmission.fromDict(
        {
            "metadata": metadata,
            "wavelength": wavelength,
            "throughput": throughput,
            "units": {"wavelength": "nm"},
        }
    )


def test_product() -> None:
    first = curve([400.0, 500.0, 600.0], [0.2, 0.8, 0.4], INSTRUME="Demo", FILTER="r")
    second = curve([450.0, 550.0, 700.0], [0.5, 1.0, 1.0], INSTRUME="demo", SOURCE="x")
    both = product([first, second])
    assert both.wavelength.tolist() == [450, 500, 550, 600]
    assert both.throughput.tolist() == pytest.approx([0.25, 0.6, 0.6, 0.4])
    assert dict(both.metadata) == {"OBSTYPE": "transmission_system", "INSTRUME": "demo", "FILTER": "r"}
    assert product([first]).throughput.tolist() == [0.2, 0.8, 0.4]
    with pytest.raises(CalibrationError, match="FILTER is 'g', but 'r'"):
        product([first, curve([400.0, 500.0], [1.0, 1.0], FILTER="g")])
    with pytest.raises(CuratedError, match="no range of wavelengths in common: 400 to 600 nm, 600 to 700 nm"):
        product([first, curve([600.0, 700.0], [1.0, 1.0])])
    with pytest.raises(CuratedError, match="a product of no curves"):
        product([])


def test_the_system_of_the_demonstration_is_the_product() -> None:
    parts = [
        own_types()[name].readText(DEMO / name / levels / f"{FIRST}.ecsv")
        for name, levels in (
            ("transmission_filter_detector", "d00/r"),
            ("transmission_sensor", "d00"),
            ("transmission_optics", ""),
            ("transmission_atmosphere", ""),
        )
    ]
    assert isinstance(parts[1], SensorTransmission)
    system = SystemTransmission.readText(DEMO / "transmission_system" / "d00" / "r" / f"{FIRST}.ecsv")
    calib = product(parts)
    assert calib.metadata["DETECTOR"] == 0
    wavelengths = system.samples()[0]
    assert np.abs(calib.throughput_at(wavelengths) - system.throughput_at(wavelengths)).max() < 2e-6
