"""Pages and plots that commands draw of a change."""

from __future__ import annotations

from pathlib import Path

import pytest

from conftest import MakePackage
from curated.bundle.builder import build_bundle
from curated.butler import import_bundle
from curated.package.package import open_package
from support.changes import EPOCHS, OLD, version
from support.programs import run_curated

pytest.importorskip("matplotlib")


def test_a_page_and_plots_of_a_change(make_package: MakePackage, tmp_path: Path) -> None:
    package = make_package(EPOCHS)
    package.write({OLD: version(OLD, x0=3)})
    plots = tmp_path / "plots"
    arguments = ("diff", "--format", "html", "--plot", str(plots), "--plot-format", "svg")
    done = run_curated(*arguments, cwd=package.path)
    assert (done.returncode, done.stderr) == (1, f"1 change drawn in {plots}\n")
    assert done.stdout.startswith("<!DOCTYPE html>")
    assert done.stdout.count("<svg") == 1
    name = "lab-defects-d00-20200101T000000.svg"
    assert sorted(path.name for path in plots.iterdir()) == [name, "plots.json"]
    first = (plots / name).read_bytes()
    # Once more: the same page, the same files.
    assert run_curated(*arguments, cwd=package.path).stdout == done.stdout
    assert (plots / name).read_bytes() == first
    (plots / "mine.txt").write_text("mine")
    done = run_curated(*arguments, cwd=package.path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "mine.txt" in done.stderr


def test_no_change_is_a_page_as_well(make_package: MakePackage) -> None:
    done = run_curated("diff", "--format", "html", cwd=make_package(EPOCHS).path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "No calibration changed." in done.stdout


def test_pictures_between_a_repository_a_bundle_and_revisions(
    make_package: MakePackage, tmp_path: Path
) -> None:
    """Each side is read from where it is: a repository, a bundle, a revision that has no work tree."""
    package, bundle, repo = make_package(EPOCHS), tmp_path / "bundle", tmp_path / "repo"
    assert build_bundle(open_package(package.path), bundle, label="v1")[1] is not None
    assert import_bundle(bundle, str(repo)).ok
    package.commit({OLD: version(OLD, x0=3)})
    names: set[str] = set()
    for number, sides in enumerate([("HEAD~", "HEAD"), (bundle, "HEAD"), (repo, "HEAD")]):
        plots = tmp_path / f"plots{number}"
        arguments = ("diff", "--between", *map(str, sides), "--plot", str(plots), "--format", "html")
        if sides[0] is repo:
            arguments += ("--collection", "Lab/calib")
        done = run_curated(*arguments, cwd=package.path)
        assert (done.returncode, done.stderr) == (1, f"1 change drawn in {plots}\n")
        assert done.stdout.count("<svg") == 1
        names |= {path.name for path in plots.iterdir()} - {"plots.json"}
    assert all(name.startswith(("lab", "Lab")) and "-defects-d00" in name for name in names)
    # Without --plot the page has its pictures as well.
    done = run_curated("diff", "--between", bundle, "HEAD", "--format", "html", cwd=package.path)
    assert (done.returncode, done.stderr, done.stdout.count("<svg")) == (1, "", 1)
