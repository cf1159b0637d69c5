"""Statistics of curves against wavelength."""

from __future__ import annotations

import numpy as np

from curated.declare.field import Array
from curated.declare.statistic import Estimate, NotRunError, Sample
from curated.types._sample_values import (
    ALL_LEVELS,
    HERE,
    of_product,
)


def _curve(sample: Sample) -> tuple[Array, Array]:
    """Return wavelengths (nm) in order and fractions of a curve, of the amplifier if the file has one."""
    product = sample.product
    rows, wavelengths, indices = product.ordered
    fractions = np.asarray(product.fractions, np.float64)[rows]
    if sample.amplifier is not None and indices is not None:
        if sample.amplifier.name not in product.amplifiers:
            raise NotRunError(f"there is no curve of amplifier {sample.amplifier.name}")
        keep = indices == product.amplifiers.index(sample.amplifier.name)
        wavelengths, fractions = wavelengths[keep], fractions[keep]
    elif indices is not None:
        order = np.argsort(wavelengths, kind="stable")
        wavelengths, starts = np.unique(wavelengths[order], return_index=True)
        fractions = np.add.reduceat(fractions[order], starts) / np.diff([*starts, len(order)])
    if len(wavelengths) < 2:
        raise NotRunError("the curve has fewer than two samples")
    return wavelengths, fractions


def _minimum(sample: Sample) -> Estimate:
    return Estimate(float(_curve(sample)[1].min()))


def _maximum(sample: Sample) -> Estimate:
    return Estimate(float(_curve(sample)[1].max()))


def _edge(sample: Sample) -> Estimate:
    fractions = _curve(sample)[1]
    return Estimate(float(max(abs(fractions[0]), abs(fractions[-1]))))


def _step(sample: Sample) -> Estimate:
    return Estimate(float(np.abs(np.diff(_curve(sample)[1])).max()))


def _gap(sample: Sample) -> Estimate:
    return Estimate(float(np.diff(_curve(sample)[0]).max()))


def _spacing(sample: Sample) -> Estimate:
    return Estimate(float(np.diff(_curve(sample)[0]).min()))


CURVE_MINIMUM = of_product("curve_minimum", "", ALL_LEVELS, "smallest fraction", HERE, _minimum, signed=True)
CURVE_MAXIMUM = of_product("curve_maximum", "", ALL_LEVELS, "largest fraction", HERE, _maximum)
CURVE_EDGE = of_product(
    "curve_edge", "", ALL_LEVELS, "larger |fraction| of the first and the last sample", HERE, _edge
)
CURVE_STEP = of_product(
    "curve_step", "", ALL_LEVELS, "largest |difference| of neighbouring fractions", HERE, _step
)
WAVELENGTH_GAP = of_product(
    "wavelength_gap", "nm", ALL_LEVELS, "largest distance of neighbouring samples", HERE, _gap
)
WAVELENGTH_SPACING = of_product(
    "wavelength_spacing", "nm", ALL_LEVELS, "smallest distance of neighbouring samples", HERE, _spacing
)

CURVE_STATISTICS = (CURVE_MINIMUM, CURVE_MAXIMUM, CURVE_EDGE, CURVE_STEP, WAVELENGTH_GAP, WAVELENGTH_SPACING)
