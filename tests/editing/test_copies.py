"""What must be equal in copies of a calibration."""

from __future__ import annotations

import pytest

from curated.editing.copies import DETECTOR_PARTS, FILTER_PARTS, comments_of, without_parts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("instrument=Lab detector=0 calibDate=2020-01-01", "instrument=Lab calibDate=2020-01-01"),
        ("detectorName=Big one detector=3 filter=r", "filter=r"),
        ("raftName=R0", ""),
        ("raftName= detector= calibDate=2020", "calibDate=2020"),
        ("mydetector=3 ccd=1 ccdnum=2", "mydetector=3"),
        ("made by hand", "made by hand"),
    ],
)
def test_parts_of_an_identity(text: str, expected: str) -> None:
    assert without_parts(text, DETECTOR_PARTS) == expected


def test_the_filter_of_an_identity() -> None:
    assert without_parts("filter=Clear glass detector=0", FILTER_PARTS) == "detector=0"


def test_comments() -> None:
    assert comments_of("a: 1  # first\nb: '#'\n", "yaml") == ("# first",)
    assert comments_of("a: 1\n", "yaml") == comments_of('{"a": "#"}', "json") == ()
    header = "# %ECSV 1.0\n# ---\n# datatype:\n# - {name: x, datatype: int64}\n"
    assert comments_of(f"{header}x\n# hot\n1\n", "ecsv") == ("# hot",)
    assert comments_of(f"{header}x\n1\n", "ecsv") == ()
