"""Subtraction of crosstalk from the pixels of a detector."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from curated.core.diagnostic import CuratedError
from curated.core.geometry import Amplifier, DetectorGeometry, within
from curated.declare import Array


@dataclass(frozen=True, slots=True)
class Source:
    """An image that induces signal in others.

    Parameters
    ----------
    pixels : `numpy.ndarray`, (rows, columns)
        The image.
    detector : `DetectorGeometry`
        Its detector.
    linear : `numpy.ndarray`, (sources, targets)
        Part of its signal that the targets have.
    square : `numpy.ndarray`, (sources, targets), optional
        The same for the square of the signal.
    """

    pixels: Array
    detector: DetectorGeometry
    linear: Array
    square: Array | None = None


def correct(own: Source, others: Sequence[Source], power: int, background: str) -> Array:
    """Return a detector's pixels without crosstalk.

    From each target amplifier ``t`` is taken, for each source ``s`` of the same detector, ``linear[s, t] * I +
    square[s, t] * I**2``, and for each of another one ``linear[s, t] * I``. ``I`` is the source's image as it was read,
    turned so that its first pixel comes to lie on the target's, because both were read at the same moment; less
    its background, if that is asked for. All sources are the images as they were given: terms of second order, a
    coefficient of a coefficient, are left out. Formula and orientation: FORMATS.md of the design, section 6.2, which
    follows the LSST stack's correction.

    Parameters
    ----------
    own : `Source`
        The detector that is corrected.
    others : sequence [`Source`]
        Other detectors.
    power : `int`
        1 where the images are in adu and the coefficients relate electrons, -1 where it is the other way round, else 0:
        the power of the gain that brings pixels to the coefficients' unit.
    background : `str`
        ``none``, ``amplifier`` or ``detector``: what the median is taken of.

    Raises
    ------
    CuratedError
        If detector, matrices and image do not fit together, or a gain is needed and not known.
    """
    if background not in ("none", "amplifier", "detector"):
        raise CuratedError(f"background {background!r} is not one of none, amplifier, detector")
    targets = own.detector.amplifiers
    corrected = own.pixels.copy()
    for source in (own, *others):
        _must_fit(source, len(targets))
        for s, (giver, signal) in enumerate(_signals(source, power, background)):
            for t, taker in enumerate(targets):
                linear = source.linear[s, t]
                square = 0.0 if source.square is None else source.square[s, t]
                if not linear and not square:
                    continue
                turned = _turned(signal, giver, taker)
                corrected[taker.box.slices] -= (linear * turned + square * turned**2) / _factor(taker, power)
    return corrected


def _signals(source: Source, power: int, background: str) -> Iterator[tuple[Amplifier, Array]]:
    """Yield each amplifier's signal in the unit of the coefficients."""
    level = float(np.nanmedian(source.pixels)) if background == "detector" else 0.0
    for amplifier in source.detector.amplifiers:
        pixels = source.pixels[amplifier.box.slices]
        if background == "amplifier":
            level = float(np.nanmedian(pixels))
        yield amplifier, (pixels - level) * _factor(amplifier, power)


def _factor(amplifier: Amplifier, power: int) -> float:
    if power == 0:
        return 1.0
    if not amplifier.gain > 0:
        raise CuratedError(
            f"the gain of amplifier {amplifier.name} is not known, and image and coefficients differ in unit",
            "give gains=, or a detector whose amplifiers have gains",
        )
    return float(amplifier.gain**power)


def _turned(signal: Array, giver: Amplifier, taker: Amplifier) -> Array:
    """Return the source's pixels where the target's pixels that were read at the same time are."""
    if signal.shape != (taker.box.height, taker.box.width):
        found = f"{giver.name} has {giver.box.width} x {giver.box.height} pixels, {taker.name} {taker.box.width} x {taker.box.height}"
        raise CuratedError(f"the amplifiers are not of the same size: {found}")
    rows = slice(None, None, 1 if giver.readout_corner[0] == taker.readout_corner[0] else -1)
    columns = slice(None, None, 1 if giver.readout_corner[1] == taker.readout_corner[1] else -1)
    return signal[rows, columns]


def _must_fit(source: Source, targets: int) -> None:
    detector, amplifiers = source.detector, source.detector.amplifiers
    if source.linear.shape != (len(amplifiers), targets):
        found = " x ".join(map(str, source.linear.shape))
        raise CuratedError(
            f"the coefficients are {found}; detector {detector.name} has {len(amplifiers)} amplifiers, the target {targets}"
        )
    within(detector, source.pixels.shape)
