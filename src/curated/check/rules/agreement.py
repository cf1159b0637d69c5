"""What files of one detector or filter say about it, against each other and against the instrument."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from curated.check.file import FileReport
from curated.check.rules.cameras import Cameras
from curated.core.diagnostic import Problem, brief
from curated.core.keys import CalibFile
from curated.core.metadata import has_value
from curated.package.instrument import Instrument

Found = Iterator[tuple[str, Problem]]
Reports = Mapping[str, FileReport]


def check_agreement(
    files: list[CalibFile], reports: Reports, declared: Mapping[str, Instrument], cameras: Cameras
) -> Found:
    """Yield where files contradict each other about a detector or filter.

    Parameters
    ----------
    files : `list` [`CalibFile`]
        All calibrations of the package.
    reports : `dict` [`str`, `FileReport`]
        What is known of each, by path.
    declared : `dict` [`str`, `Instrument`]
        The declared instruments, by directory.
    cameras : `Cameras`
        The cameras of the package.
    """
    yield from _numbers(files, reports)
    # A name that is not the directory's is reported in its own file, and so is a raft that is not the instrument's.
    for keyword, attribute in (("RAFTNAME", "raft"), ("SLOTNAME", "slot")):
        said = [f for f in files if _value(reports, f, keyword) and not _known(declared, f, attribute)]
        yield from _names(keyword, [(f, f.key.detector) for f in said], reports)
    said = [f for f in files if f.key.filter and f.key.instrument not in declared]
    yield from _names("FILTER", [(f, f.key.filter) for f in said if _value(reports, f, "FILTER")], reports)
    yield from _serials(files, reports, declared, cameras)


def _known(declared: Mapping[str, Instrument], file: CalibFile, attribute: str) -> str:
    """Return what the declared instrument says about a file's detector, empty for nothing."""
    instrument = declared.get(file.key.instrument)
    detector = instrument.detectors.get(file.key.detector) if instrument else None
    return str(getattr(detector, attribute)) if detector else ""


def _usual(seen: Counter[Any], directory: str = "") -> Any:
    """Return what most files say; among equals what the directory says as well, else the first in order."""
    return min(seen, key=lambda value: (-seen[value], str(value).lower() != directory, str(value)))


def _numbers(files: Iterable[CalibFile], reports: Reports) -> Found:
    """Compare DETECTOR with what most files of the same directory say, and directories of one number."""
    numbers: dict[tuple[str, str], Counter[Any]] = {}
    for file in files:
        report = reports.get(file.path)
        if report is not None and file.key.detector and "DETECTOR" in report.keywords:
            place = (file.key.instrument, file.key.detector)
            numbers.setdefault(place, Counter())[report.keywords["DETECTOR"]] += 1
    usual = {place: _usual(seen) for place, seen in numbers.items()}
    owners: dict[tuple[str, Any], list[str]] = {}
    for (instrument, detector), number in sorted(usual.items()):
        owners.setdefault((instrument, number), []).append(detector)
    for file in files:
        place = (file.key.instrument, file.key.detector)
        report = reports.get(file.path)
        if report is None or place not in usual or "DETECTOR" not in report.keywords:
            continue
        number = report.keywords["DETECTOR"]
        sharing = owners[(file.key.instrument, usual[place])]
        if number != usual[place]:
            detail = f"DETECTOR is {number}, other files of {file.key.detector!r} say {usual[place]}"
            yield file.path, Problem("CAL116", ("metadata", "DETECTOR"), detail)
        elif len(sharing) > 1:
            detail = f"DETECTOR {number} is claimed by {', '.join(sharing)}"
            yield file.path, Problem("CAL116", ("metadata", "DETECTOR"), detail)


_PARTS = {"RAFTNAME": 0, "SLOTNAME": -1}
"""Which part of a detector's directory a keyword repeats."""


def _names(keyword: str, files: list[tuple[CalibFile, str]], reports: Reports) -> Found:
    """Compare a keyword with what most files of the same detector or filter say; the files have it."""
    said: dict[tuple[str, str], Counter[str]] = {}
    values = [_value(reports, file, keyword) for file, _ in files]
    for (file, of), value in zip(files, values, strict=True):
        if of:
            said.setdefault((file.key.instrument, of), Counter())[value] += 1
    # Where the directory has the form RAFT_SLOT, it settles a tie.
    part = _PARTS.get(keyword, 0)
    usual = {place: _usual(seen, place[1].split("_")[part]) for place, seen in said.items() if len(seen) > 1}
    for (file, of), value in zip(files, values, strict=True) if usual else ():
        most = usual.get((file.key.instrument, of), value)
        if value != most:
            detail = f"{keyword} is {brief(value)}, other files of {of!r} say {brief(most)}"
            yield file.path, Problem("CAL129", ("metadata", keyword), detail)


def _value(reports: Reports, file: CalibFile, keyword: str) -> str:
    report = reports.get(file.path)
    value = report.keywords.get(keyword) if report is not None else None
    return str(value) if has_value(value) else ""


def _serials(
    files: list[CalibFile], reports: Reports, declared: Mapping[str, Instrument], cameras: Cameras
) -> Found:
    """Compare DET_SER with the camera's or instrument's, with earlier files, and between detectors."""
    place = ("metadata", "DET_SER")
    earlier: dict[tuple[str, str], tuple[str, str]] = {}
    owners: dict[str, dict[str, dict[str, str]]] = {}
    for file in sorted(files, key=lambda f: (f.start, f.path)):
        serial = _value(reports, file, "DET_SER") if file.key.detector else ""
        if not serial:
            continue
        entry = cameras.detector(file)
        known, who = (str(entry["serial"]), "the camera") if entry and entry["serial"] else ("", "")
        if not known:
            known, who = _known(declared, file, "serial"), "instrument.yaml"
        detector = (file.key.instrument, file.key.detector)
        before, path = earlier.setdefault(detector, (serial, file.path))
        if known:
            if serial.lower() != known.lower():
                detail = f"DET_SER is {brief(serial)}, {who} says {brief(known)}"
                yield file.path, Problem("CAL128", place, detail)
        elif before.lower() != serial.lower():
            yield (
                file.path,
                Problem("CAL130", place, f"DET_SER is {brief(serial)}, {path} says {brief(before)}"),
            )
            earlier[detector] = (serial, file.path)
        owned = owners.setdefault(file.key.instrument, {}).setdefault(serial.lower(), {})
        owned.setdefault(file.key.detector, file.path)
    for serials in owners.values():
        yield from _shared(serials, reports)


def _shared(serials: Mapping[str, Mapping[str, str]], reports: Reports) -> Found:
    """Yield the serial numbers that several detectors have, unless they are none.

    Simulations give many detectors the number of one sensor; there are fewer numbers than half of the detectors then,
    and none of them is that of a sensor.
    """
    detectors = {detector for owned in serials.values() for detector in owned}
    if 2 * len(serials) < len(detectors):
        return
    for owned in serials.values():
        first, *others = owned
        for other in others:
            serial = reports[owned[other]].keywords["DET_SER"]
            detail = f"DET_SER {brief(serial)} is also that of {first!r} in {owned[first]}"
            yield owned[other], Problem("CAL131", ("metadata", "DET_SER"), detail)
