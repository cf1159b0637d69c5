"""``curated diff`` on small packages, and on the history of a real one."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from conftest import MakePackage
from curated.bundle.builder import build_bundle
from curated.butler import import_bundle
from curated.package.package import open_package
from support.changes import EPOCHS, OLD, version
from support.exports import certify_foreign
from support.programs import printed_json, run_curated


def test_a_change_in_text_and_json(make_package: MakePackage) -> None:
    package = make_package(EPOCHS)
    package.write({OLD: version(OLD, x0=3)})
    done = run_curated("diff", cwd=package.path)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines()[0] == "lab/defects/d00"
    assert done.stdout.splitlines()[-1] == "  defects pixels_lost                          +8 pix in all"
    document = printed_json(run_curated("diff", "--format", "json", cwd=package.path))
    assert (document["format"], document["version"], document["unchanged"]) == ("curated-diff", 1, 0)
    (change,) = document["changes"]
    assert {(m["name"], m["value"], m["unit"], m["old"], m["new"]) for m in change["measures"]} == {
        ("pixels_gained", 8, "pix", 12, 12),
        ("pixels_lost", 8, "pix", 12, 12),
    }


def test_nothing_physical_is_exit_0(make_package: MakePackage) -> None:
    package = make_package(EPOCHS)
    assert run_curated("diff", cwd=package.path).stdout == "no calibration changed\n"
    package.write({OLD: version(OLD, DATE="2021-05-05")})
    done = run_curated("diff", "HEAD", "calibs", cwd=package.path)
    text = "1 calibration with no physical change: the files differ, their values do not\n"
    assert (done.returncode, done.stdout) == (0, text)


@pytest.mark.parametrize("mark", ["skip-worktree", "assume-unchanged"])
@pytest.mark.parametrize("is_deleted", [False, True])
def test_what_git_hides_is_no_answer(make_package: MakePackage, mark: str, is_deleted: bool) -> None:
    package = make_package(EPOCHS)
    package.git("update-index", f"--{mark}", OLD)
    package.write({OLD: None if is_deleted else version(OLD, x0=3)})
    done = run_curated("diff", cwd=package.path)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"warning {'CAL020' if is_deleted else 'CAL021'}" in done.stderr
    assert "compare two commits" in done.stderr
    # Commits do not depend on the work tree.
    assert run_curated("diff", "HEAD", "HEAD", cwd=package.path).stdout == "no calibration changed\n"


@pytest.mark.parametrize("arguments", [("nothing",), ("--bands", "u"), ("HEAD", "HEAD", "HEAD")])
def test_wrong_arguments_are_exit_2(make_package: MakePackage, arguments: tuple[str, ...]) -> None:
    done = run_curated("diff", *arguments, cwd=make_package(EPOCHS).path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr


def test_limits_in_json_and_markdown(make_package: MakePackage) -> None:
    package = make_package(EPOCHS)
    package.write({OLD: version(OLD, x0=3)})
    done = run_curated("diff", "--max", "pixels_gained=7", "--format", "json", cwd=package.path)
    (finding,) = printed_json(done)["findings"]
    assert (done.returncode, finding["code"], finding["file"]) == (1, "CAL446", OLD)
    done = run_curated("diff", "--max", "pixels_gained=7", "--format", "markdown", cwd=package.path)
    assert f"- **error** CAL446 {OLD}: pixels\\_gained changes by +8 pix from" in done.stdout


def test_between_two_sources(make_package: MakePackage, tmp_path: Path) -> None:
    package, bundle, repo = make_package(EPOCHS), tmp_path / "bundle", tmp_path / "repo"
    assert build_bundle(open_package(package.path), bundle, label="v1")[1] is not None
    assert import_bundle(bundle, str(repo)).ok
    certify_foreign(repo, "Lab/odd/certified")
    package.commit({OLD: version(OLD, x0=3)})
    collections = ("--collection", "Lab/calib", "--collection", "Lab/odd/certified")
    done = run_curated(
        "diff", "--between", repo, "HEAD", *collections, "--max", "pixels_lost=7", cwd=package.path
    )
    assert done.returncode == 1
    assert done.stdout.splitlines()[:1] == ["Lab/defects/d00"]
    assert "1 oddity (StructuredDataDict)" in done.stderr
    assert "error CAL446 pixels_lost changes by +8 pix" in done.stderr
    done = run_curated("diff", "--between", bundle, "HEAD~", "--format", "json", cwd=package.path)
    document = printed_json(done)
    assert (done.returncode, document["changes"], document["foreign"]) == (0, [], [[], []])


@pytest.mark.parametrize(
    "arguments",
    [
        ("--between", ".", "nothing"),
        ("--between", "."),
        ("--between", ".", ".", "HEAD"),
        ("--collection", "c"),
    ],
)
def test_wrong_use_of_between_is_exit_2(make_package: MakePackage, arguments: tuple[str, ...]) -> None:
    done = run_curated("diff", *arguments, cwd=make_package(EPOCHS).path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr


# -- the history of a real package -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def history(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of the history of obs_lsst_data; its commits name the original ones in their subjects."""
    target = tmp_path_factory.mktemp("history") / "obs_lsst_data"
    bundle = corpus / "obs_lsst_data.gitbundle"
    subprocess.run(
        ["git", "clone", "--quiet", "--no-checkout", bundle, target], check=True, stderr=subprocess.DEVNULL
    )
    subprocess.run(["git", "checkout", "--quiet", "-B", "main", "origin/main"], cwd=target, check=True)
    return target


def find_commit(history: Path, original: str) -> str:
    command = ["git", "log", "--format=%H", f"--grep=^obs_lsst_data {original}"]
    return subprocess.run(command, cwd=history, check=True, capture_output=True, text=True).stdout.strip()


def test_new_optics_shift_the_u_band_by_four_tenths_of_a_magnitude(history: Path) -> None:
    commit = find_commit(history, "e3d323b")
    document = printed_json(run_curated("diff", f"{commit}~", commit, "--format", "json", cwd=history))
    (change,) = document["changes"]
    assert change["new"] == "lsstCam/transmission_optics/19700101T000000.ecsv"
    values = {(m["name"], m["of"].get("band")): m["value"] for m in change["measures"]}
    shifts = {"u": -409.3, "g": 81.4, "r": 172.1, "i": 244.3, "z": 239.1, "y": 142.5}
    pivots = {"u": 5.17, "g": 1.71, "r": 0.81, "i": 0.57, "z": -0.68, "y": -0.85}
    assert {band: round(values["zero_point_shift", band], 1) for band in shifts} == shifts
    assert {band: round(values["pivot_shift", band], 2) for band in pivots} == pivots


def test_new_manual_defects_mask_153229_pixels(history: Path) -> None:
    commit = find_commit(history, "73a8701")
    document = printed_json(run_curated("diff", f"{commit}~", commit, "--format", "json", cwd=history))
    assert len(document["changes"]) == 13
    sums = {"pixels_gained": 0, "pixels_lost": 0}
    for measure in (measure for change in document["changes"] for measure in change["measures"]):
        sums[measure["name"]] += measure["value"]
    assert sums == {"pixels_gained": 153_229, "pixels_lost": 26}
