"""Times: text to UTC, UTC to the TAI nanoseconds that a Butler repository holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

EARLIEST, LATEST = datetime(1970, 1, 1), datetime(2100, 1, 1)
"""What a Butler repository can hold; it clamps other times to these.

Its last moment is 2100-01-01 TAI, 37 s before ours: too little to warn everybody who ends a range with the century.
"""

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
        If it is no date-time.
    """
    try:
        time = datetime.fromisoformat(text)
        return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
    except OverflowError as error:
        raise ValueError(f"{text!r} is beyond the calendar") from error


def has_offset(text: str) -> bool:
    """Say whether an ISO 8601 date-time, which `parse_time` takes, gives its offset from UTC."""
    return datetime.fromisoformat(text).tzinfo is not None


def as_utc(time: Any) -> datetime:
    """Return a moment as naive UTC.

    Parameters
    ----------
    time : `str`, `datetime.datetime` or `astropy.time.Time`
        ISO 8601 or a date-time, UTC where it has no offset; or a single astropy time of any scale.

    Raises
    ------
    ValueError
        If it is no moment, or one that a date-time cannot say, such as a leap second.
    """
    if isinstance(time, str):
        return parse_time(time)
    if isinstance(time, datetime):
        return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
    # Astropy's times are known by what they can do, so that nobody pays for importing it.
    converted = getattr(getattr(time, "utc", None), "datetime", None)
    if not isinstance(converted, datetime):
        raise ValueError(f"{time!r:.60} is not a single date-time")
    return converted


def iso(time: datetime) -> str:
    """Return a time as ISO 8601, without an offset, with as many decimals as it needs."""
    return time.isoformat()


def compact(time: datetime) -> str:
    """Return a time as run collections and file names have it, such as ``19700101T000000``."""
    text = f"{time.year:04d}{time:%m%dT%H%M%S}"
    return text if not time.microsecond else f"{text}.{time.microsecond:06d}"


@contextmanager
def _leap_seconds() -> Iterator[Any]:
    """Give astropy's class of times, with the table of leap seconds that comes with it."""
    import warnings

    import erfa
    from astropy.time import Time
    from astropy.utils import iers
    from astropy.utils.exceptions import AstropyWarning

    # Never the network: a newer table of leap seconds comes with a newer astropy.
    with iers.conf.set_temp("auto_download", False), warnings.catch_warnings():
        # UTC beyond the table of leap seconds is converted with the last one, which is what is meant.
        warnings.simplefilter("ignore", erfa.ErfaWarning)
        warnings.simplefilter("ignore", AstropyWarning)
        yield Time


def tai_nanoseconds(times: Iterable[datetime]) -> dict[datetime, int]:
    """Convert UTC to nanoseconds since 1970-01-01 TAI, as the Butler counts them.

    Astropy converts, with its table of leap seconds; before 1972 UTC ran at another rate (8.000082 s
    behind TAI at 1970-01-01).

    Parameters
    ----------
    times : `~collections.abc.Iterable` [`datetime.datetime`]
        Naive UTC.

    Returns
    -------
    nanoseconds : `dict` [`datetime.datetime`, `int`]
        One entry for each different time.
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
    """Return nanoseconds since 1970-01-01 TAI as UTC in ISO 8601, with as many decimals as they need.

    It is the inverse of `tai_nanoseconds` since 1972, and knows the second that a leap second adds.

    Parameters
    ----------
    nanoseconds : `~collections.abc.Iterable` [`int`]
        Times.

    Returns
    -------
    texts : `dict` [`int`, `str`]
        One entry for each different time.
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
        found = tai.utc.isot.tolist()
    return {
        ns: text.rstrip("0").rstrip(".") if "." in text else text
        for ns, text in zip(unique, found, strict=True)
    }


def utc_times(nanoseconds: Iterable[int]) -> dict[int, datetime]:
    """Return the date-times, UTC to the microsecond, that are nearest to nanoseconds since 1970-01-01 TAI.

    Whoever must know whether one is exact converts it back with `tai_nanoseconds`. Moments that no date-time
    can say are the nearest one that can: those within a leap second the midnight after it, those before
    1970-01-01 UTC that.

    Parameters
    ----------
    nanoseconds : `~collections.abc.Iterable` [`int`]
        Times.

    Returns
    -------
    times : `dict` [`int`, `datetime.datetime`]
        Naive UTC; one entry for each different time.
    """
    return {ns: max(_nearest(text), EARLIEST) for ns, text in utc_texts(nanoseconds).items()}


def _nearest(text: str) -> datetime:
    whole, _, fraction = text.partition(".")
    if whole.endswith(":60"):
        return datetime.fromisoformat(f"{whole[:-2]}59") + timedelta(seconds=1)
    return datetime.fromisoformat(whole) + timedelta(microseconds=round(int(fraction.ljust(9, "0")) / 1000))
