"""Correction of the brighter-fatter effect, conserving charge, and what a change of kernels does."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from curated.core.geometry import Box
from curated.declare import Array, Comparison, Conditions, Measure, Reading
from curated.types._detector_bounds import GAIN, NOISE, keyed_bound
from curated.types._keyed_changes import AMPLIFIER_SET, keyed_measure, set_measures


def correct(electrons: Array, kernels: Sequence[tuple[Array, Box]], threshold: float, max_iter: int) -> Array:
    """Return an image with the charge moved back to where it was generated.

    Charge that is already in the pixels pushes later charge sideways. Let the convolution of the image with the
    kernel ``K`` be the potential of that displacement. Then the image ``F`` that was read out and the image ``F0``
    that fell onto the detector obey ``F0 = F + 1/2 div(F0 grad(K * F0))`` (Coulton et al. 2018, AJ 155, 258,
    section 3), which is solved by iteration from ``F0 = F``. The flux through the side between two pixels is the
    mean of their charge times the difference of their potentials; nothing passes the edge of the image. What leaves
    a pixel enters its neighbour, so the sum of the image is conserved to rounding.

    If amplifiers have kernels of their own, the potential of each is computed from all pixels around, including
    those of other amplifiers, and a side that two amplifiers share gets the mean of both. Beyond the edge of the
    image the pixels at the edge are repeated.

    Parameters
    ----------
    electrons : `numpy.ndarray`, (rows, columns), float64
        The image in electrons, all of it finite.
    kernels : sequence [`tuple`]
        Kernels (1/electron), with odd numbers of rows and columns, each with the pixels that it is for.
    threshold : `float`
        Sum of the absolute changes (electron) in one iteration below which it ends.
    max_iter : `int`
        Largest number of iterations.

    Returns
    -------
    corrected : `numpy.ndarray`, (rows, columns), float64
        The image in electrons.
    """
    corrected, change = electrons, np.inf
    for _ in range(max_iter):
        following = electrons + 0.5 * _divergence(corrected, kernels)
        change = float(np.abs(following - corrected).sum())
        corrected = following
        if change < threshold:
            return corrected
    warnings.warn(
        f"the brighter-fatter correction still changed by {change:g} electrons after {max_iter} iterations",
        RuntimeWarning,
        stacklevel=3,
    )
    return corrected


def _divergence(image: Array, kernels: Sequence[tuple[Array, Box]]) -> Array:
    """Return the net charge that flows into each pixel, against the gradient of the potential."""
    rows, columns = image.shape
    along, across = np.zeros((rows, columns - 1)), np.zeros((rows - 1, columns))
    count_along, count_across = np.zeros(along.shape), np.zeros(across.shape)
    for kernel, box in kernels:
        x0, x1 = max(box.x0 - 1, 0), min(box.x0 + box.width + 1, columns)
        y0, y1 = max(box.y0 - 1, 0), min(box.y0 + box.height + 1, rows)
        potential = _potential(image, kernel, slice(y0, y1), slice(x0, x1))
        inside = slice(box.y0 - y0, box.y0 - y0 + box.height), slice(box.x0 - x0, box.x0 - x0 + box.width)
        sides = (slice(box.y0, box.y0 + box.height), slice(x0, x1 - 1))
        along[sides] += np.diff(potential[inside[0]], axis=1)
        count_along[sides] += 1
        sides = (slice(y0, y1 - 1), slice(box.x0, box.x0 + box.width))
        across[sides] += np.diff(potential[:, inside[1]], axis=0)
        count_across[sides] += 1
    along *= (image[:, 1:] + image[:, :-1]) / (2 * np.maximum(count_along, 1))
    across *= (image[1:] + image[:-1]) / (2 * np.maximum(count_across, 1))
    return np.diff(along, axis=1, prepend=0, append=0) + np.diff(across, axis=0, prepend=0, append=0)


def _potential(image: Array, kernel: Array, rows: slice, columns: slice) -> Array:
    """Return the convolution of an image with a kernel in some rows and columns of the image."""
    half_y, half_x = kernel.shape[0] // 2, kernel.shape[1] // 2
    y = np.clip(np.arange(rows.start - half_y, rows.stop + half_y), 0, image.shape[0] - 1)
    x = np.clip(np.arange(columns.start - half_x, columns.stop + half_x), 0, image.shape[1] - 1)
    around = image[np.ix_(y, x)]
    # Lengths that are transformed fast; what wraps around falls outside these rows and columns.
    shape = [_fast_length(n) for n in around.shape]
    product = np.fft.rfft2(around, shape) * np.fft.rfft2(kernel, shape)
    convolved: Array = np.fft.irfft2(product, shape)
    return convolved[2 * half_y : around.shape[0], 2 * half_x : around.shape[1]]


def _fast_length(length: int) -> int:
    """Return the smallest number from ``length`` on that has no prime factor above five."""
    while True:
        rest = length
        for prime in (2, 3, 5):
            while rest % prime == 0:
                rest //= prime
        if rest == 1:
            return length
        length += 1


# -- measures -----------------------------------------------------------------------------------------

FLUX = 100_000.0
"""Charge (electron) at which changes of the pixel area are given: about the full well of a CCD."""


def usable_kernels(calib: Any) -> dict[str, Array]:
    """Return the kernels in force that are marked as valid, by amplifier or detector."""
    return {name: kernel for name, kernel in calib.kernels.items() if calib.valid.get(name, True)}


def largest_difference(old: Array, new: Array) -> float:
    """Return the largest absolute difference of two matrices around their centres, beyond which they are zero."""
    shape = [max(sides) for sides in zip(old.shape, new.shape, strict=True)]
    if not all(shape):
        return 0.0
    first, second = (_centred(matrix, shape) for matrix in (old, new))
    with np.errstate(all="ignore"):
        sizes = np.abs(second - first)
    is_same = (first == second) | (np.isnan(first) & np.isnan(second))
    return float(np.where(is_same, 0.0, sizes).max())


def _centred(matrix: Array, shape: Sequence[int]) -> Array:
    margins = [(size - side) // 2 for size, side in zip(shape, matrix.shape, strict=True)]
    pads = [(m, size - side - m) for m, size, side in zip(margins, shape, matrix.shape, strict=True)]
    return np.pad(matrix.astype(float), pads)


def _areas(old: Any, new: Any, _: Conditions) -> Iterator[Reading]:
    before, after = usable_kernels(old), usable_kernels(new)
    key = "detector" if old.level == new.level == "DETECTOR" else "amplifier"
    for name, kernel in before.items():
        if name in after:
            yield Reading(FLUX * largest_difference(kernel, after[name]), of={key: name})


def _sums(calib: Any) -> dict[str, float]:
    with np.errstate(all="ignore"):
        return {name: float(np.sum(kernel)) for name, kernel in usable_kernels(calib).items() if kernel.size}


def _centres(calib: Any) -> dict[str, float]:
    kernels = usable_kernels(calib)
    return {name: float(k[k.shape[0] // 2, k.shape[1] // 2]) for name, k in kernels.items() if k.size}


MEASURES = (
    Measure(
        name="area_change_at_100ke",
        unit="",
        doc="Largest abs(new - old) of a value of the kernel times 100,000 electrons: a fraction of the pixel's area.",
        compute=_areas,
        notable=1e-3,
    ),
    keyed_measure(
        "kernel_sum_change",
        "%",
        "Relative change of the sum of the kernel.",
        _sums,
        notable=5,
    ),
    keyed_measure(
        "central_value_change",
        "%",
        "Relative change of the central value of the kernel.",
        _centres,
        notable=2,
    ),
    *set_measures(
        AMPLIFIER_SET,
        (
            "Amplifiers, or detectors, that have a valid kernel only in the new calibration, each counted as 1.",
            "Amplifiers, or detectors, that have a valid kernel only in the old calibration, each counted as 1.",
        ),
        usable_kernels,
    ),
)


def _usable(name: str) -> Callable[[Any], dict[str, Any]]:
    """Return a function that returns a field of the amplifiers whose kernels are in force."""

    def values(calib: Any) -> dict[str, Any]:
        if calib.level != "AMP":
            return {}
        return {key: value for key, value in getattr(calib, name).items() if calib.valid.get(key, True)}

    return values


def _kernel_sizes(calib: Any) -> dict[str, Array]:
    """Return the sizes of the values of the kernels in force."""
    return {key: np.abs(kernel) for key, kernel in calib.kernels.items() if calib.valid.get(key, True)}


BOUNDS = (
    keyed_bound(
        "kernel",
        "Size of a value of a kernel in force.",
        {
            "unit": "1/electron",
            "maximum": 1e-5,
            "source": "1e-7 to 3e-7 in the centre (Coulton et al. 2018, AJ 155, 258); at 1e-5 a pixel of 100,000 electron would lose its area.",
        },
        _kernel_sizes,
        place=lambda calib: "detKernels" if calib.level == "DETECTOR" else "ampKernels",
    ),
    keyed_bound("gain", "Gain of an amplifier with a kernel in force.", GAIN, _usable("gain")),
    keyed_bound("noise", "Read noise of an amplifier with a kernel in force.", NOISE, _usable("noise")),
)


COMPARISONS = (
    Comparison(
        quantity="kernel",
        values=lambda calib: {key: k for key, k in calib.kernels.items() if calib.valid.get(key, True)},
        doc="Kernels in force.",
        place="ampKernels",
    ),
    Comparison(quantity="gain", values=_usable("gain"), doc="Gains."),
    Comparison(quantity="noise", values=_usable("noise"), doc="Read noise.", exchange=""),
)
