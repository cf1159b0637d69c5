"""The calibration of a package that each dataset of a repository is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from conftest import GitPackage, MakePackage
from curated.bundle.builder import build_bundle
from curated.butler import import_bundle, open_repository
from curated.butler.certified.lookup import Certified, in_force
from curated.butler.correcting.matching import PackageDatasets, is_curated, label_of, source_path
from curated.datasets.deprecation import Deprecation
from curated.datasets.record import Dataset
from curated.history.commits import CommitChecker
from curated.package.package import open_package
from curated.text.deprecation_mark import add_mark
from support.corrections import BAD, DATES, NEW, OLD, OTHER, text
from support.packages import defects_path, defects_text

pytest.importorskip("lsst.daf.butler")

ORIGIN = {(0, "2020"): OLD, (0, "2022"): BAD, (0, "2024"): NEW, (1, "2020"): OTHER}
"""The file that each dataset was made of, by detector and year of its CALIBDATE."""


def name_of(certified: Certified) -> tuple[Any, str]:
    """Detector and year of the CALIBDATE of a dataset."""
    return certified.ref.dataId["detector"], certified.dataset.run.split("/")[4][:4]


def matched(repo: str, package: GitPackage) -> dict[tuple[Any, str], str]:
    """Paths of the files that the last commit has of the datasets."""
    commit = CommitChecker(open_package(package.path)).check("HEAD")
    butler = open_repository(repo)
    certified = list(in_force(butler, ["Lab/calib/v1"]))
    matches = PackageDatasets.of(commit, "", ["v1"]).match(butler, certified)
    return {name_of(c): matches[c.dataset.uuid].file.path for c in certified if c.dataset.uuid in matches}


def test_each_dataset_is_the_file_that_it_was_made_of(repo: str, package: GitPackage) -> None:
    assert matched(repo, package) == ORIGIN
    butler = open_repository(repo)
    for certified in in_force(butler, ["Lab/calib/v1"]):
        assert source_path(butler, certified.ref) == ORIGIN[name_of(certified)]


@pytest.mark.parametrize("repo", ["curated"], indirect=True)
def test_a_corrected_start_is_matched_by_values(repo: str, package: GitPackage) -> None:
    moved = defects_path(0, "20230101T000000")
    package.commit({BAD: None, moved: text("20230101T000000", 1)})
    assert matched(repo, package) == ORIGIN | {(0, "2022"): moved}
    # With another value it is another calibration.
    package.commit({moved: text("20230101T000000", 7)})
    assert matched(repo, package) == {name: path for name, path in ORIGIN.items() if path != BAD}


@pytest.mark.parametrize("repo", ["curated"], indirect=True)
def test_a_deprecated_calibration_is_matched_and_not_in_use(repo: str, package: GitPackage) -> None:
    mark = Deprecation("Made with the shutter open", "Ada", "2024-05-06", "previous")
    package.commit({BAD: add_mark((package.path / BAD).read_bytes(), "ecsv", mark)})
    assert matched(repo, package) == ORIGIN
    commit = CommitChecker(open_package(package.path)).check("HEAD")
    candidates = PackageDatasets.of(commit, "", ["v1", "v2"]).by_uuid.values()
    assert len(candidates) == 8
    assert {c.file.path for c in candidates if not c.in_use} == {BAD}
    assert {c.date for c in candidates if c.file.path == NEW} == {f"curated/{DATES[2]}Z"}


def test_of_several_with_one_calibdate_the_stamp_decides(make_package: MakePackage, tmp_path: Path) -> None:
    silence = "silence:\n- {code: CAL112, path: '*', reason: copied headers, until: '2999-01-01'}\n"
    first, second = defects_path(0), defects_path(0, "20210101T000000")
    files = {first: defects_text(x0=1), second: defects_text(x0=2)}
    package = make_package({"curated.yaml": f"calibs: calibs\n{silence}", **files})
    assert build_bundle(open_package(package.path), tmp_path / "bundle", label="v1", jobs=1)[1] is not None
    repo = str(tmp_path / "repo")
    assert import_bundle(tmp_path / "bundle", repo).ok
    butler = open_repository(repo)
    certified = sorted(in_force(butler, ["Lab/calib/v1"]), key=lambda c: c.dataset.span)

    def paths() -> list[str | None]:
        commit = CommitChecker(open_package(package.path)).check("HEAD")
        matches = PackageDatasets.of(commit, "", ["v1"]).match(butler, certified)
        return [m.file.path if (m := matches.get(c.dataset.uuid)) else None for c in certified]

    assert paths() == [first, second]
    # An epoch before them takes the run that the first one had.
    package.commit({defects_path(0, "20190101T000000"): defects_text(x0=3)})
    assert paths() == [first, second]


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        ("Lab/calib/v1/curated/20200101T000000Z", True),
        ("Lab/calib/v1/curated/20200101T000000Z/20210101T000000Z", True),
        ("Lab/calib/v1/unbounded", True),
        ("Lab/calib/v1/unbounded/more", False),
        ("Lab/calib/v1", False),
        ("Lab/calib/DM-1/run1", False),
        ("u/ada/v1/curated/20200101T000000Z", False),
        ("curated", False),
    ],
)
def test_runs_of_releases(run: str, expected: bool) -> None:
    dataset = Dataset("defects", (("instrument", "Lab"),), run=run)
    assert is_curated(dataset) is expected
    if expected:
        assert label_of(dataset) == "v1"


def test_a_file_that_is_gone_names_no_source(repo: str) -> None:
    butler = open_repository(repo)
    certified = next(iter(in_force(butler, ["Lab/calib/v1"])))
    Path(butler.getURI(certified.ref).ospath).unlink()
    assert source_path(butler, certified.ref) == ""
