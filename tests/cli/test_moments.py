"""DATE of the command line: ISO 8601, nights of an instrument, Modified Julian Dates."""

from __future__ import annotations

from datetime import datetime

import pytest

from conftest import MakePackage
from curated.cli.moments import night_span, parse_date, utc_offset_of
from curated.core.diagnostic import CuratedError
from curated.package.package import open_package
from support.packages import defects_path, defects_text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-06-01", "2024-06-01T00:00:00"),
        ("20240601", "2024-06-01T00:00:00"),
        (" 2024-06-01T12:30 ", "2024-06-01T12:30:00"),
        ("20240601T123000", "2024-06-01T12:30:00"),
        ("2024-06-01T12:30:00+02:00", "2024-06-01T10:30:00"),
        ("2024-06-01T12:30:00Z", "2024-06-01T12:30:00"),
        ("night:2024-04-01", "2024-04-01T16:00:00"),
        ("NIGHT: 20240401", "2024-04-01T16:00:00"),
        ("60401.5 utc", "2024-04-01T12:00:00"),
        ("60401utc", "2024-04-01T00:00:00"),
        ("60401.5", "2024-04-01T11:59:23"),
        ("mjd:60401.5", "2024-04-01T11:59:23"),
        ("MJD:60401.5 tai", "2024-04-01T11:59:23"),
        ("mjd:60401 utc", "2024-04-01T00:00:00"),
    ],
)
def test_dates(text: str, expected: str) -> None:
    assert parse_date(text, "--from", -4) == datetime.fromisoformat(expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("yesterday", "--from 'yesterday' is not a date-time"),
        ("", "--from '' is not a date-time"),
        ("2024-13-01", "--from '2024-13-01' is not a date-time"),
        ("2016-12-31T23:59:60", "write 2017-01-01T00:00:00, the second after it"),
        ("2460401.5", "if it is a JD in UTC, write 2024-04-01T00:00:00"),
        ("604015", "not a date-time"),
        ("12", "not an MJD between 40587 and 88069"),
        ("mjd:2024-04-01", "not a number of days and a scale"),
        ("night:yesterday", "not a date such as 2024-04-01"),
        ("night:2024-02-30", "not a date of the calendar"),
        ("nigth:2024-04-01", "not a date-time"),
    ],
)
def test_what_is_no_date(text: str, message: str) -> None:
    with pytest.raises(CuratedError, match=r".") as raised:
        parse_date(text, "--from", 0)
    assert message in raised.value.message
    assert raised.value.hint


def test_a_night_needs_an_instrument() -> None:
    with pytest.raises(CuratedError, match="not clear of which instrument"):
        parse_date("night:2024-04-01", "--from")


def test_the_offset_of_an_instrument(make_package: MakePackage) -> None:
    instrument = "name: Lab\nutc_offset: -4\ndetectors: [{id: 0, name: d00}]\nfilters: []\n"
    package = make_package(
        {"curated.yaml": "", defects_path(): defects_text(), "calibs/lab/instrument.yaml": instrument}
    )
    opened = open_package(package.path)
    date = parse_date("night:2024-04-01", "--from", utc_offset_of(opened, "Lab"))
    assert date == datetime(2024, 4, 1, 16) == night_span("2024-04-01", "--night", -4)[0]
    with pytest.raises(CuratedError, match="lba"):
        parse_date("night:2024-04-01", "--from", utc_offset_of(opened, "lba"))
    # Only a night needs the instrument.
    assert parse_date("2024-04-01", "--from", utc_offset_of(opened, "lba")) == datetime(2024, 4, 1)
