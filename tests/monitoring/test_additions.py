"""Tables of other programs become metrics, or say what is wrong."""

import math

import pytest

from curated.monitoring.additions import read_additions

NAMES = {"instrument": "cam", "type": "bias", "statistic": "NOISE"}


def test_columns_stand_in_any_order_and_arguments_fill_what_is_missing():
    data = b"\xef\xbb\xbfValue, time,Detector,statistic\r\n5.5,2024-01-01T12:00:00,d00,\r\n\r\n6,2024-01-01T12:00:00,d01,MEAN\r\n"
    additions = read_additions(data, NAMES)
    assert additions.problems == []
    first, second = additions.metrics["cam"]["bias"]
    assert (first.statistic, first.detector, first.value) == ("NOISE", "d00", 5.5)
    assert first.mjd == pytest.approx(60310.5 + 37 / 86400, abs=1e-9)
    assert math.isnan(first.error)
    assert second.statistic == "MEAN"


def test_instruments_and_types_of_the_table_go_before_the_arguments():
    data = b"instrument,type,statistic,mjd,value\nother,dark,X,60310,1\n,,,60310,2\n"
    additions = read_additions(data, NAMES)
    assert {name: list(by_type) for name, by_type in additions.metrics.items()} == {
        "other": ["dark"],
        "cam": ["bias"],
    }


@pytest.mark.parametrize(
    ("data", "codes"),
    [
        (b"", ["CAL881"]),
        (b"\xff\xfe", ["CAL881"]),
        (b'mjd,value\n60310,"1', ["CAL881"]),
        (b"mjd,valeu\n60310,1\n", ["CAL881", "CAL881"]),
        (b"mjd,mjd,value\n60310,60310,1\n", ["CAL881"]),
        (b"value\n1\n", ["CAL881"]),
        (b"mjd,value\n60310\n", ["CAL881"]),
        (b"mjd,value\n60310,\n", ["CAL882"]),
        (b"mjd,value\n60310,1_0\n", ["CAL882"]),
        (b"mjd,value,error\n60310,1,-1\n", ["CAL883"]),
        (b"mjd,value\n1e9,1\n", ["CAL883"]),
        (b"time,value\n2024-13-01,1\n", ["CAL882"]),
        (b"mjd,value,type\n60310,1,bais\n", ["CAL883"]),
        (b"mjd,value,detector\n60310,1,\x00\n", ["CAL883"]),
        ("mjd,value\n60310,\u0661\n".encode(), ["CAL882"]),
    ],
)
def test_tables_that_are_wrong_are_problems(data, codes):
    additions = read_additions(data, NAMES)
    assert [problem.code for problem in additions.problems] == codes
    assert additions.metrics == {}


def test_a_misspelled_column_is_named_right():
    assert "did you mean value?" in read_additions(b"mjd,valeu\n", NAMES).problems[0].detail
