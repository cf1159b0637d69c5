"""A package at a commit or in a work tree, asked for one product at a time, of which alone the files are read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from curated.bundle.identity import name_run
from curated.calib import Calib
from curated.check.file import check_file, read_and_check
from curated.check.instruments import read_instruments
from curated.check.report import FileReport, resolve_ranges
from curated.core.keys import CalibFile, CalibKey
from curated.core.times import parse_time
from curated.datasets.record import DataId
from curated.git.objects import CommitTree, blob_sha1
from curated.package.files import read_file
from curated.package.instrument import Instrument
from curated.package.layout import directory_name
from curated.package.package import Package
from curated.package.validity import Range, by_key, folded
from curated.registry import get_type


@dataclass(frozen=True, slots=True)
class Memory:
    """What all states of a package share.

    Parameters
    ----------
    names : `dict` [`str`, `str`]
        Names that instruments have in a repository, in lower case and by directory, where neither the package nor its
        calibrations have them.
    reports : `dict`
        Reports of files that were read, by path and blob: most files are the same at many commits.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    reports: dict[tuple[str, str], FileReport] = field(default_factory=dict)

    def report(self, file: CalibFile, blob: str, text: bytes) -> FileReport:
        """Return what the check says of the content of a file."""
        if (file.path, blob) not in self.reports:
            self.reports[file.path, blob] = check_file(file, text)[1]
        return self.reports[file.path, blob]


class State:
    """A package at one time of its history.

    Parameters
    ----------
    package : `Package`
        The package, of a work tree or of a commit.
    memory : `Memory`
        Reports of files, which states share.
    commit : `str`, optional
        SHA1 of the commit; empty for a work tree.
    """

    def __init__(self, package: Package, memory: Memory, commit: str = "") -> None:
        self.package, self.memory, self.commit = package, memory, commit
        self._blobs: dict[str, str] = {}
        self._detectors: dict[str, dict[int, str]] = {}

    @cached_property
    def files_by_key(self) -> dict[CalibKey, list[CalibFile]]:
        """Files of each key, whose instrument is in lower case, in the order of their starts."""
        return by_key(self.package.layout.files)

    @cached_property
    def files_by_path(self) -> dict[str, CalibFile]:
        """All files by path; at that of a shared file is the first calibration that it stands for."""
        files = self.package.layout.files
        return {file.source: file for file in reversed(files)} | {file.path: file for file in files}

    @cached_property
    def declared(self) -> dict[str, Instrument]:
        """The declared instruments, by directory."""
        return read_instruments(self.package)[0]

    # -- files ----------------------------------------------------------------------------------------------

    def blob(self, file: CalibFile) -> str:
        """Return the git blob of a file's content; empty if it cannot be read."""
        if isinstance(self.package.files, CommitTree):
            return self.package.files.blobs.get(file.source, "")
        if file.path not in self._blobs:
            data = read_file(self.package.files, file.path)
            self._blobs[file.path] = blob_sha1(data) if isinstance(data, bytes) else ""
        return self._blobs[file.path]

    def report(self, file: CalibFile) -> FileReport:
        """Return what the check says of a file by itself."""
        report = self.memory.reports.get((file.path, self.blob(file)))
        if report is not None:
            return report
        data = read_file(self.package.files, file.path)
        return self.memory.report(file, self.blob(file), data if isinstance(data, bytes) else b"")

    def calib(self, file: CalibFile) -> Calib | None:
        """Return a calibration, with its pixels if it has any; `None` if it cannot be read."""
        return read_and_check(self.package.files, file, {}).calib

    def epochs(self, key: CalibKey) -> list[tuple[CalibFile, Range]]:
        """Return the calibrations of a key with their ranges, in the order of their starts."""
        files = self.files_by_key.get(folded(key), [])
        ranges = resolve_ranges(files, {file.path: self.report(file) for file in files})
        return [(file, ranges[file.path]) for file in files]

    def in_force(self, key: CalibKey, time: datetime) -> CalibFile | None:
        """Return the calibration of a key in force at a time."""
        return find_in_force(self.epochs(key), time)

    # -- names ----------------------------------------------------------------------------------------------

    def directories(self, instrument: str) -> list[str]:
        """Return the directories of an instrument by its name, in a repository or in calibrations."""
        name = instrument.lower()
        return [directory for directory in self.package.layout.instruments if name in self._names(directory)]

    @cached_property
    def _names_by_directory(self) -> dict[str, set[str]]:
        return {}

    def _names(self, directory: str) -> set[str]:
        """Return the names of the instrument of a directory, in lower case."""
        if directory not in self._names_by_directory:
            names = {directory.lower(), self.memory.names.get(directory, "")} - {""}
            if directory in self.declared:
                names.add(self.declared[directory].name.lower())
            else:
                override = self.package.config.instruments.get(directory, {}).get("name")
                names.add(str(override or self._keyword(directory, "INSTRUME")).lower())
            self._names_by_directory[directory] = names
        return self._names_by_directory[directory]

    def _keyword(self, directory: str, name: str) -> str:
        """Return the keyword of the first calibration of a directory."""
        file = next((f for f in self.package.layout.files if f.key.instrument == directory), None)
        return str(self.report(file).keywords.get(name, "")) if file is not None else ""

    def detector_directory(self, directory: str, detector: str) -> str:
        """Return the directory of a detector by its number or name."""
        if not detector.isdecimal():
            return directory_name(detector)
        instrument = self.declared.get(directory)
        if instrument is not None and instrument.detectors:
            names = {declared.id: name for name, declared in instrument.detectors.items()}
        else:
            names = self._numbered_detectors(directory)
        return names.get(int(detector), directory_name(detector)) if len(detector) < 9 else ""

    def _numbered_detectors(self, directory: str) -> dict[int, str]:
        """Return the directories of detectors by number, which each of their calibrations states."""
        if directory not in self._detectors:
            numbers: dict[int, str] = {}
            names = set()
            for file in self.package.layout.files:
                name = file.key.detector
                if file.key.instrument == directory and name and name not in names:
                    names.add(name)
                    number = self.report(file).keywords.get("DETECTOR")
                    if isinstance(number, int):
                        numbers.setdefault(number, name)
            self._detectors[directory] = numbers
        return self._detectors[directory]

    def detector_number(self, directory: str, detector: str) -> str:
        """Return the number of a detector by its name, as text; the name if it is not known."""
        if detector.isdecimal():
            return detector
        name = directory_name(detector)
        instrument = self.declared.get(directory)
        if instrument is not None and name in instrument.detectors:
            return str(instrument.detectors[name].id)
        numbers = self._numbered_detectors(directory)
        return next((str(number) for number, place in numbers.items() if place == name), detector)

    def detector_numbers(self, directory: str) -> list[int]:
        """Return the numbers of all detectors of an instrument."""
        instrument = self.declared.get(directory)
        if instrument is not None and instrument.detectors:
            return [detector.id for detector in instrument.detectors.values()]
        return list(self._numbered_detectors(directory))

    def filter_directory(self, directory: str, name: str) -> str:
        """Return the directory of a filter by its name."""
        instrument = self.declared.get(directory)
        filters = instrument.filters if instrument is not None else {}
        by_name = {declared.name: filter_name for filter_name, declared in filters.items()}
        return by_name.get(name, directory_name(name))

    def keys(self, type_name: str, instrument: str, detector: str, filter_name: str) -> list[CalibKey]:
        """Return the keys that a product may have, one for each directory of the instrument."""
        spec = get_type(type_name).SPEC
        return [
            CalibKey(
                directory,
                spec.name,
                self.detector_directory(directory, detector) if spec.has_detector else "",
                self.filter_directory(directory, filter_name) if spec.has_filter else "",
            )
            for directory in self.directories(instrument)
        ]

    # -- runs -----------------------------------------------------------------------------------------------

    def find_in_run(self, key: CalibKey, run: str, collection: str, data_id: DataId) -> CalibFile | None:
        """Return the calibration of a key that a release of this state has in a RUN.

        Parameters
        ----------
        run, collection : `str`
            Names of the RUN and of the collection of its release.
        data_id : `DataId`
            The data ID of the key in the repository.
        """
        dataset_key = get_type(key.type).SPEC.dataset, data_id
        runs: set[tuple[str, tuple[str, DataId]]] = set()
        # As `curated bundle` names them: in the order of the paths.
        for file in sorted(self.files_by_key.get(folded(key), []), key=lambda file: file.path):
            try:
                calibdate = parse_time(str(self.report(file).keywords.get("CALIBDATE")))
            except ValueError:
                continue
            if name_run(collection, file, calibdate, dataset_key, runs) == run:
                return file
        return None


def find_in_force(epochs: Sequence[tuple[CalibFile, Range]], time: datetime) -> CalibFile | None:
    """Return the last of some calibrations whose range contains a time."""
    return next((file for file, valid in reversed(epochs) if time in valid), None)


def in_force_of(
    files: Iterable[CalibFile], reports: Mapping[str, FileReport], time: datetime
) -> CalibFile | None:
    """Return which of the files of a key is in force at a time."""
    ordered = sorted(files, key=lambda file: (file.start, file.path))
    ranges = resolve_ranges(ordered, reports)
    return find_in_force([(file, ranges[file.path]) for file in ordered], time)
