"""What of a collection changes so that its ranges are those of a package; nothing is done yet."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from conftest import GitPackage
from curated.butler import open_repository
from curated.butler.certified.lookup import in_force
from curated.butler.correcting.range_changes import RangeChange, RangeComparison, State, equal_ranges
from curated.core.diagnostic import CuratedError
from curated.datasets.deprecation import Deprecation
from curated.datasets.spans import LAST_NS, Span
from curated.history.commits import CommitChecker
from curated.package.package import open_package
from curated.text.deprecation_mark import add_mark
from support.corrections import BAD, DATES, FIRST, LATER, NEW, OTHER, at, certified, text
from support.packages import defects_path

pytest.importorskip("lsst.daf.butler")

COLLECTION = "Lab/calib/v1"

pytestmark = pytest.mark.parametrize("repo", ["curated"], indirect=True)


def compare(repo: str, package: GitPackage, **options: Any) -> RangeChange:
    """Compare the collection with the last commit."""
    butler = open_repository(repo)
    state: State = {}
    for item in in_force(butler, [COLLECTION]):
        state.setdefault(item.dataset.key, []).append(item)
    commit = CommitChecker(open_package(package.path)).check("HEAD")
    change = RangeComparison(butler, COLLECTION, state, commit, **options).change()
    assert change.before == {key: state[key] for key in change.before}
    assert certified(repo) == FIRST
    return change


def ranges(state: State) -> set[tuple[object, str, int, int]]:
    """Detector, year of the CALIBDATE and range of each certification."""
    return {
        (item.ref.dataId["detector"], item.ref.run.rpartition("/")[2][:4], *item.dataset.span)
        for items in state.values()
        for item in items
    }


def findings(change: RangeChange) -> list[tuple[str, str]]:
    return [(diagnostic.file, diagnostic.code) for diagnostic in change.diagnostics]


def deprecate(package: GitPackage, path: str) -> None:
    mark = Deprecation("Made with the shutter open", "Ada", "2024-05-06", "previous")
    package.commit({path: add_mark((package.path / path).read_bytes(), "ecsv", mark)})


def test_nothing_changes_where_ranges_are_equal(repo: str, package: GitPackage) -> None:
    assert compare(repo, package) == RangeChange({}, {}, ())
    assert compare(repo, package, paths=[OTHER], retire=True) == RangeChange({}, {}, ())


def test_only_data_ids_whose_ranges_differ_change(repo: str, package: GitPackage) -> None:
    package.commit({NEW: text(DATES[2], 2, VALIDEND="2025-01-01T00:00:00")})
    change = compare(repo, package)
    assert findings(change) == []
    assert ranges(change.before) == {row for row in FIRST if row[0] == 0}
    assert ranges(change.after) == {
        (0, "2020", at(2020), at(2022)),
        (0, "2022", at(2022), at(2024)),
        (0, "2024", at(2024), at(2025)),
    }
    assert compare(repo, package, paths=[OTHER]) == RangeChange({}, {}, ())


def test_a_deprecated_calibration_stays_unless_it_is_retired(repo: str, package: GitPackage) -> None:
    deprecate(package, BAD)
    change = compare(repo, package)
    # The one before it gets its range, and so they overlap.
    assert findings(change) == [(COLLECTION, "CAL675"), (COLLECTION, "CAL673")]
    stale, overlap = change.diagnostics
    assert f"{BAD} is deprecated" in stale.message
    assert "from 2020-01-01T00:00:00 to 2024-01-01T00:00:00 UTC" in overlap.message
    for options in ({"retire": True}, {"paths": [BAD]}):
        change = compare(repo, package, **options)
        assert findings(change) == []
        assert ranges(change.after) == {(0, "2020", at(2020), at(2024)), (0, "2024", at(2024), LAST_NS)}


def test_a_deleted_calibration_stays_unless_its_file_is_named(repo: str, package: GitPackage) -> None:
    package.commit({OTHER: None})
    change = compare(repo, package)
    assert findings(change) == [(COLLECTION, "CAL675")]
    assert "the package does not have it" in change.diagnostics[0].message
    assert (change.before, change.after) == ({}, {})
    change = compare(repo, package, paths=[OTHER])
    assert findings(change) == []
    assert ranges(change.before) == {(1, "2020", at(2020), LAST_NS)}
    assert ranges(change.after) == set()


def test_a_calibration_without_a_dataset_is_reported(repo: str, package: GitPackage) -> None:
    package.commit({LATER: text("20250101T000000", 9)})
    change = compare(repo, package)
    assert findings(change) == [(LATER, "CAL674")]
    assert "in force from 2025-01-01T00:00:00 to open UTC" in change.diagnostics[0].message
    assert (0, "2024", at(2024), at(2025)) in ranges(change.after)


def test_paths_of_no_calibration_are_refused(repo: str, package: GitPackage) -> None:
    with pytest.raises(
        CuratedError, match=f"neither the package nor {COLLECTION} has a calibration"
    ) as caught:
        compare(repo, package, paths=[defects_path(7)])
    assert "name files" in caught.value.hint


def test_equal_ranges_are_equal_in_any_order(repo: str, package: GitPackage) -> None:
    items = list(in_force(open_repository(repo), [COLLECTION]))
    assert equal_ranges(items, reversed(items))
    assert not equal_ranges(items, items[1:])
    span = Span(items[0].dataset.span.begin, items[0].dataset.span.end - 1)
    shorter = items[0]._replace(dataset=replace(items[0].dataset, span=span))
    assert not equal_ranges(items, [shorter, *items[1:]])
