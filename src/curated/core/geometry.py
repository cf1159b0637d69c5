"""Where amplifiers are on a detector: what a calibration needs to be made for one or applied to its images."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

from curated.core.diagnostic import CuratedError


@dataclass(frozen=True, slots=True)
class Box:
    """Pixels of an image: zero-based, the corner and the size, as in defects.

    Parameters
    ----------
    x0, y0 : `int`
        First column and row.
    width, height : `int`
        Columns and rows.
    """

    x0: int
    y0: int
    width: int
    height: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """The pixels as an index of an array, [row, column]."""
        return slice(self.y0, self.y0 + self.height), slice(self.x0, self.x0 + self.width)


@dataclass(frozen=True, slots=True)
class Amplifier:
    """One amplifier of a detector.

    Parameters
    ----------
    name : `str`
        Its name.
    box : `Box`
        Its pixels in the assembled detector; of no size where they are not known.
    readout_corner : `str`
        Corner of the box whose pixel is read first: ``LL``, ``LR``, ``UL`` or ``UR``.
    gain : `float`
        Gain in electron/adu; NaN where not known.
    read_noise : `float`
        Read noise in electron; NaN where not known.
    saturation : `float`
        Saturation level in adu; NaN where not known.
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
        Its full name.
    id : `int`
        Its number.
    width, height : `int`
        Columns and rows; 0 where not known.
    amplifiers : `tuple` [`Amplifier`]
        Its amplifiers, in the order of the camera.
    instrument, raft, slot, serial : `str`
        The instrument's name, where the detector sits and its serial number; empty where not known.
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
    """What knows the detectors of an instrument."""

    def detector(self, name: str | int) -> DetectorGeometry:
        """Return a detector by its name or number."""


def choose(name: str | int, names: Iterable[str], numbers: Iterable[int]) -> int:
    """Return the place of a detector among those of an instrument.

    Parameters
    ----------
    name : `str` or `int`
        Its name, without regard to case, or its number.
    names : iterable [`str`]
        Names of the detectors.
    numbers : iterable [`int`]
        Their numbers.

    Raises
    ------
    CuratedError
        If there is no such detector; it names those that there are.
    """
    known, ids = list(names), list(numbers)
    wanted = str(name).lower()
    for place, (candidate, number) in enumerate(zip(known, ids, strict=True)):
        if wanted == candidate.lower() or wanted == str(number):
            return place
    listed = ", ".join(f"{n} ({i})" for n, i in zip(known, ids, strict=True))
    raise CuratedError(f"there is no detector {name!r}", f"known detectors: {listed or 'none'}")


def with_gains(detector: DetectorGeometry, gains: Mapping[str, float] | None) -> DetectorGeometry:
    """Return a detector with gains that were measured in place of its own.

    Parameters
    ----------
    detector : `DetectorGeometry`
        The detector.
    gains : `dict` [`str`, `float`] or `None`
        Gains (electron/adu) by amplifier; amplifiers that it lacks keep theirs.

    Raises
    ------
    CuratedError
        If it names an amplifier that the detector does not have.
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
    """Return a detector, if the pixels of its amplifiers are known and within an image.

    Parameters
    ----------
    detector : `DetectorGeometry` or `None`
        The detector.
    shape : `tuple` [`int`]
        Rows and columns of the image.

    Raises
    ------
    CuratedError
        If the detector is not given, or its amplifiers or their pixels are not known or not within the image.
    """
    if detector is None or not detector.amplifiers:
        name = f" of detector {detector.name}" if detector else ""
        raise CuratedError(f"the amplifiers{name} must be known", "give detector=, from a camera calibration")
    for amplifier in detector.amplifiers:
        box, who = amplifier.box, f"amplifier {amplifier.name} of detector {detector.name}"
        if not box.width or not box.height:
            raise CuratedError(f"where {who} is, is not known", "take the detector from a camera calibration")
        if box.x0 + box.width > shape[1] or box.y0 + box.height > shape[0]:
            raise CuratedError(f"{who} reaches beyond an image of {shape[1]} x {shape[0]} pixels")
    return detector
