"""Findings in shared files: each once, with the detectors that it concerns where these are not all."""

from __future__ import annotations

from datetime import datetime

from curated.check.copies import merge_findings, merge_problems, name_sources
from curated.check.report import FileReport
from curated.core.diagnostic import Diagnostic, Problem
from curated.core.keys import CalibFile, CalibKey

SHARED = "calibs/lab/bfk/shared/20200101.yaml"
START = datetime(2020, 1, 1)


def copy(detector: str, shared: str = SHARED) -> CalibFile:
    path = f"calibs/lab/bfk/{detector}/20200101.yaml"
    return CalibFile(path, CalibKey("lab", "bfk", detector), START, "yaml", shared=shared)


FILES = [copy("d00"), copy("d01"), copy("d02"), copy("d03", "")]


def finding(detail: str, file: str = SHARED) -> Diagnostic:
    return Diagnostic.from_problem(Problem("CAL301", (), detail), file)


def test_a_finding_of_all_copies_is_reported_once() -> None:
    reports = {f.path: FileReport(f.path, "", "", diagnostics=(finding("wrong", f.source),)) for f in FILES}
    assert merge_findings(FILES, reports) == [finding("wrong"), finding("wrong", FILES[3].path)]


def test_a_finding_of_some_copies_names_them() -> None:
    reports = {f.path: FileReport(f.path, "", "") for f in FILES}
    for file in FILES[1:3]:
        reports[file.path] = reports[file.path]._replace(diagnostics=(finding("too wide"),))
    assert merge_findings(FILES, reports) == [finding("too wide (for d01, d02)")]


def test_problems_of_the_package_name_the_file_that_there_is() -> None:
    detail = f"starts as {FILES[2].path} does"
    problems = [(FILES[1].path, Problem("CAL401", (), detail)), ("other.yaml", Problem("CAL401", (), "x"))]
    assert merge_problems(problems, FILES) == [
        (SHARED, Problem("CAL401", (), f"starts as {SHARED} does (for d01)")),
        ("other.yaml", Problem("CAL401", (), "x")),
    ]


def test_without_shared_files_nothing_changes() -> None:
    problems = [(FILES[3].path, Problem("CAL401", (), "x"))] * 2
    assert merge_problems(problems, FILES[3:]) == problems
    findings = [finding("x", FILES[3].path)] * 2
    assert name_sources(findings, FILES[3:]) == findings


def test_findings_of_changes_name_the_file_that_there_is() -> None:
    findings = [finding("edited", file.path) for file in FILES]
    assert name_sources(findings, FILES) == [finding("edited"), finding("edited", FILES[3].path)]
    assert name_sources(findings[:1], FILES) == [finding("edited (for d00)")]
