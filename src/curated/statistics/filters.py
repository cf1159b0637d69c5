"""Digital filters of sequences, and the rejection of cosmic rays in images."""

from __future__ import annotations

import cmath
import math

import numpy as np

from curated.declare.field import Array

_GROWN = 0.3
"""Part of the threshold that neighbours of cosmic rays need, as in van Dokkum's program."""


def high_pass(order: int, cutoff: float) -> tuple[Array, Array]:
    """Return the coefficients of a digital Butterworth filter that passes high frequencies.

    Poles of the analogue filter, inverted for a high pass, are brought to the z plane by the bilinear transform with
    its frequency prewarped (Oppenheim and Schafer 2010, Discrete-Time Signal Processing, section 7.2).

    Parameters
    ----------
    order : `int`
        Number of poles.
    cutoff : `float`
        Frequency at which the power is half, in units of half the sampling frequency.

    Returns
    -------
    numerator, denominator : `numpy.ndarray`, (order + 1,)
        Coefficients of decreasing powers of z; the first one of the denominator is 1.
    """
    warped = 4 * math.tan(math.pi * cutoff / 2)
    poles = [-cmath.exp(1j * math.pi * m / (2 * order)) for m in range(-order + 1, order, 2)]
    poles = [warped / pole for pole in poles]
    gain = np.real(np.prod([4.0] * order) / np.prod([4 - pole for pole in poles]))
    numerator = gain * np.poly(np.ones(order))
    denominator = np.real(np.poly([(4 + pole) / (4 - pole) for pole in poles]))
    return numerator, denominator


def filter_both_ways(numerator: Array, denominator: Array, values: Array) -> Array:
    """Return a sequence that was filtered forwards and then backwards, which shifts nothing.

    Ends are extended by the sequence turned around its first and last value, and each pass begins in the state of a
    constant input (Gustafsson 1996, IEEE Transactions on Signal Processing 44, 988, describes both).

    Parameters
    ----------
    numerator, denominator : `numpy.ndarray`, (K,)
        Coefficients; see `high_pass`.
    values : `numpy.ndarray`, (N,)
        The sequence, of more than 3 K values.

    Returns
    -------
    filtered : `numpy.ndarray`, (N,)
    """
    pad = 3 * len(denominator)
    before = 2 * values[0] - values[pad:0:-1]
    after = 2 * values[-1] - values[-2 : -pad - 2 : -1]
    extended = np.concatenate([before, values, after])
    size = len(denominator) - 1
    companion = np.eye(size, k=1)
    companion[:, 0] = -denominator[1:]
    state = np.linalg.solve(np.eye(size) - companion, numerator[1:] - denominator[1:] * numerator[0])
    forward = _filter(numerator, denominator, extended, state * extended[0])
    backward = _filter(numerator, denominator, forward[::-1], state * forward[-1])
    return backward[::-1][pad:-pad]


def _filter(numerator: Array, denominator: Array, values: Array, state: Array) -> Array:
    """Return a sequence after a filter that begins in a state (transposed direct form II)."""
    b, a, memory = numerator.tolist(), denominator.tolist(), [*state.tolist(), 0.0]
    orders = range(len(a) - 1)
    filtered = []
    for value in values.tolist():
        result = b[0] * value + memory[0]
        for i in orders:
            memory[i] = b[i + 1] * value - a[i + 1] * result + memory[i + 1]
        filtered.append(result)
    return np.array(filtered)


def cosmic_rays(image: Array, noise: float, threshold: float = 5.0) -> Array:
    """Return which pixels of an image without sources are hit by cosmic rays.

    The Laplacian of the image with each pixel divided into four, negative values set to zero, is that of pixels that
    are brighter than their neighbours; over twice the noise it is the significance of a single one. Pixels above the
    threshold count, and neighbours of theirs above 0.3 of it. van Dokkum 2001, PASP 113, 1420, equations 5 to 13,
    without its tests for stars, of which biases, darks and residuals of flats have none.

    Parameters
    ----------
    image : `numpy.ndarray`, (rows, columns)
        Pixels around a constant level; those that are not finite hide nothing beside them.
    noise : `float`
        Standard deviation of a pixel, in the unit of the image.
    threshold : `float`, optional
        Significance from which a pixel counts.

    Returns
    -------
    hit : `numpy.ndarray` [`bool`], (rows, columns)
    """
    pixels = np.asarray(image, np.float64)
    finite = np.isfinite(pixels)
    if not noise > 0 or not finite.any():
        return np.zeros(pixels.shape, bool)
    level = float(np.median(pixels[finite]))
    padded = np.pad(np.where(finite, pixels, level), 1, mode="edge")
    centre = 2 * padded[1:-1, 1:-1]
    significance = np.zeros(pixels.shape)
    for horizontal in (padded[1:-1, :-2], padded[1:-1, 2:]):
        for vertical in (padded[:-2, 1:-1], padded[2:, 1:-1]):
            significance += np.maximum(centre - horizontal - vertical, 0)
    significance /= 8 * noise
    hit = (significance > threshold) & finite
    rows, columns = pixels.shape
    near = np.pad(hit, 1)
    shifted = (near[i : i + rows, j : j + columns] for i in range(3) for j in range(3))
    beside = np.logical_or.reduce(list(shifted))
    grown: Array = hit | (beside & finite & (significance > _GROWN * threshold))
    return grown
