"""Rules on epochs: overlaps, repeated CALIBDATEs, and offsets from UTC in some names."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curated.check.report import ends_and_marks
from curated.check.rules.epochs import mixed_offsets, ranges_of_the_stack, repeated_calibdates, validity
from curated.core.diagnostic import Problem
from curated.core.times import iso
from curated.datasets.deprecation import Deprecation
from curated.package.config import Config
from support.contexts import context_of, problems_of
from support.texts import examples

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


# -- the ranges of the stack ---------------------------------------------------------------------------------------

READ = Config(readers=("stack",))


@pytest.mark.parametrize(
    ("end", "code"),
    [
        ("", ""),
        ("2021-01-01T00:00:00", ""),
        ("2020-06-01T00:00:00", "CAL358"),
        ("2020-12-31T23:59:59", "CAL358"),
        ("2021-06-01T00:00:00", ""),  # an overlap, which is an error
        ("2019-06-01T00:00:00", ""),
    ],
)
def test_ends_that_the_stack_does_not_see(end: str, code: str) -> None:
    files = {FIRST: {"end": end}, SECOND: {}}
    expected = [(FIRST, code)] if code else []
    assert problems_of(ranges_of_the_stack, context_of(files, config=READ)) == expected
    assert problems_of(ranges_of_the_stack, context_of(files)) == [], "the stack does not read the package"


def test_the_last_end_leaves_the_stack_s_range_open() -> None:
    context = context_of({FIRST: {}, SECOND: {"end": "2022-01-01T00:00:00"}}, config=READ)
    assert list(ranges_of_the_stack(context)) == [
        (
            SECOND,
            Problem(
                "CAL358",
                ("metadata", "VALIDEND"),
                "the stack ignores VALIDEND 2022-01-01T00:00:00: to it, this is in force without end",
            ),
        )
    ]


@pytest.mark.parametrize("cover", ["previous", "hole"])
def test_marks_that_the_stack_does_not_know(cover: str) -> None:
    mark = Deprecation("wrong", "somebody", "2024-01-01", cover)
    context = context_of({FIRST: {}, SECOND: {"deprecation": mark}}, config=READ)
    assert problems_of(ranges_of_the_stack, context) == [(SECOND, "CAL359")]
    # What precedes it may end when it starts.
    context = context_of({FIRST: {"end": "2021-01-01T00:00:00"}, SECOND: {"deprecation": mark}}, config=READ)
    assert problems_of(ranges_of_the_stack, context) == [(SECOND, "CAL359")]


@pytest.mark.parametrize(
    ("kind", "is_read"),
    [
        *((name, True) for name in ("manual_defects", "crosstalk", "linearizer", "bfk", "qe_curve")),
        *((name, True) for name in ("transmission_sensor", "transmission_optics", "transmission_filter")),
        *((name, False) for name in ("bias", "cti", "ptc", "gain_correction", "camera")),
    ],
)
def test_types_that_the_stack_s_writer_reads(kind: str, is_read: bool) -> None:
    """StandardCuratedCalibrationDatasetTypes of obs_base; no other texts are certified."""
    levels = {"transmission_optics": "", "camera": "", "transmission_filter": "r/"}.get(kind, "d00/")
    path = f"cam/{kind}/{levels}2020-01-01.{'ecsv' if kind == 'manual_defects' else 'yaml'}"
    context = context_of({path: {"end": "2021-01-01T00:00:00"}}, config=READ)
    assert problems_of(ranges_of_the_stack, context) == [(path, "CAL358")] * is_read


YEARS = range(2020, 2025)
FILES = st.dictionaries(
    st.sampled_from(YEARS),
    st.tuples(
        st.none() | st.sampled_from([f"{year}-{month:02}-01T00:00:00" for year in YEARS for month in (1, 6)]),
        st.sampled_from(["", "", "previous", "hole"]),
    ),
    min_size=1,
)


def in_force_to_the_stack(starts: list[datetime], time: datetime) -> datetime | None:
    """``_writeSpecializedCuratedCalibrationDatasets`` of obs_base: from each start to the next one, sorted."""
    return max((start for start in starts if start <= time), default=None)


@examples(150)
@given(FILES)
def test_answers_differ_where_it_is_reported(files: dict[int, tuple[str | None, str]]) -> None:
    reports = {
        f"cam/defects/d00/{year}-01-01.ecsv": {
            "end": end or "",
            "deprecation": Deprecation("wrong", "somebody", "2024-01-01", cover) if cover else None,
        }
        for year, (end, cover) in files.items()
    }
    context = context_of(reports, config=READ)
    starts = {file.path: file.start for file in context.files}
    times = [datetime(year, month, 2) for year in (*YEARS, 2030) for month in (1, 3, 7)]
    differing = set()
    for time in times:
        ours = next((path for path, valid in context.ranges.items() if time in valid), None)
        start = in_force_to_the_stack(list(starts.values()), time)
        theirs = next((path for path, other in starts.items() if other == start), None)
        differing |= {theirs} - {ours, None}
    reported = {path for path, _ in problems_of(ranges_of_the_stack, context)}
    ends, marks = ends_and_marks(context.reports)
    errors = {path for path, code in problems_of(validity, context) if code in ("CAL402", "CAL403")}
    assert all(iso(ends[path]) for path in reported - marks.keys())
    if not errors:
        assert differing == reported
