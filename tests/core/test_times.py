"""UTC to the TAI nanoseconds of a Butler repository."""

from __future__ import annotations

import warnings
from datetime import UTC, date, datetime, timedelta

import erfa
import pytest
from astropy.time import Time
from hypothesis import example, given
from hypothesis import strategies as st

from curated.core.times import (
    EARLIEST,
    WHOLE_SECONDS,
    compact,
    explain_time,
    has_offset,
    iso,
    night_bounds,
    parse_mjd,
    parse_night,
    parse_time,
    tai_nanoseconds,
    utc_texts,
    utc_times,
)
from support.texts import examples

LEAP_SECONDS = [
    datetime(1972, 7, 1),
    datetime(1999, 1, 1),
    datetime(2006, 1, 1),
    datetime(2015, 7, 1),
    datetime(2017, 1, 1),
]
SECOND = 1_000_000_000

STRETCHED_DAY = datetime(1971, 12, 31).date()
"""The last day of a leap that was no whole second: the conversions of ERFA are not inverse within it."""

EDGES = [
    datetime(1970, 1, 1),
    datetime(1970, 1, 1, 0, 0, 0, 1),
    datetime(1971, 12, 31, 23, 59, 59, 999_999),
    datetime(1972, 1, 1),
    datetime(2000, 1, 1, 12),
    datetime(2024, 2, 29, 23, 59, 59, 999_999),
    datetime(2099, 12, 31, 23, 59, 59, 999_999),
    datetime(2100, 1, 1),
    *(leap + step for leap in LEAP_SECONDS for step in (timedelta(seconds=-1), timedelta(microseconds=-1), timedelta(0), timedelta(microseconds=1))),
]  # fmt: skip
MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)) | st.sampled_from(EDGES)


def exact(time: datetime) -> int:
    """Nanoseconds by whole numbers, for times at which UTC differs from TAI by whole seconds."""
    offset = round(erfa.dat(time.year, time.month, time.day, 0.0))
    since = time - datetime(1970, 1, 1)
    return ((since.days * 86_400 + since.seconds + offset) * 1_000_000 + since.microseconds) * 1000


@pytest.mark.parametrize(
    ("time", "nanoseconds"),
    [
        (datetime(1970, 1, 1), 8_000_082_000),
        (datetime(1972, 1, 1), 63_072_010 * SECOND),
        (datetime(2024, 1, 1), 1_704_067_237 * SECOND),
        (datetime(2024, 1, 1, 0, 0, 0, 1), 1_704_067_237 * SECOND + 1000),
        (datetime(1969, 12, 31, 23, 59, 59), 7_000_082_000 - 30),
    ],
)
def test_known_times(time: datetime, nanoseconds: int) -> None:
    # Before 1972 UTC's seconds were 3e-8 longer.
    assert tai_nanoseconds([time]) == {time: pytest.approx(nanoseconds, abs=1 if time.year > 1969 else 40)}


def test_the_start_of_1970_is_exact() -> None:
    assert tai_nanoseconds([datetime(1970, 1, 1)])[datetime(1970, 1, 1)] == 8_000_082_000


@examples(300)
@given(
    st.datetimes(datetime(1972, 1, 1), datetime(2100, 1, 1))
    | st.sampled_from([e for e in EDGES if e.year >= 1972])
)
def test_whole_nanoseconds(time: datetime) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", erfa.ErfaWarning)
        expected = exact(time)
    assert tai_nanoseconds([time]) == {time: expected}


@pytest.mark.parametrize("leap", LEAP_SECONDS)
def test_a_leap_second_makes_a_day_longer(leap: datetime) -> None:
    before, after = leap - timedelta(seconds=1), leap
    found = tai_nanoseconds([before, after])
    assert found[after] - found[before] == 2 * SECOND


@examples(100)
@given(st.lists(MOMENTS, max_size=10))
def test_many_at_once_are_as_one_by_one(times: list[datetime]) -> None:
    assert tai_nanoseconds(times) == {time: tai_nanoseconds([time])[time] for time in times}


@examples(100)
@given(st.lists(MOMENTS, min_size=2, max_size=10, unique=True))
def test_order_is_kept(times: list[datetime]) -> None:
    found = tai_nanoseconds(times)
    assert sorted(times, key=found.__getitem__) == sorted(times)


@examples(100)
@given(MOMENTS)
def test_as_astropy(time: datetime) -> None:
    epoch = Time("1970-01-01", scale="tai")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", erfa.ErfaWarning)
        tai = Time(time.isoformat(), scale="utc").tai
    assert tai_nanoseconds([time])[time] == pytest.approx((tai - epoch).sec * SECOND, abs=2000)


@examples(100)
@given(MOMENTS.filter(lambda time: time < datetime(2099, 12, 31)))
def test_as_the_butler(time: datetime) -> None:
    converter = pytest.importorskip(
        "lsst.daf.butler.time_utils", reason="needs lsst-daf-butler"
    ).TimeConverter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", erfa.ErfaWarning)
        theirs = converter.astropy_to_nsec(Time(time.isoformat(), format="isot", scale="utc"))
    # The Butler rounds by way of a float day; a microsecond is the finest that a name can say.
    assert tai_nanoseconds([time])[time] == pytest.approx(theirs, abs=1)


def test_nothing_to_convert() -> None:
    assert tai_nanoseconds([]) == {}


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("19700101T000000", datetime(1970, 1, 1)),
        ("1970-01-01T00:00:00", datetime(1970, 1, 1)),
        ("20130115t0130", datetime(2013, 1, 15, 1, 30)),
        ("2024-01-31", datetime(2024, 1, 31)),
        ("2024-01-31T12:00:00Z", datetime(2024, 1, 31, 12)),
        ("2024-01-31T12:00:00+02:30", datetime(2024, 1, 31, 9, 30)),
        ("20240131T120000-0100", datetime(2024, 1, 31, 13)),
        ("2024-01-31T12:00:00.123456", datetime(2024, 1, 31, 12, 0, 0, 123_456)),
        ("2024-01-31 12:00", datetime(2024, 1, 31, 12)),
    ],
)
def test_texts(text: str, time: datetime) -> None:
    assert parse_time(text) == time
    assert parse_time(text).tzinfo is None


@pytest.mark.parametrize("text", ["", "now", "2024", "2024-13-01", "2024-02-30", "24:00", "2024-01-01T25", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "1704067200", "2024-01-01T00:00:00 UTC", "\ud800"])  # fmt: skip
def test_texts_that_are_no_times(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the message is Python's
        parse_time(text)


@examples(200)
@given(st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)))
def test_what_is_written_is_read(time: datetime) -> None:
    assert parse_time(iso(time)) == time
    assert parse_time(compact(time)) == time
    assert parse_time(time.replace(tzinfo=UTC).isoformat()) == time


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("20240101T000000", False),
        ("2024-01-01", False),
        ("2024-01-01t02:00:00", False),
        ("2024-W01-1", False),
        ("2024-01-01T00:00:00Z", True),
        ("20240101T0000Z", True),
        ("2024-01-01T02:00:00+02:00", True),
        ("20240101t000000-0500", True),
    ],
)
def test_an_offset_is_seen(name: str, expected: bool) -> None:
    assert has_offset(name) is expected


@given(
    st.datetimes(EARLIEST, datetime(2099, 12, 30))
    .filter(lambda t: t.date() != STRETCHED_DAY)
    .map(lambda t: t if t >= WHOLE_SECONDS else t.replace(microsecond=0))
)
@example(datetime(1971, 12, 30, 23, 59, 59))
@example(WHOLE_SECONDS)
def test_utc_comes_back_from_tai(time: datetime) -> None:
    nanoseconds = tai_nanoseconds([time])[time]
    assert utc_times([nanoseconds]) == {nanoseconds: time}


def test_times_that_text_cannot_say_are_the_nearest_that_it_can() -> None:
    start = datetime(2020, 1, 1)
    nanoseconds = tai_nanoseconds([start, datetime(2017, 1, 1)])
    exact, after_leap = nanoseconds[start], nanoseconds[datetime(2017, 1, 1)]
    times = utc_times([exact + 400, exact + 600, after_leap - 500_000_000, 5])
    assert times[exact + 400] == start
    assert times[exact + 600] == start + timedelta(microseconds=1)
    assert times[after_leap - 500_000_000] == datetime(2017, 1, 1)
    assert times[5] == EARLIEST
    assert utc_times([4102444800000000000])[4102444800000000000] == datetime(2099, 12, 31, 23, 59, 23)


def test_times_for_people_know_leap_seconds() -> None:
    leap = 1483228836 * 10**9  # 2016-12-31T23:59:60 UTC, IERS Bulletin C 52
    assert utc_texts([leap - 10**9, leap, leap + 10**9, leap + 1]) == {
        leap - 10**9: "2016-12-31T23:59:59",
        leap: "2016-12-31T23:59:60",
        leap + 10**9: "2017-01-01T00:00:00",
        leap + 1: "2016-12-31T23:59:60.000000001",
    }
    assert utc_texts([]) == {}


@pytest.mark.parametrize(
    ("value", "explanation"),
    [
        (
            "2016-12-31T23:59:60",
            "a leap second, which is not supported: write 2017-01-01T00:00:00, the second after it",
        ),
        (
            "20161231T235960",
            "a leap second, which is not supported: write 2017-01-01T00:00:00, the second after it",
        ),
        (
            "2016-12-31T23:59:60.5Z",
            "a leap second, which is not supported: write 2017-01-01T00:00:00, the second after it",
        ),
        (
            "2017-01-01T01:59:60+02:00",
            "a leap second, which is not supported: write 2017-01-01T00:00:00, the second after it",
        ),
        (
            "2016-12-31 23:59:60",
            "a leap second, which is not supported: write 2017-01-01T00:00:00, the second after it",
        ),
        ("2016-12-31T23:60:60", "not a date-time"),
        ("2016-13-31T23:59:60", "not a date-time"),
        (60310.5, "not a date-time; if it is a MJD in UTC, write 2024-01-01T12:00:00"),
        (60310, "not a date-time; if it is a MJD in UTC, write 2024-01-01T00:00:00"),
        ("60310.25", "not a date-time; if it is a MJD in UTC, write 2024-01-01T06:00:00"),
        (2460311.0, "not a date-time; if it is a JD in UTC, write 2024-01-01T12:00:00"),
        (20240101, "not a date-time; if it is the date 2024-01-01, put it in quotes"),
        (1.0, "not a date-time"),
        (float("nan"), "not a date-time"),
        (float("inf"), "not a date-time"),
        (10**400, "not a date-time"),
        (-60310, "not a date-time"),
        (True, "not a date-time"),
        (None, "not a date-time"),
        ([60310], "not a date-time"),
        ("soon", "not a date-time"),
        ("", "not a date-time"),
        ("2024-02-30", "not a date-time"),
        ("\u0661" * 5, "not a date-time"),
    ],
)
def test_what_is_no_time_is_explained(value: object, explanation: str) -> None:
    assert explain_time(value) == explanation


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("60401.5", datetime(2024, 4, 1, 11, 59, 23)),
        ("60401.5 tai", datetime(2024, 4, 1, 11, 59, 23)),
        (" 60401.5TAI ", datetime(2024, 4, 1, 11, 59, 23)),
        ("60401.5 utc", datetime(2024, 4, 1, 12)),
        ("60401 utc", datetime(2024, 4, 1)),
        ("60401.5 tt", datetime(2024, 4, 1, 11, 58, 50, 816000)),
        ("57753.999999 utc", datetime(2016, 12, 31, 23, 59, 59, 913601)),
        ("57754 utc", datetime(2017, 1, 1)),
        ("57754.000428240741 tai", datetime(2017, 1, 1)),
    ],
)
def test_mjd(text: str, time: datetime) -> None:
    # Some microseconds on the day of the leap second: astropy's days have 86401 s then.
    assert abs((parse_mjd(text) - time).total_seconds()) < (1.1 if text.startswith("57753") else 2e-5)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "1",
        "40587",
        "88069",
        "2460402",
        "60401,5",
        "60401 gps",
        "-60401",
        "6e4",
        "60401.5.5",
        "٦٠٤٠١",
    ],
)
def test_what_is_no_mjd(text: str) -> None:
    with pytest.raises(ValueError, match="not"):
        parse_mjd(text)


@pytest.mark.parametrize("text", ["1e9", "-60401", "123456789", "inf", "88069"])
def test_numbers_beyond_the_calendar(text: str) -> None:
    with pytest.raises(ValueError, match="1970 to 2100"):
        parse_mjd(text)


@pytest.mark.parametrize(
    ("offset", "hour"), [(0, "12:00"), (-4, "16:00"), (10, "02:00"), (5.75, "06:15"), (-12, "00:00")]
)
def test_nights(offset: float, hour: str) -> None:
    day = date(2024, 3, 31) if offset != -12 else date(2024, 3, 30)
    begin, end = night_bounds(day, offset)
    assert begin.isoformat() == f"2024-03-31T{hour}:00"
    assert end - begin == timedelta(days=1)
    # The same as the nights of 'check --times'.
    assert (begin + timedelta(hours=offset - 12)).date() == day
    assert (end - timedelta(microseconds=1) + timedelta(hours=offset - 12)).date() == day


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2024-02-30",
        "2024-4-1",
        "240401",
        "2024-W01-1",
        "2024-04-01T00:00",
        "20240401 ",
        "٢٠٢٤٠٤٠١",
    ],
)
def test_what_is_no_night(text: str) -> None:
    with pytest.raises(ValueError, match="not a date"):
        parse_night(text)
