"""The history of a product as text and as JSON: commits with what they changed, or what was believed about one moment."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from curated.core.times import iso
from curated.git.changes import Commit
from curated.history.beliefs.log import Belief, FileEvent, History, Period, Version
from curated.package.validity import Range
from curated.report.text import count_text, printable

_WIDTH = 80


def history_lines(history: History) -> Iterator[str]:
    """Yield the commits that changed a product, the newest first, with files and ranges."""
    for i, belief in enumerate(reversed(history.beliefs)):
        yield from [""] if i else []
        yield _commit_line(belief.commit)
        yield from _wrapped(belief.subject, 4)
        if belief.is_cut:
            yield "    history is cut off here: what follows may be older than this commit"
        for event in belief.events:
            yield from _event_lines(event)
        yield from _change_lines(belief)


def _commit_line(commit: Commit) -> str:
    return f"{commit.sha1[:12]} {commit.date or 'an impossible date'} {printable(commit.author)}"


def _wrapped(text: str, indent: int) -> list[str]:
    return textwrap.wrap(
        printable(text),
        _WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=" " * indent,
        break_long_words=False,
    )


def _event_lines(event: FileEvent) -> Iterator[str]:
    version = event.after or event.before
    if version is None:
        return
    yield f"  {', '.join(event.kinds)}"
    if "renamed" in event.kinds and event.before is not None:
        yield f"    from {printable(event.before.file.path)}"
    yield f"    {printable(version.file.path)}"
    if event.before is not None and event.after is not None and _bounds(event.before) != _bounds(event.after):
        yield f"      was {event.before.range}"
        yield f"      is  {event.after.range}"
    else:
        yield f"      {version.range}"
    if event.after is not None and event.after.range.deprecation is not None:
        yield from _wrapped(str(event.after.range.deprecation), 6)


def _bounds(version: Version) -> tuple[datetime, datetime | None]:
    return version.range.start, version.range.end


def _change_lines(belief: Belief) -> Iterator[str]:
    """Yield where one file took the place of another; what was added, edited or renamed has its range already."""
    successors = {(e.before.file.path, e.after.file.path) for e in belief.events if e.before and e.after}
    if not belief.changes:
        yield "  what is in force stays the same"
    changes = [
        (change.range, change.before, change.after)
        for change in belief.changes
        if change.before is not None
        and (change.after is None or (change.before.file.path, change.after.file.path) not in successors)
    ]
    yield from ["  in force now"] if changes else []
    for valid, before, after in changes:
        yield f"    {valid}"
        yield f"      {printable(after.file.path) if after is not None else 'nothing'}"
        yield f"      in place of {printable(before.file.path)}"


def period_lines(history: History, time: datetime, periods: Sequence[Period]) -> Iterator[str]:
    """Yield what was believed about one moment over time, the newest first.

    Parameters
    ----------
    time : `datetime.datetime`
        The moment, UTC.
    periods : sequence [`Period`]
        See `curated.history.beliefs.log.periods`.
    """
    yield f"{printable(str(history.key))} of {iso(time)} UTC, as it was known"
    for period in periods:
        if period.since is not None:
            yield f"since {_commit_line(period.since)}"
        else:
            yield f"until {_commit_line(period.until)}" if period.until is not None else "at all times"
        if period.version is None:
            yield "  nothing in force"
        else:
            yield f"  {printable(period.version.file.path)}"
            yield f"    {period.version.range}"


def history_summary(history: History) -> str:
    """Return how many commits and calibrations there are, as a sentence."""
    versions = history.beliefs[-1].versions
    commits = count_text(len(history.beliefs), "commit")
    return f"{printable(str(history.key))}: {commits}, {count_text(len(versions), 'calibration')} now"


# -- for programs -----------------------------------------------------------------------------------------


def history_to_json(history: History) -> dict[str, Any]:
    """Return the history as plain data: ``commits``, the newest first, and ``calibrations``, which there are now."""
    return {
        "key": str(history.key),
        "cut_off": any(belief.is_cut for belief in history.beliefs),
        "commits": [_belief_to_json(belief) for belief in reversed(history.beliefs)],
        "calibrations": [_version_to_json(version) for version in history.beliefs[-1].versions],
    }


def _belief_to_json(belief: Belief) -> dict[str, Any]:
    return {
        **belief.commit._asdict(),
        "subject": belief.subject,
        "events": [
            {
                "kinds": list(event.kinds),
                "before": _version_to_json(event.before),
                "after": _version_to_json(event.after),
            }
            for event in belief.events
        ],
        "changes": [
            {
                **_range_to_json(change.range),
                "before": change.before.file.path if change.before else None,
                "after": change.after.file.path if change.after else None,
            }
            for change in belief.changes
        ],
    }


def _version_to_json(version: Version | None) -> dict[str, Any] | None:
    if version is None:
        return None
    mark = version.range.deprecation
    return {
        "file": version.file.path,
        "blob": version.blob,
        **_range_to_json(version.range),
        "deprecated": None if mark is None else str(mark),
    }


def _range_to_json(valid: Range) -> dict[str, str | None]:
    return {"begin": f"{iso(valid.start)}Z", "end": f"{iso(valid.end)}Z" if valid.end is not None else None}


def periods_to_json(periods: Sequence[Period]) -> list[dict[str, Any]]:
    """Return what was believed about one moment, the newest first, as plain data."""
    return [
        {
            "since": period.since._asdict() if period.since else None,
            "until": period.until._asdict() if period.until else None,
            "calibration": _version_to_json(period.version),
        }
        for period in periods
    ]
