"""Both states of a package that changed, checked with as little reading as may be."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from curated.calib import Calib
from curated.check.cache import Cache
from curated.check.file import read_and_check
from curated.check.instruments import read_instruments
from curated.check.package import judge, read_reports
from curated.check.report import FileReport, Report
from curated.core.keys import CalibFile
from curated.core.parallel import Progress
from curated.history.changes import Changed, with_files
from curated.history.equality import differing
from curated.package.instrument import Instrument
from curated.package.package import Package


@dataclass(slots=True)
class Reader:
    """Reads each file of the two states once; one that did not change is known when it was read as it is now.

    Parameters
    ----------
    changed : `Changed`
        The two states.
    cache : `Cache`, optional
        What is remembered of the files as they are now.
    jobs : `int`, optional
        Number of processes.
    progress : `~collections.abc.Callable`, optional
        Told of progress.
    """

    changed: Changed
    cache: Cache | None
    jobs: int | None = None
    progress: Progress | None = None
    before: dict[str, FileReport] = field(default_factory=dict)
    now: dict[str, FileReport] = field(default_factory=dict)
    calibs: dict[tuple[bool, str], Calib | None] = field(default_factory=dict)

    def check(self, wanted: Callable[[CalibFile], bool]) -> tuple[Report, Report]:
        """Check the wanted files of both states, with the rules over the set; nothing is silenced."""
        now, before = (self._part(package, wanted) for package in (self.changed.now, self.changed.before))
        declared, findings = read_instruments(now)
        report_now = judge(now, (), declared, self._read_now(now, declared), findings)
        declared, findings = read_instruments(before)
        return judge(before, (), declared, self._read_before(before, declared), findings), report_now

    def _part(self, package: Package, wanted: Callable[[CalibFile], bool]) -> Package:
        files = {file.path: wanted(file) for file in package.layout.files}
        directories = {os.path.dirname(path) for path in self.changed.paths}
        directories |= {os.path.dirname(path) for path, is_wanted in files.items() if is_wanted}
        loud = replace(package, config=replace(package.config, silence=()))
        loud.layout = package.layout
        return with_files(loud, lambda path: files.get(path, os.path.dirname(path) in directories))

    def _read_now(self, package: Package, declared: Mapping[str, Instrument]) -> dict[str, FileReport]:
        files = package.layout.files
        unread = [file for file in files if file.path not in self.now]
        self.now |= read_reports(
            package.files, unread, declared, self.cache, self.jobs, self.progress, complete=False
        )
        return {file.path: self.now[file.path] for file in files}

    def _read_before(self, package: Package, declared: Mapping[str, Instrument]) -> dict[str, FileReport]:
        files = package.layout.files
        for file in files:
            if file.path not in self.before:
                report = None if self._is_changed(file) else self.now.get(file.path)
                self.before[file.path] = report or read_and_check(package.files, file, declared).report
        return {file.path: self.before[file.path] for file in files}

    def _is_changed(self, file: CalibFile) -> bool:
        return file.path in self.changed.paths or file.side in self.changed.paths

    def differing(self, old: CalibFile, new: CalibFile) -> list[str]:
        """Name what a calibration before and one now have not in common; nothing where one cannot be read."""
        if old.path == new.path and not self._is_changed(new):
            return []
        before, now = self._calib(old, now=False), self._calib(new, now=True)
        return differing(before, now) if before is not None and now is not None else []

    def same(self, old: CalibFile, new: CalibFile) -> bool:
        """Say whether a calibration before and one now can be read and give the same results."""
        readable = self._calib(old, now=False) is not None and self._calib(new, now=True) is not None
        return readable and not self.differing(old, new)

    def _calib(self, file: CalibFile, *, now: bool) -> Calib | None:
        if (now, file.path) not in self.calibs:
            files = self.changed.now.files if now else self.changed.before.files
            # What a text says of a file beside it has that file's hash; its pixels need not be read.
            self.calibs[now, file.path] = read_and_check(files, file, {}, companion=False).calib
        return self.calibs[now, file.path]
