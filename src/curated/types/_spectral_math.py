"""Synthetic photometry: what a change of a curve does to the signal of stars."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from curated.declare import A0V, Array, Band, Conditions, K, Measure, Part, Reading, Spectrum

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
    """

    photons: float
    pivot: float


def integrate(wavelengths: Array, throughputs: Array, source: Spectrum | None = None) -> Integrals:
    """Integrate a throughput.

    The signal of a source of flux ``f`` per frequency, in photons, is proportional to the integral of
    ``T f / lambda`` over the wavelength; the pivot wavelength is ``sqrt(int T lambda / int T / lambda)`` (Bessell
    and Murphy 2012, PASP 124, 140, equations A11 and A15).

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
    pivot = float(np.sqrt(moment / flat)) if flat > 0 and moment > 0 else np.nan
    return Integrals(float(np.trapezoid(throughputs * fluxes / wavelengths, wavelengths)), pivot)


def zero_point(photons: float) -> float | None:
    """Return the zero point (mmag) that belongs to an integral of photons, up to a constant; `None` without light."""
    return 2500 * float(np.log10(photons)) if photons > 0 else None


def change_in_band(old: Any, new: Any, band: Band, source: Spectrum) -> tuple[Integrals, Integrals]:
    """Return the integrals of two curves over a band.

    Parameters
    ----------
    old, new : `SpectralCurve`
        The curves before and after.
    """
    wavelengths = band.samples()
    before, after = (integrate(wavelengths, curve.fraction_at(wavelengths), source) for curve in (old, new))
    return before, after


def bands_of(old: Any, new: Any, conditions: Conditions) -> Iterator[Band]:
    """Yield the bands over which two curves are compared.

    That of a filter is the range of both curves. For other curves those of the conditions are taken in which both
    curves have samples from end to end, or in which one of them does; light outside a curve's range is none.
    """
    ranges = [(float(curve.samples()[0].min()), float(curve.samples()[0].max())) for curve in (old, new)]
    begin, end = min(low for low, _ in ranges), max(high for _, high in ranges)
    if conditions.filter_name:
        yield Band(conditions.filter_name, begin, end + 0.1)
        return
    for band in conditions.bands:
        if begin <= band.begin and band.end <= end:
            yield band


def _zero_points(old: Any, new: Any, conditions: Conditions) -> Iterator[Reading]:
    for band in bands_of(old, new, conditions):
        before, after = change_in_band(old, new, band, conditions.source)
        old_point, new_point = zero_point(before.photons), zero_point(after.photons)
        both = old_point is not None and new_point is not None
        value = new_point - old_point if both else np.nan  # type: ignore[operator]
        if before.photons or after.photons:
            yield Reading(float(value), old_point, new_point, {"band": band.name})


def _pivots(old: Any, new: Any, conditions: Conditions) -> Iterator[Reading]:
    for band in bands_of(old, new, conditions):
        before, after = change_in_band(old, new, band, conditions.source)
        if np.isfinite(before.pivot) and np.isfinite(after.pivot):
            yield Reading(after.pivot - before.pivot, before.pivot, after.pivot, {"band": band.name})


def _colours(old: Any, new: Any, conditions: Conditions) -> Iterator[Reading]:
    for band in bands_of(old, new, conditions):
        wavelengths = band.samples()
        colours = [_colour(wavelengths, curve.fraction_at(wavelengths)) for curve in (old, new)]
        before, after = colours
        if before is not None and after is not None:
            yield Reading(after - before, before, after, {"band": band.name})


def _colour(wavelengths: Array, throughputs: Array) -> float | None:
    """Return the zero point for a K star less that for an A0V star (mmag), up to a constant; `None` without light."""
    points = [zero_point(integrate(wavelengths, throughputs, source).photons) for source in (K, A0V)]
    red, blue = points
    return None if red is None or blue is None else red - blue


def _amplifier_points(old: Any, new: Any, conditions: Conditions) -> Iterator[Reading]:
    for name in old.amplifiers:
        if name not in new.amplifiers:
            continue
        curves = old.of_amplifier(name), new.of_amplifier(name)
        for reading in _zero_points(*curves, conditions):
            yield reading._replace(of={**reading.of, "amplifier": name})


def _has_values(*curves: Any) -> bool:
    """Say whether each curve has a value that is a number."""
    return all(bool(np.isfinite(curve.samples()[1]).any()) for curve in curves)


def _peaks(old: Any, new: Any, _: Conditions) -> Iterator[Reading]:
    if not _has_values(old, new):
        return
    before, after = (float(np.nanmax(100 * curve.samples()[1])) for curve in (old, new))
    yield Reading(after - before, before, after)


def _ratios(old: Any, new: Any, _: Conditions) -> Iterator[Reading]:
    if not _has_values(old, new):
        return
    wavelengths, before = old.samples()
    after = new.fraction_at(wavelengths)
    is_used = before > _LEAST * np.nanmax(before)
    ratios = 100 * (after[is_used] / before[is_used] - 1)
    if not ratios.size:
        return
    for name, index in (("least", int(np.nanargmin(ratios))), ("largest", int(np.nanargmax(ratios)))):
        place = int(np.flatnonzero(is_used)[index])
        of: Part = {"extreme": name, "wavelength": round(float(wavelengths[place]), 3)}
        yield Reading(float(ratios[index]), float(100 * before[place]), float(100 * after[place]), of)


def half_edges(curve: Any) -> tuple[float, float]:
    """Return the wavelengths (nm) at which a curve first and last is half its largest value."""
    wavelengths, throughputs = curve.samples()
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
    if not _has_values(old, new):
        return
    for name, before, after in zip(("blue", "red"), half_edges(old), half_edges(new), strict=True):
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
        doc="The same for the curve of each amplifier, where both calibrations have curves of amplifiers.",
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
        compute=_pivots,
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
        doc="Least and largest relative change at samples above 1 % of the peak.",
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
