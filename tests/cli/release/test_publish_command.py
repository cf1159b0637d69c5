"""``curated publish``: text, JSON and exit status."""

from __future__ import annotations

from pathlib import Path

import pytest

from conftest import MakePackage
from support.packages import defects_path, defects_text
from support.programs import printed_json, run_curated


def test_text_and_json(make_package: MakePackage, tmp_path: Path) -> None:
    pytest.importorskip("lsst.daf.butler")
    package = make_package({"curated.yaml": "", defects_path(): defects_text()})
    arguments = ["publish", tmp_path / "repo", "--label", "v1"]
    done = run_curated("-q", *arguments, cwd=package.path)
    assert (done.returncode, done.stderr) == (0, "")
    first, second, *_ = done.stdout.splitlines()
    assert first == f"release v1: 1 dataset of commit {package.git('rev-parse', 'HEAD').strip()[:12]}"
    assert second == "Lab: 1 dataset and 1 validity range added"
    again = run_curated(*arguments, "--format", "json", cwd=package.path)
    assert (again.returncode, printed_json(again)["changed"]) == (0, False)
    package.commit({defects_path(): defects_text(x0=-1)})
    failed = run_curated(*arguments, "--format", "json", cwd=package.path)
    assert (failed.returncode, printed_json(failed)["failed"]) == (1, True)
    assert run_curated("-q", *arguments, cwd=package.path).stdout == ""
