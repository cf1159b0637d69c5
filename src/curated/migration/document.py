"""The account of a migration: what became of each entry of the source, as Markdown, as lines and as plain data."""

from __future__ import annotations

from collections import Counter
from typing import Any

from curated.core.codes import code_info
from curated.core.diagnostic import Diagnostic
from curated.core.times import iso
from curated.migration.result import ADDED, Migration, Outcome


def summary_lines(migration: Migration) -> list[str]:
    """Return what became of the entries, in a few lines."""
    counts = migration.counts()
    total = sum(counts.values())
    lines = [
        f"{total} entries: " + ", ".join(f"{count} {_label(state, count)}" for state, count in counts.items())
    ]
    by_type = Counter(outcome.product.type for outcome in migration.outcomes if outcome.state == ADDED)
    lines += [f"  {name}: {count}" for name, count in sorted(by_type.items())]
    errors = sum(finding.is_error for finding in migration.findings)
    lines.append(
        f"check of the new package: {errors} errors, {len(migration.findings) - errors} other findings"
    )
    return lines


def _label(state: str, count: int) -> str:
    plural = {"calibration": "calibrations", "file beside": "kept as files beside", "listed": "only listed"}
    return state if state == ADDED and count == 1 else plural.get(state, state)


def migration_to_dict(migration: Migration) -> dict[str, Any]:
    """Return the account as plain data."""
    instrument = migration.instrument
    return {
        "source_kind": migration.kind,
        "source": migration.source,
        "instrument": instrument.name if instrument is not None else "",
        "counts": migration.counts(),
        "entries": [_outcome_to_dict(outcome) for outcome in migration.outcomes],
        "findings": [finding.to_dict() for finding in migration.diagnostics],
        "check": [finding.to_dict() for finding in migration.findings],
    }


def _outcome_to_dict(outcome: Outcome) -> dict[str, Any]:
    product = outcome.product
    return {
        "entry": product.label,
        "index": product.index,
        "kind": product.kind,
        "type": product.type,
        "detector": product.detector,
        "filter": product.filter,
        "start": iso(product.start),
        "end": iso(product.end) if product.end else None,
        "file": product.file,
        "selectors": dict(product.selectors),
        "deprecated": product.deprecation is not None,
        "state": outcome.state,
        "paths": list(outcome.paths),
        "reason": outcome.reason,
    }


def account_text(migration: Migration) -> str:
    """Return the content of ``MIGRATION.md``."""
    lines = [
        "# Migration",
        "",
        f"Written by `curated migrate` from `{_plain(migration.source)}` (kind `{migration.kind}`). Times are UTC.",
        "",
        *(
            line.strip() if number == 0 else f"- {line.strip()}"
            for number, line in enumerate(summary_lines(migration))
        ),
        "",
    ]
    lines.insert(5, "")
    lost = [outcome for outcome in migration.outcomes if outcome.state != ADDED]
    if lost:
        lines += [
            "## Entries that are no calibrations",
            "",
            "| entry | kind | from | until | file | why |",
            "|---|---|---|---|---|---|",
        ]
        for outcome in lost:
            product = outcome.product
            where = outcome.paths[0] if outcome.paths else product.file
            cells = (
                product.label,
                product.kind,
                iso(product.start),
                iso(product.end) if product.end else "",
                where,
                outcome.reason,
            )
            lines.append(f"| {' | '.join(map(_cell, cells))} |")
        lines.append("")
    if migration.diagnostics:
        lines += ["## Findings in the source", "", *_findings(migration.diagnostics), ""]
    if migration.findings:
        lines += ["## Findings of `curated check`", "", *_findings(migration.findings), ""]
    kept = [outcome for outcome in migration.outcomes if outcome.state == ADDED]
    if kept:
        lines += ["## Calibrations", "", "| entry | file of the source | calibrations |", "|---|---|---|"]
        for outcome in kept:
            product = outcome.product
            lines.append(
                f"| {' | '.join(map(_cell, (product.label, product.file, ', '.join(outcome.paths))))} |"
            )
        lines.append("")
    return "\n".join(lines)


def _findings(findings: tuple[Diagnostic, ...]) -> list[str]:
    """Return the findings as a list, by code."""
    lines = []
    counts = Counter(finding.code for finding in findings)
    for code in sorted(counts):
        lines.append(f"- {code}, {code_info(code).title}: {counts[code]}")
        for finding in findings:
            if finding.code == code:
                place = f"{finding.file}:{finding.line}" if finding.line else finding.file
                lines.append(f"  - {_cell(place)}: {_cell(finding.message)}")
    return lines


def _plain(text: str) -> str:
    """Return a text of one line without control characters and backticks."""
    return "".join(c if c.isprintable() and c != "`" else f"\\x{ord(c):02x}" for c in text)


def _cell(text: str) -> str:
    """Return a text as the cell of a table, in which nothing is markup."""
    plain = _plain(text)
    for mark in "\\|<>[]*_#":
        plain = plain.replace(mark, f"\\{mark}" if mark not in "_" else "_")
    return plain
