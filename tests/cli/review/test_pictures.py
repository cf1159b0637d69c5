"""Pages and plots that commands draw of a change."""

from __future__ import annotations

from pathlib import Path

import pytest

from conftest import MakePackage
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
