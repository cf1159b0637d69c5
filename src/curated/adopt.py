"""A bare package's ``curated.yaml`` and ``instrument.yaml``, written from what its files say.

Each line tells in a comment how many files it comes from; what no file says stands there as a comment to be filled in.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from curated.check.report import Report
from curated.core.diagnostic import brief
from curated.core.wholefile import write_new
from curated.declare.settings import Setting, check_setting
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
from curated.package.instrument import DETECTOR, FILTER, INSTRUMENT, Instrument, parse_instrument
from curated.package.layout import INSTRUMENT_FILE
from curated.package.package import Package
from curated.text.yaml.reader import load_yaml
from curated.text.yaml.writer import yaml_flow, yaml_scalar

_SHOWN = 3
"""Most values of a contradiction that are shown."""

_WRITTEN = ("id", "name", "raft", "slot", "serial")
"""What files say of a detector, as ``instrument.yaml`` calls it."""

_COMPARED = tuple(NAME if keyword == "DET_NAME" else keyword for keyword in KEYWORDS)
"""What is compared between files; a DET_NAME that does not fit to its directory is the check's affair."""


@dataclass(slots=True)
class Draft:
    """A file that an adopted package has.

    Parameters
    ----------
    path : `str`
        Its path in the package.
    text : `str`
        What is to stand in it.
    exists : `bool`
        Whether there is one already, which stays as it is.
    instrument : `Instrument`, optional
        What it declares, where it is that of an instrument.
    files : `int`
        Of how many calibrations that comes.
    """

    path: str
    text: str
    exists: bool
    instrument: Instrument | None = None
    files: int = 0


@dataclass(slots=True)
class Adoption:
    """The files that a package lacks, and what a person has to look at.

    Parameters
    ----------
    drafts : `list` [`Draft`]
        The files, that of the package last: it marks an adopted package.
    remarks : `list` [`tuple` [`str`, `str`]]
        Path of a draft, and what is contradictory or missing in what it comes from.
    """

    drafts: list[Draft] = field(default_factory=list)
    remarks: list[tuple[str, str]] = field(default_factory=list)

    @property
    def existing(self) -> list[str]:
        """Paths of what is there already."""
        return [draft.path for draft in self.drafts if draft.exists]

    @property
    def missing(self) -> list[Draft]:
        """What is to be written."""
        return [draft for draft in self.drafts if not draft.exists]


def draft_adoption(package: Package, report: Report) -> Adoption:
    """Draft the files that make a bare package one that declares itself.

    Parameters
    ----------
    package : `Package`
        The package.
    report : `Report`
        What a check found in it.
    """
    facts: dict[str, list[Mapping[str, Any]]] = {name: [] for name in package.layout.instruments}
    for file in package.layout.files:
        facts[file.key.instrument].append(report.reports[file.path].facts())
    adoption = Adoption()
    for directory, said in sorted(facts.items()):
        path = "/".join(filter(None, (package.top, directory, INSTRUMENT_FILE)))
        if directory in package.config.instruments:
            # Its keys would take the place of whole lists in the file.
            adoption.remarks.append((path, f"{CONFIG_FILE} describes this instrument; it is not written"))
            continue
        evidence = gather(directory, said)
        remarks: list[str] = []
        text = "".join(f"{line}\n" for line in _instrument(evidence, remarks))
        made, _ = parse_instrument(load_yaml(text)[0], directory)
        exists = os.path.lexists(package.root / path)
        adoption.drafts.append(Draft(path, text, exists, made, evidence.files))
        adoption.remarks += [(path, remark) for remark in remarks if not exists]
    exists = os.path.lexists(package.root / CONFIG_FILE)
    adoption.drafts.append(Draft(CONFIG_FILE, _CONFIG.format(top=package.top or "."), exists))
    return adoption


def write_drafts(root: Path, drafts: Iterable[Draft]) -> None:
    """Write drafts, all or none; a file that has come into being meanwhile stays as it is.

    Raises
    ------
    OSError
        If one cannot be written, or is there.
    """
    written: list[Path] = []
    try:
        for draft in drafts:
            write_new(root / draft.path, [draft.text.encode()])
            written.append(root / draft.path)
    except BaseException:
        for path in written:
            path.unlink()
        raise


_CONFIG = """\
# Written by 'curated adopt'. It marks the root of the package.
calibs: {top}  # the instruments' directories stand in this one

# The package's public address, which is stamped into each FITS file as REPOURL:
# url:

# Findings that are known and accepted, each until a day:
# silence:
# - code: CAL304
#   path: <instrument>/transmission_filter/*
#   reason: measured beyond the filter's edges
#   until: '2027-12-31'
"""


def _instrument(evidence: Evidence, remarks: list[str]) -> Iterator[str]:
    """Yield the lines of an ``instrument.yaml``."""
    yield "# Written by 'curated adopt' from what the calibrations in this directory say; a comment tells how many of"
    yield f"# them say so. There were {_count(evidence.files)}."
    name = evidence.names.most(evidence.directory)
    wrong = _wrong(INSTRUMENT.keys["name"], name)
    if wrong:
        remarks.append(f"INSTRUME is {wrong}; the directory's name is written")
        name = evidence.directory[:32].strip() or "unknown"
    told = _source(evidence.names, "INSTRUME") or "the directory; no file says INSTRUME"
    yield f"name: {yaml_scalar(name)}  # {told}"
    for line in (*_contradiction("INSTRUME", evidence.names), *_other_names(evidence)):
        remarks.append(line)
        yield f"# {line}"
    yield "# In a Butler repository the instrument may have another name: then write that one."
    yield "# What no file says:"
    for key in ("class_name", "visit_max", "exposure_max", "visit_system"):
        yield f"# {key}:  # {INSTRUMENT.keys[key].doc}"
    if evidence.detectors:
        lines = list(_detectors(evidence, remarks))
        yield "detectors:" if any(line.startswith("-") for line in lines) else "detectors: []"
        yield "# No file says: purpose, width, height, amplifiers. Where a comment names no source, a name is that of the"
        yield "# directory in upper case, and raft and slot are parts of the name."
        yield from lines
    if evidence.filters:
        lines = list(_filters(evidence, remarks))
        yield "filters:" if any(line.startswith("-") for line in lines) else "filters: []"
        yield "# No file says a band; without one the filter's name stands for it."
        yield from lines


def _detectors(evidence: Evidence, remarks: list[str]) -> Iterator[str]:
    owners: dict[int, str] = {}
    entries = ((d, entry, detector_of(d, entry)) for d, entry in evidence.detectors.items())
    for directory, entry, detector in sorted(entries, key=lambda found: (found[2].id, found[0])):
        said = {key: value for key in _WRITTEN if (value := getattr(detector, key)) != ""}
        wrong = _wrong(DETECTOR, said)
        if "DETECTOR" not in entry:
            said["id"], wrong = None, "no file says DETECTOR"
        elif detector.id in owners:
            wrong = f"number {detector.id} is that of {_path(owners[detector.id])} already"
        told = "; ".join(
            filter(None, (_source(entry.get(key), key) for key in ("DETECTOR", NAME, "DET_SER")))
        )
        line = f"- {yaml_flow(said)}" + (f"  # {told}" if told else "")
        lines = [line for key in _COMPARED for line in _contradiction(key, entry.get(key, Tally()))]
        if wrong:
            lines.insert(0, f"{_path(directory)} is not declared: {wrong}")
        else:
            owners[detector.id] = directory
        remarks += [f"detector {_path(directory)}: {line}" for line in lines]
        yield from (f"# {line}" for line in lines)
        yield f"# {line}" if wrong else line


def _filters(evidence: Evidence, remarks: list[str]) -> Iterator[str]:
    for directory, seen in sorted(evidence.filters.items()):
        name = filter_of(directory, seen).name
        lines = list(_contradiction("FILTER", seen))
        wrong = _wrong(FILTER, {"name": name})
        if wrong:
            lines.insert(0, f"{_path(directory)} is not declared: {wrong}")
        elif not seen.counts:
            lines.insert(0, "no file says FILTER; the directory's name is written")
        remarks += [f"filter {_path(directory)}: {line}" for line in lines]
        yield from (f"# {line}" for line in lines)
        off = "# " if wrong else ""
        yield f"{off}- name: {yaml_scalar(name)}  # {_source(seen, 'FILTER') or 'the directory'}"
        yield f"{off}  # band:"


def _wrong(setting: Setting, value: Any) -> str:
    """Return why an ``instrument.yaml`` cannot hold a value; empty where it can."""
    return next((problem.detail for problem in check_setting(setting, value, "CAL002")), "")


def _source(seen: Tally | None, keyword: str) -> str:
    """Return how many files say what is written."""
    if seen is None or not seen.counts:
        return ""
    return f"{keyword} of {_count(seen.counts[seen.ranked[0]])}"


def _contradiction(keyword: str, seen: Tally) -> Iterator[str]:
    """Yield what files say differently."""
    if len(seen.counts) < 2:
        return
    shown = [f"{brief(v)} in {_count(seen.counts[v])} ({_path(seen.first[v])})" for v in seen.ranked[:_SHOWN]]
    more = f" and {len(seen.counts) - _SHOWN} others" if len(seen.counts) > _SHOWN else ""
    yield f"CONFLICT: {keyword} is {', '.join(shown)}{more}; the first is written"


def _other_names(evidence: Evidence) -> Iterator[str]:
    for name in evidence.called.ranked[:_SHOWN]:
        count, first = _count(evidence.called.counts[name]), _path(evidence.called.first[name])
        yield f"CALIB_ID calls the instrument {brief(name)} in {count} ({first})"


def _path(path: str) -> str:
    """Return a path that cannot end its comment."""
    return path if path.isprintable() else repr(path)


def _count(files: int) -> str:
    return f"{files} file{'' if files == 1 else 's'}"
