"""An audit as text of at most 80 columns, and as JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from curated.audit.auditor import Audit, AuditedFile
from curated.audit.header import Exposure
from curated.audit.past import NOT_COMMITTED
from curated.audit.standing import Standing, Status
from curated.core.times import iso
from curated.difference.change import Effect
from curated.git.changes import Commit
from curated.report.difference_text import effect_text, effect_to_json
from curated.report.text import count_text, printable

_WIDTH = 80
_INDENT = " " * 9
_MOST_EFFECTS = 3
_SHORT = 12
_ORDER = (Status.IN_FORCE, Status.SUPERSEDED, Status.DEPRECATED, Status.UNKNOWN, Status.FOREIGN)


def audit_lines(audit: Audit) -> Iterator[str]:
    """Yield the lines of an audit: a block for each file, the worst first, and the counts."""
    for file in audit.files:
        yield from _file_lines(file)
    yield from _wrapped(summary(audit), "", "  ")


def summary(audit: Audit) -> str:
    """Return how many calibrations are in force and how many are not."""
    counts = audit.counts
    parts = [f"{counts[status]:,} {status.value}" for status in _ORDER if counts[status]]
    calibrations = count_text(sum(counts.values()), "calibration")
    text = f"{count_text(len(audit.files), 'file')}, {calibrations}"
    return f"{text}: {', '.join(parts)}" if parts else text


def _file_lines(file: AuditedFile) -> Iterator[str]:
    yield printable(file.path)
    if file.exposure is not None:
        yield from _wrapped(_exposure_text(file.exposure), "  ", "    ")
    for finding in file.findings:
        yield from _wrapped(
            f"{finding.severity.value} {finding.code} {printable(finding.message)}", "  ", "    "
        )
    foreign = [s.use.role for s in file.standings if s.status is Status.FOREIGN]
    for standing in file.standings:
        if standing.status is not Status.FOREIGN:
            yield from _standing_lines(standing, with_role=file.exposure is not None)
    if foreign:
        yield from _wrapped(f"{Status.FOREIGN.value:12} {printable(', '.join(foreign))}", "  ", " " * 15)


def _exposure_text(exposure: Exposure) -> str:
    parts = (
        exposure.instrument,
        f"{iso(exposure.time)} UTC" if exposure.time is not None else "no time",
        f"detector {exposure.detector}" if exposure.detector else "",
        f"filter {exposure.filter}" if exposure.filter else "",
    )
    return printable(", ".join(filter(None, parts)))


def _standing_lines(standing: Standing, *, with_role: bool) -> Iterator[str]:
    role = printable(standing.use.role) if with_role else "this calibration"
    yield f"  {standing.status.value:12} {role}"
    source = standing.source
    if source is not None:
        yield f"    {'is' if standing.status is Status.IN_FORCE else 'was':4} {printable(source.path)}"
        release = printable(f"release {source.label}, ") if source.label else ""
        yield f"{_INDENT}{release}commit {printable(source.commit[:_SHORT])}"
    if source is not None and standing.successor and standing.successor != source.path:
        yield f"    {'now':4} {printable(standing.successor)}"
    elif standing.status is not Status.IN_FORCE and source is not None:
        if standing.successor:
            yield f"    {'now':4} another content of the same file"
        elif standing.status is not Status.UNKNOWN:
            yield f"    {'now':4} nothing is in force"
    if standing.since is not None:
        yield from _wrapped(f"since {_commit_text(standing.since)}", _INDENT, f"{_INDENT}  ")
    yield from _effect_lines(standing.effects)
    for remark in standing.remarks:
        yield from _wrapped(printable(remark), "    ", "      ")


def _effect_lines(effects: Sequence[Effect]) -> Iterator[str]:
    for effect in effects[:_MOST_EFFECTS]:
        yield f"{_INDENT}{effect_text(effect)}"
    if len(effects) > _MOST_EFFECTS:
        yield f"{_INDENT}and {len(effects) - _MOST_EFFECTS} smaller effects"


def _commit_text(commit: Commit) -> str:
    if commit == NOT_COMMITTED:
        return "a change that is not committed"
    return printable(f"{commit.sha1[:_SHORT]} {commit.date} {commit.author}")


def _wrapped(text: str, first: str, further: str) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=further,
        break_long_words=False,
        break_on_hyphens=False,
    )


def audit_to_json(audit: Audit) -> dict[str, Any]:
    """Return an audit as plain values."""
    return {
        "state": audit.state,
        "counts": {status.value: count for status, count in audit.counts.items()},
        "files": [_file_to_json(file) for file in audit.files],
    }


def _file_to_json(file: AuditedFile) -> dict[str, Any]:
    exposure = file.exposure
    return {
        "file": file.path,
        "exposure": {
            "instrument": exposure.instrument or None,
            "time": f"{iso(exposure.time)}Z" if exposure.time is not None else None,
            "detector": exposure.detector or None,
            "filter": exposure.filter or None,
        }
        if exposure is not None
        else None,
        "calibrations": [_standing_to_json(standing) for standing in file.standings],
        "findings": [finding.to_dict() for finding in file.findings],
    }


def _standing_to_json(standing: Standing) -> dict[str, Any]:
    use, source, valid, since = standing.use, standing.source, standing.range, standing.since
    return {
        "role": use.role,
        "dataset_type": use.dataset_type or None,
        "uuid": use.uuid or None,
        "run": use.run or None,
        "date": use.date or None,
        "status": standing.status.value,
        "release": source.label or None if source else None,
        "commit": source.commit or None if source else None,
        "file": source.path if source else None,
        "blob": source.blob or None if source else None,
        "in_force": standing.successor or None,
        "begin": f"{iso(valid.start)}Z" if valid else None,
        "end": f"{iso(valid.end)}Z" if valid and valid.end else None,
        "since": since._asdict() if since is not None and since != NOT_COMMITTED else None,
        "uncommitted": since == NOT_COMMITTED,
        "measures": [effect_to_json(effect) for effect in standing.effects],
        "remarks": list(standing.remarks),
    }
