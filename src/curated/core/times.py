"""Times: text to UTC, UTC to the TAI nanoseconds that a Butler repository holds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any

EARLIEST, LATEST = datetime(1970, 1, 1), datetime(2100, 1, 1)
"""Range of the times in a Butler repository, which clamps others.

The last one is 2100-01-01 TAI, 37 s before the one here; a range that ends with the century needs no warning.
"""

DISTANT_PAST, DISTANT_FUTURE = EARLIEST.replace(year=1), EARLIEST.replace(year=9999)
"""Times before and after all others, in the place of open ends."""

WHOLE_SECONDS = datetime(1972, 1, 1)
"""Since then UTC and TAI differ by whole seconds (Recommendation ITU-R TF.460)."""

_EPOCH_TAI = (2440587.5, 0.0)
"""1970-01-01 00:00:00 TAI as two parts of a Julian date."""

_DAY_NS = 86_400_000_000_000


def parse_time(text: str) -> datetime:
    """Read an ISO 8601 date-time as naive UTC.

    Parameters
    ----------
    text : `str`
        Any form that `datetime.datetime.fromisoformat` takes; without an offset it is UTC.

    Raises
    ------
    ValueError
        If the text is no date-time.
    """
    try:
        time = datetime.fromisoformat(text)
        return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
    except OverflowError as error:
        raise ValueError(f"{text!r} is beyond the calendar") from error


def explain_time(value: Any) -> str:
    """Return what a value that `parse_time` does not accept is instead of a date-time, to follow "is"; with a way out.

    Parameters
    ----------
    value : `object`
        A text, or a number that a user wrote for a time.
    """
    text = value if isinstance(value, str) else repr(value)
    leap = _LEAP.match(text)
    if leap is not None:
        with suppress(ValueError, OverflowError):
            following = parse_time(f"{leap[1]}59{leap[3] or ''}") + timedelta(seconds=1)
            return f"a leap second, which is not supported: write {iso(following)}, the second after it"
    number = _NUMBER.match(text)
    if number is not None:
        with suppress(ValueError):
            return f"not a date-time; if it is the date {parse_time(text).date()}, put it in quotes"
        for scale, zero in (("MJD", 0.0), ("JD", 2400000.5)):
            days = float(text) - zero
            if _MJD_1970 <= days < _MJD_2100:
                # To the second: nobody writes validity more finely in days.
                moment = EARLIEST + timedelta(seconds=round((days - _MJD_1970) * 86400))
                return f"not a date-time; if it is a {scale} in UTC, write {iso(moment)}"
    return "not a date-time"


_LEAP = re.compile(r"(\d{4}-?\d\d-?\d\d[T ]?\d\d:?\d\d:?)60([.,]\d+)?(Z|[+-]\d\d:?\d\d)?\s*\Z", re.IGNORECASE)
_NUMBER = re.compile(r"\d{1,12}(?:\.\d{1,12})?\Z", re.ASCII)
_MJD_1970, _MJD_2100 = 40587, 88069


_MJD = re.compile(r"\s*(\d{1,7})(\.\d{0,12})?\s*(tai|utc|tt)?\s*\Z", re.IGNORECASE | re.ASCII)


def parse_mjd(text: str) -> datetime:
    """Read a Modified Julian Date as naive UTC, to the microsecond.

    Parameters
    ----------
    text : `str`
        A number, and after it the scale: ``tai``, ``utc`` or ``tt``. Without one it is TAI, as in Butler's timespans.

    Raises
    ------
    ValueError
        If it is no such number, or not between 1970 and 2100.
    """
    match = _MJD.match(text)
    if match is None and _is_beyond(text):
        raise ValueError(f"not an MJD between {_MJD_1970} and {_MJD_2100}, the years 1970 to 2100")
    if match is None:
        raise ValueError("not a number of days and a scale, such as 60401.5 or '60401.5 utc'")
    day, fraction, scale = int(match[1]), float(match[2] or "0"), (match[3] or "tai").lower()
    if not _MJD_1970 < day < _MJD_2100:
        raise ValueError(f"not an MJD between {_MJD_1970} and {_MJD_2100}, the years 1970 to 2100")
    return _from_days(day, fraction, scale)


def _is_beyond(text: str) -> bool:
    """Say whether a text is a number after all, but none of a day."""
    try:
        return not _MJD_1970 < float(text) < _MJD_2100
    except ValueError:
        return False


def _from_days(day: int, fraction: float, scale: str) -> datetime:
    """Return naive UTC of an MJD in two parts, in a scale of astropy."""
    with _leap_seconds() as time_class:
        tai = time_class(day, fraction, format="mjd", scale=scale).tai
    days, part = float(tai.jd1) - _EPOCH_TAI[0], float(tai.jd2)
    nanoseconds = int(days) * _DAY_NS + round((days - int(days) + part) * _DAY_NS)
    # A millionth of a second is as fine as a date-time is.
    return utc_times([round(nanoseconds, -3)])[round(nanoseconds, -3)]


_TT_NS = 32_184_000_000
"""Nanoseconds by which TT is ahead of TAI."""


def scaled_time(value: str | float, scale: str) -> datetime:
    """Read a time of a FITS header as naive UTC.

    Parameters
    ----------
    value : `str` or `float`
        An ISO 8601 date-time, or an MJD.
    scale : `str`
        ``UTC``, ``TAI`` or ``TT``.

    Raises
    ------
    ValueError
        If it is no such time; the message says what it is instead.
    """
    if not isinstance(value, str):
        if not _MJD_1970 < value < _MJD_2100:
            raise ValueError(f"not an MJD between {_MJD_1970} and {_MJD_2100}, the years 1970 to 2100")
        return _from_days(int(value), value - int(value), scale.lower())
    leap = _LEAP.match(value)
    if leap is not None and scale == "UTC":
        return parse_time(f"{leap[1]}59{leap[2] or ''}{leap[3] or ''}") + timedelta(seconds=1)
    try:
        time = parse_time(value)
    except ValueError:
        raise ValueError("not an ISO 8601 date-time") from None
    if "T" not in value.upper() and " " not in value.strip():
        raise ValueError("a date without a time")
    if scale == "UTC":
        return time
    if has_offset(value):
        raise ValueError(f"a time with an offset from UTC, in a header whose scale is {scale}")
    if not EARLIEST < time < LATEST:
        raise ValueError("not a time between 1970 and 2100")
    nanoseconds = round((time - EARLIEST) / timedelta(microseconds=1)) * 1000 - (
        _TT_NS if scale == "TT" else 0
    )
    return utc_times([nanoseconds])[nanoseconds]


def parse_night(text: str) -> date:
    """Read the date on which a night begins, such as ``2024-04-01`` or ``20240401``.

    Raises
    ------
    ValueError
        If the text is no such date.
    """
    if re.fullmatch(r"\d{4}-\d\d-\d\d|\d{8}", text, re.ASCII) is None:
        raise ValueError("not a date such as 2024-04-01 or 20240401")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("not a date of the calendar") from None


def night_bounds(night: date, utc_offset: float) -> tuple[datetime, datetime]:
    """Return the noons, in UTC, between which a night lies.

    Parameters
    ----------
    night : `datetime.date`
        The date on which it begins.
    utc_offset : `float`
        Hours by which the observatory's time is ahead of UTC, all the year. With 0, the night of the date is that of
        Rubin's ``day_obs``, the date at UTC-12 h, but for the 37 s of TAI in which that is counted.

    Raises
    ------
    ValueError
        If the calendar ends before the night does.
    """
    try:
        noon = datetime(night.year, night.month, night.day, 12) - timedelta(hours=utc_offset)
        return noon, noon + timedelta(days=1)
    except OverflowError:
        raise ValueError("beyond the calendar") from None


def has_offset(text: str) -> bool:
    """Return whether a date-time that `parse_time` accepts has an offset from UTC."""
    return datetime.fromisoformat(text).tzinfo is not None


def as_utc(time: Any) -> datetime:
    """Convert a moment to naive UTC.

    Parameters
    ----------
    time : `str`, `datetime.datetime` or `astropy.time.Time`
        ISO 8601 or a date-time, UTC if it has no offset; or a single astropy time of any scale.

    Raises
    ------
    ValueError
        If it is no moment, or one that a date-time cannot express, such as a leap second.
    """
    if isinstance(time, str):
        return parse_time(time)
    if isinstance(time, datetime):
        return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
    # Astropy's times are recognised by their attributes, to avoid importing astropy.
    converted = getattr(getattr(time, "utc", None), "datetime", None)
    if not isinstance(converted, datetime):
        raise ValueError(f"{time!r:.60} is not a single date-time")
    return converted


def iso(time: datetime) -> str:
    """Return a time in ISO 8601, without an offset, with as many decimals as necessary."""
    return time.isoformat()


def compact(time: datetime) -> str:
    """Return a time as in run collections and file names, such as ``19700101T000000``."""
    text = f"{time.year:04d}{time:%m%dT%H%M%S}"
    return text if not time.microsecond else f"{text}.{time.microsecond:06d}"


@contextmanager
def _leap_seconds() -> Iterator[Any]:
    """Yield astropy's class ``Time``, which uses its own table of leap seconds while the context lasts."""
    import warnings

    import erfa
    from astropy.time import Time
    from astropy.utils import iers
    from astropy.utils.exceptions import AstropyWarning

    # No download: a newer table of leap seconds comes with a newer astropy.
    with iers.conf.set_temp("auto_download", False), warnings.catch_warnings():
        # Beyond the table, UTC is converted with its last entry, as intended.
        warnings.simplefilter("ignore", erfa.ErfaWarning)
        warnings.simplefilter("ignore", AstropyWarning)
        yield Time


def tai_nanoseconds(times: Iterable[datetime]) -> dict[datetime, int]:
    """Convert UTC to nanoseconds since 1970-01-01 TAI, as in a Butler repository.

    Astropy converts, with its table of leap seconds; before 1972 UTC ran at another rate (8.000082 s
    behind TAI at 1970-01-01).

    Parameters
    ----------
    times : `~collections.abc.Iterable` [`datetime.datetime`]
        Times in naive UTC.

    Returns
    -------
    nanoseconds : `dict` [`datetime.datetime`, `int`]
        Nanoseconds of each different time.
    """
    unique = sorted(set(times))
    if not unique:
        return {}
    with _leap_seconds() as time_class:
        tai = time_class([time.isoformat() for time in unique], format="isot", scale="utc").tai
    days = tai.jd1 - _EPOCH_TAI[0]
    return {
        time: int(day) * _DAY_NS + round(float(day - int(day) + part) * _DAY_NS)
        for time, day, part in zip(unique, days, tai.jd2, strict=True)
    }


def utc_texts(nanoseconds: Iterable[int]) -> dict[int, str]:
    """Convert nanoseconds since 1970-01-01 TAI to UTC in ISO 8601, with as many decimals as necessary.

    For times since 1972 it is the inverse of `tai_nanoseconds`; a time within a leap second has the second 60. The
    last day before, 1971-12-31, had 86400.107758 s, over which the conversion to TAI spreads the day's seconds
    (ERFA's quasi-JD), and this conversion does not.

    Parameters
    ----------
    nanoseconds : `~collections.abc.Iterable` [`int`]
        Times since 1970-01-01 TAI.

    Returns
    -------
    texts : `dict` [`int`, `str`]
        UTC of each different time.
    """
    unique = sorted(set(nanoseconds))
    if not unique:
        return {}
    with _leap_seconds() as time_class:
        days = [ns // _DAY_NS for ns in unique]
        parts = [ns % _DAY_NS / _DAY_NS for ns in unique]
        tai = time_class(
            [_EPOCH_TAI[0] + day for day in days],
            [_EPOCH_TAI[1] + p for p in parts],
            format="jd",
            scale="tai",
        )
        tai.precision = 9
        texts = tai.utc.isot.tolist()
    return {
        ns: text.rstrip("0").rstrip(".") if "." in text else text
        for ns, text in zip(unique, texts, strict=True)
    }


def utc_times(nanoseconds: Iterable[int]) -> dict[int, datetime]:
    """Convert nanoseconds since 1970-01-01 TAI to the nearest date-times, which have microseconds.

    A moment within a leap second becomes the midnight after it, and a moment before 1970-01-01 UTC that date. To
    know whether a result is exact, convert it back with `tai_nanoseconds`.

    Parameters
    ----------
    nanoseconds : `~collections.abc.Iterable` [`int`]
        Times since 1970-01-01 TAI.

    Returns
    -------
    times : `dict` [`int`, `datetime.datetime`]
        Naive UTC of each different time.
    """
    return {ns: max(_nearest(text), EARLIEST) for ns, text in utc_texts(nanoseconds).items()}


def _nearest(text: str) -> datetime:
    whole, _, fraction = text.partition(".")
    if whole.endswith(":60"):
        return datetime.fromisoformat(f"{whole[:-2]}59") + timedelta(seconds=1)
    return datetime.fromisoformat(whole) + timedelta(microseconds=round(int(fraction.ljust(9, "0")) / 1000))
