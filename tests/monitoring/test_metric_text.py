"""Files of metrics are read back as they were written, and hostile ones end in findings."""

import math
import random

import pytest

from curated.monitoring.metric import Metric
from curated.monitoring.metric_text import HEADER, read_metric_text, write_metric_text

SHA = "0123456789abcdef" * 4
ROW = f"60310.25,d00,C00,r,e1,{SHA},5.5,0.1,electron"


def metric(**changes):
    values = {
        "statistic": "NOISE", "mjd": 60310.25, "detector": "d00", "amplifier": "C00", "filter": "r", "exposure": "e1",
        "sha256": SHA, "value": 5.5, "error": 0.1, "unit": "electron",
    }  # fmt: skip
    return Metric(**{**values, **changes})


def text(*lines):
    return "".join(f"{line}\n" for line in (HEADER, *lines)).encode()


def codes(data, month=""):
    return [problem.code for problem in read_metric_text(data, month)[1]]


def test_metrics_are_read_as_they_were_written():
    metrics = [
        metric(),
        metric(mjd=60310.123456789012, value=1 / 3, error=math.nan, unit=""),
        metric(amplifier="", filter="", exposure="", sha256="", value=-1e-300, error=0.0),
        metric(detector="R22_S11", filter="r~empty (old)", value=1e300, unit="10**-2"),
    ]
    data = write_metric_text(metrics)
    rows, problems = read_metric_text(data, "2024-01")
    assert problems == []
    assert sorted(map(repr, rows.metrics("NOISE"))) == sorted(map(repr, metrics))
    random.Random(1).shuffle(metrics)
    assert write_metric_text(metrics) == data
    assert data.decode().splitlines()[1].startswith("60310.12345678901,")


def test_rows_of_a_merge_are_read_in_any_order():
    data = text("60310.5,,,,,,2,,", HEADER, "60310.25,,,,,,1,,", "60310.5,,,,,,2,,")
    rows, (problem,) = read_metric_text(data)
    assert list(rows.value) == [2.0, 1.0]
    assert problem.code == "CAL886"
    assert problem.detail == "1 row out of order, 1 of them repeated, the first one here"
    assert problem.line == 4


@pytest.mark.parametrize(
    ("data", "code", "line"),
    [
        (b"", "CAL881", 1),
        (b"\n", "CAL881", 1),
        (b"mjd,value\n", "CAL881", 1),
        (f"{HEADER}\n{ROW}".encode(), "CAL881", 2),
        (text(ROW).replace(b"\n", b"\r\n"), "CAL881", 1),
        (text(ROW.replace("C00", "C\u00e900")), "CAL881", 2),
        (text(ROW.replace("C00", "C\x1b[2J")), "CAL881", 2),
        (text(ROW).replace(b"C00", b"C\x000"), "CAL881", 2),
        (text(ROW, "<<<<<<< HEAD"), "CAL881", 3),
        (text(ROW, ""), "CAL881", 3),
        (text(f"{ROW},"), "CAL881", 2),
        (text(ROW.replace("5.5", "nan")), "CAL882", 2),
        (text(ROW.replace("5.5", "-inf")), "CAL882", 2),
        (text(ROW.replace("5.5", "1e999")), "CAL882", 2),
        (text(ROW.replace("5.5", "5_5")), "CAL882", 2),
        (text(ROW.replace("5.5", "")), "CAL882", 2),
        (text(ROW.replace("5.5", "0x10")), "CAL882", 2),
        (text(ROW.replace("5.5", "9" * 400)), "CAL882", 2),
        (text(ROW.replace("0.1", "-0.1")), "CAL882", 2),
        (text(ROW.replace("0.1", "nan")), "CAL882", 2),
        (text(ROW.replace("60310.25", "2460310.75")), "CAL882", 2),
        (text(ROW.replace("60310.25", "")), "CAL882", 2),
        (text(ROW.replace("C00", "=HYPERLINK(1)")), "CAL883", 2),
        (text(ROW.replace("C00", "C" * 90)), "CAL883", 2),
        (text(ROW.replace("C00", '"C00"')), "CAL883", 2),
        (text(ROW.replace(SHA, SHA[:-1])), "CAL883", 2),
        (text(ROW.replace("electron", "-electron")), "CAL883", 2),
        (text(ROW, ROW.replace("5.5", "5.6")), "CAL884", 3),
        (text(ROW, ROW.replace("electron", "adu")), "CAL884", 3),
    ],
)
def test_files_that_are_wrong_have_no_rows(data, code, line):
    rows, problems = read_metric_text(data)
    assert len(rows) == 0
    assert (problems[0].code, problems[0].line) == (code, line)
    assert all(problem.detail.isprintable() for problem in problems)


def test_all_that_is_wrong_is_reported():
    data = text(ROW.replace("5.5", "x"), ROW.replace("C00", "a?"), ROW.replace("60310.25", "1"))
    assert sorted(codes(data)) == ["CAL882", "CAL882", "CAL883"]
    assert len(codes(text(*[ROW.replace("5.5", "x")] * 5000))) < 110


def test_rows_of_another_month_are_read_with_a_warning():
    rows, (problem,) = read_metric_text(text(ROW), "2024-02")
    assert len(rows) == 1
    assert (problem.code, problem.detail) == ("CAL885", "mjd 60310.25 is in 2024-01")


def test_two_values_name_both_lines():
    _, problems = read_metric_text(text(ROW, ROW.replace("5.5", "7")))
    assert problems[0].detail == (
        "7.0 electron here, and 5.5 electron in line 2, of the same 60310.25 d00 C00 r e1"
    )
