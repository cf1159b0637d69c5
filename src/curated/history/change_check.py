"""The check of a change: findings in what changed since a commit, and in what that can affect."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import replace
from datetime import date, datetime

from curated.check.cache import Cache
from curated.check.copies import name_sources
from curated.check.package import is_below, select
from curated.check.report import Report, apply_silence
from curated.core.diagnostic import Diagnostic
from curated.core.keys import CalibFile
from curated.core.parallel import Progress
from curated.history.changes import Changes, Versions, find_changes
from curated.history.checkout import find_hidden_differences
from curated.history.edits import EditSearch, find_unnoted_edits
from curated.history.effects import Measures, find_effects
from curated.package.config import CONFIG_FILE
from curated.package.package import Package

_EPOCH_KEYWORDS = frozenset({"CALIBDATE", "CALIB_ID"})
"""Keywords that differ between epochs; the others identify what is calibrated."""

_MAJORITY_KEYWORDS = frozenset({"DETECTOR", "RAFTNAME", "SLOTNAME", "FILTER"})
"""Keywords whose value in most files is taken as the right one."""

Place = tuple[str, str]
"""Directory of an instrument, in lower case, and directory of a detector: files of several types describe it."""


def _place_of(file: CalibFile) -> Place:
    return file.key.instrument.lower(), file.key.detector


def check_since(
    package: Package,
    revision: str,
    paths: Sequence[str] = (),
    *,
    jobs: int | None = None,
    use_cache: bool = True,
    today: date | None = None,
    observed_until: datetime | None = None,
    progress: Progress | None = None,
    search: EditSearch | None = None,
    changes: Changes | None = None,
    measures: Measures | None = None,
    further: Sequence[Diagnostic] = (),
) -> Report:
    """Check what changed since a commit, and what the change can affect.

    Reported are all findings in files that changed, findings in others that are new, and what the change does to the
    results of dates (CAL420 to CAL425). The files of an instrument whose ``instrument.yaml`` changed count as changed,
    and so do all files if ``curated.yaml`` did.

    Parameters
    ----------
    package : `Package`
        The package, of a work tree.
    revision : `str`
        A commit, a branch or a tag; the work tree is compared with the merge base of it and HEAD.
    paths, jobs, use_cache, today, progress
        As for `~curated.check.package.check_package`.
    observed_until : `datetime.datetime`, optional
        End of the past, UTC: dates before it may have been observed. If it is not given, so may all dates.
    search : `EditSearch`, optional
        Search for edits without a note; its findings in files that changed are reported too.
    changes : `Changes`, optional
        What changed, where that is known already; see `~curated.history.changes.find_changes`.
    measures : `dict`, optional
        What changes mean physically, for the messages; see `~curated.history.effects.Measures`.
    further : sequence [`Diagnostic`], optional
        Further findings in what changed, which may be silenced.

    Raises
    ------
    CuratedError
        If the package is not in a git repository, or git knows no such commit; the hint is how to mend it.
    """
    changes = changes or find_changes(package, revision, observed_until)
    # Where files are hidden, less was compared than it seems, whatever changed.
    notices = find_hidden_differences(search) if search is not None else []
    if not changes.paths:
        notices += find_unnoted_edits(search, ()) if search is not None else ()
        notices += further
        notices, silenced = apply_silence(notices, package.config.silence, today, complete=False)
        return Report(diagnostics=tuple(sorted(notices)), silenced=silenced)
    versions = Versions(changes, Cache(package.root) if use_cache else None, jobs, progress)
    before, now = _check_both(changes, versions)
    concerned = _concerned_paths(changes, now)
    old_findings = {_identity(d) for d in before.diagnostics}
    findings = [d for d in now.diagnostics if d.file in concerned or _identity(d) not in old_findings]
    findings += [*find_effects(changes, versions, before, now, measures), *further]
    files = [f for f in select(now.files, paths) if f.path in concerned]
    findings += find_unnoted_edits(search, files) if search is not None else ()
    findings = name_sources(findings, (*changes.before.layout.files, *package.layout.files))
    findings = [d for d in findings if not paths or is_below(d.file, paths) or d.code == "CAL419"]
    findings += notices
    complete = changes.affect_all and not paths
    diagnostics, silenced = apply_silence(findings, package.config.silence, today, complete=complete)
    if not changes.affect_all:
        diagnostics = [d for d in diagnostics if d.file != CONFIG_FILE]
    return replace(now, files=tuple(files), diagnostics=tuple(sorted(diagnostics)), silenced=silenced)


def _identity(diagnostic: Diagnostic) -> tuple[str, str, str]:
    """Return the parts of a finding that stay the same when lines move."""
    return diagnostic.file, diagnostic.code, diagnostic.message


def _concerned_paths(changes: Changes, now: Report) -> set[str]:
    """Return the files whose findings are all reported: those that changed, and those that belong to them."""
    instruments = changes.instruments
    concerned = set(changes.paths)
    for file in now.files:
        together = {file.path, *file.texts, now.reports[file.path].companion} - {""}
        if file.key.instrument.lower() in instruments or not changes.paths.isdisjoint(together):
            concerned |= together
    if changes.affect_all:
        concerned.update(file.path for file in now.files)
        concerned.update(diagnostic.file for diagnostic in now.diagnostics)
    return concerned


def _check_both(changes: Changes, versions: Versions) -> tuple[Report, Report]:
    """Check the package before and now, with as many files as the rules over the whole package need.

    These rules compare the files of a key, and what all files state about a detector. If a change leaves the
    statements about its detectors as they were, it has no effect on the files of other detectors: whether those
    contradict it was the same before.
    """
    files = (*changes.before.layout.files, *changes.now.layout.files)
    if changes.affect_all:
        return versions.check(files)
    directories = {os.path.dirname(path) for path in changes.paths}
    places = {_place_of(file) for file in files if os.path.dirname(file.path) in directories}
    instruments = changes.instruments
    reports = versions.check(_select(files, places, instruments))
    before, now = map(_statements, reports)
    affected = {place[0] for place in places if before.get(place) != now.get(place)}
    if affected <= instruments:
        return reports
    return versions.check(_select(files, places, instruments | affected))


def _select(files: Sequence[CalibFile], places: set[Place], instruments: set[str]) -> list[CalibFile]:
    return [f for f in files if _place_of(f) in places or f.key.instrument.lower() in instruments]


def _statements(report: Report) -> dict[Place, set[Hashable]]:
    """Return what files state about each place, whatever their epoch.

    Where they contradict each other, it counts how many files state which value.
    """
    statements: dict[Place, set[Hashable]] = {}
    counts: dict[tuple[Place, str], Counter[str]] = {}
    for file in report.files:
        place = _place_of(file)
        keywords = report.reports[file.path].keywords.items()
        lasting = {key: str(value) for key, value in keywords if key not in _EPOCH_KEYWORDS}
        statements.setdefault(place, set()).add((file.key, tuple(sorted(lasting.items()))))
        for keyword in _MAJORITY_KEYWORDS & lasting.keys():
            counts.setdefault((place, keyword), Counter())[lasting[keyword]] += 1
    for (place, keyword), values in counts.items():
        if len(values) > 1:
            statements[place].add((keyword, frozenset(values.items())))
    return statements
