"""Reports of imports as plain data, and when they count as a change."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from curated.butler import ImportReport, ImportRequest, InstrumentReport
from curated.core.diagnostic import Diagnostic, Problem

REQUEST = ImportRequest(Path("bundle"), "repo", transfer="hardlink", dry_run=True)
WARNING, ERROR = (
    Diagnostic.from_problem(Problem(code, (), "detail"), "file") for code in ("CAL621", "CAL614")
)


def test_a_report_is_plain_data() -> None:
    report = replace(
        ImportReport.of(REQUEST, None, [WARNING]),
        instruments=(InstrumentReport(name="Lab", chain="Lab/calib", chain_after=("Lab/calib/v1",)),),
        removed=("left.fits",),
    )
    values = report.to_dict()
    assert json.loads(json.dumps(values)) == values
    assert (values["version"], values["bundle"], values["repository"]) == (1, "bundle", "repo")
    assert (values["transfer"], values["dry_run"], values["label"]) == ("hardlink", True, "")
    assert (values["ok"], values["changed"], values["removed"]) == (True, True, ["left.fits"])
    assert values["instruments"][0]["chain_after"] == ["Lab/calib/v1"]
    assert values["instruments"][0]["chain_before"] is None
    assert values["diagnostics"] == [WARNING.to_dict()]


def test_findings_are_in_order() -> None:
    assert ImportReport.of(REQUEST, None, [WARNING, ERROR]).diagnostics == (ERROR, WARNING)


@pytest.mark.parametrize(
    ("change", "changed"),
    [
        ({}, False),
        ({"datasets_present": 3, "certifications_present": 3, "records_equal": 2}, False),
        ({"chain_before": ("a",), "chain_after": ("a",)}, False),
        ({"chain_before": None, "chain_after": ("a",)}, True),
        ({"datasets_new": 1}, True),
        ({"datasets_restored": 1}, True),
        ({"certifications_new": 1}, True),
        ({"records_new": 1}, True),
    ],
)
def test_what_counts_as_a_change(change: dict, changed: bool) -> None:
    instruments = (InstrumentReport(name="Lab", **change),)
    report = replace(ImportReport.of(REQUEST, None), instruments=instruments)
    assert report.changed is changed
    # With an error nothing was changed.
    assert not replace(report, diagnostics=(ERROR,)).changed
    assert replace(report, created=True).changed
