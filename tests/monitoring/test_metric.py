"""Metrics, the names of their files, and what records of verification give."""

import math

import pytest

from curated.monitoring.metric import (
    Metric,
    date_of,
    find_metric_files,
    metric_path,
    mjd_of,
    month_of,
)


def test_months_and_dates_are_those_of_the_calendar():
    assert month_of(60310.0) == "2024-01"
    assert month_of(60309.999) == "2023-12"
    assert date_of(60310).isoformat() == "2024-01-01"
    assert mjd_of(date_of(60310)) == 60310


def test_a_path_is_read_as_it_was_written():
    path = metric_path("calibs", "cam", "bias", "NOISE", "2024-01")
    assert path == "calibs/cam/metrics/bias/NOISE/2024-01.csv"
    ((file,), problems) = find_metric_files(
        [path, "calibs/cam/README.md", "calibs/cam/other/x.csv"], "calibs"
    )
    assert file[1:] == ("cam", "bias", "NOISE", "2024-01")
    assert problems == []
    assert find_metric_files(["cam/metrics/bias/NOISE/2024-01.csv"], "")[0][0].instrument == "cam"


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        ("cam/Metrics/bias/NOISE/2024-01.csv", "the directory 'Metrics' is not read"),
        ("cam/metrics/bias/2024-01.csv", "expected metrics/<type>/<statistic>/"),
        ("cam/metrics/bias/NOISE/more/2024-01.csv", "expected metrics/<type>/<statistic>/"),
        ("cam/metrics/bais/NOISE/2024-01.csv", "'bais' is not a calibration type"),
        ("cam/metrics/bias/2NOISE/2024-01.csv", "'2NOISE' is no name of a statistic"),
        ("cam/metrics/bias/NOISE/2024-13.csv", "'2024-13.csv' is not the name of a month"),
        ("cam/metrics/bias/NOISE/2024.csv", "'2024.csv' is not the name of a month"),
        ("cam/metrics/bias/NOISE/2024-01.CSV", "'2024-01.CSV' is not the name of a month"),
    ],
)
def test_files_in_wrong_places_are_problems(path, detail):
    files, ((_, problem),) = find_metric_files([path], "")
    assert files == []
    assert problem.code == "CAL880"
    assert problem.detail.startswith(detail)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"statistic": "../x"}, "statistic"),
        ({"mjd": math.nan}, "mjd"),
        ({"mjd": 40586.9}, "mjd"),
        ({"mjd": 88069.0}, "mjd"),
        ({"detector": "a,b"}, "detector"),
        ({"detector": "=1+1"}, "detector"),
        ({"amplifier": "C00\n"}, "amplifier"),
        ({"filter": "\x1b[31mr"}, "filter"),
        ({"exposure": '"x"'}, "exposure"),
        ({"exposure": " x"}, "exposure"),
        ({"unit": "@SUM"}, "unit"),
        ({"sha256": "A" * 64}, "sha256"),
        ({"value": math.inf}, "value"),
        ({"error": -1.0}, "error"),
        ({"error": math.inf}, "error"),
    ],
)
def test_what_cannot_be_kept_says_why(change, word):
    metric = {"statistic": "NOISE", "mjd": 60310.5, "detector": "R22_S11", "filter": "r~empty", "value": 5.0}
    assert list(Metric(**metric).problems()) == []
    (problem,) = Metric(**{**metric, **change}).problems()
    assert problem.startswith(word)
