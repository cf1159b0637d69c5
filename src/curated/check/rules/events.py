"""Rules on events: calibrations that span one, and calibrations that are older than those of their type may be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from curated.calib.content import Claims
from curated.check.rules.context import Context
from curated.core.diagnostic import Pointer, Problem, brief
from curated.core.keys import CalibFile
from curated.core.times import DISTANT_FUTURE, iso, parse_time
from curated.package.layout import directory_name
from curated.registry import find_type, similar_type

UNAFFECTED = "UNAFFECTED"
"""Keyword with dates of events that do not affect a calibration, each with a reason: ``DATE reason; DATE reason``."""


class Event(NamedTuple):
    """Something that happened to an instrument.

    Parameters
    ----------
    file : `CalibFile`
        The file that says so.
    row : `int`
        Its row in that file.
    time : `datetime.datetime`
        When it happened, UTC.
    what : `str`
        What happened.
    types, detectors, filters : sequence [`str`]
        Names of types, and directories of detectors and filters, that it affects; all detectors or filters if empty.
    """

    file: CalibFile
    row: int
    time: datetime
    what: str
    types: Sequence[str]
    detectors: Sequence[str]
    filters: Sequence[str]

    def affects(self, file: CalibFile) -> bool:
        """Say whether it affects calibrations of the key of a file."""
        key = file.key
        return (
            key.instrument.lower() == self.file.key.instrument.lower()
            and key.type in self.types
            and (not self.detectors or not key.detector or key.detector in self.detectors)
            and (not self.filters or not key.filter or key.filter in self.filters)
        )


def read_events(file: CalibFile, claims: Claims | None) -> Iterator[tuple[Event, list[str]]]:
    """Yield the events of a file, each with the names in it that are no types; rows without a time are left out."""
    for row, (date, what, *lists) in enumerate(claims.events if claims is not None else ()):
        try:
            time = parse_time(date)
        except ValueError:
            continue  # a finding in the file
        names = [[name for part in text.split(",") if (name := part.strip())] for text in lists]
        directories = [[directory_name(name) for name in part] for part in names[1:]]
        classes = {name: find_type(name) for name in names[0]}
        types = [cls.SPEC.name for cls in classes.values() if cls is not None]
        unknown = [name for name, cls in classes.items() if cls is None]
        yield Event(file, row, time, what, types, *directories), unknown


def _find_events(context: Context) -> tuple[list[Event], list[tuple[str, Problem]]]:
    """Return the events of a package, and names in them that do not exist, with the paths of the files."""
    events: list[Event] = []
    problems: list[tuple[str, Problem]] = []
    for file in context.files:
        if context.ranges[file.path].deprecation is not None:
            continue
        for event, unknown in read_events(file, context.reports[file.path].claims):
            problems += [(file.path, _unknown_type(event.row, name)) for name in unknown]
            directories = event.detectors, event.filters
            problems += [(file.path, p) for p in _unknown_names(context, file, event.row, directories)]
            events.append(event)
    return events, problems


def _unknown_type(row: int, name: str) -> Problem:
    similar = similar_type(name)
    remedy = f"; did you mean {similar}?" if similar else ""
    return Problem("CAL384", ("events", row, "affects"), f"{brief(name)} is not a calibration type{remedy}")


def _unknown_names(
    context: Context, file: CalibFile, row: int, directories: Sequence[Sequence[str]]
) -> Iterator[Problem]:
    instrument = context.declared.get(file.key.instrument)
    if instrument is None or not instrument.declared:
        return
    for kind, names, declared in zip(
        ("detector", "filter"), directories, (instrument.detectors, instrument.filters), strict=True
    ):
        for name in names if declared else ():
            if name not in declared:
                detail = f"{kind} {brief(name)} is not declared in instrument.yaml"
                yield Problem("CAL384", ("events", row, f"{kind}s"), detail)


def spanned_events(context: Context) -> Iterator[tuple[str, Problem]]:
    """Yield calibrations that are in force before and after an event that affects them."""
    events, problems = _find_events(context)
    yield from problems
    for event in events:
        for file in context.files:
            if not event.affects(file):
                continue
            valid = context.ranges[file.path]
            if valid.deprecation is not None or not valid.start < event.time < (valid.end or DISTANT_FUTURE):
                continue
            if event.time in unaffected_times(context.reports[file.path].keywords):
                continue
            detail = f"{iso(event.time)}: {event.what} ({event.file.path}), while this is in force ({valid})"
            hint = (
                f"start a new epoch: curated epoch {file.path} --from {iso(event.time)}; "
                f"or say in its metadata why not: {UNAFFECTED}: '{iso(event.time)} REASON'"
            )
            yield file.path, Problem("CAL385", (), detail, hint)


def unaffected_times(keywords: Mapping[str, Any]) -> dict[datetime, str]:
    """Return the times of the events that do not affect a calibration, with the reasons; those without one are left out."""
    reasons: dict[datetime, str] = {}
    for part in str(keywords.get(UNAFFECTED, "")).split(";"):
        date, _, reason = part.strip().partition(" ")
        try:
            if reason.strip():
                reasons[parse_time(date)] = reason.strip()
        except ValueError:
            continue
    return reasons


def old_calibrations(context: Context) -> Iterator[tuple[str, Problem]]:
    """Yield calibrations in force that are older than ``max_age`` of their instrument allows, on the day of the check."""
    if context.today is None or not any(i.max_age for i in context.declared.values()):
        return
    now = datetime.combine(context.today, datetime.min.time())
    for epochs in context.epochs.values():
        instrument = context.declared.get(epochs[0].key.instrument)
        days = {} if instrument is None else {entry.type: entry.days for entry in instrument.max_age}
        limit = days.get(epochs[0].key.type)
        for file in epochs if limit is not None else ():
            age = now - file.start
            if limit is not None and now in context.ranges[file.path] and age > timedelta(days=limit):
                detail = (
                    f"{file.key} is in force since {iso(file.start)}, for {age.days} days on {context.today}; "
                    f"max_age of {file.key.type} is {limit:g} days"
                )
                pointer: Pointer = ()
                yield file.path, Problem("CAL386", pointer, detail)
