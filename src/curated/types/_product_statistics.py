"""Statistics of images and of maps of defects alone, without exposures."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from curated.declare.field import Array
from curated.declare.statistic import Estimate, Level, NotRunError, Sample
from curated.statistics.quantiles import percentiles, quantile_error
from curated.statistics.summary import Summary, summarize
from curated.types._sample_values import (
    AMPLIFIER,
    CP_VERIFY,
    DETECTOR,
    DMTN_101,
    HERE,
    SIGMA,
    amplifier_of,
    number_of,
    of_product,
    scale_of,
    scaled,
)

_BAD_PLANES = ("BAD", "SAT", "NO_DATA")
_DEAD, _VAMPIRE = 0.5, 1.2
"""Parts of the median below which pixels of a flat are dead, and above which eo_pipe calls them vampires."""


# -- images -------------------------------------------------------------------------------------------------


def _pixels(sample: Sample) -> tuple[Array, Array]:
    """Return the pixels of an image product, and which of them count, for the amplifier or for all."""
    product = sample.product
    if not getattr(product, "planes", None):
        raise NotRunError("the calibration has no pixels")
    image, mask = product.image, product.mask
    usable = np.isfinite(image)
    if mask is not None:
        bits = [1 << product.mask_planes[name] for name in _BAD_PLANES if name in product.mask_planes]
        usable = usable & ((mask & sum(bits)) == 0)
    if sample.amplifier is None:
        return image, usable
    slices = sample.amplifier.box.slices
    if not image[slices].size:
        raise NotRunError(f"the pixels of amplifier {sample.amplifier.name} are not known")
    return image[slices], usable[slices]


def _summary(sample: Sample) -> Summary:
    pixels, usable = _pixels(sample)
    summary = summarize(pixels, usable, sigma=SIGMA)
    if not summary.moments.number:
        raise NotRunError("no pixel of the calibration can be used")
    return summary


def _charge(sample: Sample) -> float:
    """Return the factor from pixels of the product to electrons, per second for images that scale with time."""
    product = sample.product
    seconds = getattr(product, product.TIME) if product.TIME else 1.0
    return scale_of(sample, product.unit or "") / (seconds or 1.0)


def _level(sample: Sample) -> Estimate:
    return scaled(_summary(sample).estimate("MEDIAN"), _charge(sample))


def _tail(sample: Sample) -> Estimate:
    pixels, usable = _pixels(sample)
    summary, scale = _summary(sample), _charge(sample)
    value = percentiles(pixels, (95,), usable)[0]
    return scaled(
        Estimate(value, quantile_error(0.95, summary.clipped.deviation, summary.moments.number)), scale
    )


def _noise_growth(sample: Sample) -> Estimate:
    read_noise = number_of(sample, "read_noise", "read noise")
    noise = scaled(_summary(sample).estimate("STDEVCLIP"), _charge(sample))
    growth = math.hypot(1, noise.value / read_noise)
    return Estimate(growth - 1, noise.value * noise.error / read_noise**2 / growth)


def _unusable(sample: Sample) -> Estimate:
    usable = _pixels(sample)[1]
    return Estimate(1 - int(usable.sum()) / usable.size)


def _header(sample: Sample, percent: int) -> float:
    name, obstype = amplifier_of(sample).name, sample.product.SPEC.obstype.upper()
    key = f"LSST CALIB {obstype} {name} DISTRIBUTION {percent}-PCT"
    value = sample.product.metadata.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise NotRunError(f"the header has no number {key!r}")
    return float(value)


def _header_mismatch(sample: Sample) -> Estimate:
    summary = _summary(sample)
    deviation = summary.clipped.deviation
    if not deviation > 0:
        raise NotRunError("the pixels do not scatter")
    return Estimate(abs(_header(sample, 50) - summary.median) / deviation)


def _header_width(sample: Sample) -> Estimate:
    return Estimate((_header(sample, 84) - _header(sample, 16)) / 2 * _charge(sample))


def _header_level(sample: Sample) -> Estimate:
    return Estimate(_header(sample, 50) * _charge(sample))


def _relative_level(sample: Sample) -> Estimate:
    level = getattr(sample.product, "normalisation", 1.0)
    return scaled(_summary(sample).estimate("MEDIAN"), 1 / level)


def _relative_range(sample: Sample) -> Estimate:
    pixels, usable = _pixels(sample)
    low, median, high = percentiles(pixels, (5, 50, 95), usable)
    if not median > 0:
        raise NotRunError("the median of the pixels is not positive")
    return Estimate((high - low) / median)


def _fraction_below(sample: Sample) -> Estimate:
    return _part(sample, lambda relative: relative < _DEAD)


def _fraction_above(sample: Sample) -> Estimate:
    return _part(sample, lambda relative: relative > _VAMPIRE)


def _part(sample: Sample, matches: Any) -> Estimate:
    pixels, usable = _pixels(sample)
    median = _summary(sample).median
    if not median > 0:
        raise NotRunError("the median of the pixels is not positive")
    return Estimate(int((matches(pixels / median) & usable).sum()) / int(usable.sum()))


# -- defects ------------------------------------------------------------------------------------------------


def _defect_fraction(sample: Sample) -> Estimate:
    geometry = sample.detector
    if geometry is None or not geometry.width or not geometry.height:
        raise NotRunError("the size of the detector is not known")
    problems = list(sample.product.fits_on(geometry.width, geometry.height))
    if problems:
        raise NotRunError(f"{problems[0].detail}")
    mask = sample.product.mask((geometry.height, geometry.width))
    part = mask if sample.amplifier is None else mask[sample.amplifier.box.slices]
    if not part.size:
        raise NotRunError("the pixels of the amplifier are not known")
    return Estimate(int(part.sum()) / part.size)


def _count(sample: Sample, name: str) -> Estimate:
    middle = f" {sample.amplifier.name}" if sample.amplifier is not None else ""
    key = f"LSST CALIB DEFECTS{middle} {name}"
    value = sample.product.metadata.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise NotRunError(f"the header has no number {key!r}")
    return Estimate(float(value))


_CALIB_STATS = "lsst/cp_pipe, cpCombine.calibStats"
_BOTH: tuple[Level, ...] = ("amplifier", "detector")

PRODUCT_LEVEL = of_product(
    "product_level",
    "electron",
    AMPLIFIER,
    "MEDIAN of the pixels times the gain",
    HERE,
    _level,
    "gain",
    signed=True,
)
DARK_CURRENT = of_product(
    "dark_current",
    "electron/s",
    AMPLIFIER,
    "MEDIAN of the pixels times the gain / dark time",
    "eo_pipe, dark current",
    _level,
    "gain",
)
DARK_CURRENT_95 = of_product(
    "dark_current_95",
    "electron/s",
    AMPLIFIER,
    "95 % quantile of the pixels times the gain / dark time",
    "eo_pipe, dark current",
    _tail,
    "gain",
)
NOISE_GROWTH = of_product(
    "noise_growth",
    "",
    AMPLIFIER,
    "sqrt(1 + (STDEVCLIP times the gain / read noise)**2) - 1",
    f"{DMTN_101}, bias: number of exposures",
    _noise_growth,
    "gain",
    "read_noise",
)
UNUSABLE_FRACTION = of_product(
    "unusable_fraction",
    "",
    _BOTH,
    f"part of the pixels that are not finite or {', '.join(_BAD_PLANES)}",
    HERE,
    _unusable,
)
HEADER_LEVEL = of_product(
    "header_level",
    "electron",
    AMPLIFIER,
    "50-PCT of the header times the gain",
    _CALIB_STATS,
    _header_level,
    "gain",
    signed=True,
)
HEADER_WIDTH = of_product(
    "header_width",
    "electron",
    AMPLIFIER,
    "(84-PCT - 16-PCT) / 2 of the header times the gain",
    _CALIB_STATS,
    _header_width,
    "gain",
)
HEADER_RATE = of_product(
    "header_rate",
    "electron/s",
    AMPLIFIER,
    "50-PCT of the header times the gain / dark time",
    _CALIB_STATS,
    _header_level,
    "gain",
    signed=True,
)
HEADER_MISMATCH = of_product(
    "header_mismatch",
    "",
    AMPLIFIER,
    "|50-PCT of the header - MEDIAN| / STDEVCLIP of the pixels",
    _CALIB_STATS,
    _header_mismatch,
)
RELATIVE_LEVEL = of_product(
    "relative_level", "", _BOTH, "MEDIAN of the pixels / normalisation", HERE, _relative_level
)
RELATIVE_RANGE = of_product(
    "relative_range", "", _BOTH, "(95 % - 5 % quantile) / MEDIAN of the pixels", _CALIB_STATS, _relative_range
)
DEAD_FRACTION = of_product(
    "dead_fraction",
    "",
    _BOTH,
    f"part of the pixels below {_DEAD} of the median",
    "lsst/cp_pipe, defects in flats",
    _fraction_below,
)
VAMPIRE_FRACTION = of_product(
    "vampire_fraction",
    "",
    _BOTH,
    f"part of the pixels above {_VAMPIRE} of the median",
    "eo_pipe, vampire pixels",
    _fraction_above,
)
DEFECT_FRACTION = of_product(
    "defect_fraction",
    "",
    _BOTH,
    "part of the pixels that the boxes cover",
    f"{CP_VERIFY}, verifyDefects.py (FRAC)",
    _defect_fraction,
)
HOT_COUNT = of_product(
    "hot_count",
    "pix",
    AMPLIFIER,
    "N_HOT of the header",
    "lsst/cp_pipe, defects",
    lambda s: _count(s, "N_HOT"),
)
COLD_COUNT = of_product(
    "cold_count",
    "pix",
    AMPLIFIER,
    "N_COLD of the header",
    "lsst/cp_pipe, defects",
    lambda s: _count(s, "N_COLD"),
)
BAD_COLUMN_COUNT = of_product(
    "bad_column_count",
    "",
    DETECTOR,
    "N_BAD_COLUMNS of the header",
    "lsst/cp_pipe, defects",
    lambda s: _count(s, "N_BAD_COLUMNS"),
)
DEFECT_STATISTICS = (DEFECT_FRACTION, HOT_COUNT, COLD_COUNT, BAD_COLUMN_COUNT)
