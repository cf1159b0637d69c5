"""Statistics of image products and maps of defects with known values."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from curated.core.geometry import Amplifier, Box, DetectorGeometry
from curated.core.metadata import Metadata
from curated.declare.statistic import NotRunError
from curated.types import _product_statistics as s
from curated.types.defects import Defects
from support.image_products import make_product
from support.samples import GAIN, READ_NOISE, of_product, pixels

LEFT = Amplifier("C00", Box(0, 0, 120, 260), "LL", GAIN, READ_NOISE)
RIGHT = Amplifier("C01", Box(120, 0, 120, 260), "LR", GAIN, READ_NOISE)


def test_level_and_noise_of_a_bias() -> None:
    image = pixels(1, noise=1.6)
    image[:, 120:] += 5
    bias = make_product("bias", image)
    for amplifier, level in ((LEFT, 0.0), (RIGHT, 5 * GAIN)):
        value, error = s.PRODUCT_LEVEL.compute(of_product(bias, amplifier))
        assert value == pytest.approx(level, abs=4 * error)
        value, error = s.NOISE_GROWTH.compute(of_product(bias, amplifier))
        assert value == pytest.approx(math.hypot(1, 0.2) - 1, abs=4 * error)
    in_electrons = make_product("bias", image * GAIN, unit="electron")
    assert s.PRODUCT_LEVEL.compute(of_product(in_electrons, RIGHT)).value == pytest.approx(5 * GAIN, abs=0.2)


def test_dark_current_is_that_of_a_second() -> None:
    image = np.zeros((260, 240), "f4")
    image[:, ::10] = 3.0
    image += 1.0
    dark = make_product("dark", image, unit="adu", dark_time=20.0)
    assert s.DARK_CURRENT.compute(of_product(dark, LEFT)).value == pytest.approx(GAIN / 20)
    assert s.DARK_CURRENT_95.compute(of_product(dark, LEFT)).value == pytest.approx(4 * GAIN / 20)
    per_second = make_product("dark", image, unit="electron/s")
    assert s.DARK_CURRENT.compute(of_product(per_second, LEFT)).value == 1


def test_pixels_that_cannot_be_used() -> None:
    image = pixels(1)
    mask = np.zeros(image.shape, "i4")
    mask[:26, :120] = 1 << 0  # BAD
    mask[26:52, :120] = 1 << 5  # DETECTED, which is no fault
    image[100:113, :120] = np.nan
    image[:26, :120] = 1e6
    bias = make_product("bias", image, mask=mask)
    assert s.UNUSABLE_FRACTION.compute(of_product(bias, LEFT)).value == pytest.approx(39 / 260)
    assert s.UNUSABLE_FRACTION.compute(of_product(bias, RIGHT)).value == 0
    assert s.UNUSABLE_FRACTION.compute(of_product(bias, None)).value == pytest.approx(39 / 520)
    assert abs(s.PRODUCT_LEVEL.compute(of_product(bias, LEFT)).value) < 0.2
    with pytest.raises(NotRunError, match="has no pixels"):
        s.UNUSABLE_FRACTION.compute(of_product(object()))
    with pytest.raises(NotRunError, match="C00 are not known"):
        s.UNUSABLE_FRACTION.compute(of_product(bias, Amplifier("C00", Box(0, 0, 0, 0))))


def with_header(kind: str, image: Any, values: dict[int, Any], **more: Any) -> Any:
    keys = {f"LSST CALIB {kind.upper()} C00 DISTRIBUTION {p}-PCT": v for p, v in values.items()}
    return make_product(kind, image, metadata=keys, **more)


def test_percentiles_of_the_header() -> None:
    bias = with_header("bias", pixels(1), {16: -5.0, 50: 0.0, 84: 5.0})
    assert s.HEADER_LEVEL.compute(of_product(bias)).value == 0
    assert s.HEADER_WIDTH.compute(of_product(bias)).value == 5 * GAIN
    assert s.HEADER_MISMATCH.compute(of_product(bias)).value < 0.02
    other = with_header("bias", pixels(1), {50: 2.5})
    assert s.HEADER_MISMATCH.compute(of_product(other)).value == pytest.approx(0.5, abs=0.02)
    dark = with_header("dark", pixels(1), {50: 3.0}, unit="adu", dark_time=2.0)
    assert s.HEADER_RATE.compute(of_product(dark)).value == pytest.approx(3 * GAIN / 2)


@pytest.mark.parametrize("value", [None, "5", True, math.nan, math.inf])
def test_headers_without_percentiles(value: Any) -> None:
    bias = with_header("bias", pixels(1), {50: value} if value is not None else {})
    with pytest.raises(NotRunError, match="has no number 'LSST CALIB BIAS C00 DISTRIBUTION 50-PCT'"):
        s.HEADER_MISMATCH.compute(of_product(bias))


def test_flats() -> None:
    image = np.random.default_rng(2).uniform(0.9, 1.1, (260, 240)).astype("f4")
    image[:13, :120] = 0.3
    image[13:15, :120] = 1.5
    flat = make_product("flat", image * 20_000, unit="adu", normalisation=20_000.0)
    assert s.RELATIVE_LEVEL.compute(of_product(flat, RIGHT)).value == pytest.approx(1, abs=0.005)
    assert s.RELATIVE_RANGE.compute(of_product(flat, RIGHT)).value == pytest.approx(0.18, abs=0.005)
    assert s.DEAD_FRACTION.compute(of_product(flat, LEFT)).value == pytest.approx(13 / 260)
    assert s.VAMPIRE_FRACTION.compute(of_product(flat, LEFT)).value == pytest.approx(2 / 260)
    assert s.DEAD_FRACTION.compute(of_product(flat, RIGHT)).value == 0
    with pytest.raises(NotRunError, match="not positive"):
        s.RELATIVE_RANGE.compute(of_product(make_product("flat", -image)))


def test_defects() -> None:
    keys = {
        "LSST CALIB DEFECTS C00 N_HOT": 7,
        "LSST CALIB DEFECTS C00 N_COLD": 9,
        "LSST CALIB DEFECTS N_BAD_COLUMNS": 2,
    }
    columns = {
        name: np.array(values) for name, values in (("x0", [0, 118]), ("y0", [0, 0]), ("width", [1, 4]))
    }
    defects = Defects(metadata=Metadata(keys), height=np.array([260, 260]), **columns)
    geometry = DetectorGeometry("d00", 0, 240, 260, (LEFT, RIGHT))
    assert s.DEFECT_FRACTION.compute(of_product(defects, LEFT, geometry)).value == pytest.approx(3 / 120)
    assert s.DEFECT_FRACTION.compute(of_product(defects, None, geometry)).value == pytest.approx(5 / 240)
    assert s.HOT_COUNT.compute(of_product(defects)).value == 7
    assert s.COLD_COUNT.compute(of_product(defects)).value == 9
    assert s.BAD_COLUMN_COUNT.compute(of_product(defects, None)).value == 2
    with pytest.raises(NotRunError, match="C01 N_HOT"):
        s.HOT_COUNT.compute(of_product(defects, RIGHT))
    with pytest.raises(NotRunError, match="size of the detector"):
        s.DEFECT_FRACTION.compute(of_product(defects, LEFT, None))
