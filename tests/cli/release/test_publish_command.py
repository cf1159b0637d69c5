"""``curated publish``: text, JSON and exit status."""

from __future__ import annotations

from pathlib import Path

import pytest

from conftest import MakePackage
from support.packages import answer, defects, place, run_curated


def test_text_and_json(git_package: MakePackage, tmp_path: Path) -> None:
    pytest.importorskip("lsst.daf.butler")
    package = git_package({"curated.yaml": "", place(): defects()})
    arguments = ["publish", tmp_path / "repo", "--label", "v1"]
    done = run_curated("-q", *arguments, cwd=package.path)
    assert (done.returncode, done.stderr) == (0, "")
    first, second, *_ = done.stdout.splitlines()
    assert first == f"release v1: 1 dataset of commit {package.git('rev-parse', 'HEAD').strip()[:12]}"
    assert second == "Lab: 1 dataset and 1 validity range added"
    again = run_curated(*arguments, "--format", "json", cwd=package.path)
    assert (again.returncode, answer(again)["changed"]) == (0, False)
    package.commit({place(): defects(x0=-1)})
    failed = run_curated(*arguments, "--format", "json", cwd=package.path)
    assert (failed.returncode, answer(failed)["failed"]) == (1, True)
    assert run_curated("-q", *arguments, cwd=package.path).stdout == ""
