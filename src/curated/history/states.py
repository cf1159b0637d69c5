"""Both states of a package that changed, checked with as little reading as may be."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from curated.calib import Calib
from curated.check.cache import Cache
from curated.check.file import FileReport
from curated.check.package import check_loaded, load_reports
from curated.check.reader import check_one
from curated.check.report import Report
from curated.core.keys import CalibFile
from curated.core.parallel import Progress
from curated.history.changes import Changed, with_files
from curated.history.equality import differing
from curated.package.files import Files
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
        now = check_loaded(self._part(self.changed.now, wanted), (), self._load_now)
        before = check_loaded(self._part(self.changed.before, wanted), (), self._load_before)
        return before, now

    def _part(self, package: Package, wanted: Callable[[CalibFile], bool]) -> Package:
        files = {file.path: wanted(file) for file in package.layout.files}
        directories = {os.path.dirname(path) for path in self.changed.paths}
        directories |= {os.path.dirname(path) for path, is_wanted in files.items() if is_wanted}
        loud = replace(package, config=replace(package.config, silence=()))
        loud.layout = package.layout
        return with_files(loud, lambda path: files.get(path, os.path.dirname(path) in directories))

    def _load_now(
        self, files: Files, listed: Sequence[CalibFile], declared: Mapping[str, Instrument]
    ) -> dict[str, FileReport]:
        unread = [file for file in listed if file.path not in self.now]
        self.now |= load_reports(
            files, unread, declared, self.cache, self.jobs, self.progress, complete=False
        )
        return {file.path: self.now[file.path] for file in listed}

    def _load_before(
        self, files: Files, listed: Sequence[CalibFile], declared: Mapping[str, Instrument]
    ) -> dict[str, FileReport]:
        for file in listed:
            if file.path not in self.before:
                known = None if self._is_changed(file) else self.now.get(file.path)
                self.before[file.path] = known or check_one(files, file, declared)[2]
        return {file.path: self.before[file.path] for file in listed}

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
            self.calibs[now, file.path] = check_one(files, file, {}, beside=False)[0]
        return self.calibs[now, file.path]
