"""Releases taken out of chains and ranges changed in real repositories, filled by curated and by stock Butler, and back."""

from __future__ import annotations

import json
import shlex
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from conftest import GitPackage
from curated.bundle import build_bundle
from curated.butler import import_bundle, open_repository, recertify_ranges, retract_release
from curated.core.diagnostic import CuratedError
from curated.datasets.deprecation import Deprecation
from curated.datasets.spans import LAST_NS
from curated.package.package import open_package
from curated.text.deprecation_mark import add_mark
from support.packages import defects, place, run_curated
from support.repositories import run_stock, tai_ns

pytest.importorskip("lsst.daf.butler")

DATES = ("20200101T000000", "20220101T000000", "20240101T000000")
OLD, BAD, NEW = (place(0, date) for date in DATES)
OTHER = place(1)
LATER = place(0, "20250101T000000")
MARK = Deprecation("Made with the shutter open", "Ada", "2024-05-06", "previous")


def text(date: str, x0: int, detector: int = 0, **meta: str) -> str:
    return defects(meta, detector=detector, date=datetime.fromisoformat(date).isoformat(), x0=x0)


def make_package(path: Path) -> GitPackage:
    """Three epochs of one detector, one of another."""
    path.mkdir()
    package = GitPackage(path)
    package.git("init", "--quiet")
    files = {name: text(date, n) for n, (name, date) in enumerate(zip((OLD, BAD, NEW), DATES, strict=True))}
    package.commit({"curated.yaml": "calibs: calibs\n", **files, OTHER: text(DATES[0], 5, 1)})
    return package


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[GitPackage, Path]:
    """A package, and a bundle of its first commit."""
    package = make_package(tmp_path_factory.mktemp("made") / "package")
    bundle = package.path.parent / "bundle"
    assert build_bundle(open_package(package.path), bundle, label="v1", jobs=1)[1] is not None
    return package, bundle


@pytest.fixture(scope="module")
def repositories(made: tuple[GitPackage, Path]) -> dict[str, Path]:
    """Two repositories with that bundle: one that curated filled, and one that stock Butler did."""
    bundle, target = made[1], made[1].parent / "stock"
    assert import_bundle(bundle, str(made[1].parent / "curated")).ok
    for arguments in (
        ["create", target, "--seed-config", bundle / "butler-seed.yaml"],
        ["import", target, bundle, "--export-file", "export.yaml", "-t", "copy"],
    ):
        done = run_stock(*map(str, arguments))
        assert done.returncode == 0, done.stderr
    butler = open_repository(str(target), writeable=True)
    butler.collections.register("Lab/calib", _kind("CHAINED"))
    butler.collections.redefine_chain("Lab/calib", ["Lab/calib/v1"])
    return {name: bundle.parent / name for name in ("curated", "stock")}


@pytest.fixture(params=["curated", "stock"])
def repo(repositories: dict[str, Path], tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """A copy of one of them, for a test to change."""
    shutil.copytree(repositories[request.param], tmp_path / "repo")
    return str(tmp_path / "repo")


@pytest.fixture
def package(made: tuple[GitPackage, Path], tmp_path: Path) -> GitPackage:
    """The package, for a test to change."""
    made[0].git("clone", "--quiet", ".", str(tmp_path / "package"))
    return GitPackage(tmp_path / "package", list(made[0].commits))


def certified(repo: str, collection: str = "Lab/calib/v1") -> set[tuple[int, str, int, int]]:
    """Detector, CALIBDATE of the run, and range of all that a collection certifies."""
    butler = open_repository(repo)
    found = butler.registry.queryDatasetAssociations("defects", collection, flattenChains=False)
    return {
        (f.ref.dataId["detector"], f.ref.run.rpartition("/")[2][:4], *f.timespan.nsec)
        for f in found
        if f.timespan is not None
    }


def files_of(repo: str) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in sorted(Path(repo).rglob("*.fits"))}


def datasets(repo: str) -> set[str]:
    found = open_repository(repo).query_datasets("defects", "*", find_first=False)
    return {str(ref.id) for ref in found}


def change(repo: str, package: GitPackage, **options: Any) -> Any:
    return recertify_ranges(repo, open_package(package.path), **options)


def run_command(command: str, package: GitPackage) -> int:
    """Run a command that was printed; its exit status."""
    program, *arguments = shlex.split(command)
    assert program == "curated"
    return run_curated(*arguments, cwd=package.path).returncode


def at(year: int) -> int:
    return tai_ns(f"{year}-01-01T00:00:00")


FIRST = {
    (0, "2020", at(2020), at(2022)),
    (0, "2022", at(2022), at(2024)),
    (0, "2024", at(2024), LAST_NS),
    (1, "2020", at(2020), LAST_NS),
}

# -- releases ------------------------------------------------------------------------------------------


def test_a_release_goes_out_of_its_chain_and_back_to_its_place(repo: str, package: GitPackage) -> None:
    butler = open_repository(repo, writeable=True)
    for name in ("Lab/calib/v2", "Lab/calib/v0"):
        butler.collections.register(name, _kind("CALIBRATION"))
    members = ("Lab/calib/v2", "Lab/calib/v1", "Lab/calib/v0")
    butler.collections.redefine_chain("Lab/calib", members)
    state = certified(repo), files_of(repo), datasets(repo)

    report = retract_release(repo, "v1", dry_run=True)
    assert (report.changed, report.chains[0].after) == (True, ("Lab/calib/v2", "Lab/calib/v0"))
    assert chain(repo) == members
    report = retract_release(repo, "v1")
    assert report.ok
    assert (report.chains[0].before, report.chains[0].after) == (members, ("Lab/calib/v2", "Lab/calib/v0"))
    assert chain(repo) == report.chains[0].after
    again = retract_release(repo, "v1")
    assert (again.ok, again.changed) == (True, False)
    assert (certified(repo), files_of(repo), datasets(repo)) == state
    assert report.chains[0].command == f"curated retract {repo} v1 --instrument Lab --undo --before v0"
    assert run_command(report.chains[0].command, package) == 0
    assert chain(repo) == members
    assert not retract_release(repo, "v1", undo=True).changed


@pytest.mark.parametrize("repo", ["curated"], indirect=True)
def test_the_last_member_comes_back_as_the_last(repo: str) -> None:
    report = retract_release(repo, "v1")
    assert chain(repo) == ()
    assert report.chains[0].command.endswith("--undo")
    assert retract_release(repo, "v1", undo=True).changed
    assert chain(repo) == ("Lab/calib/v1",)


def _kind(name: str) -> Any:
    from lsst.daf.butler import CollectionType

    return CollectionType[name]


def chain(repo: str) -> tuple[str, ...]:
    return tuple(open_repository(repo).collections.get_info("Lab/calib").children)


@pytest.mark.parametrize("repo", ["curated"], indirect=True)
def test_what_cannot_be_retracted_is_said(repo: str) -> None:
    def codes(*release: str, **options: Any) -> list[str]:
        return [d.code for d in retract_release(repo, *release, **options).diagnostics]

    assert codes("v7") == ["CAL670"]
    assert codes("v1", instruments=["Cam"]) == ["CAL670"]
    assert codes("v1", undo=True, before="v9") == []
    retract_release(repo, "v1")
    assert codes("v1", undo=True, before="v9") == ["CAL672"]
    butler = open_repository(repo, writeable=True)
    butler.collections.register("Lab/calib/site", _kind("CHAINED"))
    butler.collections.redefine_chain("Lab/calib/site", ["Lab/calib/v1"])
    butler.collections.redefine_chain("Lab/calib", ["Lab/calib/site"])
    assert codes("v1") == ["CAL671"]
    butler.collections.x_remove("Lab/calib")
    assert codes("v1") == ["CAL671"]
    with pytest.raises(CuratedError, match="is no Butler repository"):
        retract_release(f"{repo}x", "v1")


@pytest.mark.parametrize("repo", ["curated"], indirect=True)
def test_the_command_prints_the_chain_before_and_after(repo: str) -> None:
    done = run_curated("retract", repo, "v1")
    assert done.stdout.splitlines() == [
        "Lab: chain Lab/calib was Lab/calib/v1",
        "Lab: it is now (empty)",
        f"to undo: curated retract {repo} v1 --instrument Lab --undo",
    ]
    done = run_curated("retract", repo, "v1")
    assert (done.returncode, done.stdout) == (
        0,
        "Lab: nothing changed: Lab/calib/v1 is not in the chain Lab/calib\n",
    )
    done = run_curated("retract", repo, "v9", "--format", "json")
    said = json.loads(done.stdout)
    assert (done.returncode, said["version"], said["ok"]) == (1, 1, False)


# -- ranges --------------------------------------------------------------------------------------------


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
    assert run_command(report.command, package) == 0
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
    assert run_command(report.command, package) == 0
    assert certified(repo) == FIRST


def test_a_start_that_was_corrected_is_found_by_what_the_file_holds(repo: str, package: GitPackage) -> None:
    moved = place(0, "20230101T000000")
    package.commit({BAD: None, moved: text("20230101T000000", 1)})
    report = change(repo, package)
    assert [d.code for d in report.diagnostics] == []
    changed = FIRST - {(0, "2020", at(2020), at(2022)), (0, "2022", at(2022), at(2024))}
    assert certified(repo) == changed | {
        (0, "2020", at(2020), at(2023)),
        (0, "2022", at(2023), at(2024)),
    }
    assert run_command(report.command, package) == 0
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
    assert run_command(report.command, package) == 0
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
    butler.collections.register("u/ada/mixed", _kind("CALIBRATION"))
    butler.collections.register("u/ada/run", _kind("RUN"))
    refs = butler.query_datasets("defects", "Lab/calib/v1/curated/20200101T000000Z", find_first=False)
    (ref,) = [ref for ref in refs if ref.dataId["detector"] == 0]
    own = butler.registry.insertDatasets("defects", [{"instrument": "Lab", "detector": 1}], run="u/ada/run")
    butler.registry.certify("u/ada/mixed", [ref], Timespan(None, None))
    butler.registry.certify("u/ada/mixed", own, Timespan(None, None))
    report = change(repo, package, collection="u/ada/mixed", retire=True)
    assert report.ok
    found = butler.registry.queryDatasetAssociations("defects", "u/ada/mixed", flattenChains=False)
    assert {(f.ref.id, f.timespan.nsec) for f in found} == {
        (ref.id, (at(2020), at(2022))),
        (own[0].id, Timespan(None, None).nsec),
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
