"""Quantiles of images, exact and without a sorted copy of the pixels."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from curated.declare.field import Array

BLOCK = 2**16
"""Pixels that are looked at together: few enough for their copies to stay in a cache."""

_SMALL = 4 * BLOCK
"""Most values that are simply copied and partitioned."""

_DIGIT = 16
"""Bits by which values are counted at a time."""

_SINGLE = frozenset({"float16", "float32", "int8", "uint8", "int16", "uint16", "bool"})
"""Types whose values are all exact in single precision."""


def blocks(values: Array, usable: Array | None = None) -> Iterator[Array]:
    """Yield the values that are finite and usable, as float64 arrays of about `BLOCK` values, (M,).

    Parameters
    ----------
    values : `numpy.ndarray`, (...)
        Pixels of any type and shape.
    usable : `numpy.ndarray` or `None`, (...)
        Which of them count; `None` for all.
    """
    for part in _parts(values, usable):
        yield part.astype(np.float64)


def _parts(values: Array, usable: Array | None) -> Iterator[Array]:
    """Yield the values that count, in their own type."""
    array = np.atleast_1d(np.asarray(values))
    if array.ndim > 2:
        array = array.reshape(len(array), -1)
    keep = (
        None
        if usable is None
        else np.broadcast_to(np.asarray(usable, bool), np.shape(values)).reshape(array.shape)
    )
    width = array[0].size if array.ndim == 2 and len(array) else 1
    rows = max(1, BLOCK // max(width, 1))
    for start in range(0, len(array), rows):
        part = array[start : start + rows]
        mask = np.isfinite(part)
        if keep is not None:
            mask &= keep[start : start + rows]
        yield part.ravel() if mask.all() else part[mask]


def quantiles(values: Array, fractions: Sequence[float], usable: Array | None = None) -> list[float]:
    """Return quantiles, between two values by linear interpolation.

    The quantile of a fraction p of n values is at the position p (n - 1) of the sorted values, counted from 0, as
    ``percentile`` of afw has it (lsst/afw, ``src/math/Statistics.cc``; definition 7 of Hyndman and Fan 1996, The
    American Statistician 50, 361).

    Parameters
    ----------
    values : `numpy.ndarray`, (...)
        Pixels; those that are not finite do not count.
    fractions : sequence [`float`]
        Fractions between 0 and 1.
    usable : `numpy.ndarray` or `None`, (...)
        Which pixels count; `None` for all.

    Returns
    -------
    quantiles : `list` [`float`]
        In the unit of the values; NaN where no value counts.

    Raises
    ------
    ValueError
        If a fraction is not between 0 and 1.
    """
    for fraction in fractions:
        if not 0 <= fraction <= 1:
            raise ValueError(f"{fraction} is not a fraction between 0 and 1")
    if np.size(values) <= _SMALL:
        sample = np.concatenate([np.empty(0), *blocks(values, usable)])
        count = len(sample)
    else:
        sample, count = None, sum(part.size for part in _parts(values, usable))
    if not count:
        return [math.nan] * len(fractions)
    positions = [fraction * (count - 1) for fraction in fractions]
    ranks = sorted({rank for p in positions for rank in (int(p), min(int(p) + 1, count - 1))})
    if sample is not None:
        partitioned = np.partition(sample, ranks)
        ordered = {rank: float(partitioned[rank]) for rank in ranks}
    else:
        ordered = _select(values, usable, ranks)
    return [_between(ordered, position, count) for position in positions]


def _between(ordered: dict[int, float], position: float, count: int) -> float:
    """Return the value at a position between two ranks."""
    low = int(position)
    weight = position - low
    if not weight:
        return ordered[low]
    return (1 - weight) * ordered[low] + weight * ordered[min(low + 1, count - 1)]


def _select(values: Array, usable: Array | None, ranks: Sequence[int]) -> dict[int, float]:
    """Return the values at ranks of the sorted values, by counting them digit by digit (radix selection).

    The bits of floating-point numbers, with those of negative ones inverted, have the order of the numbers. Values are
    counted by their first 16 bits, then those that share them with one that is looked for by the next 16, and so on.
    """
    single = np.asarray(values).dtype.name in _SINGLE
    dtype, word = (np.float32, np.uint32) if single else (np.float64, np.uint64)
    bits = np.dtype(word).itemsize * 8
    # Rank within the numbers that begin with a prefix, by rank; there is one prefix, the empty one, at first.
    prefixes = {rank: (0, rank) for rank in ranks}
    for shift in range(bits - _DIGIT, -1, -_DIGIT):
        groups = sorted({prefix for prefix, _ in prefixes.values()})
        counts = {prefix: np.zeros(2**_DIGIT, np.int64) for prefix in groups}
        for part in _parts(values, usable):
            heads = _ordered_bits(part.astype(dtype), word) >> word(shift)
            digits = heads.astype(np.uint16)
            if shift == bits - _DIGIT:
                counts[0] += np.bincount(digits, minlength=2**_DIGIT)
                continue
            heads >>= word(_DIGIT)
            for prefix in groups:
                counts[prefix] += np.bincount(digits[heads == word(prefix)], minlength=2**_DIGIT)
        totals = {prefix: np.cumsum(count) for prefix, count in counts.items()}
        for rank, (prefix, position) in prefixes.items():
            digit = int(np.searchsorted(totals[prefix], position, side="right"))
            before = int(totals[prefix][digit - 1]) if digit else 0
            prefixes[rank] = ((prefix << _DIGIT) + digit, position - before)
    return {rank: _number(prefix, dtype, word) for rank, (prefix, _) in prefixes.items()}


def _ordered_bits(part: Array, word: Any) -> Array:
    """Return the bits of floating-point numbers such that they have their order as unsigned integers."""
    part = part + part.dtype.type(0)  # -0 becomes 0, its equal
    encoded = part.view(word)
    top = word(1) << word(part.dtype.itemsize * 8 - 1)
    ordered: Array = np.where(encoded & top, ~encoded, encoded | top)
    return ordered


def _number(encoded: int, dtype: Any, word: Any) -> float:
    """Return the number that has ordered bits; see `_ordered_bits`."""
    size = np.dtype(word).itemsize * 8
    top = 1 << (size - 1)
    decoded = encoded - top if encoded & top else ~encoded & ((1 << size) - 1)
    return float(np.array([decoded], word).view(dtype)[0])


def percentiles(values: Array, percents: Sequence[float], usable: Array | None = None) -> list[float]:
    """Return quantiles at percentages, as cp_pipe stores those of 0, 5, 16, 50, 84, 95 and 100 in headers.

    Parameters
    ----------
    values, usable : `numpy.ndarray`, (...)
        See `quantiles`.
    percents : sequence [`float`]
        Percentages between 0 and 100.
    """
    return quantiles(values, [percent / 100 for percent in percents], usable)


def quantile_error(fraction: float, deviation: float, count: int) -> float:
    """Return the standard error of a quantile of normally distributed values.

    It is sqrt(p (1 - p) / n) / f, where f is the density at the quantile (Kendall and Stuart 1977, The Advanced
    Theory of Statistics 1, section 10.10): sqrt(pi/2) s / sqrt(n) for the median.

    Parameters
    ----------
    fraction : `float`
        Fraction p between 0 and 1.
    deviation : `float`
        Standard deviation s of the values.
    count : `int`
        Number n of values.

    Returns
    -------
    error : `float`
        In the unit of the deviation; NaN for the fractions 0 and 1, and where there is no value.
    """
    if not 0 < fraction < 1 or count < 1:
        return math.nan
    from statistics import NormalDist

    normal = NormalDist()
    density = normal.pdf(normal.inv_cdf(fraction))
    return math.sqrt(fraction * (1 - fraction) / count) / density * deviation
