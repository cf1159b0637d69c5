"""Times, MJD and nights, as tables have them."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from support.exposures import MJD, NS, TIME, MakeTable, read, tai


@pytest.mark.parametrize(
    ("name", "value", "time"),
    [
        ("DATE-OBS", TIME, NS),
        ("obs_time", "2024-04-01 03:30:00.000", NS),
        ("time", "20240401T033000Z", NS),
        ("time", "2024-04-01T05:30:00+02:00", NS),
        ("time", f"{MJD}", NS),
        ("mjd", f"{MJD}", NS),
        ("MJD-OBS", f"{MJD}", NS),
        ("expMidptMJD", f"{MJD}", NS - 37_000_000_000),
        ("mjd_tai", f"{MJD}", NS - 37_000_000_000),
        ("obs_start", TIME, NS - 37_000_000_000),
        ("time", "2016-12-31T23:59:60.5", tai("2017-01-01T00:00:00") - 500_000_000),
        ("time", "1955-01-01T00:00:00", tai("1955-01-01T00:00:00")),
        ("time", "2024-04-01T03:30:00.123456789", NS + 123_456_000),
        ("day_obs", "20240401", date(2024, 4, 1)),
        ("dayObs", "2024-04-01", date(2024, 4, 1)),
        ("obsdate", "2024-04-01", date(2024, 4, 1)),
        ("obsdate", TIME, NS),
        ("night", "20240401.0", date(2024, 4, 1)),
    ],
)
def test_names_and_forms_of_times(table: MakeTable, name: str, value: str, time: Any) -> None:
    ((_, result, *_),), findings = read(table(f"{name}\n{value}\n"))
    assert findings == []
    assert result == time or abs(result - time) < 2000  # a float of an MJD has microseconds
