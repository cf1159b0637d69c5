"""What a change does to the results of dates: which calibration was in force before, and which is now."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from curated.check.report import Report
from curated.check.rules.succession import compare_traces, in_form, traces_of
from curated.core.diagnostic import Diagnostic, Problem
from curated.core.keys import CalibFile, CalibKey
from curated.git.objects import blob_sha1
from curated.history.changes import Changes, Versions, blobs_of
from curated.package.files import read_file
from curated.package.package import Package
from curated.package.validity import Range, by_key, folded

Epochs = Sequence[tuple[CalibFile, Range]]
"""Calibrations of one key in the order of their starts, and when they are in force."""

_MAX_NAMES = 6
"""Names of values that a message lists."""

Measures = Mapping[tuple[str, str | None], str]
"""What a change means physically, as text, by the paths of the calibrations before and now."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A range over which one calibration was in force before, and one is now; `None` if there is none."""

    range: Range
    before: CalibFile | None
    now: CalibFile | None


def find_segments(before: Epochs, now: Epochs) -> list[Segment]:
    """Return which calibrations are in force before and now, over all ranges in which there is one."""
    times = {time for _, valid in (*before, *now) for time in (valid.start, valid.end) if time is not None}
    starts = sorted(times)
    segments: list[Segment] = []
    for start, end in zip(starts, [*starts[1:], None], strict=True):
        pair = _in_force(before, start), _in_force(now, start)
        last = segments[-1] if segments else None
        if last is not None and (last.before, last.now) == pair and last.range.end == start:
            segments[-1] = Segment(Range(last.range.start, end), *pair)
        elif pair != (None, None):
            segments.append(Segment(Range(start, end), *pair))
    return segments


def _in_force(epochs: Epochs, time: datetime) -> CalibFile | None:
    return next((file for file, valid in reversed(epochs) if time in valid), None)


# -- which calibration goes on under another name ----------------------------------------------------------


def find_origins(changes: Changes, versions: Versions) -> dict[str, str]:
    """Return the path before of each calibration that existed before, by its path now.

    A calibration whose path is new goes on one that is gone: that of the same key and start, or else one with the
    same bytes, or else one of its key that gives the same results (its keywords follow the new start), or else
    the one that git takes for the same, of another key. What is edited and given another start is a new one.
    """
    before = {file.path: file for file in changes.before.layout.files}
    now = {file.path: file for file in changes.now.layout.files}
    pairing = _Pairing(
        {path: path for path in now if path in before},
        [file for path, file in before.items() if path not in now],
        [file for path, file in now.items() if path not in before],
    )
    blobs = dict(blobs_of(changes.before))
    blobs |= {file.path: _blob(changes.now, file) for file in pairing.new if pairing.gone}
    pairing.match(lambda file: (folded(file.key), file.start))
    pairing.match(lambda file: (folded(file.key), blobs[file.path]))
    pairing.match(lambda file: blobs[file.path])
    pairing.match(lambda file: folded(file.key), versions.give_same_results)
    # Within a key, files that are alike are epochs; git would take one for another.
    pairing.match(
        lambda file: changes.renames.get(file.path, file.path),
        lambda old, new: folded(old.key) != folded(new.key),
    )
    return pairing.origins


@dataclass(slots=True)
class _Pairing:
    """Calibrations that are gone and calibrations that are new, until they turn out to be the same."""

    origins: dict[str, str]
    gone: list[CalibFile]
    new: list[CalibFile]

    def match(
        self,
        feature: Callable[[CalibFile], Hashable],
        is_same: Callable[[CalibFile, CalibFile], bool] | None = None,
    ) -> None:
        """Pair those that have a feature in common and, where that is not enough, are the same."""
        gone_by_feature: dict[Hashable, list[CalibFile]] = {}
        for old in self.gone:
            gone_by_feature.setdefault(feature(old), []).append(old)
        for file in self.new if self.gone else ():
            candidates = gone_by_feature.get(feature(file), [])
            old_file = next((old for old in candidates if is_same is None or is_same(old, file)), None)
            if old_file is not None:
                self.origins[file.path] = old_file.path
                candidates.remove(old_file)
        origin_paths = set(self.origins.values())
        self.gone = [file for file in self.gone if file.path not in origin_paths]
        self.new = [file for file in self.new if file.path not in self.origins]


def _blob(package: Package, file: CalibFile) -> str:
    data = read_file(package.files, file.path)
    return blob_sha1(data) if isinstance(data, bytes) else ""


def _changed_keys(changes: Changes, origins: Mapping[str, str]) -> list[CalibKey]:
    """Return the keys whose calibrations changed, came or went, in order."""
    files = (*changes.before.layout.files, *changes.now.layout.files)
    moved_paths = {path for pair in origins.items() if pair[0] != pair[1] for path in pair}
    return sorted({folded(file.key) for file in files if file.path in moved_paths or changes.include(file)})


# -- effects ----------------------------------------------------------------------------------------------


class _Finding(NamedTuple):
    """What happens to some dates: the code, the file that it is reported for, and the message."""

    code: str
    path: str
    detail: str


def find_effects(
    changes: Changes, versions: Versions, before: Report, now: Report, measures: Measures | None = None
) -> list[Diagnostic]:
    """Find out what a change does to the results of dates (CAL420 to CAL425, CAL443 to CAL445).

    Parameters
    ----------
    versions : `Versions`
        Reads calibrations that have to be compared.
    before, now : `Report`
        Results of the check before and now, with all files of the keys that changed.
    measures : `dict`, optional
        What changes mean physically; see `Measures`.
    """
    origins = find_origins(changes, versions)
    old_files = {file.path: file for file in before.files}
    effects = _Effects(
        changes,
        versions,
        before,
        now,
        {f.path: old_files[origins[f.path]] for f in now.files if origins.get(f.path) in old_files},
        {origins[f.path]: f for f in now.files if f.path in origins},
        measures or {},
    )
    old_by_key, new_by_key = by_key(before.files), by_key(now.files)
    return [
        finding
        for key in _changed_keys(changes, origins)
        for finding in effects.of_key(key, old_by_key.get(key, ()), new_by_key.get(key, ()))
    ]


@dataclass(frozen=True, slots=True)
class _Effects:
    """The rules on what a change does to the calibrations of a key; ``origins`` and ``successors`` are by path."""

    changes: Changes
    versions: Versions
    before: Report
    now: Report
    origins: Mapping[str, CalibFile]
    successors: Mapping[str, CalibFile]
    measures: Measures

    def of_key(
        self, key: CalibKey, old_files: Iterable[CalibFile], new_files: Iterable[CalibFile]
    ) -> Iterator[Diagnostic]:
        """Yield what the change does to the calibrations of a key."""
        old = [(file, self.before.ranges[file.path]) for file in old_files]
        new = [(file, self.now.ranges[file.path]) for file in new_files]
        for file, valid in new:
            yield from self._of_validity(file, valid, key)
        ranges_by_finding: dict[_Finding, list[Range]] = {}
        segments = find_segments(old, new)
        for before, now in dict.fromkeys((segment.before, segment.now) for segment in segments):
            yield from self._of_succession(before, now)
        for segment in segments:
            finding = self._of_segment(segment, key)
            if finding is not None:
                measures = self._measures(segment)
                finding = finding._replace(detail=f"{finding.detail}{measures}")
                ranges_by_finding.setdefault(finding, []).append(segment.range)
        for finding, ranges in ranges_by_finding.items():
            detail = f"{finding.detail} from {' and from '.join(map(str, ranges))} UTC"
            yield Diagnostic.from_problem(Problem(finding.code, (), detail), finding.path)

    def _measures(self, segment: Segment) -> str:
        """Return what the change of a segment means physically, in brackets; empty where it is not known."""
        if segment.before is None:
            return ""
        text = self.measures.get((segment.before.path, segment.now.path if segment.now is not None else None))
        return f" ({text})" if text else ""

    def _of_validity(self, file: CalibFile, valid: Range, key: CalibKey) -> Iterator[Diagnostic]:
        """Yield that a calibration's own start or end moved; what a neighbour does is reported for the neighbour."""
        origin = self.origins.get(file.path)
        if origin is None or not _is_of(origin, key):
            return
        reports = self.before.reports[origin.path], self.now.reports[file.path]
        # A file that cannot be read has no keywords, and its end is not known.
        same_end = reports[0].end == reports[1].end or not all(report.keywords for report in reports)
        old_valid = self.before.ranges[origin.path]
        if valid == old_valid or (origin.start == file.start and same_end):
            return
        bounds = (old_valid.start, valid.start), (old_valid.end, valid.end)
        is_past = self.changes.is_past(min(_earlier(*pair) for pair in bounds if pair[0] != pair[1]))
        name = f", as {origin.path}" if origin.path != file.path else ""
        detail = f"in force from {valid} UTC; this was {old_valid} UTC at {self.changes.base[:12]}{name}"
        yield Diagnostic.from_problem(Problem("CAL422" if is_past else "CAL425", (), detail), file.path)

    def _of_succession(self, before: CalibFile | None, now: CalibFile | None) -> Iterator[Diagnostic]:
        """Yield what is implausible in the step from a calibration to what it was edited to."""
        if before is None or now is None or self.origins.get(now.path) != before:
            return  # the step to another epoch is a matter of the package
        if before.path == now.path and not self.changes.include(now):
            return
        old, new = self.versions.calibration(before, now=False), self.versions.calibration(now, now=True)
        if old is None or new is None or type(old) is not type(new):
            return
        origin = f"{before.path} at {self.changes.base[:12]}"
        for problem in compare_traces(new.SPEC.comparisons, traces_of(old), traces_of(new), origin):
            yield Diagnostic.from_problem(in_form(problem, now.key.type, now.form), now.path)

    def _of_segment(self, segment: Segment, key: CalibKey) -> _Finding | None:
        """Return what happens to the dates of a segment; `None` if their results stay the same."""
        before, now = segment.before, segment.now
        if before is None:
            return None  # dates that had nothing get something: nobody's results change
        finding = self._of_mark(before, now)
        if finding is not None:
            return finding
        is_past = self.changes.is_past(segment.range.start)
        origin = self.origins.get(now.path) if now is not None else None
        if now is not None and origin == before:
            names = self.versions.find_differences(before, now) if is_past else []
            return _Finding("CAL420", now.path, f"{self._edited(names)}: results change") if names else None
        if now is not None and (origin is None or not _is_of(origin, key)):
            moved = f"moved here from {origin.path}; " if origin is not None else ""
            detail = f"{moved}takes the place of {before.path}"
            return _Finding("CAL421", now.path, detail) if is_past else None
        successor = self.successors.get(before.path)
        if successor is not None and _is_of(successor, key):
            return None  # its range moved, which is reported as such
        event = f"moved here from {before.path}" if successor is not None else "deleted"
        path = successor.path if successor is not None else before.path
        if now is None:
            return _Finding("CAL424", path, f"{event}; no {before.key} is in force")
        return _Finding("CAL423", path, f"{event}; {now.path} is in force instead")

    def _of_mark(self, before: CalibFile, now: CalibFile | None) -> _Finding | None:
        """Return what happens if a calibration was taken out of use, or back into it."""
        successor = self.successors.get(before.path)
        if successor is not None and self.now.ranges[successor.path].deprecation is not None:
            if now is None:
                return _Finding("CAL444", successor.path, f"deprecated; no {before.key} is in force")
            return _Finding("CAL443", successor.path, f"deprecated; {now.path} is in force instead")
        origin = self.origins.get(now.path) if now is not None else None
        if now is None or origin is None or self.before.ranges[origin.path].deprecation is None:
            return None
        return _Finding("CAL445", now.path, f"in use again; takes the place of {before.path}")

    def _edited(self, names: Sequence[str]) -> str:
        more = f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else ""
        return f"{', '.join(names[:_MAX_NAMES])}{more} edited in place since {self.changes.base[:12]}"


def _is_of(file: CalibFile, key: CalibKey) -> bool:
    return folded(file.key) == folded(key)


def _earlier(first: datetime | None, second: datetime | None) -> datetime:
    return min(time for time in (first, second) if time is not None)
