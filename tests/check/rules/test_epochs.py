"""Rules on epochs: overlaps, repeated CALIBDATEs, and offsets from UTC in some names."""

from __future__ import annotations

import pytest

from curated.check.rules.epochs import mixed_offsets, repeated_calibdates, validity
from curated.datasets.deprecation import Deprecation
from support.contexts import context_of, problems_of

FIRST, SECOND = "cam/defects/d00/2020-01-01.ecsv", "cam/defects/d00/2021-01-01.ecsv"
MARK = Deprecation("wrong", "somebody", "2024-01-01", "previous")


@pytest.mark.parametrize(
    ("end", "codes"),
    [
        ("", []),
        ("2021-01-01T00:00:00", []),
        ("2020-06-01T00:00:00", ["CAL404"]),
        ("2021-06-01T00:00:00", ["CAL403"]),
        ("2019-06-01T00:00:00", ["CAL402"]),
    ],
)
def test_ends_are_compared_with_the_next_start(end: str, codes: list[str]) -> None:
    context = context_of({FIRST: {"end": end}, SECOND: {}})
    assert problems_of(validity, context) == [(FIRST, code) for code in codes]


def test_a_calibdate_may_be_that_of_a_deprecated_file_or_of_another_detector() -> None:
    date = {"keywords": {"CALIBDATE": "2020-01-01"}}
    other = FIRST.replace("d00", "d01")
    assert problems_of(repeated_calibdates, context_of({FIRST: date, SECOND: date})) == [(SECOND, "CAL406")]
    assert problems_of(repeated_calibdates, context_of({FIRST: date, other: date})) == []
    assert (
        problems_of(repeated_calibdates, context_of({FIRST: {**date, "deprecation": MARK}, SECOND: date}))
        == []
    )
    assert problems_of(repeated_calibdates, context_of({FIRST: {}, SECOND: {}})) == []


def test_offsets_are_mixed_in_a_directory_or_else_in_an_instrument() -> None:
    aware, elsewhere = "cam/defects/d00/2022-01-01T00:00Z.ecsv", "cam/defects/d01/2022-01-01T00:00Z.ecsv"
    of_another = "other/defects/d00/2022-01-01T00:00Z.ecsv"
    assert problems_of(mixed_offsets, context_of({FIRST: {}, of_another: {}})) == []
    assert problems_of(mixed_offsets, context_of({FIRST: {}, elsewhere: {}})) == [(elsewhere, "CAL409")]
    assert problems_of(mixed_offsets, context_of({FIRST: {}, aware: {}, elsewhere: {}})) == [
        (aware, "CAL408")
    ]
