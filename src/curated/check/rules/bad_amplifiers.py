"""Rules on amplifiers out of use, and the boxes that mask them in the defects of their detector."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from curated.calib.content import Claims
from curated.check.report import FileReport, resolve_ranges
from curated.check.rules.context import Cameras, Context, find_cameras
from curated.core.diagnostic import Problem
from curated.core.geometry import Box
from curated.core.keys import CalibFile
from curated.core.times import DISTANT_FUTURE, iso, parse_time
from curated.package.layout import directory_name
from curated.package.validity import Range

MASKING_TYPES = ("defects", "manual_defects")
"""Types whose boxes mask amplifiers out of use; of a detector the first that it has."""


class Period(NamedTuple):
    """A time in which an amplifier is out of use.

    Parameters
    ----------
    file : `CalibFile`
        The file that says so.
    row : `int`
        Its row in that file.
    detector : `str`
        Directory of the detector.
    amplifier : `str`
        Name of the amplifier.
    start, end : `datetime.datetime`
        First moment, and first moment after it; `DISTANT_FUTURE` for an open end.
    """

    file: CalibFile
    row: int
    detector: str
    amplifier: str
    start: datetime
    end: datetime

    def touches(self, start: datetime, end: datetime) -> bool:
        """Say whether a part of a range lies in it."""
        return self.start < end and start < self.end


class Mask(NamedTuple):
    """Boxes of the amplifiers that are out of use while a file of defects is in force.

    Parameters
    ----------
    boxes : `dict` [`str`, `Box`]
        By amplifier.
    source : `str`
        Path of the file that says that they are.
    """

    boxes: Mapping[str, Box]
    source: str


def find_periods(
    files: Iterable[CalibFile], reports: Mapping[str, FileReport], ranges: Mapping[str, Range]
) -> list[Period]:
    """Return when which amplifier is out of use, within the validity of the files that say so.

    Parameters
    ----------
    reports : `dict` [`str`, `FileReport`]
        Report of each file, by path.
    ranges : `dict` [`str`, `Range`]
        Validity of each file, by path.
    """
    return [
        period
        for file in files
        if (claims := reports[file.path].claims) is not None
        and claims.out_of_use
        and ranges[file.path].deprecation is None
        for period in _periods(file, claims, ranges[file.path])
    ]


def _periods(file: CalibFile, claims: Claims, valid: Range) -> Iterator[Period]:
    for row, (detector, amplifier, begin, end) in enumerate(claims.out_of_use):
        try:
            times = [parse_time(text) if text else None for text in (begin, end)]
        except ValueError:
            continue  # a finding in the file
        start = max(times[0] or valid.start, valid.start)
        stop = min(times[1] or DISTANT_FUTURE, valid.end or DISTANT_FUTURE)
        if start < stop:
            yield Period(file, row, directory_name(detector), amplifier, start, stop)


def box_of(period: Period, cameras: Cameras, time: datetime) -> Box | None:
    """Return the pixels of an amplifier out of use, by the camera in force at a time; `None` if none has it."""
    key = replace(period.file.key, detector=period.detector)
    camera_detector = cameras.detector(replace(period.file, key=key, start=time))
    box = (camera_detector or {}).get("boxes", {}).get(period.amplifier)
    return None if box is None else Box(*box)


def masking_files(files: Iterable[CalibFile]) -> list[CalibFile]:
    """Return the files whose boxes mask amplifiers: of each detector those of the first of `MASKING_TYPES` that it has."""
    files_by_place: dict[tuple[str, str], dict[str, list[CalibFile]]] = {}
    for file in files:
        if file.key.type in MASKING_TYPES:
            place = (file.key.instrument.lower(), file.key.detector)
            files_by_place.setdefault(place, {}).setdefault(file.key.type, []).append(file)
    return [
        file for by_type in files_by_place.values() for file in by_type[min(by_type, key=MASKING_TYPES.index)]
    ]


def make_masks(files: Sequence[CalibFile], reports: Mapping[str, FileReport]) -> dict[str, Mask]:
    """Return the boxes of amplifiers out of use by the path of the file of defects that they go into.

    The check finds files of defects in whose range an amplifier goes out of use; here the start of the range counts.

    Parameters
    ----------
    files : sequence [`CalibFile`]
        All files of a package.
    reports : `dict` [`str`, `FileReport`]
        Reports of its cameras and of its files of amplifiers out of use, by path.
    """
    sources = [file for file in files if file.path in reports]
    periods = find_periods(sources, reports, resolve_ranges(sources, reports))
    cameras = find_cameras(sources, reports)
    masks = {}
    for file in masking_files(files) if periods else ():
        current = [p for p in periods if is_of(p, file) and p.start <= file.start < p.end]
        boxes = {p.amplifier: box for p in current if (box := box_of(p, cameras, file.start)) is not None}
        if boxes:
            masks[file.path] = Mask(dict(sorted(boxes.items())), current[0].file.source)
    return masks


def is_of(period: Period, file: CalibFile) -> bool:
    """Say whether a file belongs to the detector of a period."""
    return (
        file.key.instrument.lower() == period.file.key.instrument.lower()
        and file.key.detector == period.detector
    )


# -- rules ------------------------------------------------------------------------------------------------


def unmasked_amplifiers(context: Context) -> Iterator[tuple[str, Problem]]:
    """Yield amplifiers out of use that no defects mask, or not for the time in which they are."""
    periods = find_periods(context.files, context.reports, context.ranges)
    if not periods:
        return
    files = masking_files(context.files)
    for period in periods:
        own_files = [file for file in files if is_of(period, file)]
        unknown = list(_unknown_pixels(context, period))
        if unknown:
            yield from unknown
            continue
        yield from _gaps(context, period, own_files)
        others = [other for other in periods if other is not period and _is_same_amplifier(other, period)]
        for file in own_files:
            yield from _changes(context, period, others, file)


def _is_same_amplifier(a: Period, b: Period) -> bool:
    return (a.detector, a.amplifier) == (b.detector, b.amplifier) and (
        a.file.key.instrument.lower() == b.file.key.instrument.lower()
    )


def _label(period: Period) -> str:
    return f"amplifier {period.amplifier} of detector {period.detector}"


def _unknown_pixels(context: Context, period: Period) -> Iterator[tuple[str, Problem]]:
    if box_of(period, context.cameras, period.start) is None:
        has_camera = period.file.key.instrument in context.cameras.epochs
        detail = "the camera in force has no such amplifier" if has_camera else "the package has no camera"
        problem = Problem("CAL381", ("amplifiers", period.row, "amplifier"), f"{_label(period)}: {detail}")
        yield period.file.path, problem


def _gaps(context: Context, period: Period, files: Sequence[CalibFile]) -> Iterator[tuple[str, Problem]]:
    """Yield a period of which no defects are in force at some time."""
    reached = period.start
    for valid in sorted((context.ranges[file.path] for file in files), key=lambda valid: valid.start):
        if valid.deprecation is None and valid.start <= reached:
            reached = max(reached, valid.end or DISTANT_FUTURE)
    if reached < period.end:
        detail = f"{_label(period)}: its detector has no defects in force at {iso(reached)}"
        yield period.file.path, Problem("CAL382", ("amplifiers", period.row), detail)


def _changes(
    context: Context, period: Period, others: Sequence[Period], file: CalibFile
) -> Iterator[tuple[str, Problem]]:
    """Yield the times within the range of a file of defects at which an amplifier goes out of use, or comes back.

    Where a new list of amplifiers starts, those that are in both lists do neither.
    """
    valid = context.ranges[file.path]
    end = valid.end or DISTANT_FUTURE
    if valid.deprecation is not None or not period.touches(valid.start, end):
        return
    for time, event in ((period.start, "goes out of use"), (period.end, "is in use again")):
        is_before, is_after = (
            any(
                other.start < time <= other.end if side == "before" else other.start <= time < other.end
                for other in (*others, period)
            )
            for side in ("before", "after")
        )
        if valid.start < time < end and is_before is not is_after:
            detail = (
                f"{_label(period)} {event} at {iso(time)} ({period.file.path}), "
                f"while this file is in force ({valid})"
            )
            hint = f"start a new epoch there: curated epoch {file.path} --from {iso(time)}"
            yield file.path, Problem("CAL380", (), detail, hint)
