"""What a change does to the results of dates: which calibration was in force before, and which is now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from curated.check.report import Report
from curated.core.diagnostic import Diagnostic, Problem
from curated.core.keys import CalibFile, CalibKey
from curated.package.validity import Range, by_key, folded

Epochs = Sequence[tuple[CalibFile, Range]]
"""Calibrations of one key in the order of their starts, and when they are in force."""

_MOST_NAMED = 6
"""Names of values that a message lists."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A range over which one calibration was in force before, and one is now; `None` where there is none."""

    range: Range
    before: CalibFile | None
    now: CalibFile | None


def segments(before: Epochs, now: Epochs) -> list[Segment]:
    """Return what was in force before and what is now, over all ranges in which either is not nothing."""
    times = {time for _, valid in (*before, *now) for time in (valid.start, valid.end) if time is not None}
    starts = sorted(times)
    found: list[Segment] = []
    for start, end in zip(starts, [*starts[1:], None], strict=True):
        pair = _in_force(before, start), _in_force(now, start)
        last = found[-1] if found else None
        if last is not None and (last.before, last.now) == pair and last.range.end == start:
            found[-1] = Segment(Range(last.range.start, end), *pair)
        elif pair != (None, None):
            found.append(Segment(Range(start, end), *pair))
    return found


def _in_force(epochs: Epochs, time: datetime) -> CalibFile | None:
    return next((file for file, valid in reversed(epochs) if time in valid), None)


Differing = Callable[[CalibFile, CalibFile], list[str]]
"""Names what a calibration before and one now have not in common."""


@dataclass(slots=True)
class Effects:
    """The rules: what a change does to the calibrations of some keys.

    Parameters
    ----------
    before, now : `Report`
        All that is known of the files before and now; of the keys, all files.
    origins : `dict` [`str`, `str`]
        Path before by path now, of each calibration that was there before.
    base : `str`
        The commit that is compared with.
    date : `datetime.datetime`
        When it was committed: from then on, nothing was released yet.
    differing : `~collections.abc.Callable`
        Compares a calibration before with one now.
    """

    before: Report
    now: Report
    origins: Mapping[str, str]
    base: str
    date: datetime
    differing: Differing
    was: dict[str, CalibFile] = field(init=False)
    goes_on: dict[str, CalibFile] = field(init=False)

    def __post_init__(self) -> None:
        self.was = {file.path: file for file in self.before.files}
        self.goes_on = {self.origins[f.path]: f for f in self.now.files if f.path in self.origins}

    def __call__(self, keys: Iterable[CalibKey]) -> Iterator[Diagnostic]:
        """Yield what the change does to each of the keys."""
        before, now = by_key(self.before.files), by_key(self.now.files)
        for key in sorted(keys):
            old = [(file, self.before.ranges[file.path]) for file in before.get(key, ())]
            new = [(file, self.now.ranges[file.path]) for file in now.get(key, ())]
            for file, valid in new:
                yield from self._validity(file, valid, key)
            for (code, path, detail), ranges in self._of_segments(segments(old, new), key).items():
                said = f"{detail} from {' and from '.join(map(str, ranges))} UTC"
                yield Diagnostic.from_problem(Problem(code, (), said), path)

    # -- a calibration and its range ----------------------------------------------------------------------

    def _validity(self, file: CalibFile, valid: Range, key: CalibKey) -> Iterator[Diagnostic]:
        """Yield that a calibration's own start or end is another one; what others do to it is told of them."""
        origin = self._origin(file)
        if origin is None or not _is_of(origin, key):
            return
        said = self.before.reports[origin.path], self.now.reports[file.path]
        # A file that cannot be read has no keywords, and its end is not known.
        same_end = said[0].end == said[1].end or not all(report.keywords for report in said)
        was = self.before.ranges[origin.path]
        if valid == was or (origin.start == file.start and same_end):
            return
        pairs = (was.start, valid.start), (was.end, valid.end)
        past = min(_earlier(*pair) for pair in pairs if pair[0] != pair[1]) < self.date
        name = f", as {origin.path}" if origin.path != file.path else ""
        detail = f"in force from {valid} UTC; this was {was} UTC at {self.base[:12]}{name}"
        yield Diagnostic.from_problem(Problem("CAL422" if past else "CAL425", (), detail), file.path)

    # -- dates and what is in force ----------------------------------------------------------------------

    def _of_segments(
        self, found: Iterable[Segment], key: CalibKey
    ) -> dict[tuple[str, str, str], list[Range]]:
        """Return code, file and message of what happens, with all ranges over which it does."""
        told: dict[tuple[str, str, str], list[Range]] = {}
        for segment in found:
            said = self._of_segment(segment, key)
            if said is not None:
                told.setdefault(said, []).append(segment.range)
        return told

    def _of_segment(self, segment: Segment, key: CalibKey) -> tuple[str, str, str] | None:
        before, now = segment.before, segment.now
        if before is None:
            return None  # dates that had nothing get something: nobody's results change
        marked = self._of_mark(before, now)
        if marked is not None:
            return marked
        past = segment.range.start < self.date
        origin = self._origin(now) if now is not None else None
        if now is not None and origin == before:
            names = self.differing(before, now) if past else []
            return ("CAL420", now.path, f"{self._edited(names)}: results change") if names else None
        if now is not None and (origin is None or not _is_of(origin, key)):
            moved = f"moved here from {origin.path}; " if origin is not None else ""
            return ("CAL421", now.path, f"{moved}takes the place of {before.path}") if past else None
        stays = self.goes_on.get(before.path)
        if stays is not None and _is_of(stays, key):
            return None  # its range is another one, as was said
        what = f"moved here from {before.path}" if stays is not None else "deleted"
        path = stays.path if stays is not None else before.path
        if now is None:
            return "CAL424", path, f"{what}; no {before.key} is in force"
        return "CAL423", path, f"{what}; {now.path} is in force instead"

    def _of_mark(self, before: CalibFile, now: CalibFile | None) -> tuple[str, str, str] | None:
        """Return what happens where a calibration was taken out of use, or back into it."""
        stays = self.goes_on.get(before.path)
        if stays is not None and self.now.ranges[stays.path].deprecation is not None:
            if now is None:
                return "CAL444", stays.path, f"deprecated; no {before.key} is in force"
            return "CAL443", stays.path, f"deprecated; {now.path} is in force instead"
        origin = self._origin(now) if now is not None else None
        if now is None or origin is None or self.before.ranges[origin.path].deprecation is None:
            return None
        return "CAL445", now.path, f"in use again; takes the place of {before.path}"

    def _origin(self, file: CalibFile) -> CalibFile | None:
        return self.was.get(self.origins.get(file.path, ""))

    def _edited(self, names: Sequence[str]) -> str:
        listed = ", ".join(names[:_MOST_NAMED])
        more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        return f"{listed}{more} edited in place since {self.base[:12]}"


def _is_of(file: CalibFile, key: CalibKey) -> bool:
    return folded(file.key) == folded(key)


def _earlier(one: datetime | None, other: datetime | None) -> datetime:
    return min(time for time in (one, other) if time is not None)
