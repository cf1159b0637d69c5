"""``curated import``: the plan, the result and JSON."""

from __future__ import annotations

from pathlib import Path

from cli.repository.conftest import Released
from support.hostile_bundles import make_hostile, rename_type
from support.programs import printed_json, run_curated
from support.repositories import make_bundle


def test_dry_run_and_import(released: Released, tmp_path: Path) -> None:
    arguments = ["import", released.bundles["v1"], tmp_path / "repo"]
    dry = run_curated(*arguments, "--dry-run")
    assert (dry.returncode, dry.stderr) == (0, "")
    assert "  datasets               2 new      0 present      0 in conflict\n" in dry.stdout
    assert dry.stdout.endswith("it can succeed\n")
    dry = run_curated(*arguments, "--dry-run", "--format", "json")
    assert (dry.returncode, printed_json(dry)["dry_run"]) == (0, True)
    assert not (tmp_path / "repo").exists()
    done = run_curated(*arguments)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Lab: 2 datasets and 2 validity ranges added\nLab: left empty: visit_max, ")
    assert "\nLab: chain Lab/calib is Lab/calib/v1\n" in done.stdout
    again = run_curated(*arguments)
    assert again.stdout.splitlines() == [
        "Lab: 2 datasets and 2 validity ranges already there",
        f"{tmp_path / 'repo'} had everything already: nothing changed",
    ]
    assert printed_json(run_curated(*arguments, "--format", "json"))["changed"] is False


def test_another_dataset_type_has_to_be_allowed(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "bundle")
    make_hostile(bundle, rename_type("labThing"))
    refused = run_curated("import", bundle, tmp_path / "repo")
    assert refused.returncode == 1
    assert "CAL617 no calibration type declares dataset type labThing" in refused.stderr
    assert "--allow-type" in refused.stderr
    allowed = run_curated("import", bundle, tmp_path / "repo", "--dry-run", "--allow-type", "labThing")
    assert allowed.returncode == 0, allowed.stderr


def test_the_place_in_the_chain(released: Released, tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    arguments = ["import", released.bundles["v1"], repo, "--chain-name", "Lab/best"]
    wrong = run_curated(*arguments, "--before", "x", "--front")
    assert (wrong.returncode, "--before and --front contradict each other" in wrong.stderr) == (2, True)
    assert run_curated(*arguments, "--no-chain").returncode == 2
    nowhere = run_curated(*arguments, "--after", "x", "--dry-run")
    assert nowhere.returncode == 1
    assert "error CAL647 --after x: no such member; there is no Lab/best yet" in nowhere.stderr
    done = run_curated(*arguments, "--format", "json")
    (instrument,) = printed_json(done)["instruments"]
    assert (instrument["chain"], instrument["chain_after"]) == ("Lab/best", ["Lab/calib/v1"])
    assert (instrument["lookups"]["collection"], instrument["lookups"]["gained"]) == ("Lab/best", 2)
