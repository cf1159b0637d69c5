"""Times as a package spells them: in names of files and in keywords."""

from __future__ import annotations

import re
from datetime import datetime

from curated.core.times import compact, has_offset, iso, parse_time

_ZERO_OFFSET = re.compile(r"(?:Z|[+-]00(?::?00)?)\Z", re.IGNORECASE)
_OFFSET = re.compile(r"(?<=[T ]..)(?:.*?)(Z|[+-]\d\d(?::?\d\d)?)\Z", re.IGNORECASE)


def time_like(time: datetime, example: str) -> str:
    """Return a time in the spelling of another one, as far as that can express it.

    Parameters
    ----------
    time : `datetime.datetime`
        Naive UTC.
    example : `str`
        ISO 8601, basic or extended, as a date alone or with a time, with or without an offset.
    """
    is_extended = "-" in example[:8]
    if len(example) <= 10 and time == datetime(time.year, time.month, time.day):
        text = iso(time)[:10] if is_extended else compact(time)[:8]
    elif is_extended:
        text = iso(time)
        if ":" not in example and "T" in example.upper():
            text = text[:10] + text[10:].replace(":", "")
        text = text.replace("T", " ") if " " in example else text
    else:
        text = compact(time)
    suffix = _offset(example)
    if suffix and len(text) > 10 - 2 * (not is_extended):
        zero = suffix if _ZERO_OFFSET.match(suffix) else "+00:00" if ":" in suffix else "+0000"
        text += zero
    try:
        return text if parse_time(text) == time else compact(time)
    except ValueError:
        return compact(time)


def _offset(example: str) -> str:
    """Return the offset from UTC at the end of a time; empty if it has none."""
    try:
        if not has_offset(example):
            return ""
    except ValueError:
        return ""
    match = _OFFSET.search(example)
    return match[1] if match else ""


def keyword_time(time: datetime, example: object) -> str:
    """Return a time for a keyword, in the spelling of the value that it replaces; extended ISO 8601 if that is none."""
    if isinstance(example, str):
        try:
            parse_time(example)
        except ValueError:
            return iso(time)
        text = time_like(time, example)
        return text if text[4:5] == "-" or example[4:5] != "-" else iso(time)
    return iso(time)
