"""Times in the spelling of others."""

from __future__ import annotations

from datetime import datetime

import pytest

from curated.core.times import parse_time
from curated.editing.spelling import keyword_time, time_like

NOON, MIDNIGHT, ODD = datetime(2024, 6, 1, 12), datetime(2024, 6, 1), datetime(2024, 6, 1, 12, 0, 0, 250000)


@pytest.mark.parametrize(
    ("example", "time", "expected"),
    [
        ("20200101T000000", NOON, "20240601T120000"),
        ("20200101", MIDNIGHT, "20240601"),
        ("20200101", NOON, "20240601T120000"),
        ("2020-01-01", MIDNIGHT, "2024-06-01"),
        ("2020-01-01", NOON, "2024-06-01T12:00:00"),
        ("2020-01-01T00:00:00", NOON, "2024-06-01T12:00:00"),
        ("2020-01-01T000000", NOON, "2024-06-01T120000"),
        ("20200101T000000Z", NOON, "20240601T120000Z"),
        ("2020-01-01T00:00:00+00:00", NOON, "2024-06-01T12:00:00+00:00"),
        ("20200101T020000+0200", NOON, "20240601T120000+0000"),
        ("20200101T000000", ODD, "20240601T120000.250000"),
        ("2020-01-01 00:00:00", NOON, "2024-06-01 12:00:00"),
    ],
)
def test_names(example: str, time: datetime, expected: str) -> None:
    assert time_like(time, example) == expected
    assert parse_time(expected) == time


def test_keywords() -> None:
    assert keyword_time(NOON, "2020-01-01") == "2024-06-01T12:00:00"
    assert keyword_time(NOON, "2020-01-01T00:00:00Z") == "2024-06-01T12:00:00Z"
    assert (
        keyword_time(NOON, "yesterday")
        == keyword_time(NOON, None)
        == keyword_time(NOON, 5)
        == "2024-06-01T12:00:00"
    )
