"""Alarms as text fit 80 columns whatever their names and numbers are."""

from dataclasses import replace
from datetime import date

import pytest

from curated.monitoring.limits import solve_limits
from curated.monitoring.monitor import Alarm, Monitoring
from curated.monitoring.series import Series
from curated.report.monitoring.text import monitor_lines, monitor_to_json

SERIES = Series("cam", "bias", "NOISE", "d00", "C00", "", "electron")
ALARM = Alarm(date(2024, 2, 1), SERIES, "ewma", 5.5, 5.0, 0.1, 1.25, 1.1, "2024-01-20 new electronics")


def result(*alarms):
    limits = (solve_limits("shewhart", 1000.0),)
    days = (date(2024, 1, 1), date(2024, 3, 1))
    return Monitoring(alarms, 4, 12, 0, 160, 40, *days, None, 30.0, limits)


def test_charts_of_a_night_share_a_line():
    lines = list(monitor_lines(result(ALARM, replace(ALARM, chart="shewhart", shift=5.0))))
    assert lines[:5] == [
        "cam bias NOISE (electron)",
        "                                                          shift in sigma",
        "  night       where              value  mean and sigma    shewhart  ewma cusum",
        "    counted since 2024-01-20 new electronics",
        "  2024-02-01  d00 C00              5.5  5 +- 0.1              +5.0  +1.2",
    ]
    assert lines[6] == "2 alarms in 40 nights; 1.33 false ones are expected"


@pytest.mark.parametrize(
    "change",
    [
        {"value": -1.23456e-300, "mean": -1.23456e300, "sigma": 1.2e-99},
        {"restart": "2024-01-20 " + "long words " * 30},
        {"series": SERIES._replace(detector="R" * 80, amplifier="C" * 80)},
        {"series": SERIES._replace(detector="a\x1b[31m\nb")},
        {"shift": 999.9},
    ],
)
def test_lines_are_short_and_printable(change):
    for line in monitor_lines(result(replace(ALARM, **change))):
        assert len(line) <= 80
        assert line.isprintable()


def test_numbers_that_json_has_not_are_null():
    content = monitor_to_json(result(replace(ALARM, sigma=float("inf"))))
    assert (content["alarms"][0]["sigma"], content["alarms"][0]["shift"]) == (None, None)
    assert content["expected_false_alarms"] == pytest.approx(4 / 3)
