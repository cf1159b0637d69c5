"""Frames for a verification: assembled, corrected by what is in force, before and after the calibration is applied."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np

from curated.calib import Calib
from curated.core.diagnostic import CuratedError
from curated.core.geometry import DetectorGeometry, with_gains
from curated.core.keys import CalibKey
from curated.core.times import iso, tai_nanoseconds
from curated.declare import Array
from curated.declare.statistic import Frame
from curated.history.calibrations import Calibrations
from curated.history.exposure.raw import Exposure
from curated.reduction.assembly import RawAmplifier, assemble, raw_amplifiers
from curated.reduction.correction import (
    CorrectedFrame,
    apply_calibration,
    mark_bad,
    subtract_overscan,
    types_before,
)
from curated.reduction.frame_file import FrameFile
from curated.registry import find_type

_BAD = ("defects", "manual_defects")

_NEED_NO_BIAS = frozenset({"bias", "gains", "ptc"})
"""Types whose frames are pairs, or themselves biases."""

_EPOCH_MJD = 40587.0
"""1970-01-01 as MJD."""


@dataclass(frozen=True, slots=True, eq=False)
class Surroundings:
    """What a detector's frames are corrected by at a time.

    Parameters
    ----------
    detector : `DetectorGeometry`
        The detector, with the gains that are in force.
    amplifiers : sequence [`RawAmplifier`]
        Where its amplifiers are in raw images; empty if no camera says so.
    corrections : sequence [`tuple` [`str`, `Calib`]]
        Path and content of the calibrations that come before, in their order.
    defects : sequence [`tuple` [`str`, `Calib`]]
        Lists of bad pixels.
    remarks : `tuple` [`str`]
        What is missing.
    """

    detector: DetectorGeometry
    amplifiers: Sequence[RawAmplifier]
    corrections: Sequence[tuple[str, Calib]] = ()
    defects: Sequence[tuple[str, Calib]] = ()
    remarks: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        """Paths of all calibrations that frames are corrected by."""
        return tuple(path for path, _ in (*self.corrections, *self.defects))


@dataclass(frozen=True, slots=True, eq=False)
class FramePair:
    """One exposure of a detector, before and after a calibration was applied.

    Parameters
    ----------
    name : `str`
        Name of its file.
    before, after : `CorrectedFrame`
        The frame; `after` is `before` where the calibration is nothing that is applied.
    """

    name: str
    before: CorrectedFrame
    after: CorrectedFrame
    mjd: float = math.nan


class SurroundingsFinder:
    """Finds what frames of a detector are corrected by before a calibration of a type is looked at.

    Each calibration is read once.

    Parameters
    ----------
    calibrations : `Calibrations`
        Those of the package.
    key : `CalibKey`
        Key of the calibration that is looked at.
    """

    def __init__(self, calibrations: Calibrations, key: CalibKey) -> None:
        self._calibrations, self._key = calibrations, key
        self._types = frozenset(calibrations.types(key.instrument))
        self._read: dict[str, Any] = {}

    def find(self, at: datetime, filter_name: str = "") -> Surroundings:
        """Return what frames of a time (UTC) and a filter are corrected by.

        Raises
        ------
        CuratedError
            If nothing describes the detector, or a calibration in force has errors.
        """
        key = self._key
        detector = self._calibrations.detector(key.detector, instrument=key.instrument, at=at)
        corrections, defects, remarks = [], [], []
        for type_name in types_before(key.type):
            entry = self._in_force(type_name, at, filter_name)
            if entry is not None:
                corrections.append(entry)
            elif type_name in ("bias", "dark") and key.type not in _NEED_NO_BIAS:
                remarks.append(
                    f"no {type_name} is in force at {iso(at)} UTC: frames are not corrected by one"
                )
        for type_name in _BAD:
            entry = self._in_force(type_name, at, filter_name)
            if entry is not None and type_name != key.type:
                defects.append(entry)
        gains = self._in_force("gains", at, filter_name)
        if gains is not None and key.type != "gains":
            detector = _measured(with_gains(detector, gains[1].gain), gains[1])
        camera = self._in_force("camera", at, filter_name)
        amplifiers = raw_amplifiers(camera[1], detector) if camera is not None else []
        return Surroundings(detector, amplifiers, corrections, defects, tuple(remarks))

    def _in_force(self, type_name: str, at: datetime, filter_name: str) -> tuple[str, Any] | None:
        """Return path and content of the calibration of a type; `None` if there is none."""
        cls = find_type(type_name)
        if cls is None or type_name not in self._types or (cls.SPEC.has_filter and not filter_name):
            return None
        options: dict[str, Any] = {"instrument": self._key.instrument, "at": at}
        options |= {"detector": self._key.detector} if cls.SPEC.has_detector else {}
        options |= {"filter": filter_name} if cls.SPEC.has_filter else {}
        epoch = self._calibrations.find(type_name, **options)
        if epoch is None:
            return None
        if epoch.path not in self._read:
            self._read[epoch.path] = self._calibrations.read(epoch)
        return epoch.path, self._read[epoch.path]


def _measured(detector: DetectorGeometry, gains: Any) -> DetectorGeometry:
    """Return a detector with read noise and saturation of a `Gains`, where that knows them."""

    def known(values: Mapping[str, float], name: str, default: float) -> float:
        value = float(values.get(name, math.nan))
        return value if math.isfinite(value) else default

    return replace(
        detector,
        amplifiers=tuple(
            replace(
                a,
                read_noise=known(gains.readNoise, a.name, a.read_noise),
                saturation=known(gains.saturation, a.name, a.saturation),
            )
            for a in detector.amplifiers
        ),
    )


def correct_frame(
    file: FrameFile, exposure: Exposure | None, product: Calib, surroundings: Surroundings
) -> FramePair:
    """Return a frame before and after a calibration is applied.

    Parameters
    ----------
    exposure : `Exposure`, optional
        What its header says of it.

    Raises
    ------
    CuratedError
        If the frame, the calibration or one of the corrections do not fit one another.
    """
    detector = surroundings.detector
    assembled = assemble(file, detector, surroundings.amplifiers)
    pixels = subtract_overscan(assembled, detector) if assembled.is_raw else assembled.pixels
    unit = (
        "electron"
        if str(file.header.get("BUNIT", "")).strip().lower() in ("electron", "electrons", "e-")
        else "adu"
    )
    seconds = file.exposure_time
    mjd = math.nan
    if exposure is not None:
        if exposure.end is not None and exposure.end > exposure.begin:
            seconds = (exposure.end - exposure.begin).total_seconds()
        mjd = _mjd(exposure.begin)
    frame = CorrectedFrame(
        pixels, np.ones(pixels.shape, bool), unit, seconds, assembled.overscans, assembled.parallel_overscans
    )
    steps = [*surroundings.corrections, ("", None)]
    after = frame
    for path, calib in steps:
        try:
            if calib is not None:
                frame = apply_calibration(calib, frame, detector)
                continue
            frame = mark_bad([calib for _, calib in surroundings.defects], frame)
            after = apply_calibration(product, frame, detector) if _is_applied(product) else frame
        except CuratedError as error:
            place = path or "the calibration that is verified"
            raise CuratedError(f"{file.path}: {place}: {error.message}", error.hint) from error
    return FramePair(file.path.rpartition("/")[2], frame, after, mjd)


def _is_applied(product: Calib) -> bool:
    return type(product).apply is not Calib.apply


def _mjd(time: datetime) -> float:
    """Return a time UTC as MJD in TAI."""
    return _EPOCH_MJD + tai_nanoseconds([time])[time] / 86_400e9


def amplifier_frame(pair: FramePair, part: str, name: str, detector: DetectorGeometry) -> Frame:
    """Return the pixels of an amplifier, or of the whole detector.

    Parameters
    ----------
    part : `str`
        ``before`` or ``after``.
    name : `str`
        Name of the amplifier; empty for the detector.
    """
    frame: CorrectedFrame = getattr(pair, part)
    if not name:
        return Frame(frame.pixels, frame.usable, frame.unit, pair.name, frame.exposure_time, pair.mjd)
    amplifier = next(a for a in detector.amplifiers if a.name == name)
    box = amplifier.box
    overscan, parallel = (
        _in_unit(overscans.get(name), frame.unit, amplifier.gain)
        for overscans in (frame.overscans, frame.parallel_overscans)
    )
    return Frame(
        frame.pixels[box.slices],
        frame.usable[box.slices],
        frame.unit,
        pair.name,
        frame.exposure_time,
        pair.mjd,
        overscan,
        parallel,
    )


def _in_unit(overscan: Array | None, unit: str, gain: float) -> Array | None:
    """Return an overscan (adu) in the unit of the pixels."""
    return overscan * np.float32(gain) if overscan is not None and unit == "electron" else overscan
