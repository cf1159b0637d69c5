"""Rules of one file: its path against its keywords, and the keywords against each other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from curated.diagnostic import Problem, brief
from curated.instrument import Instrument
from curated.layout import directory_name
from curated.metadata import Metadata, has_value
from curated.model import CalibFile
from curated.spec import Spec
from curated.times import iso, parse_time

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
    yield from _calib_id(keywords)
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
    elif name and raft and slot and "_" in name and name != f"{raft}_{slot}":
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


def _filter(file: CalibFile, keywords: Known, instrument: Instrument | None) -> Iterator[Problem]:
    directory, found = file.key.filter, _text(keywords, "FILTER")
    if found and directory_name(found) != directory:
        yield Problem(
            "CAL111", ("metadata", "FILTER"), f"FILTER is {brief(found)}, the directory is {directory!r}"
        )
    if instrument is not None and instrument.declared and directory not in instrument.filters:
        known = ", ".join(sorted(instrument.filters)) or "none"
        yield Problem("CAL105", (), f"filter {directory!r} is not one of {known[:200]}", line=0, column=0)


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


def _calib_id(keywords: Known) -> Iterator[Problem]:
    """Compare the parts of CALIB_ID that repeat keywords."""
    parts = dict(part.split("=", 1) for part in _text(keywords, "CALIB_ID").split() if "=" in part)
    wrong = []
    for part, keyword in (
        ("instrument", "INSTRUME"),
        ("raftName", "RAFTNAME"),
        ("detector", "DETECTOR"),
        ("filter", "FILTER"),
        ("calibDate", "CALIBDATE"),
    ):
        said, known = parts.get(part, ""), _text(keywords, keyword)
        if said and known and said.lower() != known.lower().replace(" ", "_") and not _same_date(said, known):
            wrong.append(f"{part} {brief(said)} but {keyword} {brief(known)}")
    if wrong:
        yield Problem("CAL114", ("metadata", "CALIB_ID"), f"CALIB_ID says {', '.join(wrong)}")


def _same_date(one: str, other: str) -> bool:
    try:
        return parse_time(one) == parse_time(other)
    except ValueError:
        return False


def _text(keywords: Known, keyword: str) -> str:
    """Return a keyword as text, empty where it has no value."""
    value = keywords.get(keyword)
    return "" if value is None else str(value)
