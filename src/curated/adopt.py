"""Drafts of ``curated.yaml`` and ``instrument.yaml`` for a bare package, inferred from its calibrations.

A comment on each line counts the files that it comes from; what no file states is a comment to be completed.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from curated.check.report import Report
from curated.core.diagnostic import Diagnostic, Problem, brief, limited
from curated.core.storage.staging import replace_together
from curated.declare.settings import Setting, check_setting
from curated.package.completion import complete_instrument
from curated.package.config import CONFIG_FILE
from curated.package.evidence import (
    KEYWORDS,
    NAME,
    Evidence,
    Tally,
    detector_of,
    filter_of,
    gather,
)
from curated.package.files import INSTRUMENT_FILE
from curated.package.instrument import Instrument, parse_instrument
from curated.package.package import Package
from curated.package.settings.instrument import DETECTOR, FILTER, INSTRUMENT
from curated.text.yaml.reader import load_yaml
from curated.text.yaml.writer import yaml_flow, yaml_scalar

_MAX_VALUES = 3
"""Values of a contradiction that are listed."""

_PASSED_OVER = frozenset({"CAL023", "CAL103", "CAL134"})
"""Codes of directories whose calibrations are not read, so that nothing of theirs is in the drafts."""

_DETECTOR_KEYS = ("id", "name", "raft", "slot", "serial")
"""Keys of a detector in ``instrument.yaml`` that files state."""

_COMPARED_KEYWORDS = tuple(NAME if keyword == "DET_NAME" else keyword for keyword in KEYWORDS)
"""Keywords in which files may contradict each other; a DET_NAME that does not fit its directory is left to the check."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A file that an adopted package has.

    Parameters
    ----------
    path : `str`
        Its path in the package.
    text : `str`
        The content to write.
    exists : `bool`
        Whether there is such a file, which stays as it is.
    instrument : `Instrument`, optional
        The instrument that it declares.
    files : `int`
        Number of calibrations that it is inferred from.
    replaces : `bool`
        Whether the file exists and is to be replaced by one that says more.
    """

    path: str
    text: str
    exists: bool
    instrument: Instrument | None = None
    files: int = 0
    replaces: bool = False


@dataclass(frozen=True, slots=True)
class Adoption:
    """The files that a package lacks, and what a person has to look at.

    Parameters
    ----------
    drafts : `tuple` [`Draft`]
        The files; the last one is ``curated.yaml``, which marks an adopted package.
    remarks : `tuple` [`tuple` [`str`, `str`]]
        Path of a draft or of a directory that is passed over, and what is contradictory or missing in the calibrations that it is inferred from.
    diagnostics : `tuple` [`Diagnostic`]
        Contradictions between a package and a repository.
    """

    drafts: tuple[Draft, ...]
    remarks: tuple[tuple[str, str], ...]
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def existing(self) -> list[str]:
        """Paths of the files that exist."""
        return [draft.path for draft in self.drafts if draft.exists]

    @property
    def missing(self) -> list[Draft]:
        """The drafts to write."""
        return [draft for draft in self.drafts if not draft.exists or draft.replaces]


class _Section(NamedTuple):
    """A part of an ``instrument.yaml``: its lines, and remarks on what it is inferred from."""

    lines: list[str]
    remarks: list[str]


def draft_adoption(package: Package, report: Report) -> Adoption:
    """Draft the files that make a bare package one that declares itself.

    Parameters
    ----------
    package : `Package`
        The package, of a work tree.
    report : `Report`
        Result of its check.
    """
    facts_by_directory: dict[str, list[Mapping[str, Any]]] = {name: [] for name in package.layout.instruments}
    for file in package.layout.files:
        facts_by_directory[file.key.instrument].append(report.reports[file.path].facts())
    drafts: list[Draft] = []
    remarks = [
        (path, problem.detail) for path, problem in package.layout.problems if problem.code in _PASSED_OVER
    ]
    for directory, facts in sorted(facts_by_directory.items()):
        path = "/".join(filter(None, (package.top, directory, INSTRUMENT_FILE)))
        if directory in package.config.instruments:
            # Its keys would take the place of whole lists in the file.
            remarks.append((path, f"{CONFIG_FILE} describes this instrument; it is not written"))
            continue
        evidence = gather(directory, facts)
        section = _instrument(evidence)
        text = "".join(f"{line}\n" for line in section.lines)
        instrument, _ = parse_instrument(load_yaml(text)[0], directory)
        exists = os.path.lexists(package.root / path)
        drafts.append(Draft(path, text, exists, instrument, evidence.files))
        remarks += [(path, remark) for remark in section.remarks if not exists]
    exists = os.path.lexists(package.root / CONFIG_FILE)
    drafts.append(Draft(CONFIG_FILE, _CONFIG.format(top=package.top or "."), exists))
    return Adoption(tuple(drafts), tuple(remarks))


def draft_completion(
    package: Package,
    inferred: Mapping[str, Instrument],
    registered: Mapping[str, Instrument],
    source: str,
    files: Mapping[str, int],
) -> Adoption:
    """Draft the files that say of the instruments of a package what a repository has of them.

    What the package declares stays.

    Parameters
    ----------
    package : `Package`
        The package, of a work tree.
    inferred, registered : `dict` [`str`, `Instrument`]
        Instruments of the package and of the repository, by directory.
    source : `str`
        Name of the repository.
    files : `dict` [`str`, `int`]
        Number of calibrations, by directory.
    """
    drafts: list[Draft] = []
    remarks: list[tuple[str, str]] = []
    diagnostics: list[Diagnostic] = []
    for directory, instrument in sorted(registered.items()):
        path = package.layout.instruments.get(directory) or "/".join(
            filter(None, (package.top, directory, INSTRUMENT_FILE))
        )
        if directory in package.config.instruments:
            # Its keys would take the place of whole lists in the file.
            remarks.append((path, f"{CONFIG_FILE} describes this instrument; it is not written"))
            continue
        exists = os.path.lexists(package.root / path)
        text = (package.root / path).read_bytes().decode("utf-8", errors="replace") if exists else ""
        tree = load_yaml(text)[0] if exists else {}
        if not isinstance(tree, dict) or (exists and parse_instrument(tree, directory)[1]):
            remarks.append((path, "it has errors, which 'curated check' reports; it is not written"))
            continue
        completion = complete_instrument(tree, text, instrument, inferred[directory], source)
        result, problems = parse_instrument(load_yaml(completion.text)[0], directory)
        problems += [Problem("CAL677", (), detail) for detail in completion.contradictions]
        diagnostics += [Diagnostic.from_problem(problem, path) for problem in limited(problems)]
        remarks += [(path, remark) for remark in completion.remarks]
        replaces = exists and completion.text != text
        drafts.append(Draft(path, completion.text, exists, result, files.get(directory, 0), replaces))
    exists = os.path.lexists(package.root / CONFIG_FILE)
    drafts.append(Draft(CONFIG_FILE, _CONFIG.format(top=package.top or "."), exists))
    return Adoption(tuple(drafts), tuple(remarks), tuple(diagnostics))


def write_drafts(root: Path, drafts: Iterable[Draft]) -> None:
    """Write drafts, all or none; a file that has come into being meanwhile stays as it is.

    Raises
    ------
    OSError
        If one cannot be written, or exists.
    """
    drafts = list(drafts)
    contents = {draft.path: draft.text.encode() for draft in drafts}
    if contents:
        replace_together(root, contents, only_new=not any(draft.replaces for draft in drafts))


_CONFIG = """\
# Written by 'curated adopt'. It marks the root of the package.
calibs: {top}  # the instruments' directories stand in this one

# The package's public address, which is stamped into each FITS file as REPOURL:
# url:

# Whether 'butler write-curated-calibrations' of the LSST stack reads these texts, too; the check then says where it has other
# dates, since it reads neither VALIDEND nor DEPRECATED (docs/stack.md):
# readers: [stack]

# Findings that are known and accepted, each until a day:
# silence:
# - code: CAL304
#   path: <instrument>/transmission_filter/*
#   reason: measured beyond the filter's edges
#   until: '2027-12-31'
"""


def _instrument(evidence: Evidence) -> _Section:
    """Return an ``instrument.yaml``."""
    remarks: list[str] = []
    name = evidence.names.most(evidence.directory)
    problem = _problem(INSTRUMENT.keys["name"], name)
    if problem:
        remarks.append(f"INSTRUME is {problem}; the directory's name is written")
        name = evidence.directory[:32].strip() or "unknown"
    contradictions = [*_contradiction("INSTRUME", evidence.names), *_other_names(evidence)]
    detectors, filters = _detectors(evidence), _filters(evidence)
    lines = [
        "# Written by 'curated adopt' from what the calibrations in this directory say; a comment tells how many of",
        f"# them say so. There were {_count(evidence.files)}.",
        f"name: {yaml_scalar(name)}  # {_source(evidence.names, 'INSTRUME') or _NO_NAME}",
        *(f"# {line}" for line in contradictions),
        "# In a Butler repository the instrument may have another name: then write that one.",
        "# What no file says:",
        *(
            f"# {key}:  # {INSTRUMENT.keys[key].doc}"
            for key in ("class_name", "visit_max", "exposure_max", "detector_max", "visit_system")
        ),
        *detectors.lines,
        *filters.lines,
    ]
    return _Section(lines, [*remarks, *contradictions, *detectors.remarks, *filters.remarks])


_NO_NAME = "the directory; no file says INSTRUME"


def _detectors(evidence: Evidence) -> _Section:
    lines: list[str] = []
    remarks: list[str] = []
    owners: dict[int, str] = {}
    entries = [(d, tallies, detector_of(d, tallies)) for d, tallies in evidence.detectors.items()]
    for directory, tallies, detector in sorted(entries, key=lambda entry: (entry[2].id, entry[0])):
        values = {key: value for key in _DETECTOR_KEYS if (value := getattr(detector, key)) != ""}
        problem = _problem(DETECTOR, values)
        if "DETECTOR" not in tallies:
            values["id"], problem = None, "no file says DETECTOR"
        elif detector.id in owners:
            problem = f"number {detector.id} is that of {_path(owners[detector.id])} already"
        comments = [c for key in _COMPARED_KEYWORDS for c in _contradiction(key, tallies.get(key, Tally()))]
        if problem:
            comments.insert(0, f"{_path(directory)} is not declared: {problem}")
        else:
            owners[detector.id] = directory
        sources = "; ".join(
            filter(None, (_source(tallies.get(key), key) for key in ("DETECTOR", NAME, "DET_SER")))
        )
        line = f"- {yaml_flow(values)}" + (f"  # {sources}" if sources else "")
        lines += [*(f"# {comment}" for comment in comments), f"# {line}" if problem else line]
        remarks += [f"detector {_path(directory)}: {comment}" for comment in comments]
    if not lines:
        return _Section([], [])
    explanation = [
        "# No file says: purpose, width, height, amplifiers. Where a comment names no source, a name is that of the",
        "# directory in upper case, and raft and slot are parts of the name.",
    ]
    return _Section([_list_header("detectors", lines), *explanation, *lines], remarks)


def _filters(evidence: Evidence) -> _Section:
    lines: list[str] = []
    remarks: list[str] = []
    for directory, tally in sorted(evidence.filters.items()):
        name = filter_of(directory, tally).name
        problem = _problem(FILTER, {"name": name})
        comments = list(_contradiction("FILTER", tally))
        if problem:
            comments.insert(0, f"{_path(directory)} is not declared: {problem}")
        elif not tally.counts:
            comments.insert(0, "no file says FILTER; the directory's name is written")
        prefix = "# " if problem else ""
        lines += [
            *(f"# {comment}" for comment in comments),
            f"{prefix}- name: {yaml_scalar(name)}  # {_source(tally, 'FILTER') or 'the directory'}",
            f"{prefix}  # band:",
        ]
        remarks += [f"filter {_path(directory)}: {comment}" for comment in comments]
    if not lines:
        return _Section([], [])
    explanation = "# No file says a band; without one the filter's name stands for it."
    return _Section([_list_header("filters", lines), explanation, *lines], remarks)


def _list_header(key: str, lines: Sequence[str]) -> str:
    """Return the line above a list; the list is empty if all its entries are comments."""
    return f"{key}:" if any(line.startswith("-") for line in lines) else f"{key}: []"


def _problem(setting: Setting, value: Any) -> str:
    """Return why an ``instrument.yaml`` cannot hold a value; empty if it can."""
    return next((problem.detail for problem in check_setting(setting, value, "CAL002")), "")


def _source(tally: Tally | None, keyword: str) -> str:
    """Return how many files state the most frequent value; empty if none states any."""
    if tally is None or not tally.counts:
        return ""
    return f"{keyword} of {_count(tally.counts[tally.ranked[0]])}"


def _contradiction(keyword: str, tally: Tally) -> Iterator[str]:
    """Yield that files state different values, if they do."""
    if len(tally.counts) < 2:
        return
    values = [
        f"{brief(value)} in {_count(tally.counts[value])} ({_path(tally.first[value])})"
        for value in tally.ranked[:_MAX_VALUES]
    ]
    more = f" and {len(tally.counts) - _MAX_VALUES} others" if len(tally.counts) > _MAX_VALUES else ""
    yield f"CONFLICT: {keyword} is {', '.join(values)}{more}; the first is written"


def _other_names(evidence: Evidence) -> Iterator[str]:
    for name in evidence.called.ranked[:_MAX_VALUES]:
        count, first = _count(evidence.called.counts[name]), _path(evidence.called.first[name])
        yield f"CALIB_ID calls the instrument {brief(name)} in {count} ({first})"


def _path(path: str) -> str:
    """Return a path that cannot end its comment."""
    return path if path.isprintable() else repr(path)


def _count(files: int) -> str:
    return f"{files} file{'' if files == 1 else 's'}"
