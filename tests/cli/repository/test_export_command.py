"""``curated export``: text, JSON and exit status."""

from __future__ import annotations

from pathlib import Path

from cli.repository.conftest import Released
from support.packages import defects_path
from support.programs import printed_json, run_curated


def test_text_and_json(released: Released, tmp_path: Path) -> None:
    out = tmp_path / "package"
    done = run_curated("export", released.repo, "-o", out, "--collection", "Lab/calib/v1")
    assert (done.returncode, done.stderr) == (0, f"next: curated -C {out} check\n")
    assert done.stdout.splitlines() == [
        "  defects      2",
        f"2 calibrations of Lab/calib/v1 (0.0 MB) written to {out}, 2 of them to their original path",
    ]
    assert (out / defects_path(1)).is_file()
    again = run_curated("-q", "export", released.repo, "-o", out, "--collection", "Lab/calib/v1", "--into")
    assert again.stdout.splitlines()[-1] == f"2 calibrations of Lab/calib/v1 (0.0 MB) already in {out}"
    arguments = ["--collection", "Lab/calib/v1", "--format", "json"]
    value = printed_json(run_curated("export", released.repo, "-o", tmp_path / "other", *arguments))
    assert value["collections"] == ["Lab/calib/v1"]


def test_a_wrong_time(released: Released, tmp_path: Path) -> None:
    done = run_curated("export", released.repo, "-o", tmp_path / "out", "--at", "yesterday")
    assert done.returncode == 2
    assert "--at: 'yesterday' is not a date-time" in done.stderr
