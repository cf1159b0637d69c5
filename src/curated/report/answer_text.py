"""The answer to a lookup of one product, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from curated.core.times import iso
from curated.git.changes import Commit
from curated.git.revisions import Revision
from curated.history.lookup import Answer, Candidate
from curated.report.text import printable

_SHARED = " (shared)"


def answer_to_json(
    answer: Answer, revision: Revision | None, commit: Commit | None, change: str, *, explain: bool
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
        Whether to list all calibrations of the product.
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
    answer: Answer, revision: Revision | None, commit: Commit | None, change: str, *, explain: bool
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
        for path, reason in answer.skipped:
            yield from (f"  {printable(path)}", f"      not read: {printable(reason)}")
    elif answer.in_force is None and answer.candidates:
        yield "--explain lists the calibrations that there are"
