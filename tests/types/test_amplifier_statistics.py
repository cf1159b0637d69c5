"""Statistics of the numbers of amplifiers with known values."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from curated.core.geometry import Amplifier, Box, DetectorGeometry
from curated.declare.statistic import NotRunError
from curated.types import _amplifier_statistics as s
from support.demo import demo_calib
from support.samples import AMPLIFIER, GAIN, READ_NOISE, of_product

COUNT = 40


def ptc(**changes: Any) -> Any:
    """Return a photon transfer curve of one amplifier with exact values, in which vectors may be changed."""
    demo = demo_calib("ptc")
    means = np.linspace(1000, 60_000, COUNT)
    values = {
        "gain": 1.7,
        "gainErr": 0.01,
        "noise": 7.6,
        "noiseErr": 0.05,
        "ptcTurnoff": 60_000.0,
        "ptcTurnoffSamplingError": 500.0,
        "rawMeans": means,
        "noiseList": np.full(COUNT, 7.6),
        "expIdMask": np.ones(COUNT, bool),
        "rowMeanVariance": 2 * means / 1.7 / 240,
        "finalVars": means / 1.7,
        "finalModelVars": means / 1.7,
        "nPixelCovariances": 10_000,
        "ptcFitPars": np.array([-2e-6, 1.7, 50.0]),
        "ptcFitParsError": np.array([1e-7, 0.01, 1.0]),
        "aMatrix": np.array([-3e-6, 1e-7, 1e-7, 1e-8]),
        "covariances": (np.tile([1.0, 0, 0, 0], (COUNT, 1)) * means[:, None]).ravel(),
        **changes,
    }
    common = {name: values.pop(name) for name in ("ptcFitType", "covMatrixSide") if name in values}
    common = {"ptcFitType": "EXPAPPROXIMATION", "covMatrixSide": 2, **common}
    return replace(demo, **{name: {"C00": value} for name, value in values.items()}, **common)


def of(product: Any) -> Any:
    return of_product(product)


def test_gain_and_noise() -> None:
    assert s.GAIN_EXCESS.compute(of(ptc())) == pytest.approx((1.7 / GAIN - 1, 0.01 / GAIN))
    assert s.PRODUCT_NOISE_EXCESS.compute(of(ptc())) == pytest.approx(
        (7.6 / READ_NOISE - 1, 0.05 / READ_NOISE)
    )
    gains = replace(demo_calib("gains"), gain={"C00": 1.5}, readNoise={"C00": 9.0})
    assert s.GAIN_EXCESS.compute(of(gains)) == pytest.approx((1.5 / GAIN - 1, 0))
    assert s.PRODUCT_NOISE_EXCESS.compute(of(gains)).value == pytest.approx(9 / READ_NOISE - 1)
    for product, message in (
        (ptc(gain=math.nan), "no gain of amplifier C00"),
        (replace(ptc(), gain={}), "no gain"),
    ):
        with pytest.raises(NotRunError, match=message):
            s.GAIN_EXCESS.compute(of(product))


def test_noise_that_depends_on_the_signal() -> None:
    noises = np.random.default_rng(1).normal(7.6, 0.05, COUNT)
    value, error = s.NOISE_TREND.compute(of(ptc(noiseList=noises)))
    assert abs(value) < 4 * error
    trend = noises + np.linspace(0, 0.76, COUNT)
    value, error = s.NOISE_TREND.compute(of(ptc(noiseList=trend)))
    assert value == pytest.approx(0.095, abs=4 * error)
    # One bad pair is no trend, and noises in other units have the same.
    bad = noises.copy()
    bad[-1] = 50
    assert abs(s.NOISE_TREND.compute(of(ptc(noiseList=bad))).value) < 0.01
    assert s.NOISE_TREND.compute(of(ptc(noiseList=3 * trend))).value == pytest.approx(value)


def test_chi_squared_of_the_fit() -> None:
    rng, means = np.random.default_rng(2), np.linspace(1000, 60_000, COUNT) / 1.7
    scatter = rng.normal(0, 1, COUNT) * means * math.sqrt(2 / 9999)
    value, error = s.FIT_CHI_SQUARED.compute(of(ptc(finalVars=means + scatter)))
    assert value == pytest.approx(1, abs=4 * error)
    assert s.FIT_CHI_SQUARED.compute(of(ptc(finalVars=means + 2 * scatter))).value == pytest.approx(4 * value)
    # Pairs that were not used do not count.
    used = np.arange(COUNT) < 30
    spoiled = np.where(used, means, 1e9)
    assert s.FIT_CHI_SQUARED.compute(of(ptc(finalVars=spoiled, expIdMask=used))).value == pytest.approx(
        0, abs=1e-20
    )
    for change, message in (
        ({"nPixelCovariances": -1}, "number of pixels"),
        ({"expIdMask": np.arange(COUNT) < 3}, "not more pairs"),
    ):
        with pytest.raises(NotRunError, match=message):
            s.FIT_CHI_SQUARED.compute(of(ptc(**change)))


def test_other_values_of_the_curve() -> None:
    assert s.TURNOFF.compute(of(ptc())) == pytest.approx((102_000, 850))
    assert s.AREA_CHANGE.compute(of(ptc())) == pytest.approx((-2e-6, 1e-7))
    assert s.AREA_CHANGE.compute(of(ptc(ptcFitType="FULLCOVARIANCE"))).value == -3e-6
    with pytest.raises(NotRunError, match="POLYNOMIAL has no a00"):
        s.AREA_CHANGE.compute(of(ptc(ptcFitType="POLYNOMIAL")))
    assert s.ROW_SLOPE.compute(of(ptc())).value == pytest.approx(1)
    slopes = {
        statistic.name: statistic.compute(of(ptc(covMatrixSide=2))).value
        for statistic in s.COVARIANCE_SLOPES[:3]
    }
    assert slopes == pytest.approx(
        {"covariance_slope_10": 0, "covariance_slope_01": 0, "covariance_slope_11": 0}
    )
    means = np.linspace(1000, 60_000, COUNT)
    rising = (np.tile([1.0, 0.01, 0.02, 0], (COUNT, 1)) * means[:, None]).ravel()
    assert s.COVARIANCE_SLOPES[0].compute(of(ptc(covariances=rising))).value == pytest.approx(0.02)
    assert s.COVARIANCE_SLOPES[1].compute(of(ptc(covariances=rising))).value == pytest.approx(0.01)
    with pytest.raises(NotRunError, match="up to 1 only"):
        s.COVARIANCE_SLOPES[3].compute(of(ptc()))


def linearizer(kind: str, coeffs: Any, largest: float = 50_000.0, table: Any = None) -> Any:
    demo = demo_calib("linearizer")
    names = ("linearityMaxSignal", "linearityTurnoff")
    return replace(
        demo,
        hasLinearity=True,
        linearityType={"C00": kind},
        linearityCoeffs={"C00": np.array(coeffs, float)},
        tableData=table,
        **{name: {"C00": largest} for name in names},
    )


@pytest.mark.parametrize("deviation", [0.004, 0.03])
def test_all_kinds_of_corrections_have_one_measure(deviation: float) -> None:
    """cp_verify limits the cubic term by the quadratic one, and a table to 100 %: here each is its largest deviation."""
    top = 50_000.0
    ramp = np.arange(60_000.0)
    nodes = np.linspace(0, top, 6)
    for product in (
        linearizer("Squared", [deviation / top]),
        linearizer("Polynomial", [deviation / top]),
        linearizer("Polynomial", [0, deviation / top**2]),
        linearizer("Spline", [*nodes, *(-deviation * nodes**2 / top)]),
        linearizer("LookupTable", [0, 0], table=np.array([deviation * ramp**2 / top])),
    ):
        assert s.LARGEST_CORRECTION.compute(of(product)).value == pytest.approx(deviation, rel=0.02)


def test_amplifiers_without_correction() -> None:
    with pytest.raises(NotRunError, match="C00 is not corrected"):
        s.LARGEST_CORRECTION.compute(of(linearizer("None", [])))
    with pytest.raises(NotRunError, match="no correction of amplifier C77"):
        s.LARGEST_CORRECTION.compute(of_product(linearizer("Squared", [0]), replace(AMPLIFIER, name="C77")))


def test_adjustments_and_deferred_charge() -> None:
    correction = replace(
        demo_calib("gain_correction"),
        ampNames=np.array(["C01", "C00"]),
        gainAdjustments=np.array([1.5, 0.98]),
    )
    assert s.GAIN_ADJUSTMENT.compute(of(correction)).value == pytest.approx(-0.02)
    with pytest.raises(NotRunError, match="no adjustment"):
        s.GAIN_ADJUSTMENT.compute(of_product(correction, replace(AMPLIFIER, name="C05")))
    values = {
        "globalCti": 2e-6,
        "serialCtiTurnoff": 90_000.0,
        "serialCtiTurnoffSamplingErr": 300.0,
        "parallelCtiTurnoff": math.nan,
    }
    cti = replace(demo_calib("cti"), **{name: {"C00": value} for name, value in values.items()})
    assert s.GLOBAL_INEFFICIENCY.compute(of(cti)) == (2e-6, 0)
    assert s.SERIAL_TURNOFF.compute(of(cti)) == (90_000, 300)
    with pytest.raises(NotRunError, match="no parallelCtiTurnoff"):
        s.PARALLEL_TURNOFF.compute(of(cti))


def test_camera() -> None:
    halves = tuple(Amplifier(f"C0{n}", Box(120 * n, 0, 120, 260)) for n in range(2))
    whole = DetectorGeometry("d00", 0, 240, 260, halves)
    assert s.AMPLIFIER_COVERAGE.compute(of_product(None, None, whole)).value == 1
    assert (
        s.AMPLIFIER_COVERAGE.compute(of_product(None, None, replace(whole, amplifiers=halves[:1]))).value
        == 0.5
    )
    with pytest.raises(NotRunError, match="size of the detector"):
        s.AMPLIFIER_COVERAGE.compute(of_product(None, None, None))
    camera = demo_calib("camera")
    assert s.AMPLIFIER_COVERAGE.compute(of_product(camera, None, None)).value == 1
    narrow = replace(camera, amplifier_width=camera.amplifier_width // 2)
    assert s.AMPLIFIER_COVERAGE.compute(of_product(narrow, None, None)).value == 0.5
    assert s.NOMINAL_GAIN.compute(of(None)).value == GAIN
    assert s.NOMINAL_NOISE.compute(of(None)).value == READ_NOISE
    assert s.NOMINAL_SATURATION.compute(of(None)).value == 100_000
