"""The geometry of detectors: sizes, amplifiers and their pixels."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

from curated.core.diagnostic import CuratedError


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of pixels, as in defects.

    Parameters
    ----------
    x0, y0 : `int`
        First column and row, zero-based.
    width, height : `int`
        Numbers of columns and rows.
    """

    x0: int
    y0: int
    width: int
    height: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """Index of the pixels in an array with axes [row, column]."""
        return slice(self.y0, self.y0 + self.height), slice(self.x0, self.x0 + self.width)


@dataclass(frozen=True, slots=True)
class Amplifier:
    """One amplifier of a detector.

    Parameters
    ----------
    name : `str`
        Name in the camera, such as ``C00``.
    box : `Box`
        Pixels in the assembled detector; a box of no size if unknown.
    readout_corner : `str`
        Corner of the box whose pixel is read first: ``LL``, ``LR``, ``UL`` or ``UR``.
    gain : `float`
        Gain in electron/adu; NaN if unknown.
    read_noise : `float`
        Read noise in electron; NaN if unknown.
    saturation : `float`
        Saturation level in adu; NaN if unknown.
    """

    name: str
    box: Box
    readout_corner: str = "LL"
    gain: float = math.nan
    read_noise: float = math.nan
    saturation: float = math.nan


@dataclass(frozen=True, slots=True)
class DetectorGeometry:
    """One detector and its amplifiers.

    Parameters
    ----------
    name : `str`
        Full name, such as ``R22_S11``.
    id : `int`
        Number in the camera.
    width, height : `int`
        Numbers of columns and rows; 0 if unknown.
    amplifiers : `tuple` [`Amplifier`]
        Amplifiers in the order of the camera.
    instrument, raft, slot, serial : `str`
        Name of the instrument, position and serial number; empty if unknown.
    """

    name: str
    id: int
    width: int = 0
    height: int = 0
    amplifiers: tuple[Amplifier, ...] = ()
    instrument: str = ""
    raft: str = ""
    slot: str = ""
    serial: str = ""


@runtime_checkable
class Camera(Protocol):
    """An object that has the detectors of an instrument."""

    def detector(self, name: str | int) -> DetectorGeometry:
        """Return a detector by its name or number."""


@runtime_checkable
class AmplifiersOutOfUse(Protocol):
    """An object that says which amplifiers of an instrument are out of use."""

    def amplifiers_at(self, detector: str, time: Any = None) -> list[str]:
        """Return the amplifiers of a detector that are out of use at a time."""


def choose(name: str | int, names: Iterable[str], numbers: Iterable[int]) -> int:
    """Return the index of a detector among the detectors of an instrument.

    Parameters
    ----------
    name : `str` or `int`
        Name, ignoring case, or number of the detector.
    names : iterable [`str`]
        Names of all detectors.
    numbers : iterable [`int`]
        Numbers of all detectors, in the same order.

    Raises
    ------
    CuratedError
        If there is no such detector; the hint lists the detectors.
    """
    detectors = list(zip(names, numbers, strict=True))
    target = str(name).lower()
    for index, (detector, number) in enumerate(detectors):
        if target in (detector.lower(), str(number)):
            return index
    known_detectors = ", ".join(f"{detector} ({number})" for detector, number in detectors)
    raise CuratedError(f"there is no detector {name!r}", f"known detectors: {known_detectors or 'none'}")


def with_gains(detector: DetectorGeometry, gains: Mapping[str, float] | None) -> DetectorGeometry:
    """Return a detector with other gains.

    Parameters
    ----------
    detector : `DetectorGeometry`
        Detector with the nominal gains.
    gains : `dict` [`str`, `float`] or `None`
        Gains (electron/adu) by amplifier; other amplifiers keep their gain.

    Raises
    ------
    CuratedError
        If the detector has no amplifier of one of the names.
    """
    if not gains:
        return detector
    names = [amplifier.name for amplifier in detector.amplifiers]
    unknown = [name for name in gains if name not in names]
    if unknown:
        raise CuratedError(
            f"detector {detector.name} has no amplifier {', '.join(unknown)}", f"it has {', '.join(names)}"
        )
    replaced = (replace(a, gain=float(gains.get(a.name, a.gain))) for a in detector.amplifiers)
    return replace(detector, amplifiers=tuple(replaced))


def within(detector: DetectorGeometry | None, shape: tuple[int, ...]) -> DetectorGeometry:
    """Return a detector after a test that its amplifiers have boxes within an image.

    Parameters
    ----------
    detector : `DetectorGeometry` or `None`
        Detector of the image; `None`, or one without amplifiers, fails.
    shape : `tuple` [`int`]
        Rows and columns of the image.

    Raises
    ------
    CuratedError
        If there is no detector, or an amplifier has no box or one that is not within the image.
    """
    if detector is None or not detector.amplifiers:
        name = f" of detector {detector.name}" if detector else ""
        raise CuratedError(f"the amplifiers{name} must be known", "give detector=, from a camera calibration")
    for amplifier in detector.amplifiers:
        box, label = amplifier.box, f"amplifier {amplifier.name} of detector {detector.name}"
        if not box.width or not box.height:
            raise CuratedError(
                f"the pixels of {label} are not known", "take the detector from a camera calibration"
            )
        if box.x0 + box.width > shape[1] or box.y0 + box.height > shape[0]:
            raise CuratedError(f"{label} reaches beyond an image of {shape[1]} x {shape[0]} pixels")
    return detector
