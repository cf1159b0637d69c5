"""Measures: what the change from one calibration to another means physically, and how a type declares it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np

from curated.core.geometry import Amplifier, DetectorGeometry
from curated.declare.field import Array

_MOST_SAMPLES = 200_000
_ROUNDING = 1e-9
"""Part of what is notable below which a change is one of rounding."""

Part = Mapping[str, str | int | float]
"""What a reading is of, such as ``{"band": "u"}`` or ``{"amplifier": "C00"}``; empty for the whole calibration."""

_WHOLE: Part = {}

Worse = Literal["more", "less", "either"]
"""Which values of a measure are a loss for images: larger ones, smaller ones, or those far from zero."""


class Band(NamedTuple):
    """A range of wavelengths in which all light counts alike.

    Parameters
    ----------
    name : `str`
        Name, such as ``u``.
    begin, end : `float`
        Limits (nm); the upper one is not part of the band.
    """

    name: str
    begin: float
    end: float

    def samples(self, step: float = 0.1) -> Array:
        """Return the wavelengths (nm), (N,), at which integrals over the band are taken.

        Parameters
        ----------
        step : `float`, optional
            Distance between two of them (nm); larger in a band that is wider than any filter.
        """
        return np.arange(self.begin, self.end, max(step, (self.end - self.begin) / _MOST_SAMPLES))


# Nearly the half-maximum points of the filters of the Rubin Observatory (LSE-40), without gaps from g to y.
BANDS = (
    Band("u", 330.0, 400.0),
    Band("g", 402.0, 552.0),
    Band("r", 552.0, 691.0),
    Band("i", 691.0, 818.0),
    Band("z", 818.0, 922.0),
    Band("y", 922.0, 1060.0),
)
"""Bands of curves that belong to no filter."""


@dataclass(frozen=True, slots=True)
class Spectrum:
    """The spectrum of the source of synthetic photometry.

    Parameters
    ----------
    name : `str`
        Name, such as ``ab``.
    wavelengths : `numpy.ndarray`, (N,)
        Wavelengths (nm), increasing; empty for a source of constant flux per frequency.
    fluxes : `numpy.ndarray`, (N,)
        Flux per frequency in any unit.
    """

    name: str = "ab"
    wavelengths: Array = field(default_factory=lambda: np.empty(0))
    fluxes: Array = field(default_factory=lambda: np.empty(0))

    def at(self, wavelengths: Array) -> Array:
        """Return the flux per frequency at wavelengths (nm), (N,), interpolated linearly and constant beyond the ends."""
        if not self.wavelengths.size:
            return np.ones(len(wavelengths))
        return np.interp(wavelengths, self.wavelengths, self.fluxes)


AB = Spectrum()
"""A source of constant flux per frequency, as that of AB magnitudes."""


class Levels(NamedTuple):
    """Where the gains and saturations come from by which changes are measured.

    Parameters
    ----------
    gain, saturation : `tuple` [`str` or `None`]
        Paths of the calibrations that have those of some amplifier: ``gains`` in force, then the camera; `None`, at the
        end, where some amplifier has none, so that 1 electron/adu and `DEFAULT_SATURATION` are taken.
    """

    gain: tuple[str | None, ...] = (None,)
    saturation: tuple[str | None, ...] = (None,)


_UNKNOWN = Levels()


@dataclass(frozen=True, slots=True)
class Conditions:
    """Under which conditions measures are taken.

    Parameters
    ----------
    bands : sequence [`Band`]
        Bands for curves that belong to no filter.
    source : `Spectrum`
        Spectrum of the source of synthetic photometry.
    filter_name : `str`
        Filter that the calibrations belong to; empty if they belong to none.
    detector : `DetectorGeometry`, optional
        Detector that they belong to, with the saturation of its amplifiers, if it is known.
    row_names : `tuple`
        The name of each row of the text before and now, by the comment above it; empty where no row has one.
    amplifiers : `tuple` [`Amplifier`]
        Amplifiers in no order, with gain and saturation, of a detector whose amplifiers nothing else describes.
    levels : `Levels`
        Where gains and saturations come from.
    """

    bands: Sequence[Band] = BANDS
    source: Spectrum = AB
    filter_name: str = ""
    detector: DetectorGeometry | None = None
    row_names: tuple[Sequence[str], Sequence[str]] = ((), ())
    amplifiers: tuple[Amplifier, ...] = ()
    levels: Levels = _UNKNOWN

    def saturation(self, index: int) -> float:
        """Return the saturation level (adu) of an amplifier, by its index; `DEFAULT_SATURATION` if it is not known."""
        amplifiers = self.detector.amplifiers if self.detector is not None else ()
        return _saturation(amplifiers[index] if index < len(amplifiers) else None)

    def levels_of(self, name: str) -> tuple[float, float]:
        """Return saturation (adu; see `saturation`) and gain (electron/adu; NaN if it is not known) of an amplifier."""
        amplifiers = self.detector.amplifiers if self.detector is not None else ()
        amplifier = next((a for a in (*amplifiers, *self.amplifiers) if a.name == name), None)
        return _saturation(amplifier), amplifier.gain if amplifier is not None else math.nan


def _saturation(amplifier: Amplifier | None) -> float:
    level = amplifier.saturation if amplifier is not None else math.nan
    return level if level > 0 and math.isfinite(level) else DEFAULT_SATURATION


DEFAULT_SATURATION = 100_000.0
"""Signal (adu) of a saturated source where the detector's own level is not known: about the full well of a CCD."""


class Reading(NamedTuple):
    """A measure of one change.

    Parameters
    ----------
    value : `float`
        Size of the change, with its sign, in the unit of the measure.
    old, new : `float` or `None`
        The quantity before and after; `None` where it does not exist.
    of : `dict`
        What it is of; see `Part`.
    """

    value: float
    old: float | None = None
    new: float | None = None
    of: Part = _WHOLE


Compute = Callable[[Any, Any, Conditions], Iterable[Reading]]
"""A function of the calibrations before and after, at most one of them `None`, and of the conditions."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Measure:
    """One physical measure of the change of a calibration.

    Parameters
    ----------
    name : `str`
        Name, such as ``pixels_gained``.
    unit : `str`
        Unit of its values; empty for plain numbers.
    doc : `str`
        One sentence that says how it is computed.
    compute : callable
        Returns its readings; see `Compute`.
    worse : `str`
        Which values are a loss for images; see `Worse`.
    notable : `float`
        Size from which a reviewer wants to see it, in its unit. Measures of different units are ordered by
        how many times larger than that they are.
    additive : `bool`
        Whether values of several calibrations may be added up, as numbers of pixels may.
    needs_both : `bool`
        Whether it compares two calibrations, and does not exist where one begins or ends.
    needs_levels : `bool`
        Whether it depends on the gains or saturations of amplifiers.
    """

    name: str
    unit: str
    doc: str
    compute: Compute
    worse: Worse = "either"
    notable: float = 0.0
    additive: bool = False
    needs_both: bool = True
    needs_levels: bool = False

    def read(self, old: Any, new: Any, conditions: Conditions) -> Iterator[Reading]:
        """Yield its readings that are not zero.

        Parameters
        ----------
        old, new : `Calib` or `None`
            The calibrations before and after.
        conditions : `Conditions`
            Under which conditions.
        """
        if self.needs_both and (old is None or new is None):
            return
        for reading in self.compute(old, new, conditions):
            # What is far below notable is rounding; NaN is a change as well.
            if not abs(reading.value) <= _ROUNDING * self.notable:
                yield reading

    def __reduce__(self) -> tuple[Any, ...]:
        # Results of other processes are not computed again, and functions of a function cannot be sent.
        return _computed, (
            self.name,
            self.unit,
            self.doc,
            self.worse,
            self.notable,
            self.additive,
            self.needs_both,
            self.needs_levels,
        )

    def weight(self, value: float) -> float:
        """Return how many times larger than notable a value is; infinite where it is not a number."""
        if math.isnan(value):
            return math.inf
        return abs(value) / self.notable if self.notable else abs(value)


def _computed(
    name: str,
    unit: str,
    doc: str,
    worse: Worse,
    notable: float,
    additive: bool,
    needs_both: bool,
    needs_levels: bool,
) -> Measure:
    """Return a measure that came from another process, without its function."""
    return Measure(
        name=name,
        unit=unit,
        doc=doc,
        compute=_no_readings,
        worse=worse,
        notable=notable,
        additive=additive,
        needs_both=needs_both,
        needs_levels=needs_levels,
    )


def _no_readings(_old: Any, _new: Any, _conditions: Conditions) -> Iterator[Reading]:
    raise RuntimeError("a measure from another process computes nothing")
