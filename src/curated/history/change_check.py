"""The check of a change: what is wrong with what changed since a commit, and with what that can affect."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import replace
from datetime import date

from curated.check.cache import Cache
from curated.check.package import is_below
from curated.check.report import Report, apply_silence
from curated.core.diagnostic import Diagnostic
from curated.core.keys import CalibFile
from curated.core.parallel import Progress
from curated.history.changes import Changed, find_changes, find_origins, touched_keys
from curated.history.edits import EditSearch, find_unnoted_edits
from curated.history.effects import Effects
from curated.history.states import Reader
from curated.package.config import CONFIG_FILE
from curated.package.package import Package

_OF_EPOCH = frozenset({"CALIBDATE", "CALIB_ID"})
"""Keywords that are others in each epoch; the rest says what is calibrated."""

_VOTED = frozenset({"DETECTOR", "RAFTNAME", "SLOTNAME", "FILTER"})
"""Keywords of which that is right what most files say."""

Place = tuple[str, str]
"""An instrument and a detector, which files of several types speak of."""


def place_of(file: CalibFile) -> Place:
    """Return the instrument and the detector that a file speaks of."""
    return file.key.instrument.lower(), file.key.detector


def check_since(
    package: Package,
    revision: str,
    paths: Sequence[str] = (),
    *,
    jobs: int | None = None,
    use_cache: bool = True,
    today: date | None = None,
    progress: Progress | None = None,
    search: EditSearch | None = None,
) -> Report:
    """Check what changed since a commit, and what the change can affect.

    Reported are all findings of files that changed, findings of others that were not there before, and what the
    change does to the results of dates (CAL420 to CAL425). The files of an instrument whose ``instrument.yaml``
    changed count as changed, and so do all files where ``curated.yaml`` did.

    Parameters
    ----------
    package : `Package`
        The package, of a work tree.
    revision : `str`
        A commit, a branch or a tag; the work tree is compared with the merge base of it and HEAD.
    paths, jobs, use_cache, today, progress
        As for `~curated.check.package.check_package`.
    search : `EditSearch`, optional
        Search for edits without a note; its findings in files that changed are reported too.

    Raises
    ------
    CuratedError
        If the package is not in a git repository, or git knows no such commit; it says how to mend it.
    """
    changed = find_changes(package, revision)
    if not changed.paths:
        return Report()
    reader = Reader(changed, Cache(package.root) if use_cache else None, jobs, progress)
    before, now = _both(changed, reader)
    concerned = _concerned(changed, now)
    origins = find_origins(changed, reader.same)
    effects = Effects(before, now, origins, changed.base, changed.date, reader.differing)
    known = {_name(d) for d in before.diagnostics}
    found = [d for d in now.diagnostics if d.file in concerned or _name(d) not in known]
    found += effects(touched_keys(changed, origins))
    files = [f for f in now.files if f.path in concerned and (not paths or is_below(f.path, paths))]
    found += find_unnoted_edits(search, files) if search is not None else ()
    found = [d for d in found if not paths or is_below(d.file, paths)]
    complete = changed.everything and not paths
    diagnostics, silenced = apply_silence(found, package.config.silence, today, complete=complete)
    if not changed.everything:
        diagnostics = [d for d in diagnostics if d.file != CONFIG_FILE]
    return replace(now, files=tuple(files), diagnostics=tuple(sorted(diagnostics)), silenced=silenced)


def _name(diagnostic: Diagnostic) -> tuple[str, str, str]:
    """Return what is the same of a finding when lines move."""
    return diagnostic.file, diagnostic.code, diagnostic.message


def _concerned(changed: Changed, now: Report) -> set[str]:
    """Return the files whose findings are all reported: what changed, and what stands beside it."""
    instruments = changed.instruments
    found = set(changed.paths)
    for file in now.files:
        together = {file.path, file.side, now.reports[file.path].companion} - {""}
        if file.key.instrument.lower() in instruments or not changed.paths.isdisjoint(together):
            found |= together
    if changed.everything:
        found.update(file.path for file in now.files)
        found.update(diagnostic.file for diagnostic in now.diagnostics)
    return found


def _both(changed: Changed, reader: Reader) -> tuple[Report, Report]:
    """Check both states, of as many files as the rules over the set need to see.

    These rules compare the files of a key, and what all files say of a detector. Where a change leaves what is
    said of its detectors as it was, it can have no effect on the files of others; whether those contradict it was
    the same before.
    """
    if changed.everything:
        return reader.check(lambda _: True)
    instruments = changed.instruments
    directories = {os.path.dirname(path) for path in changed.paths}
    files = (*changed.before.layout.files, *changed.now.layout.files)
    places = {place_of(file) for file in files if os.path.dirname(file.path) in directories}

    def is_needed(file: CalibFile) -> bool:
        return place_of(file) in places or file.key.instrument.lower() in instruments

    reports = reader.check(is_needed)
    before, now = map(_said, reports)
    wider = {place[0] for place in places if before.get(place) != now.get(place)} - instruments
    if not wider:
        return reports
    instruments |= wider
    return reader.check(is_needed)


def _said(report: Report) -> dict[Place, set[Hashable]]:
    """Return what files say of each place, apart from epochs; where they contradict each other, how many say what."""
    said: dict[Place, set[Hashable]] = {}
    voices: dict[tuple[Place, str], Counter[str]] = {}
    for file in report.files:
        place = place_of(file)
        lasting = {k: str(v) for k, v in report.reports[file.path].keywords.items() if k not in _OF_EPOCH}
        said.setdefault(place, set()).add((file.key, tuple(sorted(lasting.items()))))
        for keyword in _VOTED & lasting.keys():
            voices.setdefault((place, keyword), Counter())[lasting[keyword]] += 1
    for (place, keyword), counted in voices.items():
        if len(counted) > 1:
            said[place].add((keyword, frozenset(counted.items())))
    return said
