"""Statistics of matrices of crosstalk and of brighter-fatter kernels."""

from __future__ import annotations

import math

import numpy as np

from curated.declare.field import Array
from curated.declare.statistic import Estimate, NotRunError, Sample
from curated.types._sample_values import (
    AMPLIFIER,
    CP_VERIFY,
    DETECTOR,
    HERE,
    amplifier_of,
    of_product,
)


def _coefficients(sample: Sample) -> Array:
    matrix = getattr(sample.product, "coeffs", None)
    if matrix is None or not np.size(matrix):
        raise NotRunError("the calibration has no coefficients")
    return np.asarray(matrix, np.float64)


def _largest_coefficient(sample: Sample) -> Estimate:
    matrix = np.abs(_coefficients(sample))
    place = np.unravel_index(int(np.nanargmax(matrix)), matrix.shape)
    errors = sample.product.coeffErr
    error = float(np.asarray(errors)[place]) if errors is not None else 0.0
    return Estimate(float(matrix[place]), error if math.isfinite(error) else 0.0)


def _largest_row_sum(sample: Sample) -> Estimate:
    return Estimate(float(np.abs(np.nansum(_coefficients(sample), axis=1)).max()))


def _own_coefficient(sample: Sample) -> Estimate:
    return Estimate(float(np.nanmax(np.abs(np.diag(_coefficients(sample))))))


def _asymmetry(sample: Sample) -> Estimate:
    matrix = _coefficients(sample)
    return Estimate(float(np.nanmax(np.abs(matrix - matrix.T))))


def _valid_part(sample: Sample) -> Estimate:
    valid = sample.product.coeffValid
    if valid is None or not np.size(valid):
        raise NotRunError("the calibration does not say which coefficients are valid")
    matrix = np.asarray(valid, bool)
    others = ~np.eye(len(matrix), dtype=bool)
    return Estimate(float(matrix[others].mean()) if others.any() else 1.0)


def _kernel(sample: Sample) -> Array:
    kernels, name = sample.product.kernels, amplifier_of(sample).name
    kernel = (
        next(iter(kernels.values())) if sample.product.level == "DETECTOR" and kernels else kernels.get(name)
    )
    if kernel is None or not sample.product.valid.get(name, True):
        raise NotRunError(f"there is no valid kernel of amplifier {name}")
    array = np.asarray(kernel, np.float64)
    if array.ndim != 2 or not np.isfinite(array).all() or not array.any():
        raise NotRunError(f"the kernel of amplifier {name} is empty, or not finite")
    return array


def _kernel_asymmetry(sample: Sample) -> Estimate:
    kernel = _kernel(sample)
    return Estimate(float(np.abs(kernel - kernel[::-1, ::-1]).max() / np.abs(kernel).max()))


def _kernel_centre(sample: Sample) -> Estimate:
    kernel = _kernel(sample)
    return Estimate(float(abs(kernel[kernel.shape[0] // 2, kernel.shape[1] // 2]) / np.abs(kernel).max()))


def _kernel_edge(sample: Sample) -> Estimate:
    kernel = np.abs(_kernel(sample))
    edge = max(kernel[0].max(), kernel[-1].max(), kernel[:, 0].max(), kernel[:, -1].max())
    return Estimate(float(edge / kernel.max()))


LARGEST_COEFFICIENT = of_product(
    "largest_coefficient", "", DETECTOR, "largest |coefficient|", HERE, _largest_coefficient
)
LARGEST_ROW_SUM = of_product(
    "largest_row_sum", "", DETECTOR, "largest |sum of the coefficients of a source|", HERE, _largest_row_sum
)
OWN_COEFFICIENT = of_product(
    "own_coefficient",
    "",
    DETECTOR,
    "largest |coefficient of an amplifier on itself|",
    HERE,
    _own_coefficient,
)
COEFFICIENT_ASYMMETRY = of_product(
    "coefficient_asymmetry", "", DETECTOR, "largest |c[i, j] - c[j, i]|", HERE, _asymmetry
)
VALID_COEFFICIENTS = of_product(
    "valid_coefficients",
    "",
    DETECTOR,
    "part of the coefficients between amplifiers that are valid",
    f"{CP_VERIFY}, verifyCrosstalk.py (N_VALID)",
    _valid_part,
)
KERNEL_ASYMMETRY = of_product(
    "kernel_asymmetry",
    "",
    AMPLIFIER,
    "largest |k[i, j] - k[-i, -j]| / largest |k|",
    "Coulton et al. 2018, AJ 155, 258",
    _kernel_asymmetry,
)
KERNEL_CENTRE = of_product(
    "kernel_centre",
    "",
    AMPLIFIER,
    "|k[0, 0]| / largest |k|",
    "Coulton et al. 2018, AJ 155, 258",
    _kernel_centre,
)
KERNEL_EDGE = of_product(
    "kernel_edge",
    "",
    AMPLIFIER,
    "largest |k| of the edge / largest |k|",
    "Coulton et al. 2018, AJ 155, 258",
    _kernel_edge,
)
CROSSTALK_STATISTICS = (
    LARGEST_COEFFICIENT,
    LARGEST_ROW_SUM,
    OWN_COEFFICIENT,
    COEFFICIENT_ASYMMETRY,
    VALID_COEFFICIENTS,
)
KERNEL_STATISTICS = (KERNEL_ASYMMETRY, KERNEL_CENTRE, KERNEL_EDGE)
