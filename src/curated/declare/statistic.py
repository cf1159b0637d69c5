"""Statistics: numbers by which calibrations are verified, and how a type or a plugin declares one."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from curated.core.geometry import Amplifier, DetectorGeometry
from curated.declare.field import Array

Level = Literal["amplifier", "detector", "focal plane"]
"""What a statistic is of: each amplifier, each detector, or all detectors together."""

LEVELS: tuple[Level, ...] = ("amplifier", "detector", "focal plane")

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}\Z")

Need = Literal["product", "residual", "frames", "read_noise", "gain", "saturation", "parts"]
"""What a statistic is computed from.

``product``
    The calibration itself.
``residual``
    Pixels of exposures after the calibration was applied.
``frames``
    Pixels of exposures before it was applied.
``read_noise``, ``gain``, ``saturation``
    Values of the amplifier: measured ones of ``gains`` in force, or those of the camera.
``parts``
    Samples of the level below: amplifiers of the detector, or detectors of the focal plane.
"""


class NotRunError(Exception):
    """A statistic cannot be computed from a sample; the message says what is missing."""


class Estimate(NamedTuple):
    """A number and how far sampling may have moved it.

    Parameters
    ----------
    value : `float`
        The number, in the unit of its statistic.
    error : `float`
        Its standard error by sampling; 0 for a number that was not sampled.
    """

    value: float
    error: float = 0.0


@dataclass(frozen=True, slots=True)
class Frame:
    """Pixels of one exposure, of an amplifier or of a detector.

    Parameters
    ----------
    pixels : `numpy.ndarray`, (rows, columns)
        Values in ``unit``, less the level of the overscan.
    usable : `numpy.ndarray` or `None`, (rows, columns)
        Which pixels count; `None` for all.
    unit : `str`
        ``adu`` or ``electron``.
    exposure : `str`
        Name of the exposure.
    time : `float`
        Exposure time (s); NaN if unknown.
    mjd : `float`
        Middle of the exposure (MJD, TAI); NaN if unknown.
    overscan : `numpy.ndarray` or `None`, (rows, columns)
        Serial overscan of the amplifier, in the unit of the pixels and with its level as read, its columns in the order
        in which they are read, so that the first one follows the image; `None` if there is none.
    parallel_overscan : `numpy.ndarray` or `None`, (rows, columns)
        Parallel overscan in the same way, its rows in the order in which they are read.
    """

    pixels: Array
    usable: Array | None = None
    unit: str = "adu"
    exposure: str = ""
    time: float = math.nan
    mjd: float = math.nan
    overscan: Array | None = None
    parallel_overscan: Array | None = None

    @property
    def values(self) -> Array:
        """Values, (N,), of the pixels that count and are finite."""
        keep = np.isfinite(self.pixels)
        if self.usable is not None:
            keep &= self.usable
        return self.pixels[keep]


@dataclass(frozen=True, slots=True)
class Sample:
    """What statistics are computed from.

    Parameters
    ----------
    product : any
        The calibration that is verified; `None` where frames are looked at alone.
    detector : `DetectorGeometry`, optional
        The detector, with gain, read noise and saturation in force.
    amplifier : `Amplifier`, optional
        The amplifier, at the level of amplifiers.
    residual : sequence [`Frame`]
        Frames after the calibration was applied.
    frames : sequence [`Frame`]
        The same exposures before.
    parts : `dict` [`str`, `Sample`]
        Samples of the level below, by name.
    """

    product: Any = None
    detector: DetectorGeometry | None = None
    amplifier: Amplifier | None = None
    residual: Sequence[Frame] = ()
    frames: Sequence[Frame] = ()
    parts: Mapping[str, Sample] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistic:
    """A number that tests of verification compare with limits.

    Parameters
    ----------
    name : `str`
        Name in tables of tests, such as ``noise_excess``.
    unit : `str`
        Unit of its value; empty for a ratio.
    levels : `tuple` [`str`]
        Levels at which it can be computed; see `Level`.
    needs : `tuple` [`str`]
        What it is computed from; see `Need`.
    formula : `str`
        How it is computed, in one line.
    source : `str`
        Paper, tech note or algorithm that it follows.
    compute : callable
        Returns the `Estimate` of a `Sample`, or raises `NotRunError`.
    of_each_exposure : `bool`
        Whether it is computed of each exposure, from a sample with the frames of that alone; otherwise once, of all.
        It makes no difference where it needs no frames.
    signed : `bool`
        Whether good values lie on both sides of 0, so that one limit alone lets half of the bad ones pass.
    """

    name: str
    unit: str
    levels: tuple[Level, ...]
    needs: tuple[Need, ...]
    formula: str
    source: str
    compute: Callable[[Sample], Estimate]
    of_each_exposure: bool = True
    signed: bool = False

    @property
    def is_sampled(self) -> bool:
        """Whether its value is from pixels of exposures, and another exposure would have another one."""
        return not {"residual", "frames"}.isdisjoint(self.needs)

    def fault(self) -> str:
        """Return what is wrong with the declaration; empty for nothing."""
        if not _NAME.match(str(self.name)):
            return f"the name {self.name!r} is not one of small letters, digits and underscores"
        if not self.levels or not set(self.levels) <= set(LEVELS):
            return f"{self.name}: levels are of {', '.join(LEVELS)}, not {self.levels!r}"
        if not self.needs or not set(self.needs) <= set(get_args(Need)):
            return f"{self.name}: needs are of {', '.join(get_args(Need))}, not {self.needs!r}"
        if not self.formula or not self.source:
            return f"{self.name} has no {'source' if self.formula else 'formula'}"
        return ""
