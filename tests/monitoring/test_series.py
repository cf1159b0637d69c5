"""Series are a value a night, in one unit, with restarts where something changed."""

from datetime import datetime

import numpy as np
import pytest

from curated.monitoring.metric import Metric, MetricFile, mjd_of
from curated.monitoring.metric_text import read_metric_text, write_metric_text
from curated.monitoring.series import Boundary, collect, mjd_tai, night_numbers

FILE = MetricFile("cam/metrics/bias/NOISE/2024-01.csv", "cam", "bias", "NOISE", "2024-01")


def rows(*metrics):
    filled = [Metric(**{"statistic": "NOISE", "detector": "d00", **metric}) for metric in metrics]
    read, problems = read_metric_text(write_metric_text(filled))
    assert not any(problem.code < "CAL885" for problem in problems)
    return read


def series_of(*metrics, utc_offset=0.0):
    return collect([(FILE, rows(*metrics))], utc_offset)


def boundary(mjd, detectors=(), filters=(), kind="event"):
    return Boundary(mjd, frozenset(detectors), frozenset(filters), kind, "a change")


def test_times_are_those_of_leap_seconds():
    assert mjd_tai(datetime(2024, 1, 1)) == pytest.approx(60310 + 37 / 86400, abs=1e-9)
    assert mjd_tai(datetime(1980, 1, 1)) == pytest.approx(44239 + 19 / 86400, abs=1e-9)


@pytest.mark.parametrize(
    ("time", "utc_offset", "night"),
    [
        (datetime(2024, 1, 2, 11, 59, 59), 0, "2024-01-01"),
        (datetime(2024, 1, 2, 12, 0, 1), 0, "2024-01-02"),
        (datetime(2024, 1, 2, 15, 59), -4, "2024-01-01"),
        (datetime(2024, 1, 2, 16, 1), -4, "2024-01-02"),
        (datetime(2024, 1, 2, 3, 0), 10, "2024-01-02"),
        (datetime(2024, 1, 2, 1, 59), 10, "2024-01-01"),
    ],
)
def test_a_night_goes_from_noon_to_noon_of_the_observatory(time, utc_offset, night):
    (number,) = night_numbers(np.array([mjd_tai(time)]), utc_offset)
    assert number == mjd_of(datetime.fromisoformat(night).date())


def test_of_several_values_of_a_night_the_median_counts():
    nights, _ = series_of(
        *[{"mjd": 60310.1 + i / 100, "value": v} for i, v in enumerate((1.0, 9.0, 2.0))],
        *[{"mjd": 60311.1 + i / 100, "value": v} for i, v in enumerate((4.0, 5.0))],
    )
    assert nights.values.tolist() == [2.0, 4.5]
    assert nights.nights.tolist() == [60309, 60310]
    assert nights.times == pytest.approx([60310.11, 60311.105])


def test_values_of_large_numbers_have_a_median():
    nights, _ = series_of({"mjd": 60310.1, "value": 1.7e308}, {"mjd": 60310.2, "value": 1.6e308})
    assert nights.values == pytest.approx([1.65e308])


def test_units_that_convert_are_converted_and_others_are_charted_apart():
    nights, units = series_of(
        {"mjd": 60310.1, "value": 2.0, "unit": "s"},
        {"mjd": 60311.1, "value": 3000.0, "unit": "ms"},
        {"mjd": 60312.1, "value": 4.0, "unit": "electron"},
        {"mjd": 60313.1, "value": 4.0, "unit": "furlongs"},
    )
    assert [series.unit for series in nights.series] == ["electron", "furlongs", "s"]
    assert nights.values.tolist() == [4.0, 4.0, 2.0, 3.0]
    assert units == ["electron", "furlongs", "s"]


def test_values_stand_in_the_order_of_nights_whatever_the_order_of_rows():
    ordered = [
        {"mjd": 60310.1 + day, "value": float(day), "amplifier": a} for day in (0, 5, 2) for a in ("B", "A")
    ]
    first, _ = series_of(*ordered)
    second, _ = collect([(FILE, rows(*ordered[3:])), (FILE, rows(*ordered[:3]))], 0.0)
    for nights in (first, second):
        assert [series.amplifier for series in nights.series] == ["A", "B"]
        values, restarts = nights.block(0, 2, [])
        assert values.tolist() == [[0.0, 0.0], [2.0, 2.0], [5.0, 5.0]]
        assert not restarts.any()
    assert first.block(1, 2, [])[0].tolist() == [[0.0], [2.0], [5.0]]


def test_charts_restart_at_the_first_value_after_a_boundary():
    metrics = [
        {"mjd": 60310.1 + day, "value": 1.0, "detector": name}
        for day in range(6)
        for name in ("R00 S0", "d01")
    ]
    nights, _ = series_of(*metrics)
    _, restarts = nights.block(0, 2, [boundary(60312.5), boundary(60314.0, ["r00_s0"])])
    assert np.argwhere(restarts).tolist() == [[3, 0], [3, 1], [4, 0]]
    # Within a night the mean time decides, and what was before all values is no restart.
    _, restarts = nights.block(0, 2, [boundary(60313.09), boundary(60000.0), boundary(70000.0)])
    assert np.argwhere(restarts).tolist() == [[3, 0], [3, 1]]


def test_a_boundary_concerns_its_detectors_and_filters_and_metrics_of_all_of_them():
    nights, _ = series_of(
        *(
            {"mjd": 60310.1, "value": 1.0, "detector": d, "filter": f}
            for d in ("d00", "", "d01")
            for f in ("r", "g", "")
        )
    )
    concerned = {(s.detector, s.filter) for s in nights.series if boundary(0, ["d00"], ["r"]).concerns(s)}
    assert concerned == {("d00", "r"), ("d00", ""), ("", "r"), ("", "")}
