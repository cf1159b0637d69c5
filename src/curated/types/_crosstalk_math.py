"""What a change of crosstalk coefficients does to images."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from curated.declare import Array, Bound, Comparison, Conditions, Measure, Part, Reading
from curated.declare.measure import DEFAULT_SATURATION
from curated.types._detector_bounds import GAIN


def coefficients_in_force(calib: Any, name: str = "coeffs") -> Array:
    """Return the coefficients that the correction uses, (sources, targets); those that it excludes are zero.

    Parameters
    ----------
    calib : `Crosstalk`
        What `Crosstalk.apply` corrects with.
    name : `str`, optional
        ``coeffs`` or ``coeffsSqr``.
    """
    matrix = getattr(calib, name)
    if matrix is None:
        return np.zeros((0, 0))
    values = np.where(np.isfinite(matrix), matrix, 0.0)
    return values * valid_elements(calib, values.shape)


def valid_elements(calib: Any, shape: tuple[int, ...]) -> Array:
    """Return which elements between two amplifiers the correction uses, (sources, targets)."""
    if not calib.hasCrosstalk:
        return np.zeros(shape, bool)
    flags = calib.coeffValid
    if flags is None or flags.shape != shape:
        return np.ones(shape, bool)
    return np.asarray(flags, bool)


def _padded(first: Array, second: Array) -> tuple[Array, Array]:
    """Return two matrices as the upper left parts of matrices of one shape."""
    shape = np.maximum(first.shape, second.shape)
    a, b = (
        np.pad(m, [(0, int(n - k)) for n, k in zip(shape, m.shape, strict=True)]) for m in (first, second)
    )
    return a, b


def _pair(old: Any, new: Any, name: str = "coeffs") -> tuple[Array, Array]:
    return _padded(coefficients_in_force(old, name), coefficients_in_force(new, name))


def _label(index: int, conditions: Conditions, count: int) -> str | int:
    """Return the name of an amplifier, or its number from 1 where the detector is not known."""
    amplifiers = conditions.detector.amplifiers if conditions.detector is not None else ()
    return amplifiers[index].name if len(amplifiers) == count else index + 1


def _place(source: int, target: int, conditions: Conditions, count: int) -> dict[str, str | int]:
    return {"source": _label(source, conditions, count), "target": _label(target, conditions, count)}


def _largest(before: Array, after: Array) -> tuple[int, int, float] | None:
    """Return source, target and size of the largest change; `None` for empty matrices."""
    if not before.size:
        return None
    with np.errstate(all="ignore"):
        sizes = np.abs(after - before)
    sizes = np.where(np.isnan(sizes), 0.0, sizes)
    source, target = np.unravel_index(int(sizes.argmax()), sizes.shape)
    return int(source), int(target), float(sizes[source, target])


def _largest_change(name: str) -> Any:
    def compute(old: Any, new: Any, conditions: Conditions) -> Iterator[Reading]:
        before, after = _pair(old, new, name)
        largest = _largest(before, after)
        if largest is not None:
            source, target, size = largest
            of = _place(source, target, conditions, len(before))
            yield Reading(size, float(before[source, target]), float(after[source, target]), of)

    return compute


def saturations(conditions: Conditions, count: int) -> Array:
    """Return the saturation levels (adu) of the amplifiers, (count,)."""
    return np.array([conditions.saturation(index) for index in range(count)])


def _gains(calib: Any, conditions: Conditions, count: int) -> Array:
    """Return the gains (electron/adu) of coefficients between electrons, (count,); 1 for others, or if one is not known."""
    amplifiers = conditions.detector.amplifiers if conditions.detector is not None else ()
    if calib.crosstalkRatiosUnits != "electron" or len(amplifiers) != count:
        return np.ones(count)
    gains = np.array([amplifier.gain for amplifier in amplifiers])
    return gains if bool(np.all(np.isfinite(gains) & (gains > 0))) else np.ones(count)


def _at_saturation(name: str, power: int) -> Any:
    """Return a function that compares the signals (adu) that saturated sources induce."""

    def compute(old: Any, new: Any, conditions: Conditions) -> Iterator[Reading]:
        signals = []
        for calib, matrix in zip((old, new), _pair(old, new, name), strict=True):
            gains = _gains(calib, conditions, len(matrix))
            levels = saturations(conditions, len(matrix)) * gains
            with np.errstate(all="ignore"):
                signals.append(matrix * levels[:, None] ** power / gains)
        largest = _largest(signals[0], signals[1])
        if largest is not None:
            source, target, size = largest
            of = _place(source, target, conditions, len(signals[0]))
            yield Reading(size, float(signals[0][source, target]), float(signals[1][source, target]), of)

    return compute


def _used(old: Any, new: Any) -> tuple[Array, Array]:
    """Return which elements between different amplifiers both calibrations use, in matrices of one shape."""
    flags = []
    for calib in (old, new):
        shape = (0, 0) if calib.coeffs is None else calib.coeffs.shape
        is_valid = valid_elements(calib, shape).copy()
        np.fill_diagonal(is_valid, False)
        flags.append(is_valid)
    return _padded(flags[0], flags[1])


def _gained(old: Any, new: Any, _: Conditions) -> Iterator[Reading]:
    before, after = _used(old, new)
    yield Reading(int((after & ~before).sum()), int(before.sum()), int(after.sum()))


def _lost(old: Any, new: Any, _: Conditions) -> Iterator[Reading]:
    before, after = _used(old, new)
    yield Reading(int((before & ~after).sum()), int(before.sum()), int(after.sum()))


def _sign_changes(old: Any, new: Any, _: Conditions) -> Iterator[Reading]:
    before, after = _pair(old, new)
    yield Reading(int((np.sign(before) * np.sign(after) < 0).sum()))


def _row_sums(old: Any, new: Any, conditions: Conditions) -> Iterator[Reading]:
    before, after = _pair(old, new)
    with np.errstate(all="ignore"):
        sums = before.sum(axis=1)[:, None], after.sum(axis=1)[:, None]
    largest = _largest(*sums)
    if largest is not None:
        source, _, _ = largest
        old_sum, new_sum = float(sums[0][source, 0]), float(sums[1][source, 0])
        of = {"source": _label(source, conditions, len(before))}
        yield Reading(new_sum - old_sum, old_sum, new_sum, of)


# -- other detectors ----------------------------------------------------------------------------------


def _interchip(old: Any, new: Any, conditions: Conditions) -> Iterator[Reading]:
    matrices = [calib.interChip if calib.hasCrosstalk else {} for calib in (old, new)]
    for detector in dict.fromkeys([*matrices[0], *matrices[1]]):
        values = [np.asarray(m.get(detector, np.zeros((0, 0))), float) for m in matrices]
        finite = [np.where(np.isfinite(m), m, 0.0) for m in values]
        before, after = _padded(finite[0], finite[1])
        largest = _largest(before, after)
        if largest is not None:
            source, target, size = largest
            of: Part = {
                "source_detector": str(detector),
                "source": source + 1,
                "target": _label(target, conditions, before.shape[1]),
            }
            yield Reading(size, float(before[source, target]), float(after[source, target]), of)


def _interchip_at_saturation(old: Any, new: Any, conditions: Conditions) -> Iterator[Reading]:
    for value, before, after, of in _interchip(old, new, conditions):
        scaled = [DEFAULT_SATURATION * (number or 0.0) for number in (value, before, after)]
        yield Reading(scaled[0], scaled[1], scaled[2], of)


MEASURES = (
    Measure(
        name="coefficient_change",
        unit="",
        doc="Largest abs(new - old) of a coefficient from a source to a target amplifier; those that are not valid count as zero.",
        compute=_largest_change("coeffs"),
        notable=1e-4,
    ),
    Measure(
        name="coefficient_change_at_saturation",
        unit="adu",
        doc="Largest abs(new - old) of a coefficient times the saturation of its source, or 100,000 adu where that is not known.",
        compute=_at_saturation("coeffs", 1),
        notable=10,
        needs_levels=True,
    ),
    Measure(
        name="quadratic_change_at_saturation",
        unit="adu",
        doc="Largest abs(new - old) of a quadratic coefficient times the square of the saturation of its source.",
        compute=_at_saturation("coeffsSqr", 2),
        notable=10,
        needs_levels=True,
    ),
    Measure(
        name="coefficients_gained",
        unit="",
        doc="Number of coefficients between two amplifiers that are valid now and were not before.",
        compute=_gained,
        notable=1,
        additive=True,
    ),
    Measure(
        name="coefficients_lost",
        unit="",
        doc="Number of coefficients between two amplifiers that were valid before and are not now.",
        compute=_lost,
        worse="more",
        notable=1,
        additive=True,
    ),
    Measure(
        name="sign_changes",
        unit="",
        doc="Number of valid coefficients that changed their sign.",
        compute=_sign_changes,
        worse="more",
        notable=5,
        additive=True,
    ),
    Measure(
        name="row_sum_change",
        unit="",
        doc="Change of the sum over the targets of the coefficients of one source, where it is largest.",
        compute=_row_sums,
        notable=3e-4,
    ),
    Measure(
        name="interchip_coefficient_change",
        unit="",
        doc="Largest abs(new - old) of a coefficient from an amplifier of another detector.",
        compute=_interchip,
        notable=1e-5,
    ),
    Measure(
        name="interchip_change_at_saturation",
        unit="adu",
        doc="The same times 100,000 adu, about the signal of a saturated source.",
        compute=_interchip_at_saturation,
        notable=1,
    ),
)


def _used_coefficients(name: str) -> Callable[[Any], Array | None]:
    """Return a function that returns the sizes of coefficients between two amplifiers, NaN for those that are not used."""

    def values(crosstalk: Any) -> Array | None:
        matrix = getattr(crosstalk, name)
        if matrix is None or not crosstalk.hasCrosstalk:
            return None
        sizes: Array = np.abs(matrix, dtype="f8")
        if sizes.ndim != 2 or sizes.shape[0] != sizes.shape[1]:
            return None
        if crosstalk.coeffValid is not None and crosstalk.coeffValid.shape == sizes.shape:
            sizes[~crosstalk.coeffValid] = np.nan
        np.fill_diagonal(sizes, np.nan)
        return sizes

    return values


def _without_zeros(values: Array | None) -> Array | None:
    """Return values with NaN for zeros, which the stack writes where there is no value."""
    if values is None:
        return None
    numbers = np.asarray(values, "f8")
    return np.where(numbers == 0, np.nan, numbers)


def _pair_label(_calib: Any, _key: str, index: tuple[int, ...]) -> str:
    return f"amplifiers {index[0] + 1} to {index[1] + 1}"


BOUNDS = (
    Bound(
        quantity="coeffs",
        values=_used_coefficients("coeffs"),
        maximum=0.01,
        milder="CAL329",
        label=_pair_label,
        doc="Size of a valid coefficient between two amplifiers, [source, target].",
        source="1e-6 to 1e-3 (Freyhammer et al. 2001, Exp. Astron. 12, 147; the calibrations of LSSTCam: below 2e-3).",
    ),
    Bound(
        quantity="interChip",
        values=lambda crosstalk: (
            {key: np.abs(matrix) for key, matrix in crosstalk.interChip.items()}
            if crosstalk.hasCrosstalk
            else None
        ),
        maximum=0.01,
        doc="Size of a coefficient from an amplifier of another detector.",
        source="Smaller than between amplifiers of one detector, whose wires are closer.",
    ),
    Bound(
        quantity="coeffsSqr",
        values=_used_coefficients("coeffsSqr"),
        unit="1/adu or 1/electron",
        maximum=1e-6,
        label=_pair_label,
        doc="Size of a valid coefficient of the squared signal, [source, target].",
        source="At 10,000 adu it would add 1e-2 to the coefficient, whose limit that is; LSSTCam has some 1e-10.",
    ),
    Bound(
        quantity="fitGains",
        values=lambda crosstalk: _without_zeros(crosstalk.fitGains),
        doc="Gain with which an amplifier was fitted; 0 if none was used.",
        **GAIN,
    ),
    Bound(
        quantity="ampGainRatios",
        values=lambda crosstalk: _without_zeros(crosstalk.ampGainRatios),
        minimum=0.1,
        maximum=10.0,
        label=_pair_label,
        doc="Ratio of the gains of two amplifiers; 0 if it is not known.",
        source="Amplifiers of one detector are alike; those of LSSTCam differ by less than a third.",
    ),
)


def _rows_by_source(name: str) -> Callable[[Any], dict[str, Array] | None]:
    """Return a function that returns the coefficients in use by the number of the source, NaN on the diagonal."""

    def values(crosstalk: Any) -> dict[str, Array] | None:
        if getattr(crosstalk, name) is None or not crosstalk.hasCrosstalk:
            return None
        matrix = np.array(coefficients_in_force(crosstalk, name), "f8")
        if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
            return None
        np.fill_diagonal(matrix, np.nan)
        return {str(row + 1): line for row, line in enumerate(matrix)}

    return values


COMPARISONS = (
    Comparison(
        quantity="coeffs",
        values=_rows_by_source("coeffs"),
        doc="Coefficients between two amplifiers; their sources and targets, too, may be in another order.",
        exchange="matrix",
    ),
    Comparison(
        quantity="coeffsSqr", values=_rows_by_source("coeffsSqr"), doc="Quadratic coefficients.", exchange=""
    ),
    Comparison(
        quantity="interChip",
        values=lambda crosstalk: {name: np.ravel(matrix) for name, matrix in crosstalk.interChip.items()},
        doc="Coefficients from amplifiers of other detectors.",
        exchange="",
    ),
)
