"""Cameras and gains of a package: where the amplifiers of a detector are, and their gain and saturation."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from curated.check.file import read_and_check
from curated.check.report import resolve_ranges
from curated.core.diagnostic import CuratedError, has_errors
from curated.core.geometry import Amplifier, Box, Camera, DetectorGeometry
from curated.core.keys import CalibFile, CalibKey
from curated.declare import Conditions, Levels
from curated.package.instrument import Instrument
from curated.package.package import Package
from curated.package.validity import Range
from curated.registry import get_type

GAINS = "gains"
"""Type of the calibrations whose gains and saturations count before those of a camera."""


class CameraEpoch(NamedTuple):
    """A camera calibration, from when on it is in force, and its path."""

    start: datetime
    camera: Any
    path: str


class GainsEpoch(NamedTuple):
    """A calibration of the type ``gains``, when it is in force, and its path."""

    range: Range
    gains: Any
    path: str


class Cameras(NamedTuple):
    """What a package says of amplifiers: cameras of instruments, and gains of detectors.

    Parameters
    ----------
    epochs : `dict` [`str`, `list`]
        Cameras by instrument directory, in the order of starts.
    gains : `dict` [`tuple`, `list`]
        Gains by the directories of instrument and detector, in the order of starts.
    """

    epochs: Mapping[str, Sequence[CameraEpoch]]
    gains: Mapping[tuple[str, str], Sequence[GainsEpoch]] = {}

    def geometry(self, key: CalibKey, time: datetime) -> DetectorGeometry | None:
        """Return the detector of a key, with its amplifiers, from the camera in force at a time.

        Before the first camera that one is taken. `None` is returned where no camera has the detector.
        """
        return self._geometry(key, time)[0]

    def _geometry(self, key: CalibKey, time: datetime) -> tuple[DetectorGeometry | None, str]:
        """Return the detector of a key, and the path of the camera that it is from."""
        epochs = self.epochs.get(key.instrument)
        if not epochs or not key.detector:
            return None, ""
        epoch = next((epoch for epoch in reversed(epochs) if epoch.start <= time), epochs[0])
        try:
            geometry: DetectorGeometry = epoch.camera.detector(key.detector)
        except CuratedError:
            return None, ""
        return geometry, epoch.path

    def gains_epoch(self, key: CalibKey, valid: Range) -> GainsEpoch | None:
        """Return the gains of a key's detector that are in force at the start of a range.

        Where no camera is in force there either, the first gains that begin within the range are taken.
        """
        epochs = self.gains.get((key.instrument, key.detector), ())
        in_force = next((epoch for epoch in epochs if valid.start in epoch.range), None)
        if in_force is not None or any(e.start <= valid.start for e in self.epochs.get(key.instrument, ())):
            return in_force
        return next((epoch for epoch in epochs if epoch.range.start in valid), None)

    def conditions(self, key: CalibKey, valid: Range, conditions: Conditions) -> Conditions:
        """Return conditions with the detector of a key, its gains and saturations, and where these come from.

        Those of ``gains`` count before those of the camera.

        Parameters
        ----------
        valid : `Range`
            When the calibration of the key is in force.
        """
        geometry, path = self._geometry(key, valid.start)
        if geometry is None:
            geometry = conditions.detector
        gains = self.gains_epoch(key, replace(valid, deprecation=None))
        return _with_levels(conditions, geometry, path, gains) if key.detector else conditions


NO_CAMERAS = Cameras({})
"""Cameras of packages that have none."""

_VALUES = (("gain", "gain"), ("read_noise", "readNoise"), ("saturation", "saturation"))
"""Fields of amplifiers, and the fields of ``gains`` that count before them."""


def _with_levels(
    conditions: Conditions, geometry: DetectorGeometry | None, path: str, epoch: GainsEpoch | None
) -> Conditions:
    """Return conditions with a detector and the gains in force; ``path`` is that of its camera, if it has one."""
    described = geometry.amplifiers if geometry is not None else ()
    names = [] if epoch is None or described else list(epoch.gains.gain)
    sources: dict[str, set[str | None]] = {"gain": set(), "saturation": set()}
    amplifiers = []
    for amplifier in (*described, *(Amplifier(name, Box(0, 0, 0, 0)) for name in names)):
        values: dict[str, Any] = {}
        for field, column in _VALUES:
            value = (
                getattr(epoch.gains, column).get(amplifier.name, math.nan) if epoch is not None else math.nan
            )
            if _is_usable(value):
                values[field] = float(value)
            if field in sources:
                is_nominal = _is_usable(getattr(amplifier, field))
                source = epoch.path if field in values and epoch is not None else path if is_nominal else None
                sources[field].add(source)
        amplifiers.append(replace(amplifier, **values))
    order = [epoch.path if epoch is not None else None, path, None]
    used = ([s for s in order if s in found] for found in sources.values())
    levels = Levels(*(tuple(dict.fromkeys(names)) or (None,) for names in used))
    if geometry is not None and described:
        detector = replace(geometry, amplifiers=tuple(amplifiers))
        return replace(conditions, detector=detector, levels=levels)
    return replace(conditions, detector=geometry, amplifiers=tuple(amplifiers), levels=levels)


def _is_usable(value: float) -> bool:
    return math.isfinite(value) and value > 0


def needs_levels(key: CalibKey) -> bool:
    """Say whether a measure of a key's type depends on gains or saturations."""
    return any(measure.needs_levels for measure in get_type(key.type).SPEC.measures)


def read_cameras(
    packages: Sequence[Package], instruments: Collection[str], keys: Collection[CalibKey] = ()
) -> Cameras:
    """Read the cameras of instruments, and gains of detectors, each from the first package that has one.

    Cameras and gains with errors are findings of the check, and left out; those out of use are as well.

    Parameters
    ----------
    packages : sequence [`Package`]
        States of a package, the preferred one first.
    instruments : collection [`str`]
        Directories of the instruments.
    keys : collection [`CalibKey`], optional
        Keys of what is measured; the gains of their detectors are read where a measure of their type depends on them.
    """
    epochs: dict[str, list[CameraEpoch]] = {}
    for package in packages:
        missing = set(instruments) - epochs.keys()
        for file in package.layout.files if missing else ():
            if file.key.instrument not in missing or not issubclass(get_type(file.key.type), Camera):
                continue
            checked = read_and_check(package.files, file, {}, companion=False)
            is_usable = not has_errors(checked.report.diagnostics) and checked.report.deprecation is None
            if checked.calib is not None and is_usable:
                epoch = CameraEpoch(file.start, checked.calib, file.path)
                epochs.setdefault(file.key.instrument, []).append(epoch)
    cameras = {name: sorted(items, key=lambda item: item.start) for name, items in epochs.items()}
    return Cameras(cameras, _read_gains(packages, keys))


def _read_gains(
    packages: Sequence[Package], keys: Collection[CalibKey]
) -> dict[tuple[str, str], list[GainsEpoch]]:
    detectors = {(key.instrument, key.detector) for key in keys if key.detector and needs_levels(key)}
    gains: dict[tuple[str, str], list[GainsEpoch]] = {}
    for package in packages:
        missing = detectors - gains.keys()
        files_by_detector: dict[tuple[str, str], list[CalibFile]] = {}
        for file in package.layout.files if missing else ():
            place = file.key.instrument, file.key.detector
            if file.key.type == GAINS and place in missing:
                files_by_detector.setdefault(place, []).append(file)
        for place, files in files_by_detector.items():
            checked = {f.path: read_and_check(package.files, f, {}, companion=False) for f in files}
            ranges = resolve_ranges(files, {path: result.report for path, result in checked.items()})
            usable = [
                GainsEpoch(ranges[file.path], checked[file.path].calib, file.source)
                for file in sorted(files, key=lambda file: (file.start, file.path))
                if checked[file.path].calib is not None
                and not has_errors(checked[file.path].report.diagnostics)
                and ranges[file.path].deprecation is None
            ]
            if usable:
                gains[place] = usable
    return gains


def conditions_of(key: CalibKey, conditions: Conditions, declared: Mapping[str, Instrument]) -> Conditions:
    """Return the conditions of the measures of one key: those of all keys, with its detector and filter.

    Parameters
    ----------
    declared : `dict` [`str`, `Instrument`]
        The declared instruments, by directory.
    """
    detector = None
    instrument = declared.get(key.instrument)
    if instrument is not None and key.detector:
        try:
            detector = instrument.geometry(key.detector)
        except CuratedError:
            detector = None  # a directory of no declared detector is a finding of the check
    return replace(conditions, detector=detector, filter_name=key.filter)


def conditions_at(
    file: CalibFile,
    conditions: Conditions,
    declared: Mapping[str, Instrument],
    cameras: Cameras,
    end: datetime | None = None,
) -> Conditions:
    """Return the conditions of the measures of a file: those of its key, with the detector of the camera in force.

    Parameters
    ----------
    declared : `dict` [`str`, `Instrument`]
        The declared instruments, by directory; what they say of a detector counts where no camera has it.
    cameras : `Cameras`
        Cameras and gains of the package.
    end : `datetime.datetime`, optional
        When the file ceases to be in force; never if not given.
    """
    conditions = conditions_of(file.key, conditions, declared)
    return cameras.conditions(file.key, Range(file.start, end), conditions)
