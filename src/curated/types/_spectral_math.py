"""Synthetic photometry: what a change of a curve does to the signal of stars."""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from curated.declare import A0V, Array, Band, Conditions, K, Measure, Part, Reading, Spectrum
from curated.declare.measure import Compute

_LEAST = 0.01
"""Fraction of the peak below which ratios say nothing."""


class Integrals(NamedTuple):
    """Integrals of a throughput over a band, by the trapezoidal rule.

    Parameters
    ----------
    photons : `float`
        Integral of throughput times flux per frequency over the logarithm of the wavelength: proportional to the
        number of photons that are counted.
    pivot : `float`
        Pivot wavelength (nm); NaN where no light passes.
    mean : `float`
        Mean wavelength (nm), weighted by the throughput; NaN where no light passes.
    """

    photons: float
    pivot: float
    mean: float


def integrate(wavelengths: Array, throughputs: Array, source: Spectrum | None = None) -> Integrals:
    """Integrate a throughput.

    The signal of a source of flux ``f`` per frequency, in photons, is proportional to the integral of
    ``T f / lambda`` over the wavelength; the pivot wavelength is ``sqrt(int T lambda / int T / lambda)`` (Bessell
    and Murphy 2012, PASP 124, 140, equations A11 and A15). The mean wavelength is ``int T lambda / int T``.

    Parameters
    ----------
    wavelengths : `numpy.ndarray`, (N,)
        Wavelengths (nm), increasing.
    throughputs : `numpy.ndarray`, (N,)
        Fractions of the light that pass.
    source : `Spectrum`, optional
        Spectrum of the source; one of constant flux per frequency if it is not given.
    """
    fluxes = np.ones(len(wavelengths)) if source is None else source.at(wavelengths)
    flat = float(np.trapezoid(throughputs / wavelengths, wavelengths))
    moment = float(np.trapezoid(throughputs * wavelengths, wavelengths))
    area = float(np.trapezoid(throughputs, wavelengths))
    pivot = float(np.sqrt(moment / flat)) if flat > 0 and moment > 0 else np.nan
    mean = moment / area if area > 0 and moment > 0 else np.nan
    return Integrals(float(np.trapezoid(throughputs * fluxes / wavelengths, wavelengths)), pivot, mean)


def zero_point(photons: float) -> float | None:
    """Return the zero point (mmag) that belongs to an integral of photons, up to a constant; `None` without light."""
    return 2500 * float(np.log10(photons)) if photons > 0 else None


class Curve(NamedTuple):
    """Samples of a curve.

    Parameters
    ----------
    wavelengths : `numpy.ndarray`, (N,)
        Wavelengths (nm), increasing.
    fractions : `numpy.ndarray`, (N,)
        Fractions of the light that pass; NaN where they were not measured.
    """

    wavelengths: Array
    fractions: Array

    def at(self, wavelengths: Array) -> Array:
        """Return the fractions at wavelengths (nm), (M,); linear between samples and zero beyond them."""
        return np.interp(wavelengths, self.wavelengths, self.fractions, left=0.0, right=0.0)

    @property
    def is_measured(self) -> bool:
        """Whether each fraction is a number."""
        return bool(np.isfinite(self.fractions).all())


Pair = tuple[Curve, Curve]
"""Curves before and after."""


def amplifier_pairs(old: Any, new: Any) -> Iterator[tuple[str, Pair]]:
    """Yield the curves of each amplifier that both calibrations have; see `_paired`.

    Amplifiers that neither of them has measured are left out.
    """
    for name in old.amplifiers:
        if name in new.amplifiers:
            pair = _paired(Curve(*old.samples_of(name)), Curve(*new.samples_of(name)))
            if any(curve.fractions.size for curve in pair):
                yield name, pair


def _paired(old: Curve, new: Curve) -> Pair:
    """Return two curves, without the samples that both have and neither has measured."""
    if old.is_measured or not np.array_equal(old.wavelengths, new.wavelengths):
        return old, new
    is_measured = ~(np.isnan(old.fractions) & np.isnan(new.fractions))
    before, after = (Curve(c.wavelengths[is_measured], c.fractions[is_measured]) for c in (old, new))
    return before, after


class _Latest:
    """The mean curves of the pair of calibrations that was compared last: all measures need them."""

    def __init__(self) -> None:
        self._key: tuple[Any, ...] = ()
        self._pair: Pair | None = None

    def pair(self, old: Any, new: Any) -> Pair:
        """Return the curves of two calibrations; see `mean_curves`."""
        if self._pair is None or self._key[0]() is not old or self._key[1]() is not new:
            self._key, self._pair = (weakref.ref(old), weakref.ref(new)), mean_curves(old, new)
        return self._pair


_latest = _Latest()


def mean_curves(old: Any, new: Any) -> Pair:
    """Return the curves of two calibrations: of the detector, or the mean of the amplifiers.

    An amplifier that one of them has not measured would make every mean NaN, and hide what happened to the others:
    means are taken over those that both have measured, if there are any.
    """
    before, after = Curve(*old.precise_samples()), Curve(*new.precise_samples())
    if (before.is_measured and after.is_measured) or not (old.amplifiers and new.amplifiers):
        return _paired(before, after)
    pairs = [pair for _, pair in amplifier_pairs(old, new) if all(curve.is_measured for curve in pair)]
    if not pairs:
        return _paired(before, after)
    first, second = (_mean([pair[side] for pair in pairs]) for side in (0, 1))
    return first, second


def _mean(curves: Sequence[Curve]) -> Curve:
    grid = np.unique(np.concatenate([curve.wavelengths for curve in curves]))
    return Curve(grid, np.mean([curve.at(grid) for curve in curves], axis=0))


def change_in_band(pair: Pair, band: Band, source: Spectrum) -> tuple[Integrals, Integrals]:
    """Return the integrals of two curves over a band."""
    wavelengths = band.samples()
    before, after = (integrate(wavelengths, curve.at(wavelengths), source) for curve in pair)
    return before, after


def bands_of(pair: Pair, conditions: Conditions) -> Iterator[Band]:
    """Yield the bands over which two curves are compared.

    That of a filter is the range of both curves. For other curves those of the conditions are taken in which both
    curves have samples from end to end, or in which one of them does; light outside a curve's range is none.
    """
    ranges = [(float(c.wavelengths.min()), float(c.wavelengths.max())) for c in pair if c.wavelengths.size]
    if not ranges:
        return
    begin, end = min(low for low, _ in ranges), max(high for _, high in ranges)
    if not np.isfinite([begin, end, end - begin]).all():
        return
    if conditions.filter_name:
        yield Band(conditions.filter_name, begin, end + 0.1)
        return
    for band in conditions.bands:
        if begin <= band.begin and band.end <= end:
            yield band


def _shifts(pair: Pair, conditions: Conditions, **of: str) -> Iterator[Reading]:
    for band in bands_of(pair, conditions):
        before, after = change_in_band(pair, band, conditions.source)
        old_point, new_point = zero_point(before.photons), zero_point(after.photons)
        both = old_point is not None and new_point is not None
        value = new_point - old_point if both else np.nan  # type: ignore[operator]
        if before.photons or after.photons:
            yield Reading(float(value), old_point, new_point, {"band": band.name, **of})


def _zero_points(old: Any, new: Any, conditions: Conditions) -> Iterator[Reading]:
    yield from _shifts(_latest.pair(old, new), conditions)


def _amplifier_points(old: Any, new: Any, conditions: Conditions) -> Iterator[Reading]:
    for name, pair in amplifier_pairs(old, new):
        if any(not curve.is_measured for curve in pair):
            # One reading, not one for each band: no band has an answer.
            yield Reading(np.nan, of={"amplifier": name})
        else:
            yield from _shifts(pair, conditions, amplifier=name)


def _wavelengths(name: str) -> Compute:
    """Return a function that compares a wavelength of `Integrals`."""

    def compute(old: Any, new: Any, conditions: Conditions) -> Iterator[Reading]:
        pair = _latest.pair(old, new)
        for band in bands_of(pair, conditions):
            integrals = change_in_band(pair, band, conditions.source)
            before, after = (float(getattr(integral, name)) for integral in integrals)
            if np.isfinite(before) and np.isfinite(after):
                yield Reading(after - before, before, after, {"band": band.name})

    return compute


def _colours(old: Any, new: Any, conditions: Conditions) -> Iterator[Reading]:
    pair = _latest.pair(old, new)
    for band in bands_of(pair, conditions):
        wavelengths = band.samples()
        before, after = (_colour(wavelengths, curve.at(wavelengths)) for curve in pair)
        if before is not None and after is not None:
            yield Reading(after - before, before, after, {"band": band.name})


def _colour(wavelengths: Array, throughputs: Array) -> float | None:
    """Return the zero point for a K star less that for an A0V star (mmag), up to a constant; `None` without light."""
    red, blue = (zero_point(integrate(wavelengths, throughputs, source).photons) for source in (K, A0V))
    return None if red is None or blue is None else red - blue


def _has_values(pair: Pair) -> bool:
    """Say whether each curve has a value that is a number."""
    return all(bool(np.isfinite(curve.fractions).any()) for curve in pair)


def _peaks(old: Any, new: Any, _: Conditions) -> Iterator[Reading]:
    pair = _latest.pair(old, new)
    if _has_values(pair):
        before, after = (float(np.nanmax(100 * curve.fractions)) for curve in pair)
        yield Reading(after - before, before, after)


def _ratios(old: Any, new: Any, _: Conditions) -> Iterator[Reading]:
    pair = _latest.pair(old, new)
    if not _has_values(pair):
        return
    wavelengths, before = pair[0]
    after = pair[1].at(wavelengths)
    is_used = (before > _LEAST * np.nanmax(before)) & np.isfinite(after)
    ratios = 100 * (after[is_used] / before[is_used] - 1)
    if not ratios.size:
        return
    for name, index in (("least", int(np.argmin(ratios))), ("largest", int(np.argmax(ratios)))):
        place = int(np.flatnonzero(is_used)[index])
        of: Part = {"extreme": name, "wavelength": round(float(wavelengths[place]), 3)}
        yield Reading(float(ratios[index]), float(100 * before[place]), float(100 * after[place]), of)
    old_mean, new_mean = (float(100 * values[is_used].mean()) for values in (before, after))
    yield Reading(float(ratios.mean()), old_mean, new_mean, {"extreme": "mean"})


def half_edges(curve: Curve) -> tuple[float, float]:
    """Return the wavelengths (nm) at which a curve first and last is half its largest value."""
    wavelengths, throughputs = curve
    half = np.nanmax(throughputs) / 2
    above = np.flatnonzero(throughputs >= half)
    first, last = int(above[0]), int(above[-1])

    def crossing(outer: int, inner: int) -> float:
        if not 0 <= outer < len(wavelengths) or throughputs[outer] == throughputs[inner]:
            return float(wavelengths[inner])
        share = (half - throughputs[outer]) / (throughputs[inner] - throughputs[outer])
        return float(wavelengths[outer] + share * (wavelengths[inner] - wavelengths[outer]))

    return crossing(first - 1, first), crossing(last + 1, last)


def _edges(old: Any, new: Any, _: Conditions) -> Iterator[Reading]:
    pair = _latest.pair(old, new)
    if not _has_values(pair):
        return
    for name, before, after in zip(("blue", "red"), *map(half_edges, pair), strict=True):
        yield Reading(after - before, before, after, {"edge": name})


MEASURES = (
    Measure(
        name="zero_point_shift",
        unit="mmag",
        doc="Change of the zero point in a band, 2.5 log10 of the ratio of the photons that are counted.",
        compute=_zero_points,
        notable=5,
    ),
    Measure(
        name="amplifier_zero_point_shift",
        unit="mmag",
        doc="The same for the curve of each amplifier, where both calibrations have curves of amplifiers; not a number "
        "where one of them has samples that were not measured.",
        compute=_amplifier_points,
        notable=10,
    ),
    Measure(
        name="colour_shift",
        unit="mmag",
        doc="Shift of the zero point in a band for a K star less that for an A0V star (Vega): a change of the colour term.",
        compute=_colours,
        notable=2,
    ),
    Measure(
        name="pivot_shift",
        unit="nm",
        doc="Change of the pivot wavelength in a band, sqrt(int T lambda / int T / lambda).",
        compute=_wavelengths("pivot"),
        notable=0.5,
    ),
    Measure(
        name="mean_wavelength_shift",
        unit="nm",
        doc="Change of the mean wavelength in a band, int T lambda / int T.",
        compute=_wavelengths("mean"),
        notable=0.5,
    ),
    Measure(
        name="peak_change",
        unit="%",
        doc="Change of the largest value, as a difference of percentages.",
        compute=_peaks,
        worse="less",
        notable=1,
    ),
    Measure(
        name="ratio_change",
        unit="%",
        doc="Least, largest and mean relative change at samples above 1 % of the peak.",
        compute=_ratios,
        notable=5,
    ),
    Measure(
        name="edge_shift",
        unit="nm",
        doc="Shift of the first and the last wavelength at which the curve is half its peak.",
        compute=_edges,
        notable=0.5,
    ),
)
