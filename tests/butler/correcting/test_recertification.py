"""Validity ranges in repositories become those of a package, and what they were before."""

from __future__ import annotations

import pytest

from conftest import GitPackage
from curated.butler import open_repository
from curated.core.diagnostic import CuratedError
from curated.datasets.deprecation import Deprecation
from curated.datasets.spans import LAST_NS
from curated.text.deprecation_mark import add_mark
from support.corrections import (
    BAD,
    DATES,
    FIRST,
    LATER,
    NEW,
    OTHER,
    at,
    certified,
    change,
    collection_type,
    datasets,
    files_of,
    run_printed_command,
    text,
)
from support.packages import defects_path
from support.programs import run_curated
from support.repositories import tai_ns

pytest.importorskip("lsst.daf.butler")

MARK = Deprecation("Made with the shutter open", "Ada", "2024-05-06", "previous")


def test_nothing_changes_where_the_package_says_the_same(repo: str, package: GitPackage) -> None:
    assert certified(repo) == FIRST
    report = change(repo, package)
    assert (report.ok, report.changed, report.collections) == (True, False, ("Lab/calib/v1",))


def test_a_deprecated_calibration_is_retired_and_comes_back(repo: str, package: GitPackage) -> None:
    state = files_of(repo), datasets(repo)
    package.commit({BAD: add_mark((package.path / BAD).read_bytes(), "ecsv", MARK)})
    refused = change(repo, package)
    assert {d.code for d in refused.diagnostics} == {"CAL673", "CAL675"}
    assert certified(repo) == FIRST
    report = change(repo, package, retire=True, dry_run=True)
    assert (len(report.removed), len(report.added), certified(repo)) == (2, 1, FIRST)
    report = change(repo, package, paths=[BAD])
    assert report.ok
    changed = FIRST - {(0, "2020", at(2020), at(2022)), (0, "2022", at(2022), at(2024))}
    assert certified(repo) == changed | {(0, "2020", at(2020), at(2024))}
    assert (files_of(repo), datasets(repo)) == state
    assert report.command == f"curated recertify {repo} {BAD} --release v1 --rev {package.commits[0]}"
    assert run_printed_command(report.command, package) == 0
    assert certified(repo) == FIRST


@pytest.mark.parametrize("repo", ["curated"], indirect=True)
def test_an_end_that_changed_is_that_of_the_package_to_the_nanosecond(repo: str, package: GitPackage) -> None:
    package.commit({NEW: text(DATES[2], 2, VALIDEND="2024-06-30T12:00:00.125")})
    report = change(repo, package)
    end = tai_ns("2024-06-30T12:00:00.125")
    assert certified(repo) == FIRST - {(0, "2024", at(2024), LAST_NS)} | {(0, "2024", at(2024), end)}
    (removed,), (added,) = report.to_dict()["removed"], report.to_dict()["added"]
    assert (removed["end_utc"], removed["end_tai"]) == (None, None)
    assert (added["end_utc"], added["end_tai"]) == ("2024-06-30T12:00:00.125Z", "2024-06-30T12:00:37.125")
    assert (added["dataset_type"], added["data_id"]) == ("defects", {"detector": 0, "instrument": "Lab"})
    assert not change(repo, package).changed
    assert run_printed_command(report.command, package) == 0
    assert certified(repo) == FIRST


def test_a_start_that_was_corrected_is_found_by_what_the_file_holds(repo: str, package: GitPackage) -> None:
    moved = defects_path(0, "20230101T000000")
    package.commit({BAD: None, moved: text("20230101T000000", 1)})
    report = change(repo, package)
    assert [d.code for d in report.diagnostics] == []
    changed = FIRST - {(0, "2020", at(2020), at(2022)), (0, "2022", at(2022), at(2024))}
    assert certified(repo) == changed | {
        (0, "2020", at(2020), at(2023)),
        (0, "2022", at(2023), at(2024)),
    }
    assert run_printed_command(report.command, package) == 0
    assert certified(repo) == FIRST


@pytest.mark.parametrize("repo", ["curated"], indirect=True)
def test_what_was_deleted_stays_until_it_is_named(repo: str, package: GitPackage) -> None:
    package.commit({NEW: None})
    assert {d.code for d in change(repo, package).diagnostics} == {"CAL673", "CAL675"}
    report = change(repo, package, paths=[NEW])
    assert certified(repo) == FIRST - {
        (0, "2022", at(2022), at(2024)),
        (0, "2024", at(2024), LAST_NS),
    } | {(0, "2022", at(2022), LAST_NS)}
    assert (len(report.removed), len(report.added)) == (2, 1)
    assert run_printed_command(report.command, package) == 0
    assert certified(repo) == FIRST


@pytest.mark.parametrize("repo", ["curated"], indirect=True)
def test_paths_leave_all_other_detectors_alone(repo: str, package: GitPackage) -> None:
    ends = {"VALIDEND": "2024-06-30T00:00:00"}
    package.commit({NEW: text(DATES[2], 2, **ends), OTHER: text(DATES[0], 5, 1, **ends)})
    assert change(repo, package, paths=["calibs/lab/defects/d01"]).ok
    assert certified(repo) == FIRST - {(1, "2020", at(2020), LAST_NS)} | {
        (1, "2020", at(2020), tai_ns("2024-06-30T00:00:00"))
    }
    with pytest.raises(CuratedError, match="neither the package nor"):
        change(repo, package, paths=["calibs/lab/defects/d07"])


@pytest.mark.parametrize("repo", ["curated"], indirect=True)
def test_a_later_calibration_that_the_release_lacks_is_told(repo: str, package: GitPackage) -> None:
    package.commit({LATER: text("20250101T000000", 9)})
    report = change(repo, package)
    assert [(d.file, d.code) for d in report.diagnostics] == [(LATER, "CAL674")]
    assert certified(repo) == FIRST - {(0, "2024", at(2024), LAST_NS)} | {(0, "2024", at(2024), at(2025))}


@pytest.mark.parametrize("repo", ["curated"], indirect=True)
def test_ranges_that_somebody_split_become_whole_again(repo: str, package: GitPackage) -> None:
    from curated.butler.certified.lookup import timespan_of

    butler = open_repository(repo, writeable=True)
    middle = timespan_of((tai_ns("2020-06-01T00:00:00"), tai_ns("2020-07-01T00:00:00")))
    butler.registry.decertify("Lab/calib/v1", "defects", middle)
    assert len(certified(repo)) == 6
    report = change(repo, package)
    assert (len(report.removed), len(report.added)) == (4, 2)
    assert certified(repo) == FIRST
    # No commit of the package has such ranges.
    assert report.command == ""


@pytest.mark.parametrize("repo", ["curated"], indirect=True)
def test_a_collection_of_somebody_else_keeps_what_is_not_curated(repo: str, package: GitPackage) -> None:
    from lsst.daf.butler import Timespan

    butler = open_repository(repo, writeable=True)
    butler.collections.register("u/ada/mixed", collection_type("CALIBRATION"))
    butler.collections.register("u/ada/run", collection_type("RUN"))
    refs = butler.query_datasets("defects", "Lab/calib/v1/curated/20200101T000000Z", find_first=False)
    (ref,) = [ref for ref in refs if ref.dataId["detector"] == 0]
    site_refs = butler.registry.insertDatasets(
        "defects", [{"instrument": "Lab", "detector": 1}], run="u/ada/run"
    )
    butler.registry.certify("u/ada/mixed", [ref], Timespan(None, None))
    butler.registry.certify("u/ada/mixed", site_refs, Timespan(None, None))
    report = change(repo, package, collection="u/ada/mixed", retire=True)
    assert report.ok
    associations = butler.registry.queryDatasetAssociations("defects", "u/ada/mixed", flattenChains=False)
    assert {(f.ref.id, f.timespan.nsec) for f in associations} == {
        (ref.id, (at(2020), at(2022))),
        (site_refs[0].id, Timespan(None, None).nsec),
    }


@pytest.mark.parametrize("repo", ["curated"], indirect=True)
def test_a_package_with_errors_changes_nothing(repo: str, package: GitPackage) -> None:
    package.commit({NEW: text(DATES[2], -1)})
    done = run_curated("recertify", repo, cwd=package.path)
    assert done.returncode == 1
    assert "CAL301" in done.stderr
    assert certified(repo) == FIRST
    package.git("checkout", "--quiet", package.commits[0])
    with pytest.raises(CuratedError, match="no calibration collection Lab/calib/v9"):
        change(repo, package, release="v9")
    with pytest.raises(CuratedError, match="is not a commit"):
        change(repo, package, revision="nowhere")


@pytest.mark.parametrize("repo", ["curated"], indirect=True)
def test_what_comes_out_otherwise_than_planned_is_taken_back(
    repo: str, package: GitPackage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program that certifies in between: the transaction finds out and ends as it began."""
    import curated.butler.correcting.recertification as work
    from curated.butler.correcting.recertification import Timespan

    package.commit({NEW: text(DATES[2], 2, VALIDEND="2024-06-30T00:00:00")})
    real = work.timespan_of
    monkeypatch.setattr(work, "timespan_of", lambda span: Timespan.model_validate((span[0], span[1] - 1)))
    with pytest.raises(CuratedError, match="nothing was changed"):
        change(repo, package)
    assert certified(repo) == FIRST
    monkeypatch.setattr(work, "timespan_of", real)
    assert change(repo, package).ok
