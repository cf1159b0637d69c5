"""Times and nights of many exposures: texts and numbers to TAI nanoseconds, and to the night that they belong to."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import repeat
from operator import attrgetter
from typing import Any

import numpy as np

from curated.core.diagnostic import brief
from curated.core.times import parse_time, tai_nanoseconds
from curated.exposures.batch import Array

FIRST, LAST = datetime(1700, 1, 1), datetime(2200, 1, 1)
"""Range of the times that are read; nanoseconds in 64 bits reach little further."""

LEAST_NS, MOST_NS = np.iinfo(np.int64).min + 1, np.iinfo(np.int64).max
"""Times before and after all exposures."""

DAY_NS = 86_400_000_000_000
MJD_EPOCH = 40587
"""1970-01-01."""

_EPOCH = datetime(1970, 1, 1)
_LONGEST_DATE = 10
"""Characters of ``2024-04-01``."""

_WHOLE_SECONDS = 63_072_000_000_000
"""1972-01-01 in microseconds: since then UTC and TAI differ by whole seconds."""

_LEAP = re.compile(r"(\d{4}-?\d\d-?\d\d[T ]?23:?59:?)60(?:[.,](\d{1,9})\d*)?Z?\Z", re.ASCII)
_NIGHT = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)(?:\.0*)?\Z", re.ASCII)
_MIDNIGHT = re.compile(r"[T ]00:00(?::00(?:\.0*)?)?(?:Z|\+00:00)?\Z", re.ASCII)


@cache
def _offsets() -> tuple[Array, Array]:
    """Return since when (microseconds since 1970-01-01 UTC) TAI is ahead of UTC by how much (ns), from 1972 on.

    Leap seconds are inserted at the end of June and of December.
    """
    starts = [datetime(year, month, 1) for year in range(1972, 2100) for month in (1, 7)]
    tai = tai_nanoseconds(starts)
    micros = np.array(starts, dtype="datetime64[us]").astype(np.int64)
    return micros, np.array([tai[start] for start in starts]) - 1000 * micros


def tai_of_utc(micros: Array) -> Array:
    """Return the TAI nanoseconds of times in UTC, as `~curated.core.times.tai_nanoseconds` does for single ones.

    Parameters
    ----------
    micros : `numpy.ndarray`, (N,), int64
        Microseconds since 1970-01-01 UTC, from 1700 to 2200.

    Returns
    -------
    nanoseconds : `numpy.ndarray`, (N,), int64
        Nanoseconds since 1970-01-01 TAI.
    """
    starts, offsets = _offsets()
    places = np.searchsorted(starts, micros, side="right") - 1
    result: Array = micros * 1000 + offsets[np.maximum(places, 0)]
    old = np.flatnonzero(micros < _WHOLE_SECONDS)
    if old.size:
        # UTC ran at other rates.
        unique, inverse = np.unique(micros[old], return_inverse=True)
        times = [_EPOCH + timedelta(microseconds=int(value)) for value in unique]
        tai = tai_nanoseconds(times)
        result[old] = np.array([tai[time] for time in times])[inverse]
    return result


def utc_of_tai(nanoseconds: Array) -> Array:
    """Return the microseconds since 1970-01-01 UTC of TAI times, (N,); before 1972 to some ten seconds."""
    starts, offsets = _offsets()
    places = np.searchsorted(starts * 1000 + offsets, nanoseconds, side="right") - 1
    result: Array = (nanoseconds - offsets[np.maximum(places, 0)]) // 1000
    return result


def nights_of(nanoseconds: Array, utc_offset: float) -> Array:
    """Return the nights of times, (N,): days from 1970-01-01 to the date on which a night began.

    Parameters
    ----------
    nanoseconds : `numpy.ndarray`, (N,)
        Nanoseconds since 1970-01-01 TAI.
    utc_offset : `float`
        Hours by which the observatory's time is ahead of UTC; a night goes from noon to noon of that time.
    """
    shift = round((utc_offset - 12) * 3_600_000_000)
    result: Array = (utc_of_tai(nanoseconds) + shift) // 86_400_000_000
    return result.astype(np.int32)


def noon_of(nights: Array, utc_offset: float) -> Array:
    """Return when nights begin, (N,), in TAI nanoseconds."""
    shift = round((12 - utc_offset) * 3_600_000_000)
    return tai_of_utc(nights.astype(np.int64) * 86_400_000_000 + shift)


def night_date(night: int) -> date:
    """Return the date on which a night began."""
    return date(1970, 1, 1) + timedelta(days=int(night))


def tai_of_bound(times: Iterable[datetime]) -> dict[datetime, int]:
    """Return TAI nanoseconds of the ends of ranges, UTC; those beyond all exposures are `LEAST_NS` and `MOST_NS`."""
    unique = set(times)
    bounds = tai_nanoseconds(time for time in unique if FIRST <= time <= LAST)
    return bounds | {time: LEAST_NS if time < FIRST else MOST_NS for time in unique - bounds.keys()}


def read_times(texts: Sequence[str], scale: str) -> tuple[Array, dict[int, str]]:
    """Read date-times in ISO 8601, or dates as MJD.

    Parameters
    ----------
    texts : sequence [`str`], (N,)
        Texts; without an offset they are in the scale. One with an offset, or ``Z``, is in UTC whatever the scale.
    scale : `str`
        ``utc`` or ``tai``.

    Returns
    -------
    nanoseconds : `numpy.ndarray`, (N,), int64
        Nanoseconds since 1970-01-01 TAI.
    faults : `dict` [`int`, `str`]
        What is wrong with a text, by its index.
    """
    values = np.zeros(len(texts), dtype=np.int64)
    faults: dict[int, str] = {}
    for index, text in enumerate(texts):
        try:
            values[index] = _read_time(text, scale)
        except ValueError as error:
            faults[index] = str(error)
    return values, faults


def read_plain_times(texts: Sequence[str], scale: str) -> Array | None:
    """Return what `read_times` does where all texts are date-times without an offset other than Z, much faster.

    Returns
    -------
    nanoseconds : `numpy.ndarray` or `None`
        `None` where one of them is anything else, such as a date alone.
    """
    try:
        plain = [text.removesuffix("Z") for text in texts]
        times = list(map(datetime.fromisoformat, plain))
    except (ValueError, TypeError, AttributeError):
        return None
    zoned = sum(map(str.endswith, texts, repeat("Z")))
    if zoned and zoned < len(texts) and scale != "utc":
        return None
    scale = "utc" if zoned else scale
    if not times or min(map(len, texts)) <= _LONGEST_DATE or any(map(attrgetter("tzinfo"), times)):
        return None
    micros = np.array(times, dtype="datetime64[us]").astype(np.int64)
    first, last = ((time - _EPOCH) // timedelta(microseconds=1) for time in (FIRST, LAST))
    return _of_scale(micros, scale) if first <= micros.min() and micros.max() <= last else None


def _of_scale(micros: Array, scale: str) -> Array:
    return micros * 1000 if scale == "tai" else tai_of_utc(micros)


def _read_time(text: str, scale: str) -> int:
    plain = text.removesuffix("Z")
    if plain != text:
        scale = "utc"
    try:
        time = datetime.fromisoformat(plain)
    except ValueError:
        return _read_odd_time(text, scale)
    if time.tzinfo is not None:
        scale = "utc"
        try:
            time = time.astimezone(UTC).replace(tzinfo=None)
        except OverflowError:
            raise ValueError(f"{brief(text)} is beyond the calendar") from None
    if not FIRST <= time <= LAST:
        raise ValueError(f"{brief(text)} is not between {FIRST.year} and {LAST.year}")
    micros = (time - _EPOCH) // timedelta(microseconds=1)
    return int(_of_scale(np.array([micros]), scale)[0])


def _read_odd_time(text: str, scale: str) -> int:
    leap = _LEAP.match(text)
    if leap is not None and scale == "utc":
        before = parse_time(f"{leap[1]}59")
        ends = tai_nanoseconds([before, before + timedelta(seconds=1)])
        if ends[before + timedelta(seconds=1)] - ends[before] == 2_000_000_000:
            return ends[before] + 1_000_000_000 + int((leap[2] or "0").ljust(9, "0"))
        raise ValueError(f"{brief(text)} is no leap second: that minute has 60 seconds")
    try:
        number = float(text)
    except ValueError:
        raise ValueError(f"{brief(text)} is no time: write 2024-04-01T03:30:00") from None
    if math.isnan(number):
        raise ValueError(f"{brief(text)} is no time")
    if 2_400_000 <= number <= 2_600_000:
        raise ValueError(f"{brief(text)} is a Julian date: subtract 2400000.5 and name the column mjd")
    if not 15_000 <= number <= 125_000:
        raise ValueError(f"{brief(text)} is neither ISO 8601 nor an MJD")
    values, faults = read_mjd(np.array([number]), scale)
    if faults:
        raise ValueError(faults[0])
    return int(values[0])


def read_mjd(dates: Array, scale: str) -> tuple[Array, dict[int, str]]:
    """Read modified Julian dates.

    Parameters
    ----------
    dates : `numpy.ndarray`, (N,), float64
        Days; a float has microseconds.
    scale : `str`
        ``utc`` or ``tai``.

    Returns
    -------
    nanoseconds : `numpy.ndarray`, (N,), int64
        Nanoseconds since 1970-01-01 TAI.
    faults : `dict` [`int`, `str`]
        What is wrong with a date, by its index.
    """
    first, last = ((time - _EPOCH).days + MJD_EPOCH for time in (FIRST, LAST))
    wrong = np.flatnonzero(~((dates >= first) & (dates <= last)))
    faults = {
        int(i): f"MJD {float(dates[i]):.12g} is not between {FIRST.year} and {LAST.year}" for i in wrong
    }
    days = np.where(np.isin(np.arange(len(dates)), wrong), float(MJD_EPOCH), dates)
    whole = np.floor(days)
    micros = (whole - MJD_EPOCH).astype(np.int64) * 86_400_000_000
    micros += np.rint((days - whole) * 86_400_000_000).astype(np.int64)
    return _of_scale(micros, scale), faults


def read_night(value: Any) -> int:
    """Return the days from 1970-01-01 to a date such as ``20240401`` or ``2024-04-01``, or to its midnight.

    Raises
    ------
    ValueError
        If it is no date.
    """
    if isinstance(value, date) and not isinstance(value, datetime):
        day = value
    else:
        # A date that a library made a time of is midnight.
        match = _NIGHT.match(_MIDNIGHT.sub("", str(value).strip()))
        if match is None:
            raise ValueError(f"{brief(value)} is no night: write 20240401 or 2024-04-01")
        try:
            day = date(*map(int, match.groups()))
        except ValueError:
            raise ValueError(f"{brief(value)} is no date of the calendar") from None
    if not FIRST.date() <= day <= LAST.date():
        raise ValueError(f"{brief(value)} is not between {FIRST.year} and {LAST.year}")
    return (day - date(1970, 1, 1)).days


def is_date(text: str) -> bool:
    """Say whether a text is a date without a time."""
    return len(text) <= _LONGEST_DATE and _NIGHT.match(text) is not None
