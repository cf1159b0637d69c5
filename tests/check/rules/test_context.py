"""The input of the rules: cameras in force, and the ranges of the files."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from curated.calib.content import Claims
from curated.datasets.deprecation import Deprecation
from support.contexts import context_of

DEFECTS = "cam/defects/d00/{}.ecsv"


def camera(serial: str) -> dict[str, Any]:
    """Attributes of the report of a camera with one detector."""
    return {"claims": Claims(detectors=[{"name": "D00", "serial": serial}])}


@pytest.mark.parametrize(
    ("date", "serial"), [("2019-01-01", "A"), ("2020-01-01", "A"), ("2021-12-31", "A"), ("2022-01-01", "B")]
)
def test_the_camera_in_force_counts_and_the_first_one_before_that(date: str, serial: str) -> None:
    path = DEFECTS.format(date)
    context = context_of(
        {"cam/camera/2022-01-01.yaml": camera("B"), "cam/camera/2020-01-01.yaml": camera("A"), path: {}}
    )
    (file,) = (file for file in context.files if file.path == path)
    detector = context.cameras.detector(file)
    assert detector is not None
    assert detector["serial"] == serial


def test_detectors_that_no_camera_has() -> None:
    context = context_of(
        {
            "cam/camera/2020-01-01.yaml": camera("A"),
            "cam/defects/d01/2020-01-01.ecsv": {},
            "other/defects/d00/2020-01-01.ecsv": {},
        }
    )
    assert [context.cameras.detector(file) for file in context.files if file.key.detector] == [None, None]


def test_ranges_and_epochs_are_those_of_the_reports() -> None:
    first, second, third = (DEFECTS.format(f"202{year}-01-01") for year in range(3))
    mark = Deprecation("wrong", "somebody", "2024-01-01", "previous")
    context = context_of({first: {}, second: {"deprecation": mark}, third: {"end": "2023-01-01T00:00:00"}})
    assert {path: (valid.start.year, valid.end) for path, valid in context.ranges.items()} == {
        first: (2020, datetime(2022, 1, 1)),
        second: (2021, datetime(2022, 1, 1)),
        third: (2022, datetime(2023, 1, 1)),
    }
    assert context.ranges[second].deprecation == mark
    assert [[file.path for file in epochs] for epochs in context.epochs.values()] == [[first, second, third]]
