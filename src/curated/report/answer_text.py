"""The answer to a lookup of one product, and the events that affect a product, as text and as JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from typing import Any

from curated.core.times import iso
from curated.git.changes import Commit
from curated.git.revisions import Revision
from curated.history.instrument_events import EventList, PlacedEvent
from curated.history.lookup import Answer, Candidate
from curated.report.text import count_text, printable

_SHARED = " (shared)"
_WIDTH = 80
_NO_EVENTS = EventList()


def answer_to_json(
    answer: Answer,
    revision: Revision | None,
    commit: Commit | None,
    change: str,
    *,
    explain: bool,
    events: EventList = _NO_EVENTS,
) -> dict[str, Any]:
    """Return an answer as plain data.

    Parameters
    ----------
    revision : `Revision` or `None`
        The revision that was asked for; `None` for a work tree.
    commit : `Commit` or `None`
        The last commit that changed the file in force, if git knows it.
    change : `str`
        What is not committed of that file; empty for nothing.
    explain : `bool`
        Whether to list all calibrations of the product, and the events.
    events : `EventList`, optional
        The events that affect the product.
    """
    return {
        "key": str(answer.key),
        "time": f"{iso(answer.time)}Z",
        "as_of": revision.sha1 if revision else None,
        "as_of_date": revision.date or None if revision else None,
        "remarks": list(revision.remarks) if revision else [],
        "found": _candidate_to_json(answer.in_force) if answer.in_force else None,
        "commit": commit._asdict() if commit else None,
        "uncommitted": change,
        "skipped": [{"file": path, "reason": reason} for path, reason in answer.skipped],
        "candidates": [_candidate_to_json(c) for c in answer.candidates] if explain else [],
        **(events_to_json(events) if explain else {}),
    }


def _candidate_to_json(candidate: Candidate) -> dict[str, Any]:
    valid = candidate.range
    return {
        "file": candidate.file.source,
        **({"shared": True} if candidate.file.shared else {}),
        "begin": f"{iso(valid.start)}Z",
        "end": f"{iso(valid.end)}Z" if valid.end else None,
        "verdict": candidate.verdict,
    }


def answer_lines(
    answer: Answer,
    revision: Revision | None,
    commit: Commit | None,
    change: str,
    *,
    explain: bool,
    events: EventList = _NO_EVENTS,
) -> Iterator[str]:
    """Yield the lines of an answer; parameters are those of `answer_to_json`."""
    key = printable(str(answer.key))
    if answer.in_force is None:
        yield f"no {key} is in force at {iso(answer.time)} UTC"
    else:
        yield printable(answer.in_force.file.source)
        yield f"valid  {answer.in_force.range} UTC"
        if answer.in_force.file.shared:
            yield "shared with other detectors or filters"
        if commit is not None:
            yield f"commit {commit.sha1[:12]} {commit.date} {printable(commit.author)}"
        if change:
            yield f"but    {change}"
    if revision is not None:
        yield f"as of  {revision.sha1[:12]} {revision.date or 'of an impossible date'}"
    if explain:
        yield from ("", f"{len(answer.candidates)} of {key}:")
        for candidate in answer.candidates:
            yield from (
                f"  {printable(candidate.file.source)}{_SHARED if candidate.file.shared else ''}",
                f"      {candidate.range}: {candidate.verdict}",
            )
            of_candidate = [e for e in events.events if e.calibration == candidate.file]
            yield from (line for event in of_candidate for line in _event_lines(event, 6))
        outside = [event for event in events.events if event.calibration is None]
        yield from (line for event in outside for line in _event_lines(event, 2))
        yield from _unread_lines(events)
        for path, reason in answer.skipped:
            yield from (f"  {printable(path)}", f"      not read: {printable(reason)}")
    elif answer.in_force is None and answer.candidates:
        yield "--explain lists the calibrations that there are"


# -- events -----------------------------------------------------------------------------------------------


def event_lines(events: EventList) -> Iterator[str]:
    """Yield the events that affect a product, the newest first, with the calibrations in force; nothing without any."""
    if events.events:
        yield f"{count_text(len(events.events), 'event')} of the instrument:"
    for event in reversed(events.events):
        yield from _event_lines(event, 2)
        if event.calibration is not None:
            yield f"      {printable(event.calibration.source)}"
    yield from _unread_lines(events)


def _event_lines(event: PlacedEvent, indent: int) -> Iterable[str]:
    text = f"event {iso(event.event.time)}: {event.event.what}; {event.effect}"
    return textwrap.wrap(
        printable(text),
        _WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + 4),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _unread_lines(events: EventList) -> Iterator[str]:
    for path in events.unread:
        yield f"  {printable(path)}"
        yield "      its events are not shown: 'curated check' says what is wrong in it"


def events_to_json(events: EventList) -> dict[str, Any]:
    """Return events as plain data: ``events``, in the order of their times, and ``unread_events``, paths of files."""
    return {
        "events": [
            {
                "time": f"{iso(entry.event.time)}Z",
                "what": entry.event.what,
                "affects": list(entry.event.types),
                "detectors": list(entry.event.detectors),
                "filters": list(entry.event.filters),
                "source": entry.event.file.source,
                "row": entry.event.row + 1,
                "calibration": entry.calibration.source if entry.calibration is not None else None,
                "is_start": entry.is_start,
                "unaffected": entry.reason or None,
            }
            for entry in events.events
        ],
        "unread_events": list(events.unread),
    }
