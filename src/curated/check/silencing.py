"""Findings that ``curated.yaml`` silences."""

from __future__ import annotations

from datetime import date

from curated.check.report import Report
from curated.core.diagnostic import Diagnostic, Problem
from curated.package.config import CONFIG_FILE, Silence
from curated.package.package import Package

_BY_HISTORY = frozenset({"CAL417", "CAL420", "CAL421", "CAL422", "CAL423", "CAL424", "CAL425"})
"""Codes that less history does not show, or a check of one state; silencing them is never known to be needless."""


def apply_silence(report: Report, package: Package, today: date | None, everything: bool) -> None:
    """Take silenced findings out; add findings about silencings that have expired or silence nothing."""
    silence = package.config.silence
    if not silence:
        return
    kept, used = [], set()
    in_force = [entry for entry in silence if today is None or today <= entry.until]
    # Many findings of a file are of one code, and are asked about once.
    covering: dict[tuple[str, str], Silence | None] = {}
    for diagnostic in report.diagnostics:
        key = diagnostic.code, diagnostic.file
        if key not in covering:
            covering[key] = next((entry for entry in in_force if entry.covers(diagnostic)), None)
        entry = covering[key]
        if entry is None:
            kept.append(diagnostic)
        else:
            used.add(entry.place)
            report.silenced += 1
    for entry in silence:
        at = ("silence", entry.place)
        if today is not None and today > entry.until:
            problem = Problem("CAL003", at, f"{entry.code} for {entry.path} was silenced until {entry.until}")
        elif everything and entry.place not in used and entry.code not in _BY_HISTORY:
            problem = Problem("CAL004", at, f"{entry.code} is not found in {entry.path}")
        else:
            continue
        kept.append(Diagnostic.from_problem(problem, CONFIG_FILE, entry.line, 1))
    report.diagnostics = kept
