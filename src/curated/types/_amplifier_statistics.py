"""Statistics of the numbers that calibrations have for each amplifier: gains, noise, turn-offs, corrections."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from curated.core.geometry import DetectorGeometry
from curated.declare.field import Array
from curated.declare.statistic import Estimate, NotRunError, Sample
from curated.statistics.relations import reduced_chi_squared, robust_line, row_mean_variance_slope
from curated.types._sample_values import (
    AMPLIFIER,
    CP_VERIFY,
    DMTN_101,
    HERE,
    amplifier_of,
    excess,
    number_of,
    of_product,
)
from curated.types._sequence_statistics import NONLINEARITY

_SAMPLES = 200
_FAINTEST = 0.02
"""Part of the largest signal from which a correction is compared with the signal."""

_LAGS = ((1, 0), (0, 1), (1, 1), (2, 0), (0, 2))


def _value(sample: Sample, *fields: str) -> float:
    """Return the number of the amplifier in the first field that has it.

    Raises
    ------
    NotRunError
        If none has it, or it is not finite.
    """
    name = amplifier_of(sample).name
    for field in fields:
        values = getattr(sample.product, field, None)
        if isinstance(values, dict) and name in values and math.isfinite(values[name]):
            return float(values[name])
    raise NotRunError(f"there is no {fields[0]} of amplifier {name}")


def _vector(sample: Sample, field: str) -> Array:
    name = amplifier_of(sample).name
    values = getattr(sample.product, field).get(name)
    if values is None or not np.size(values):
        raise NotRunError(f"there is no {field} of amplifier {name}")
    return np.asarray(values, np.float64)


def _error(sample: Sample, field: str) -> float:
    values = getattr(sample.product, field, None) or {}
    error = float(values.get(amplifier_of(sample).name, 0.0))
    return error if math.isfinite(error) else 0.0


def _gain_excess(sample: Sample) -> Estimate:
    gain = Estimate(_value(sample, "gain"), _error(sample, "gainErr"))
    return excess(gain, number_of(sample, "gain", "nominal gain"))


def _noise_excess(sample: Sample) -> Estimate:
    noise = Estimate(_value(sample, "noise", "readNoise"), _error(sample, "noiseErr"))
    return excess(noise, number_of(sample, "read_noise", "nominal read noise"))


# -- photon transfer ----------------------------------------------------------------------------------------


def _selected(sample: Sample, *fields: str) -> list[Array]:
    """Return vectors over the pairs of flats that went into the fit."""
    vectors = [_vector(sample, field) for field in fields]
    is_used = _vector(sample, "expIdMask") > 0
    if any(len(vector) != len(is_used) for vector in vectors):
        raise NotRunError(f"{fields[0]} has not a value for each pair")
    return [vector[is_used] for vector in vectors]


def _noise_trend(sample: Sample) -> Estimate:
    means, noises = _selected(sample, "rawMeans", "noiseList")
    keep = np.isfinite(means) & np.isfinite(noises)
    if keep.sum() < 3:
        raise NotRunError("it needs the noise of three pairs")
    fit, level = robust_line(means[keep], noises[keep]), float(np.median(noises[keep]))
    if not level > 0:
        raise NotRunError("the noise is not positive")
    span = float(np.ptp(means[keep])) / level
    return Estimate(fit.slope.value * span, fit.slope.error * span)


def _fit_chi_squared(sample: Sample) -> Estimate:
    variances, model = _selected(sample, "finalVars", "finalModelVars")
    pixels = sample.product.nPixelCovariances.get(amplifier_of(sample).name, -1)
    if pixels < 2:
        raise NotRunError("the number of pixels behind each variance is not known")
    # The variance of a difference of two exposures is twice that of one, and so are its errors.
    errors = np.abs(model) * math.sqrt(2 / (pixels - 1))
    estimate = reduced_chi_squared(variances - model, errors, len(_vector(sample, "ptcFitPars")))
    if math.isnan(estimate.value):
        raise NotRunError("there are not more pairs than parameters of the fit")
    return estimate


def _turnoff(sample: Sample) -> Estimate:
    gain = _value(sample, "gain")
    return Estimate(_value(sample, "ptcTurnoff") * gain, _error(sample, "ptcTurnoffSamplingError") * gain)


def _area_change(sample: Sample) -> Estimate:
    kind = sample.product.ptcFitType
    if kind == "FULLCOVARIANCE":
        return Estimate(float(_vector(sample, "aMatrix")[0]))
    if kind != "EXPAPPROXIMATION":
        raise NotRunError(f"a fit of the type {kind} has no a00")
    errors = _vector(sample, "ptcFitParsError")
    return Estimate(
        float(_vector(sample, "ptcFitPars")[0]), float(errors[0]) if math.isfinite(errors[0]) else 0.0
    )


def _row_slope(sample: Sample) -> Estimate:
    means, variances = _selected(sample, "rawMeans", "rowMeanVariance")
    amplifier = amplifier_of(sample)
    if not amplifier.box.width:
        raise NotRunError(f"the number of columns of amplifier {amplifier.name} is not known")
    value = row_mean_variance_slope(means, variances, _value(sample, "gain"), amplifier.box.width)
    if math.isnan(value):
        raise NotRunError("there are no variances of row means")
    return Estimate(value)


def _covariance_slope(lag: tuple[int, int]) -> Callable[[Sample], Estimate]:
    def compute(sample: Sample) -> Estimate:
        side = int(sample.product.covMatrixSide)
        if side <= max(lag):
            raise NotRunError(f"covariances have lags up to {side - 1} only")
        means, is_used = _vector(sample, "rawMeans"), _vector(sample, "expIdMask") > 0
        covariances = _vector(sample, "covariances")
        if len(covariances) != len(means) * side**2 or len(is_used) != len(means):
            raise NotRunError("there is no covariance matrix of each pair")
        values = covariances.reshape(len(means), side, side)[:, lag[0], lag[1]]
        slope = robust_line(means[is_used], values[is_used]).slope
        if math.isnan(slope.value):
            raise NotRunError("it needs two pairs")
        return slope

    return compute


# -- corrections --------------------------------------------------------------------------------------------


def _largest_correction(sample: Sample) -> Estimate:
    product, name = sample.product, amplifier_of(sample).name
    if name not in product.linearityType:
        raise NotRunError(f"there is no correction of amplifier {name}")
    if product.linearityType[name] == "None":
        raise NotRunError(f"amplifier {name} is not corrected")
    largest = product.largest(name)
    signals = np.linspace(_FAINTEST, 1, _SAMPLES) * largest
    deviations = np.abs(product.correct(name, signals) / signals - 1)
    if not np.isfinite(deviations).all():
        raise NotRunError("the correction is not finite")
    return Estimate(float(deviations.max()))


def _adjustment(sample: Sample) -> Estimate:
    name = amplifier_of(sample).name
    names = sample.product.ampNames.tolist()
    if name not in names:
        raise NotRunError(f"there is no adjustment of amplifier {name}")
    return Estimate(float(sample.product.gainAdjustments[names.index(name)]) - 1)


def _chargeof_product(field: str) -> Callable[[Sample], Estimate]:
    return lambda sample: Estimate(_value(sample, field), _error(sample, f"{field}SamplingErr"))


# -- camera -------------------------------------------------------------------------------------------------


def _coverage(sample: Sample) -> Estimate:
    if sample.detector is not None:
        return Estimate(_covered(sample.detector))
    names = getattr(sample.product, "detector_name", None)
    if names is None or not len(names):
        raise NotRunError("the size of the detector is not known")
    fractions = [_covered(sample.product.detector(name)) for name in names.tolist()]
    return Estimate(max(fractions, key=lambda fraction: abs(fraction - 1)))


def _covered(geometry: DetectorGeometry) -> float:
    if not geometry.width or not geometry.height:
        raise NotRunError("the size of the detector is not known")
    covered = sum(a.box.width * a.box.height for a in geometry.amplifiers)
    return covered / (geometry.width * geometry.height)


def _nominal(field: str, label: str) -> Callable[[Sample], Estimate]:
    return lambda sample: Estimate(number_of(sample, field, label))


_PTC = f"{CP_VERIFY}, verifyPtc.py"

GAIN_EXCESS = of_product(
    "gain_excess", "", AMPLIFIER, "gain / nominal gain - 1", _PTC, _gain_excess, "gain", signed=True
)
PRODUCT_NOISE_EXCESS = of_product(
    "product_noise_excess",
    "",
    AMPLIFIER,
    "read noise / nominal read noise - 1",
    _PTC,
    _noise_excess,
    "read_noise",
    signed=True,
)
NOISE_TREND = of_product(
    "noise_trend",
    "",
    AMPLIFIER,
    "slope of the noise against signal times the range of signals / median noise",
    f"{_PTC}, noise independent of signal; line of Cauchy's loss",
    _noise_trend,
    signed=True,
)
FIT_CHI_SQUARED = of_product(
    "fit_chi_squared",
    "",
    AMPLIFIER,
    "sum of ((V - model) / (model sqrt(2 / (n - 1))))**2 / (pairs - parameters), n pixels behind each V",
    "Bevington and Robinson 2003, section 4.4",
    _fit_chi_squared,
)
TURNOFF = of_product("turnoff_charge", "electron", AMPLIFIER, "turn-off times the gain", _PTC, _turnoff)
AREA_CHANGE = of_product(
    "area_change",
    "1/electron",
    AMPLIFIER,
    "a00 of the covariance model",
    f"{_PTC}; Astier et al. 2019, A&A 629, A36",
    _area_change,
    signed=True,
)
ROW_SLOPE = of_product(
    "row_mean_variance_slope",
    "",
    AMPLIFIER,
    "sum of variances of row means times gain**2 / sum of 2 mean gain / columns",
    _PTC,
    _row_slope,
)
COVARIANCE_SLOPES = tuple(
    of_product(
        f"covariance_slope_{i}{j}",
        "adu",
        AMPLIFIER,
        f"slope of covariance [{i}, {j}] against the mean, Cauchy's loss",
        _PTC,
        _covariance_slope((i, j)),
    )
    for i, j in _LAGS
)
LARGEST_CORRECTION = of_product(
    "largest_correction",
    "",
    AMPLIFIER,
    f"largest |corrected / signal - 1| above {_FAINTEST:.0%} of the largest signal",
    f"{CP_VERIFY}, verifyLinearity.py, alike for all types; {DMTN_101}, linearity",
    _largest_correction,
)
GAIN_ADJUSTMENT = of_product(
    "gain_adjustment", "", AMPLIFIER, "adjustment - 1", HERE, _adjustment, signed=True
)
GLOBAL_INEFFICIENCY = of_product(
    "global_transfer_inefficiency",
    "",
    AMPLIFIER,
    "fraction of the charge that each transfer leaves behind",
    "Snyder et al. 2021, JATIS 7, 048002",
    _chargeof_product("globalCti"),
)
SERIAL_TURNOFF = of_product(
    "serial_turnoff",
    "electron",
    AMPLIFIER,
    "signal above which serial transfers defer far more charge",
    "lsst/cp_pipe, deferred charge",
    _chargeof_product("serialCtiTurnoff"),
)
PARALLEL_TURNOFF = of_product(
    "parallel_turnoff",
    "electron",
    AMPLIFIER,
    "signal above which parallel transfers defer far more charge",
    "lsst/cp_pipe, deferred charge",
    _chargeof_product("parallelCtiTurnoff"),
)
AMPLIFIER_COVERAGE = of_product(
    "amplifier_coverage",
    "",
    ("detector", "focal plane"),
    "area of the amplifiers / area of the detector; of a focal plane that farthest from 1",
    HERE,
    _coverage,
)
NOMINAL_GAIN = of_product(
    "nominal_gain", "electron/adu", AMPLIFIER, "gain", HERE, _nominal("gain", "gain"), "gain"
)
NOMINAL_NOISE = of_product(
    "nominal_read_noise",
    "electron",
    AMPLIFIER,
    "read noise",
    HERE,
    _nominal("read_noise", "read noise"),
    "read_noise",
)
NOMINAL_SATURATION = of_product(
    "nominal_saturation",
    "adu",
    AMPLIFIER,
    "saturation",
    HERE,
    _nominal("saturation", "saturation"),
    "saturation",
)

PTC_STATISTICS = (
    GAIN_EXCESS,
    PRODUCT_NOISE_EXCESS,
    NOISE_TREND,
    FIT_CHI_SQUARED,
    TURNOFF,
    AREA_CHANGE,
    ROW_SLOPE,
    *COVARIANCE_SLOPES,
)
LINEARITY_STATISTICS = (LARGEST_CORRECTION, NONLINEARITY)
CAMERA_STATISTICS = (AMPLIFIER_COVERAGE, NOMINAL_GAIN, NOMINAL_NOISE, NOMINAL_SATURATION)
CTI_STATISTICS = (GLOBAL_INEFFICIENCY, SERIAL_TURNOFF, PARALLEL_TURNOFF)
