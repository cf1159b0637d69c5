"""Cameras of a package: where the amplifiers of a detector are, and their gain and saturation."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from curated.check.file import read_and_check
from curated.core.diagnostic import CuratedError, has_errors
from curated.core.geometry import Camera, DetectorGeometry
from curated.core.keys import CalibFile, CalibKey
from curated.declare import Conditions
from curated.package.instrument import Instrument
from curated.package.package import Package
from curated.registry import get_type


class Cameras(NamedTuple):
    """Camera calibrations of instruments.

    Parameters
    ----------
    epochs : `dict` [`str`, `list`]
        By instrument directory, in the order of starts: start and calibration of each camera.
    """

    epochs: Mapping[str, Sequence[tuple[datetime, Any]]]

    def geometry(self, key: CalibKey, time: datetime) -> DetectorGeometry | None:
        """Return the detector of a key, with its amplifiers, from the camera in force at a time.

        Before the first camera that one is taken. `None` is returned where no camera has the detector.
        """
        epochs = self.epochs.get(key.instrument)
        if not epochs or not key.detector:
            return None
        in_force = (camera for start, camera in reversed(epochs) if start <= time)
        try:
            geometry: DetectorGeometry = next(in_force, epochs[0][1]).detector(key.detector)
        except CuratedError:
            return None
        return geometry


NO_CAMERAS = Cameras({})
"""Cameras of packages that have none."""


def read_cameras(packages: Sequence[Package], instruments: Collection[str]) -> Cameras:
    """Read the cameras of instruments, each from the first package that has one.

    Cameras with errors are findings of the check, and left out; those out of use are as well.

    Parameters
    ----------
    packages : sequence [`Package`]
        States of a package, the preferred one first.
    instruments : collection [`str`]
        Directories of the instruments.
    """
    epochs: dict[str, list[tuple[datetime, Any]]] = {}
    for package in packages:
        missing = set(instruments) - epochs.keys()
        for file in package.layout.files if missing else ():
            if file.key.instrument not in missing or not issubclass(get_type(file.key.type), Camera):
                continue
            checked = read_and_check(package.files, file, {}, companion=False)
            is_usable = not has_errors(checked.report.diagnostics) and checked.report.deprecation is None
            if checked.calib is not None and is_usable:
                epochs.setdefault(file.key.instrument, []).append((file.start, checked.calib))
    return Cameras({name: sorted(items, key=lambda item: item[0]) for name, items in epochs.items()})


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
    file: CalibFile, conditions: Conditions, declared: Mapping[str, Instrument], cameras: Cameras
) -> Conditions:
    """Return the conditions of the measures of a file: those of its key, with the detector of the camera in force.

    Parameters
    ----------
    declared : `dict` [`str`, `Instrument`]
        The declared instruments, by directory; what they say of a detector counts where no camera has it.
    cameras : `Cameras`
        Cameras of the package.
    """
    conditions = conditions_of(file.key, conditions, declared)
    geometry = cameras.geometry(file.key, file.start)
    return conditions if geometry is None else replace(conditions, detector=geometry)
