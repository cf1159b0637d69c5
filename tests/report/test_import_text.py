"""The plan and the result of an import as text."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from curated.butler.importing.report import ImportReport, InstrumentReport
from curated.report.import_text import done_lines, plan_lines
from curated.report.text import output_line
from support.findings import assert_harmless, finding, hostile

INSTRUMENT = InstrumentReport(name="Demo", chain="Demo/calib")


def report(**counts: object) -> ImportReport:
    instrument = replace(INSTRUMENT, **counts)
    return ImportReport(
        bundle="bundle",
        repository="repo",
        transfer="copy",
        label="v1",
        planned=True,
        instruments=(instrument,),
    )


@pytest.mark.parametrize(
    ("counts", "line"),
    [
        ((84, 84, 0, 0), "Demo: 84 datasets and 84 validity ranges added"),
        ((0, 0, 84, 84), "Demo: 84 datasets and 84 validity ranges already there"),
        ((1, 84, 83, 0), "Demo: 1 dataset and 84 validity ranges added, 83 datasets already there"),
        ((0, 1, 5, 4), "Demo: 1 validity range added, 5 datasets and 4 validity ranges already there"),
    ],
)
def test_no_zeros_are_printed(counts: tuple[int, int, int, int], line: str) -> None:
    names = ("datasets_new", "certifications_new", "datasets_present", "certifications_present")
    assert next(done_lines(report(**dict(zip(names, counts, strict=True))))) == line


def test_an_instrument_without_datasets() -> None:
    assert list(done_lines(report())) == ["repo had everything already: nothing changed"]


def test_a_result_in_full() -> None:
    done = report(
        datasets_new=1,
        certifications_new=1,
        datasets_restored=1,
        chain_before=(),
        chain_after=("Demo/calib/v1",),
    )
    done = replace(done, created=True, bytes_copied=2_500_000, removed=tuple(f"left/{n}" for n in range(22)))
    lines = list(done_lines(done))
    assert lines[:3] == [
        "Demo: 1 dataset and 1 validity range added",
        "Demo: 1 file restored that the repository had lost",
        "Demo: chain Demo/calib is Demo/calib/v1",
    ]
    assert lines[3:-1] == [f"removed left/{n}" for n in range(20)] + ["removed 2 more"]
    assert lines[-1] == "repository repo (new), transfer copy, 2.5 MB copied"


def test_a_plan() -> None:
    plan = report(
        records_new=3,
        datasets_new=2,
        datasets_present=1,
        datasets_conflicting=1,
        chain_after=("Demo/calib/v1",),
    )
    assert list(plan_lines(replace(plan, dry_run=True, created=True))) == [
        "plan: release v1 of bundle into repo, which would be created",
        "Demo",
        "  dimension records      3 new      0 equal        0 different",
        "  datasets               2 new      1 present      1 IN CONFLICT",
        "  certifications         0 new      0 present      0 in conflict",
        "  chain               Demo/calib",
        "    before            none",
        "    after             Demo/calib/v1",
        "transfer           copy, 0 bytes to copy",
        "it can succeed",
    ]


def test_a_plan_that_errors_stopped() -> None:
    plan = replace(report(), planned=False, dry_run=True, diagnostics=(finding(code="CAL620"),))
    lines = list(plan_lines(plan))
    assert lines[3] == "  datasets and certifications were not compared with the repository: see the errors"
    assert lines[-1] == "it cannot succeed: 1 error; nothing was changed"


@given(hostile)
def test_names_of_a_repository_are_harmless(name: str) -> None:
    instrument = InstrumentReport(
        name=name,
        chain=name,
        chain_before=(name,),
        chain_after=(name, name),
        differences=(name,),
        datasets_new=1,
        datasets_restored=1,
    )
    made = ImportReport(
        bundle=name,
        repository=name,
        transfer="copy",
        label=name,
        planned=True,
        instruments=(instrument,),
        removed=(name,),
    )
    for lines in (plan_lines(made), done_lines(made), done_lines(replace(made, instruments=()))):
        for line in lines:
            assert_harmless(output_line(line))
            assert "\n" not in line
