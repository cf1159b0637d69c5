"""``curated retract``: the chain before and after, the command that reverses it, and JSON."""

from __future__ import annotations

from cli.repository.conftest import Released
from support.programs import printed_json, run_curated


def test_text_and_json(released: Released) -> None:
    done = run_curated("retract", released.repo, "v2", "--dry-run")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "Lab: chain Lab/calib is Lab/calib/v2, Lab/calib/v1",
        "Lab: it would be Lab/calib/v1",
    ]
    value = printed_json(run_curated("retract", released.repo, "v2", "--dry-run", "--format", "json"))
    assert (value["dry_run"], value["chains"][0]["after"]) == (True, ["Lab/calib/v1"])
    done = run_curated("retract", released.repo, "v2", "--undo", "--dry-run")
    assert done.stdout == "Lab: nothing changed: Lab/calib/v2 is already in the chain Lab/calib\n"


def test_a_release_that_is_not_there(released: Released) -> None:
    done = run_curated("retract", released.repo, "v9")
    assert done.returncode == 1
    assert "CAL670" in done.stderr
    assert done.stderr.endswith(f"nothing was changed in {released.repo}\n")


def test_before_is_for_undo(released: Released) -> None:
    done = run_curated("retract", released.repo, "v2", "--before", "v1")
    assert (done.returncode, "--before is for --undo" in done.stderr) == (2, True)
