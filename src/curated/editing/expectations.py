"""What the keywords of a calibration should be, by its instrument, or else by the other files of the package."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any

from curated.core.keys import CalibFile
from curated.core.metadata import has_value
from curated.core.times import parse_time
from curated.editing.spelling import keyword_time
from curated.editing.surroundings import Expected, Surroundings
from curated.package.layout import directory_name

Keywords = Mapping[str, Any]
"""Keywords in canonical spelling."""

Expectation = tuple[str, Expected | None]
"""A keyword that is missing or wrong, and the value that it should have; `None` if nothing tells."""

_INSTRUMENT = "instrument.yaml"

_ID_PART = re.compile(r"(\w+)=(.*?)(?=\s+\w+=|\s*\Z)")
_ID_KEYWORDS = {
    "instrument": "INSTRUME",
    "raftName": "RAFTNAME",
    "detectorName": "DET_NAME",
    "detector": "DETECTOR",
    "ccd": "DETECTOR",
    "ccdnum": "DETECTOR",
    "filter": "FILTER",
    "calibDate": "CALIBDATE",
}
"""Keywords that parts of CALIB_ID repeat."""


def instrument_keywords(around: Surroundings, file: CalibFile, keywords: Keywords) -> Iterator[Expectation]:
    """Yield INSTRUME if it is missing or contradicts the directory."""
    directory, value = file.key.instrument, keywords.get("INSTRUME")
    if isinstance(value, str) and value.lower() == directory.lower():
        return
    instrument = around.instrument(file)
    if instrument is not None and instrument.name.lower() == directory.lower():
        yield "INSTRUME", Expected(instrument.name, _INSTRUMENT)
    else:
        yield "INSTRUME", around.of_others("INSTRUME", file, "")


def detector_keywords(around: Surroundings, file: CalibFile, keywords: Keywords) -> Iterator[Expectation]:
    """Yield keywords of the detector that are missing or contradict directory, instrument or name."""
    if not file.key.detector:
        return
    instrument, declared = around.instrument(file), around.detector(file)
    if instrument is not None and declared is None:
        # 'curated check' says so (CAL104); what follows from such a directory nobody knows.
        return
    number = keywords.get("DETECTOR")
    expected = (
        Expected(declared.id, _INSTRUMENT)
        if declared is not None
        else around.of_others("DETECTOR", file, file.key.detector)
    )
    is_number = isinstance(number, int) and not isinstance(number, bool) and number >= 0
    if (expected is not None and (not is_number or number != expected.value)) or not is_number:
        yield "DETECTOR", expected
    name, raft, slot = (str(keywords.get(k) or "") for k in ("DET_NAME", "RAFTNAME", "SLOTNAME"))
    agrees = file.key.detector in (directory_name(name), directory_name(f"{raft}_{name}"))
    expected = (
        Expected(declared.name, _INSTRUMENT)
        if declared is not None
        else around.of_others("DET_NAME", file, file.key.detector)
    )
    is_misspelled = declared is not None and name != declared.name and name.lower() == declared.name.lower()
    if (name and not agrees) or (not name and declared is not None) or is_misspelled:
        yield "DET_NAME", expected
        name = str(expected.value) if expected is not None else name
    places = _places(around, file, name)
    for keyword, value in (("RAFTNAME", raft), ("SLOTNAME", slot)):
        place = places.get(keyword)
        if (
            place is not None
            and value.lower() != str(place.value).lower()
            and (value or declared is not None)
        ):
            yield keyword, place


def _places(around: Surroundings, file: CalibFile, name: str) -> dict[str, Expected]:
    """Return the raft and slot of a detector, as far as they are declared or follow from its name."""
    declared = around.detector(file)
    others = {k: around.of_others(k, file, file.key.detector) for k in ("RAFTNAME", "SLOTNAME")}
    places = {k: expected for k, expected in others.items() if expected is not None}
    raft, _, slot = name.partition("_")
    if raft and slot and directory_name(name) == file.key.detector:
        raft_and_slot = {"RAFTNAME": raft, "SLOTNAME": slot}
        places |= {k: Expected(v, f"DET_NAME is {name!r}") for k, v in raft_and_slot.items()}
    if declared is not None:
        of_instrument = {"RAFTNAME": declared.raft, "SLOTNAME": declared.slot}
        places |= {k: Expected(v, _INSTRUMENT) for k, v in of_instrument.items() if v}
    return places


def filter_keywords(around: Surroundings, file: CalibFile, keywords: Keywords) -> Iterator[Expectation]:
    """Yield FILTER if it is missing or contradicts the directory or the instrument."""
    if not file.key.filter:
        return
    value = keywords.get("FILTER")
    instrument, declared = around.instrument(file), around.filter(file)
    if instrument is not None and declared is None:
        return
    if declared is not None:
        if value != declared.name:
            yield "FILTER", Expected(declared.name, _INSTRUMENT)
    elif not isinstance(value, str) or directory_name(value) != file.key.filter:
        yield "FILTER", around.of_others("FILTER", file, file.key.filter)


# -- CALIB_ID ---------------------------------------------------------------------------------------------


def id_parts(keywords: Keywords) -> dict[str, str]:
    """Return the parts of CALIB_ID, such as ``detector=0``."""
    return dict(_ID_PART.findall(str(keywords.get("CALIB_ID") or "")))


def corrected_id(text: str, corrected: Collection[str], keywords: Keywords, start: datetime) -> str:
    """Return a CALIB_ID whose parts repeat what was corrected.

    Parameters
    ----------
    corrected : collection [`str`]
        The keywords that were corrected; other parts stay.
    keywords : `~collections.abc.Mapping`
        Keywords with their corrections.
    start : `datetime.datetime`
        Start in the name of the file, UTC.
    """
    for part, value in _ID_PART.findall(text):
        keyword = _ID_KEYWORDS.get(part, "")
        reference = keywords.get(keyword)
        if keyword not in corrected or not has_value(reference) or not value:
            continue
        if directory_name(value) == directory_name(str(reference)) or _is_same_time(value, str(reference)):
            continue
        new = keyword_time(start, value) if part == "calibDate" else str(reference)
        text = re.sub(rf"\b{part}={re.escape(value)}(?=\s|\Z)", f"{part}={new}".replace("\\", "\\\\"), text)
    return text


def _is_same_time(text: str, other: str) -> bool:
    try:
        return parse_time(text) == parse_time(other)
    except ValueError:
        return False
