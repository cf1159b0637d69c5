"""Rules of one file: its path against its keywords, and the keywords against each other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from curated.core.diagnostic import Problem, brief
from curated.core.keys import CalibFile
from curated.core.metadata import Metadata, has_value
from curated.core.times import iso, parse_time
from curated.declare import Spec
from curated.package.instrument import Instrument
from curated.package.layout import directory_name

Known = Mapping[str, Any]
"""Keywords in canonical spelling."""


def check_identity(
    file: CalibFile, spec: Spec, metadata: Metadata, instrument: Instrument | None
) -> Iterator[Problem]:
    """Yield where a file's keywords contradict its path, its instrument or each other.

    Parameters
    ----------
    file : `CalibFile`
        What its path says.
    spec : `Spec`
        Its type.
    metadata : `Metadata`
        What its keywords say.
    instrument : `Instrument` or `None`
        Its instrument where one is declared.
    """
    # A plain mapping, whose look-up costs nothing: the keywords are canonical already.
    keywords = dict(metadata)
    yield from _required(spec, keywords)
    yield from _instrument_and_type(file, spec, keywords)
    if spec.has_detector:
        yield from _detector(file, keywords, instrument)
    if spec.has_filter:
        yield from _filter(file, keywords, instrument)
    for keyword, has in (("DETECTOR", spec.has_detector), ("FILTER", spec.has_filter)):
        if not has and has_value(keywords.get(keyword)) and keywords.get(keyword) != "None":
            detail = f"{keyword} is {brief(keywords[keyword])}, but {spec.name} has no such level"
            yield Problem("CAL118", ("metadata", keyword), detail)
    yield from _dates(file, keywords)
    yield from _reserved_dates(keywords)
    yield from _calib_id(file, keywords)
    found = _text(keywords, "CALIBCLS").rpartition(".")[2]
    if found and found != spec.calibcls.rpartition(".")[2]:
        detail = f"CALIBCLS is {brief(keywords['CALIBCLS'])}, not {spec.calibcls!r}"
        yield Problem("CAL309", ("metadata", "CALIBCLS"), detail)


def _required(spec: Spec, keywords: Known) -> Iterator[Problem]:
    for keyword in spec.required_keywords:
        if not has_value(keywords.get(keyword)):
            yield Problem("CAL113", ("metadata",), f"{keyword} is missing")
    for keyword in ("INSTRUME", "OBSTYPE", "FILTER"):
        value = keywords.get(keyword) if keyword in spec.required_keywords else None
        if has_value(value) and not isinstance(value, str):
            yield Problem(
                "CAL211", ("metadata", keyword), f"{keyword} is {brief(value)}, not a text; put it in quotes"
            )


def _instrument_and_type(file: CalibFile, spec: Spec, keywords: Known) -> Iterator[Problem]:
    found = _text(keywords, "INSTRUME")
    if found and found.lower() != file.key.instrument.lower():
        detail = f"INSTRUME is {brief(found)}, the directory is {file.key.instrument!r}"
        yield Problem("CAL108", ("metadata", "INSTRUME"), detail)
    found = _text(keywords, "OBSTYPE")
    if found and found.lower() not in (spec.name.lower(), spec.obstype.lower()):
        yield Problem(
            "CAL109", ("metadata", "OBSTYPE"), f"OBSTYPE is {brief(found)}, the directory is {spec.name!r}"
        )


def _detector(file: CalibFile, keywords: Known, instrument: Instrument | None) -> Iterator[Problem]:
    directory, number = file.key.detector, keywords.get("DETECTOR")
    if has_value(number) and (not isinstance(number, int) or isinstance(number, bool) or number < 0):
        yield Problem(
            "CAL110", ("metadata", "DETECTOR"), f"DETECTOR is {brief(number)}, not a number of a detector"
        )
        number = None
    name, raft, slot = (_text(keywords, key) for key in ("DET_NAME", "RAFTNAME", "SLOTNAME"))
    if name and directory not in (directory_name(name), directory_name(f"{raft}_{name}")):
        yield Problem(
            "CAL110", ("metadata", "DET_NAME"), f"DET_NAME is {brief(name)}, the directory is {directory!r}"
        )
    copied = bool(name and raft and slot and "_" in name and name != f"{raft}_{slot}")
    if copied:
        detail = f"DET_NAME is {brief(name)}, RAFTNAME {brief(raft)}, SLOTNAME {brief(slot)}"
        yield Problem("CAL117", ("metadata", "DET_NAME"), detail)
    if instrument is None or not instrument.declared:
        return
    declared = instrument.detectors.get(directory)
    if declared is None:
        known = ", ".join(sorted(instrument.detectors)) or "none"
        yield Problem("CAL104", (), f"detector {directory!r} is not one of {known[:200]}", line=0, column=0)
    elif isinstance(number, int) and number != declared.id:
        detail = f"DETECTOR is {number}, but {directory!r} is number {declared.id}"
        yield Problem("CAL110", ("metadata", "DETECTOR"), detail)
    for keyword, said, known in (
        ("RAFTNAME", raft, declared.raft if declared else ""),
        ("SLOTNAME", slot, declared.slot if declared else ""),
    ):
        if said and known and said.lower() != known.lower() and not copied:
            detail = f"{keyword} is {brief(said)}, {directory!r} has {brief(known)} in instrument.yaml"
            yield Problem("CAL127", ("metadata", keyword), detail)


def _filter(file: CalibFile, keywords: Known, instrument: Instrument | None) -> Iterator[Problem]:
    directory, found = file.key.filter, _text(keywords, "FILTER")
    if found and directory_name(found) != directory:
        yield Problem(
            "CAL111", ("metadata", "FILTER"), f"FILTER is {brief(found)}, the directory is {directory!r}"
        )
    if instrument is not None and instrument.declared and directory not in instrument.filters:
        known = ", ".join(sorted(instrument.filters)) or "none"
        yield Problem("CAL105", (), f"filter {directory!r} is not one of {known[:200]}", line=0, column=0)
    declared = instrument.filters.get(directory) if instrument is not None and instrument.declared else None
    if declared and directory_name(found) == directory and found != declared.name:
        detail = f"FILTER is {brief(found)}, instrument.yaml has {brief(declared.name)}"
        yield Problem("CAL132", ("metadata", "FILTER"), detail)


def read_date(keywords: Known, keyword: str) -> datetime | Problem | None:
    """Return a keyword's date as naive UTC; a `Problem` where it is none, `None` where there is none."""
    value: Any = keywords.get(keyword)
    if not has_value(value):
        return None
    try:
        return parse_time(value if isinstance(value, str) else "")
    except ValueError:
        kind = "a date-time" if isinstance(value, str) else "a text; put it in quotes"
        return Problem("CAL407", ("metadata", keyword), f"{keyword} is {brief(value)}, not {kind}")


def _dates(file: CalibFile, keywords: Known) -> Iterator[Problem]:
    for keyword in ("CALIBDATE", "VALIDSTART", "VALIDEND"):
        date = read_date(keywords, keyword)
        if isinstance(date, Problem):
            yield date
        elif date is not None and keyword != "VALIDEND" and date != file.start:
            detail = f"{keyword} is {brief(keywords[keyword])}, the file name says {iso(file.start)}"
            yield Problem("CAL112", ("metadata", keyword), detail)


_FITS_DATE = re.compile(r"(\d{4}-\d\d-\d\d)(T\d\d:\d\d:\d\d(\.\d*)?)?\Z|\d\d/\d\d/\d\d\Z", re.ASCII)


def _reserved_dates(keywords: Known) -> Iterator[Problem]:
    """Yield date keywords in another form than FITS has for them (FITS standard 4.0, section 4.4.2.1)."""
    for keyword, value in keywords.items():
        if not keyword.startswith("DATE") or len(keyword) > 8 or value is None:
            continue
        match = _FITS_DATE.match(value) if isinstance(value, str) else None
        if match is None or (match[1] and not _is_time(match[0])):
            detail = f"{keyword} is {brief(value)}, not a date of the FITS standard"
            yield Problem("CAL503", ("metadata", keyword), detail)


def _is_time(text: str) -> bool:
    try:
        parse_time(text.rstrip("."))
    except ValueError:
        return False
    return True


_PART = re.compile(r"(\w+)=(.*?)(?=\s+\w+=|\s*\Z)")
"""A part of CALIB_ID; names of filters can have blanks."""

_PARTS = {
    "instrument": "INSTRUME",
    "raftName": "RAFTNAME",
    "detectorName": "DET_NAME",
    "detectorSerial": "DET_SER",
    "detector": "DETECTOR",
    "ccd": "DETECTOR",
    "ccdnum": "DETECTOR",
    "filter": "FILTER",
    "calibDate": "CALIBDATE",
}
"""Parts of CALIB_ID, and the keywords that they repeat; ``ccd`` and ``ccdnum`` are what cameras call the number."""


def _calib_id(file: CalibFile, keywords: Known) -> Iterator[Problem]:
    """Compare the parts of CALIB_ID with the keywords that they repeat, or else with the path."""
    text = _text(keywords, "CALIB_ID")
    if not text:
        return
    parts = dict(_PART.findall(text))
    wrong = []
    for part, said in parts.items():
        keyword = _PARTS.get(part, "")
        known = _text(keywords, keyword)
        if said == known or not keyword or not said:
            continue
        if not known:
            known, keyword = _in_path(file, part), "the path"
        name = directory_name(said)
        if not known or name == directory_name(known):
            continue
        if part == "detectorName" and _full_name(name, parts, keywords) == file.key.detector:
            continue
        if not _same_date(said, known):
            wrong.append(f"{part} {brief(said)} but {keyword} {brief(known)}")
    if wrong:
        yield Problem("CAL114", ("metadata", "CALIB_ID"), f"CALIB_ID says {', '.join(wrong)}")


def _in_path(file: CalibFile, part: str) -> str:
    """Return what the path says about a part of CALIB_ID, empty for nothing."""
    key = file.key
    paths = {"instrument": key.instrument, "detectorName": key.detector, "filter": key.filter}
    return iso(file.start) if part == "calibDate" else paths.get(part, "")


def _full_name(name: str, parts: Known, keywords: Known) -> str:
    """Return a detector's name with the raft, which CALIB_ID gives apart, as directories have it."""
    raft = parts.get("raftName") or _text(keywords, "RAFTNAME")
    return directory_name(name if "_" in name or not raft else f"{raft}_{name}")


def _same_date(one: str, other: str) -> bool:
    try:
        return parse_time(one) == parse_time(other)
    except ValueError:
        return False


def _text(keywords: Known, keyword: str) -> str:
    """Return a keyword as text, empty where it has no value."""
    value = keywords.get(keyword)
    return "" if value is None else str(value)
