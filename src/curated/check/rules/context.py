"""Input of the rules: everything that is known of one file, or of all files of a package."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from curated.calib import Calib
from curated.check.report import FileReport, resolve_ranges
from curated.core.diagnostic import Problem
from curated.core.keys import CalibFile, CalibKey
from curated.declare import Spec
from curated.package.config import Config
from curated.package.instrument import Instrument
from curated.package.layout import Layout, directory_name
from curated.package.validity import Range, by_key
from curated.text.source import Source
from curated.verification.records import Verifications
from curated.verification.verification_test import VerificationTest
from curated.verification.waivers import Waiver


class FileContext(NamedTuple):
    """Input of the rules on one file.

    Parameters
    ----------
    file : `CalibFile`
        Its path, type and start.
    spec : `Spec`
        Declaration of its type.
    keywords : `dict`
        Keywords in canonical spelling.
    instrument : `Instrument` or `None`
        Its instrument, where one is declared.
    calib : `Calib` or `None`
        The calibration; `None` where it cannot be made.
    source : `Source` or `None`
        Keywords as the file spells them; `None` where there is no file.
    """

    file: CalibFile
    spec: Spec
    keywords: Mapping[str, Any]
    instrument: Instrument | None = None
    calib: Calib | None = None
    source: Source | None = None


FileRule = Callable[[FileContext], Iterator[Problem]]
"""Yields the problems of one file."""

CameraDetector = Mapping[str, Any]
"""A detector as a camera calibration describes it; see `curated.calib.content.Claims`."""


class Cameras(NamedTuple):
    """Camera calibrations of a package, and their detectors.

    Parameters
    ----------
    epochs : `dict` [`str`, `list`]
        By instrument directory, in the order of starts: each camera's file and its detectors by directory.
    """

    epochs: Mapping[str, Sequence[tuple[CalibFile, Mapping[str, CameraDetector]]]]

    def detector(self, file: CalibFile) -> CameraDetector | None:
        """Return a file's detector from the camera in force at its start; from the first camera before that."""
        epochs = self.epochs.get(file.key.instrument)
        if not epochs:
            return None
        in_force = (detectors for camera, detectors in reversed(epochs) if camera.start <= file.start)
        return next(in_force, epochs[0][1]).get(file.key.detector)


class Context(NamedTuple):
    """Input of the rules on all files of a package.

    Parameters
    ----------
    layout : `Layout`
        The calibrations, and the other files beside them.
    reports : `dict` [`str`, `FileReport`]
        Report of every calibration, by path.
    declared : `dict` [`str`, `Instrument`]
        The declared instruments, by directory.
    instruments : `dict` [`str`, `Instrument`]
        The instruments of which certain types are expected, by directory: inferred ones too, where ``curated.yaml``
        expects something of them.
    epochs : `dict` [`CalibKey`, `list` [`CalibFile`]]
        Files of each key, in the order of their starts.
    ranges : `dict` [`str`, `Range`]
        Validity of every calibration, by path.
    verifications : `Verifications`
        Records, waivers and tests of verification.
    today : `datetime.date` or `None`
        The day of the check; `None` where nothing may depend on it.
    waiver_day : `datetime.date` or `None`
        The day by which waivers end: that of the check, or for a release that of its commit.
    """

    layout: Layout
    config: Config
    reports: Mapping[str, FileReport]
    declared: Mapping[str, Instrument]
    instruments: Mapping[str, Instrument]
    epochs: Mapping[CalibKey, Sequence[CalibFile]]
    ranges: Mapping[str, Range]
    cameras: Cameras
    verifications: Verifications
    today: date | None = None
    waiver_day: date | None = None

    @property
    def files(self) -> Sequence[CalibFile]:
        """All calibrations of the package."""
        return self.layout.files

    def tests_of(self, file: CalibFile) -> tuple[VerificationTest, ...]:
        """Return the tests of a calibration that are in force at its start."""
        return self.verifications.tests.in_force(file.key.instrument, file.key.type, file.start)[1]

    def waivers_of(self, file: CalibFile) -> tuple[Waiver, ...]:
        """Return the waivers of the instrument of a calibration."""
        return self.verifications.waivers.get(file.key.instrument, ())


Rule = Callable[[Context], Iterator[tuple[str, Problem]]]
"""Yields path and problem of what is wrong in a package."""


def make_context(
    layout: Layout,
    config: Config,
    reports: Mapping[str, FileReport],
    declared: Mapping[str, Instrument],
    instruments: Mapping[str, Instrument] | None = None,
    today: date | None = None,
    verifications: Verifications | None = None,
    waiver_day: date | None = None,
) -> Context:
    """Collect the input of the rules; parameters are those of `Context`."""
    return Context(
        layout,
        config,
        reports,
        declared,
        declared if instruments is None else instruments,
        by_key(layout.files),
        resolve_ranges(layout.files, reports),
        find_cameras(layout.files, reports),
        verifications or Verifications(),
        today,
        today if waiver_day is None else waiver_day,
    )


def find_cameras(files: Iterable[CalibFile], reports: Mapping[str, FileReport]) -> Cameras:
    """Return the camera calibrations among the files of a package."""
    epochs: dict[str, list[tuple[CalibFile, Mapping[str, CameraDetector]]]] = {}
    for file in files:
        claims = reports[file.path].claims
        if claims is not None and claims.detectors:
            detectors = {directory_name(detector["name"]): detector for detector in claims.detectors}
            epochs.setdefault(file.key.instrument, []).append((file, detectors))
    for cameras in epochs.values():
        cameras.sort(key=lambda epoch: epoch[0].start)
    return Cameras(epochs)
