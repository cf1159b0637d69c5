"""``curated recertify``: the changes, the command that reverses them, and JSON."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from cli.repository.conftest import Released
from support.programs import printed_json, run_curated


def test_text_and_json(released: Released, tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    shutil.copytree(released.repo, repo)
    arguments = ["recertify", repo, "--release", "v1"]
    dry = run_curated(*arguments, "--dry-run", cwd=released.package.path)
    assert (dry.returncode, dry.stderr) == (0, "")
    assert re.search(r"^- Lab/calib/v1 .*\n    2020-01-01T00:00:00 to open UTC = ", dry.stdout, re.MULTILINE)
    assert re.search(
        r"^\+ Lab/calib/v1 .*\n    2020-01-01T00:00:00 to 2024-01-01T00:00:00 UTC = ",
        dry.stdout,
        re.MULTILINE,
    )
    assert "Lab/calib/v1: ranges to be removed: 1, added: 1, as commit " in dry.stdout
    assert "to undo" not in dry.stdout
    done = run_curated(*arguments, "--format", "json", cwd=released.package.path)
    assert (done.returncode, len(printed_json(done)["removed"]), len(printed_json(done)["added"])) == (
        0,
        1,
        1,
    )
    again = run_curated(*arguments, cwd=released.package.path)
    assert re.fullmatch(r"Lab/calib/v1 has the ranges of commit \w{12}: nothing changed\n", again.stdout)


def test_release_and_collection_exclude_each_other(released: Released) -> None:
    arguments = ["recertify", released.repo, "--release", "v1", "--collection", "Lab/calib/v1"]
    done = run_curated(*arguments, cwd=released.package.path)
    assert (done.returncode, "--release and --collection exclude each other" in done.stderr) == (2, True)
