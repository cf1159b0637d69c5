"""Rules on one file: its keywords against its path, its instrument and each other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from curated.check.rules.context import FileContext
from curated.core.diagnostic import Problem, brief
from curated.core.metadata import TEXT_KEYWORDS, has_value
from curated.core.similar import in_another_form
from curated.core.times import explain_time, iso, parse_time
from curated.package.instrument import Instrument
from curated.package.layout import directory_name

Keywords = Mapping[str, Any]
"""Keywords in canonical spelling."""


def required_keywords(context: FileContext) -> Iterator[Problem]:
    """Yield keywords that the type requires and that are missing, or that are no text and must be."""
    for keyword in context.spec.required_keywords:
        is_shared = bool(context.file.shared) and has_value(context.keywords.get(f"{keyword}S"))
        if not has_value(context.keywords.get(keyword)) and not is_shared:
            yield Problem("CAL113", ("metadata",), f"{keyword} is missing")
    for keyword in ("INSTRUME", "OBSTYPE", "FILTER"):
        value = context.keywords.get(keyword) if keyword in context.spec.required_keywords else None
        if has_value(value) and not isinstance(value, str):
            detail = f"{keyword} is {brief(value)}, not a text; put it in quotes"
            yield Problem("CAL211", ("metadata", keyword), detail)


def unquoted_texts(context: FileContext) -> Iterator[Problem]:
    """Yield names, serial numbers and other texts that YAML reads as a number or a flag; it is the reader that sees dates."""
    reported = {"INSTRUME", "OBSTYPE", "FILTER"}.intersection(context.spec.required_keywords)
    for keyword in TEXT_KEYWORDS:
        value = context.keywords.get(keyword)
        if has_value(value) and not isinstance(value, str) and keyword not in reported:
            detail = f"{keyword} is {brief(value)}, not a text; put it in quotes"
            yield Problem("CAL222", ("metadata", keyword), detail)


def instrument_and_type(context: FileContext) -> Iterator[Problem]:
    """Yield an INSTRUME or OBSTYPE that contradicts the directory."""
    spec, directory = context.spec, context.file.key.instrument
    instrument = _text(context.keywords, "INSTRUME")
    if instrument and instrument.lower() != directory.lower():
        detail = f"INSTRUME is {brief(instrument)}, the directory is {directory!r}"
        yield Problem("CAL108", ("metadata", "INSTRUME"), detail)
    obstype = _text(context.keywords, "OBSTYPE")
    if obstype and obstype.lower() not in (spec.name.lower(), spec.obstype.lower()):
        detail = f"OBSTYPE is {brief(obstype)}, the directory is {spec.name!r}"
        yield Problem("CAL109", ("metadata", "OBSTYPE"), detail)


def detector_keywords(context: FileContext) -> Iterator[Problem]:
    """Yield keywords of the detector that contradict the directory, each other or the instrument."""
    if not context.spec.has_detector:
        return
    directory, number = context.file.key.detector, context.keywords.get("DETECTOR")
    if has_value(number) and (not isinstance(number, int) or isinstance(number, bool) or number < 0):
        detail = f"DETECTOR is {brief(number)}, not a number of a detector"
        yield Problem("CAL110", ("metadata", "DETECTOR"), detail)
        number = None
    name, raft, slot = (_text(context.keywords, key) for key in ("DET_NAME", "RAFTNAME", "SLOTNAME"))
    if name and directory not in (directory_name(name), directory_name(f"{raft}_{name}")):
        detail = f"DET_NAME is {brief(name)}, the directory is {directory!r}"
        yield Problem("CAL110", ("metadata", "DET_NAME"), detail)
    is_inconsistent = bool(name and raft and slot and "_" in name and name != f"{raft}_{slot}")
    if is_inconsistent:
        detail = f"DET_NAME is {brief(name)}, RAFTNAME {brief(raft)}, SLOTNAME {brief(slot)}"
        yield Problem("CAL117", ("metadata", "DET_NAME"), detail)
    if context.instrument is not None and context.instrument.declared:
        places = {} if is_inconsistent else {"RAFTNAME": raft, "SLOTNAME": slot}
        yield from _declared_detector(context.instrument, directory, number, places)


def _undeclared(noun: str, directory: str, names: Iterable[str]) -> str:
    """Return that a directory is not one of the declared detectors or filters."""
    if not (declared := sorted(names)):
        return f"{noun} {directory!r} is not declared, nor is any other"
    return (
        f"{noun} {directory!r} is not one of {', '.join(declared)[:200]}{_form_remark(directory, declared)}"
    )


def _form_remark(directory: str, names: Iterable[str]) -> str:
    """Return that a declared name is the same but for the normal form of Unicode; empty if none is."""
    other_form = in_another_form(directory, names)
    return f"; {directory!a} is in another normal form of Unicode than {other_form}" if other_form else ""


def _declared_detector(
    instrument: Instrument, directory: str, number: Any, places: Mapping[str, str]
) -> Iterator[Problem]:
    """Compare the number, RAFTNAME and SLOTNAME of a detector with ``instrument.yaml``."""
    declared = instrument.detectors.get(directory)
    if declared is None:
        detail = _undeclared("detector", directory, instrument.detectors)
        yield Problem("CAL104", (), detail, line=0, column=0)
        return
    if isinstance(number, int) and number != declared.id:
        detail = f"DETECTOR is {number}, but {directory!r} is number {declared.id}"
        yield Problem("CAL110", ("metadata", "DETECTOR"), detail)
    references = {"RAFTNAME": declared.raft, "SLOTNAME": declared.slot}
    for keyword, value in places.items():
        reference = references[keyword]
        if value and reference and value.lower() != reference.lower():
            detail = f"{keyword} is {brief(value)}, {directory!r} has {brief(reference)} in instrument.yaml"
            yield Problem("CAL127", ("metadata", keyword), detail)


def filter_keywords(context: FileContext) -> Iterator[Problem]:
    """Yield a FILTER that contradicts the directory or the instrument."""
    if not context.spec.has_filter:
        return
    directory, name = context.file.key.filter, _text(context.keywords, "FILTER")
    if name and directory_name(name) != directory:
        detail = f"FILTER is {brief(name)}, the directory is {directory!r}"
        yield Problem("CAL111", ("metadata", "FILTER"), detail)
    if context.instrument is None or not context.instrument.declared:
        return
    filters = context.instrument.filters
    declared = filters.get(directory)
    if declared is None:
        detail = _undeclared("filter", directory, filters)
        yield Problem("CAL105", (), detail, line=0, column=0)
    elif directory_name(name) == directory and name != declared.name:
        detail = f"FILTER is {brief(name)}, instrument.yaml has {brief(declared.name)}"
        yield Problem("CAL132", ("metadata", "FILTER"), detail)


def keywords_without_level(context: FileContext) -> Iterator[Problem]:
    """Yield a DETECTOR or FILTER in a file of a type without that level."""
    spec = context.spec
    for keyword, has_level in (("DETECTOR", spec.has_detector), ("FILTER", spec.has_filter)):
        value = context.keywords.get(keyword)
        if not has_level and has_value(value) and value != "None":
            detail = f"{keyword} is {brief(value)}, but {spec.name} has no such level"
            yield Problem("CAL118", ("metadata", keyword), detail)


def read_date(keywords: Keywords, keyword: str) -> datetime | Problem | None:
    """Return a keyword's date-time as naive UTC, `None` where it has no value, a `Problem` where it is no date-time."""
    value: Any = keywords.get(keyword)
    if not has_value(value):
        return None
    try:
        return parse_time(value if isinstance(value, str) else "")
    except ValueError:
        return Problem("CAL407", ("metadata", keyword), f"{keyword} is {brief(value)}, {explain_time(value)}")


def start_and_end(context: FileContext) -> Iterator[Problem]:
    """Yield a CALIBDATE, VALIDSTART or VALIDEND that is no date-time, and a start that contradicts the file name."""
    start = context.file.start
    for keyword in ("CALIBDATE", "VALIDSTART", "VALIDEND"):
        date = read_date(context.keywords, keyword)
        if isinstance(date, Problem):
            yield date
        elif date is not None and keyword != "VALIDEND" and date != start:
            detail = f"{keyword} is {brief(context.keywords[keyword])}, the file name says {iso(start)}"
            yield Problem("CAL112", ("metadata", keyword), detail)


_FITS_DATE = re.compile(r"(\d{4}-\d\d-\d\d)(T\d\d:\d\d:\d\d(\.\d*)?)?\Z|\d\d/\d\d/\d\d\Z", re.ASCII)


def reserved_dates(context: FileContext) -> Iterator[Problem]:
    """Yield date keywords in another form than FITS has for them (FITS standard 4.0, section 4.4.2.1)."""
    for keyword, value in context.keywords.items():
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


_CALIB_ID_PART = re.compile(r"(\w+)=(.*?)(?=\s+\w+=|\s*\Z)")
"""A part of CALIB_ID; names of filters can have blanks."""

_CALIB_ID_KEYWORDS = {
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
"""Keywords that parts of CALIB_ID repeat; some cameras call the detector's number ``ccd`` or ``ccdnum``."""


def calib_id(context: FileContext) -> Iterator[Problem]:
    """Yield a CALIB_ID whose parts contradict the keywords that they repeat, or else the path."""
    text = _text(context.keywords, "CALIB_ID")
    if not text:
        return
    parts = dict(_CALIB_ID_PART.findall(text))
    contradictions = []
    for part, value in parts.items():
        keyword = _CALIB_ID_KEYWORDS.get(part, "")
        reference = _text(context.keywords, keyword)
        if value == reference or not keyword or not value:
            continue
        if not reference:
            reference, keyword = _from_path(context, part), "the path"
        name = directory_name(value)
        if not reference or name == directory_name(reference):
            continue
        if part == "detectorName" and _with_raft(name, parts, context.keywords) == context.file.key.detector:
            continue
        if not _is_same_time(value, reference):
            contradictions.append(f"{part} {brief(value)} but {keyword} {brief(reference)}")
    if contradictions:
        yield Problem("CAL114", ("metadata", "CALIB_ID"), f"CALIB_ID says {', '.join(contradictions)}")


def _from_path(context: FileContext, part: str) -> str:
    """Return the value that the path implies for a part of CALIB_ID; empty where it implies none."""
    key = context.file.key
    values = {"instrument": key.instrument, "detectorName": key.detector, "filter": key.filter}
    return iso(context.file.start) if part == "calibDate" else values.get(part, "")


def _with_raft(name: str, parts: Keywords, keywords: Keywords) -> str:
    """Return the directory of a detector whose raft is a separate part of CALIB_ID."""
    raft = parts.get("raftName") or _text(keywords, "RAFTNAME")
    return directory_name(name if "_" in name or not raft else f"{raft}_{name}")


def _is_same_time(text: str, other: str) -> bool:
    try:
        return parse_time(text) == parse_time(other)
    except ValueError:
        return False


def calibration_class(context: FileContext) -> Iterator[Problem]:
    """Yield a CALIBCLS that is not the class of the type; packages are not compared."""
    expected = context.spec.calibcls
    name = _text(context.keywords, "CALIBCLS").rpartition(".")[2]
    if name and name != expected.rpartition(".")[2]:
        detail = f"CALIBCLS is {brief(context.keywords['CALIBCLS'])}, not {expected!r}"
        yield Problem("CAL309", ("metadata", "CALIBCLS"), detail)


def outside_detector(context: FileContext) -> Iterator[Problem]:
    """Yield what reaches beyond the detector, where ``instrument.yaml`` declares its size."""
    if context.calib is None or context.instrument is None:
        return
    detector = context.instrument.detectors.get(context.file.key.detector)
    if detector is not None and detector.width:
        yield from context.calib.fits_on(detector.width, detector.height)


def _text(keywords: Keywords, keyword: str) -> str:
    """Return a keyword as text, empty where it has no value."""
    value = keywords.get(keyword)
    return "" if value is None else str(value)


# -- drafts -----------------------------------------------------------------------------------------------

DRAFT = "DRAFT"
"""Keyword of a draft that 'curated new' wrote, which says what is to be filled in."""


def unfinished_drafts(context: FileContext) -> Iterator[Problem]:
    """Yield that a calibration is still a draft."""
    value = context.keywords.get(DRAFT)
    if DRAFT in context.keywords and value is not False and has_value(value):
        text = value[:200] if isinstance(value, str) and value.isprintable() else brief(value)
        yield Problem("CAL700", ("metadata", DRAFT), f"it is a draft: {text}")
