"""Statistics of curves with known values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from curated.declare.statistic import NotRunError
from curated.types import _curve_statistics as s
from support.demo import demo_calib
from support.samples import AMPLIFIER, of_product


def curve(wavelengths: Any, percents: Any, names: Any = None) -> Any:
    return replace(
        demo_calib("transmission_filter"),
        wavelength=np.array(wavelengths, float),
        efficiency=np.array(percents, float),
        throughput=None,
        amp_name=None if names is None else np.array(names),
    )


def values(sample: Any) -> list[float]:
    return [statistic.compute(sample).value for statistic in s.CURVE_STATISTICS]


def test_curve_of_the_detector() -> None:
    sample = of_product(curve([700, 500, 600, 620], [1, 2, 90, -3]), None)
    assert values(sample) == pytest.approx([-0.03, 0.9, 0.02, 0.93, 100, 20])


def test_curves_of_amplifiers() -> None:
    product = curve([500, 600, 500, 600], [10, 20, 30, 60], ["C00", "C00", "C01", "C01"])
    assert values(of_product(product)) == pytest.approx([0.1, 0.2, 0.2, 0.1, 100, 100])
    assert values(of_product(product, None)) == pytest.approx([0.2, 0.4, 0.4, 0.2, 100, 100])
    with pytest.raises(NotRunError, match="no curve of amplifier C17"):
        s.CURVE_MINIMUM.compute(of_product(product, replace(AMPLIFIER, name="C17")))
    with pytest.raises(NotRunError, match="fewer than two"):
        s.CURVE_MINIMUM.compute(of_product(curve([500], [5]), None))


def test_quantum_efficiency() -> None:
    assert 0.5 < s.CURVE_MAXIMUM.compute(of_product(demo_calib("qe_curve"), None)).value <= 1
