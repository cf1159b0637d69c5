"""The check of a change together with what it means physically."""

from __future__ import annotations

from datetime import date, datetime

from conftest import MakePackage
from curated.cli.review.checked_change import check_change, start_edit_search
from curated.package.package import open_package
from support.changes import EPOCHS, OLD, version
from support.packages import defects_path

OPTIONS = {"jobs": 1, "use_cache": False, "progress": None}


def test_findings_differences_and_limits(make_package: MakePackage) -> None:
    package = make_package(EPOCHS)
    package.write({OLD: version(OLD, x0=3), defects_path(1): version(OLD, detector=1, x0=2)})
    opened = open_package(package.path)
    past = date(2024, 6, 1), datetime(2024, 6, 1)
    limits = ("pixels_gained=6",)
    search = start_edit_search(opened)
    report, difference, states = check_change(opened, "main", [], *past, limits, search, OPTIONS)
    assert [(change.new, change.weight > 0) for change in difference.changes] == [
        (OLD, True),
        (defects_path(1), True),
    ]
    assert [finding.file for finding in report.diagnostics if finding.code == "CAL446"] == [OLD]
    assert report.failed
    assert (states.before, states.after) == (package.commits[0], "work tree")
    paths = [defects_path(1)]
    part = check_change(opened, "main", paths, *past, limits, start_edit_search(opened), OPTIONS)
    assert {finding.file for finding in part.report.diagnostics} == set(paths)
    assert [change.new for change in part.difference.changes] == paths


def test_without_a_repository_there_are_no_edits(make_package: MakePackage) -> None:
    package = make_package(EPOCHS)
    (package.path / ".git").rename(package.path / "git")
    assert start_edit_search(open_package(package.path)) is None
