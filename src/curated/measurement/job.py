"""One job of a verification: paths in, a record out, so that any executor may run it, on this machine or on another."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from curated.calib import Calib
from curated.core.diagnostic import CuratedError
from curated.core.geometry import DetectorGeometry
from curated.core.keys import CalibFile
from curated.core.times import iso, parse_time
from curated.core.version import __version__
from curated.history.calibrations import Calibrations, open_calibrations
from curated.history.exposure.raw import Exposure, read_exposure
from curated.history.names import detector_directory
from curated.measurement.frames import FramePair, SurroundingsFinder, correct_frame
from curated.measurement.verification import Subject, run_tests
from curated.package.layout import directory_name
from curated.reduction.frame_file import read_frame_file
from curated.registry import find_statistic
from curated.verification.binding import digest_of_tests, product_digest
from curated.verification.record import UsedExposure, VerificationRecord
from curated.verification.tables import read_test_tables

_SAME_TIME = timedelta(seconds=1)
"""How far the begin of an exposure may be from that of an input that is the same."""


@dataclass(frozen=True, slots=True)
class VerificationJob:
    """A calibration that is to be verified.

    Parameters
    ----------
    root : `str`
        Directory of the package.
    path : `str`
        Path of the calibration in it.
    exposures : `tuple` [`str`]
        Paths of the files of exposures; those of other detectors and filters are left out.
    by : `str`
        Who verifies.
    date : `str`
        When, UTC, ISO 8601.
    """

    root: str
    path: str
    exposures: tuple[str, ...]
    by: str
    date: str


def verify(job: VerificationJob) -> VerificationRecord:
    """Verify a calibration.

    Raises
    ------
    CuratedError
        If the calibration has errors, or an exposure cannot be read or does not fit.
    """
    with open_calibrations(job.root) as calibrations:
        package = calibrations.package
        file = next((file for file in package.layout.files if file.path == job.path), None)
        if file is None:
            raise CuratedError(f"there is no calibration {job.path}", "name a file of the package")
        product = calibrations.read_path(file.path)
        source, tests = read_test_tables(package).in_force(file.key.instrument, file.key.type, file.start)
        exposures = [(path, _header(calibrations, file, path)) for path in job.exposures]
        chosen = [(path, header) for path, header in exposures if _is_of(calibrations, file, header)]
        remarks = _left_out(exposures, chosen)
        frames = _Frames(SurroundingsFinder(calibrations, file.key), file, product, remarks)
        subject = Subject(product, frames.detector())
        results = run_tests(subject, tests, frames.pairs(chosen), find_statistic)
        return VerificationRecord(
            type_name=file.key.type,
            product=product_digest(product),
            tests_source=source,
            tests_digest=digest_of_tests(tests),
            by=job.by,
            date=job.date,
            tool=f"curated {__version__}",
            exposures=tuple(frames.uses),
            results=results,
            remarks=tuple(remarks),
        )


def _header(calibrations: Calibrations, file: CalibFile, path: str) -> Exposure | str:
    """Return what the header of an exposure says, or why it says nothing."""
    try:
        return read_exposure(calibrations.package, calibrations.declared, path, file.key.instrument)
    except CuratedError as error:
        # Records are the same wherever the exposures are.
        return error.message.replace(path, os.path.basename(path))


def _is_of(calibrations: Calibrations, file: CalibFile, header: Exposure | str) -> bool:
    """Say whether an exposure is of the detector and filter of a calibration, as far as its header says."""
    if isinstance(header, str):
        return True
    if file.key.filter and header.filter and directory_name(header.filter) != file.key.filter:
        return False
    if not file.key.detector or not header.detector:
        return True
    package, declared = calibrations.package, calibrations.declared.get(file.key.instrument)
    directory = detector_directory(package, declared, file.key.instrument, header.detector)
    return directory == file.key.detector


def _left_out(
    exposures: Sequence[tuple[str, Exposure | str]], chosen: Sequence[tuple[str, Exposure | str]]
) -> list[str]:
    count = len(exposures) - len(chosen)
    remarks = [f"{count} of {len(exposures)} exposures are of other detectors or filters"] if count else []
    silent = [header for _, header in chosen if isinstance(header, str)]
    if silent:
        more = f" ({len(silent) - 1} more like it)" if len(silent) > 1 else ""
        remarks.append(f"{silent[0]}{more}; taken to be of the start of the calibration")
    return remarks


@dataclass(slots=True)
class _Frames:
    """Reads exposures one after the other, and notes what was used."""

    finder: SurroundingsFinder
    file: CalibFile
    product: Calib
    remarks: list[str]
    uses: list[UsedExposure] = field(default_factory=list)

    def detector(self) -> DetectorGeometry | None:
        """Return the detector of the calibration, with the gains in force at its start; `None` if it has none."""
        if not self.file.key.detector:
            return None
        try:
            return self.finder.find(self.file.start, self.file.key.filter).detector
        except CuratedError as error:
            self.remarks.append(error.message)
            return None

    def pairs(self, exposures: Iterable[tuple[str, Exposure | str]]) -> Iterator[FramePair]:
        """Yield exposures before and after the calibration is applied."""
        for path, header in exposures:
            yield self._pair(path, header if isinstance(header, Exposure) else None)

    def _pair(self, path: str, exposure: Exposure | None) -> FramePair:
        file = self.file
        begin = exposure.begin if exposure is not None else file.start
        filter_name = file.key.filter or (exposure.filter if exposure is not None else "")
        surroundings = self.finder.find(begin, filter_name)
        self.remarks += [remark for remark in surroundings.remarks if remark not in self.remarks]
        frame_file = read_frame_file(path)
        use = UsedExposure(
            name=os.path.basename(path),
            sha256=frame_file.sha256,
            begin=iso(begin) if exposure is not None else "",
            role=_role(self.product, exposure),
            corrections=surroundings.paths,
        )
        self.uses.append(use)
        return correct_frame(frame_file, exposure, self.product, surroundings)


def _role(product: Calib, exposure: Exposure | None) -> str:
    """Return whether a calibration was made of an exposure, by the begins of its inputs; empty if that is not known."""
    dates = [parse_time(entry.date) for entry in product.provenance.inputs if entry.date]
    if exposure is None or not dates:
        return ""
    is_input = any(abs(date - exposure.begin) <= _SAME_TIME for date in dates)
    return "input" if is_input else "held back"


def verify_all(jobs: Sequence[VerificationJob]) -> list[VerificationRecord | CuratedError]:
    """Verify calibrations; of one that cannot be verified the result is the error that says why."""
    return [_outcome(job) for job in jobs]


def _outcome(job: VerificationJob) -> VerificationRecord | CuratedError:
    try:
        return verify(job)
    except CuratedError as error:
        return error
